/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int do_exec(const char *argument)
{
    const char *colour = getenv("COLOUR");

    if (!argument || strcmp(argument, "two words"))
        return 1;
    return colour && !strcmp(colour, "green is a colour") ? 7 : 2;
}

static int do_exit(const char *argument)
{
    return atoi(argument);
}

static int do_sleep(const char *argument)
{
    usleep((useconds_t)atoi(argument) * 1000);
    return 0;
}

static int do_session(const char *argument)
{
    (void)argument;
    if (setsid() != getpid() || getsid(0) != getpid() || getpgrp() != getpid())
        return 1;
    return setsid() == -1 ? 0 : 2;
}

static const struct {
    const char *name;
    int (*run)(const char *argument);
} parts[] = {
    {"exec", do_exec},
    {"exit", do_exit},
    {"sleep", do_sleep},
    {"session", do_session},
};

int part_main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(argv[1], parts[i].name))
            return parts[i].run(argc > 2 ? argv[2] : NULL);
    return 99;
}
