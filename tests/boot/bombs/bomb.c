/* SPDX-License-Identifier: MIT */
#include "bombs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20, PAGE = 4096 };

/* All of them fork, without end. */
static _Noreturn void forks(void)
{
    pid_t first = getpid();

    for (;;) {
        if (fork() >= 0 || getpid() != first)
            continue;
        printf("no more processes: %s\n", strerror(errno));
        first = 0;
    }
}

static _Noreturn void memory(void)
{
    unsigned pieces = 0;

    for (;;) {
        char *piece = malloc(PIECE);
        for (size_t at = 0; piece && at < PIECE; at += PAGE)
            piece[at] = 1;
        if (piece && ++pieces)
            continue;
        if (pieces)
            printf("no more memory: %s after %u MiB\n", strerror(errno), pieces);
        pieces = 0;
        usleep(1000);
    }
}

int descriptors_take(void)
{
    int count = 0;

    while (open("/dev/null", O_RDONLY) >= 0)
        count++;
    return count;
}

/* A crowd that has all descriptors there are. */
static _Noreturn void descriptors(void)
{
    int count = descriptors_take();

    while (fork() > 0)
        continue;
    for (int fd = 3; fd < count + 3; fd++)
        close(fd);
    descriptors_take();
    printf("no more descriptors: %s\n", strerror(errno));
    for (;;)
        pause();
}

void bomb_main(const char *kind)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!strcmp(kind, "forks"))
        forks();
    if (!strcmp(kind, "memory"))
        memory();
    descriptors();
}
