/* SPDX-License-Identifier: MIT */
#include "tty.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

static int lines(void)
{
    char line[256];

    puts("type lines");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        printf("got <%s>\n", line);
        if (strcmp(line, "end") == 0)
            return 0;
    }
    puts("end of file");
    return 3;
}

static int keys(void)
{
    struct termios before, raw;
    unsigned char key = 0;

    tcgetattr(0, &before);
    raw = before;
    cfmakeraw(&raw);
    tcsetattr(0, TCSANOW, &raw);
    printf("type keys\r\n");
    while (key != 'q' && read(0, &key, 1) == 1)
        printf("key %02x\r\n", key);
    tcsetattr(0, TCSADRAIN, &before);
    puts("cooked again");
    return 0;
}

static void size_show(const char *what)
{
    struct winsize window = {0};

    ioctl(0, TIOCGWINSZ, &window);
    printf("%ssize %dx%d\n", what, window.ws_row, window.ws_col);
}

static void resized(int number)
{
    (void)number;
    size_show("new ");
}

static int size(void)
{
    const struct sigaction action = {.sa_handler = resized, .sa_flags = SA_RESTART};
    sigset_t winch;
    char line[16];

    /* Two printf do not meet in one stream. */
    sigemptyset(&winch);
    sigaddset(&winch, SIGWINCH);
    sigprocmask(SIG_BLOCK, &winch, NULL);
    if (sigaction(SIGWINCH, &action, NULL))
        return 1;
    size_show("");
    sigprocmask(SIG_UNBLOCK, &winch, NULL);
    while (fgets(line, sizeof line, stdin))
        if (line[0] == 'q')
            return 0;
    return 1;
}

static int flood(void)
{
    for (unsigned long i = 0; printf("%060lu\n", i) > 0; i++)
        continue;
    return 1;
}

static volatile sig_atomic_t alarms;

/* Says once that a wait has been met by some. */
static void alarm_count(int number)
{
    enum { SOME = 3 };

    (void)number;
    if (++alarms == SOME)
        write(1, "alarms came\r\n", 13);
}

static void alarms_set(int flags)
{
    const struct sigaction action = {.sa_handler = alarm_count, .sa_flags = flags};
    const struct itimerval timer = {{0, 30000}, {0, 30000}};

    alarms = 0;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void interrupted(const char *what, long result)
{
    printf("%s %s\r\n", what,
           result == -1 && errno == EINTR && alarms ? "was interrupted"
                                                    : "is wrong");
    alarms = 0;
}

/* Nobody types until `type a line`. */
static int waits(void)
{
    struct pollfd polled = {.fd = 0, .events = POLLIN};
    struct termios before, raw;
    char line[16];

    tcgetattr(0, &before);
    raw = before;
    cfmakeraw(&raw);
    alarms_set(0);
    interrupted("cooked read", read(0, line, sizeof line));
    interrupted("poll", poll(&polled, 1, -1));
    while (tcsetattr(0, TCSANOW, &raw))
        continue;
    interrupted("raw read", read(0, line, sizeof line));
    interrupted("raw poll", poll(&polled, 1, -1));
    while (tcsetattr(0, TCSANOW, &before))
        continue;
    alarms_set(SA_RESTART);
    puts("type a line");
    return read(0, line, sizeof line) == 3 && alarms ? 0 : 1;
}

int interactive(const char *what)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "lines") == 0)
        return lines();
    if (strcmp(what, "keys") == 0)
        return keys();
    if (strcmp(what, "size") == 0)
        return size();
    if (strcmp(what, "flood") == 0)
        return flood();
    if (strcmp(what, "waits") == 0)
        return waits();
    return 2;
}
