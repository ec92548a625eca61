/* SPDX-License-Identifier: MIT */
#include "tty.h"

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

static int size(void)
{
    struct winsize window;
    char line[16];

    do {
        if (ioctl(0, TIOCGWINSZ, &window))
            return 1;
        printf("size %dx%d\n", window.ws_row, window.ws_col);
    } while (fgets(line, sizeof line, stdin) && line[0] != 'q');
    return 0;
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
