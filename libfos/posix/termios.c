/* SPDX-License-Identifier: MIT */
/* <termios.h> over ioctl, so that it works on every descriptor that is a terminal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <fos/proto/console.h>

enum { NAME_SIZE = sizeof "/dev/tty" };

_Static_assert(NCCS == CONSOLE_CC, "the console fleet's");

int tcgetattr(int fd, struct termios *to)
{
    return ioctl(fd, TCGETS, to);
}

int tcsetattr(int fd, int when, const struct termios *from)
{
    if (when < TCSANOW || when > TCSAFLUSH) {
        errno = EINVAL;
        return -1;
    }
    return ioctl(fd, TCSETS + (unsigned long)when, from);
}

int tcdrain(int fd)
{
    return ioctl(fd, TCSBRK, 1);
}

int tcsendbreak(int fd, int duration)
{
    (void)duration;
    return ioctl(fd, TCSBRK, 0);
}

int tcflush(int fd, int queue)
{
    return ioctl(fd, TCFLSH, queue);
}

int tcflow(int fd, int action)
{
    return ioctl(fd, TCXONC, action);
}

pid_t tcgetsid(int fd)
{
    pid_t session;

    return ioctl(fd, TIOCGSID, &session) ? -1 : session;
}

pid_t tcgetpgrp(int fd)
{
    pid_t group;

    return ioctl(fd, TIOCGPGRP, &group) ? -1 : group;
}

int tcsetpgrp(int fd, pid_t group)
{
    return ioctl(fd, TIOCSPGRP, &group);
}

/* One ioctl that terminals alone answer. */
int isatty(int fd)
{
    struct winsize window;
    int before = errno;

    if (ioctl(fd, TIOCGWINSZ, &window) == 0) {
        errno = before;
        return 1;
    }
    if (errno != EBADF)
        errno = ENOTTY;
    return 0;
}

int ttyname_r(int fd, char *name, size_t size)
{
    if (!isatty(fd))
        return errno;
    if (size < NAME_SIZE)
        return ERANGE;
    memcpy(name, "/dev/tty", NAME_SIZE);
    return 0;
}

char *ttyname(int fd)
{
    static char name[NAME_SIZE];

    errno = ttyname_r(fd, name, sizeof name);
    return errno ? NULL : name;
}

char *ctermid(char *to)
{
    static char name[NAME_SIZE];

    return memcpy(to ? to : name, "/dev/tty", NAME_SIZE);
}

speed_t cfgetispeed(const struct termios *from)
{
    return from->c_ispeed;
}

speed_t cfgetospeed(const struct termios *from)
{
    return from->c_ospeed;
}

int cfsetispeed(struct termios *to, speed_t speed)
{
    to->c_ispeed = speed ? speed : to->c_ospeed;
    return 0;
}

int cfsetospeed(struct termios *to, speed_t speed)
{
    to->c_ospeed = speed;
    return 0;
}

int cfsetspeed(struct termios *to, speed_t speed)
{
    to->c_ispeed = to->c_ospeed = speed;
    return 0;
}

void cfmakeraw(struct termios *to)
{
    to->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR |
                               ICRNL | IXON);
    to->c_oflag &= ~(tcflag_t)OPOST;
    to->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    to->c_cflag = (to->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    to->c_cc[VMIN] = 1;
    to->c_cc[VTIME] = 0;
}
