/* SPDX-License-Identifier: MIT */
/* Terminals. */
#ifndef FOS_POSIX_SYS_TERMIOS_H
#define FOS_POSIX_SYS_TERMIOS_H

#include <sys/types.h>

typedef unsigned int tcflag_t;
typedef unsigned char cc_t;
typedef unsigned int speed_t;

#define NCCS 20
struct termios {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    cc_t c_line;
    cc_t c_cc[NCCS];
    speed_t c_ispeed, c_ospeed;
};

/* c_cc */
#define VINTR    0
#define VQUIT    1
#define VERASE   2
#define VKILL    3
#define VEOF     4
#define VTIME    5
#define VMIN     6
#define VSTART   8
#define VSTOP    9
#define VSUSP    10
#define VEOL     11
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE  14
#define VLNEXT   15
#define VEOL2    16

/* c_iflag */
#define IGNBRK  0x1
#define BRKINT  0x2
#define IGNPAR  0x4
#define PARMRK  0x8
#define INPCK   0x10
#define ISTRIP  0x20
#define INLCR   0x40
#define IGNCR   0x80
#define ICRNL   0x100
#define IXON    0x400
#define IXANY   0x800
#define IXOFF   0x1000
#define IMAXBEL 0x2000
#define IUTF8   0x4000

/* c_oflag */
#define OPOST  0x1
#define ONLCR  0x4
#define OCRNL  0x8
#define ONOCR  0x10
#define ONLRET 0x20
#define TABDLY 0x1800
#define TAB0   0x0
#define TAB3   0x1800
#define XTABS  0x1800

/* c_cflag */
#define CSIZE  0x30
#define CS5    0x0
#define CS6    0x10
#define CS7    0x20
#define CS8    0x30
#define CSTOPB 0x40
#define CREAD  0x80
#define PARENB 0x100
#define PARODD 0x200
#define HUPCL  0x400
#define CLOCAL 0x800

/* c_lflag */
#define ISIG    0x1
#define ICANON  0x2
#define ECHO    0x8
#define ECHOE   0x10
#define ECHOK   0x20
#define ECHONL  0x40
#define NOFLSH  0x80
#define TOSTOP  0x100
#define ECHOCTL 0x200
#define ECHOKE  0x800
#define IEXTEN  0x8000

#define TCSANOW   0
#define TCSADRAIN 1
#define TCSAFLUSH 2
#define TCIFLUSH  0
#define TCOFLUSH  1
#define TCIOFLUSH 2
#define TCOOFF    0
#define TCOON     1
#define TCIOFF    2
#define TCION     3

#define B0      0
#define B50     1
#define B75     2
#define B110    3
#define B134    4
#define B150    5
#define B200    6
#define B300    7
#define B600    8
#define B1200   9
#define B1800   10
#define B2400   11
#define B4800   12
#define B9600   13
#define B19200  14
#define B38400  15
#define B57600  0x1001
#define B115200 0x1002

int tcgetattr(int fd, struct termios *out);
int tcsetattr(int fd, int when, const struct termios *wanted);
int tcflush(int fd, int queue);
int tcdrain(int fd);
int tcsendbreak(int fd, int duration);
int tcflow(int fd, int action);
pid_t tcgetpgrp(int fd);
int tcsetpgrp(int fd, pid_t group);
pid_t tcgetsid(int fd);
speed_t cfgetospeed(const struct termios *termios);
speed_t cfgetispeed(const struct termios *termios);
int cfsetospeed(struct termios *termios, speed_t speed);
int cfsetispeed(struct termios *termios, speed_t speed);
int cfsetspeed(struct termios *termios, speed_t speed);
void cfmakeraw(struct termios *termios);

#endif
