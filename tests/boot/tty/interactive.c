/* SPDX-License-Identifier: MIT */
#include "tty.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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
    char line[16];

    if (sigaction(SIGWINCH, &action, NULL))
        return 1;
    size_show("");
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
    return 2;
}
