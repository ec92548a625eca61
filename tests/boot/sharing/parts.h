/* SPDX-License-Identifier: MIT */
/* The parts that processes on a shared vCPU play, and what they are told. */
#ifndef PARTS_H
#define PARTS_H

#include <stddef.h>

#include "../family.h"

/* To a child that has reported. */
struct go {
    struct fos_cap peer;  /* another child's mailbox */
    uint64_t until;       /* nanoseconds */
    uint64_t until_clock; /* the same for turns_clock */
    uint64_t gap;         /* of turns_watch */
};

/* To the sleeper, which sends it back; 0 ends it. */
struct ping {
    uint64_t number;
};

extern const struct part parts[];
extern const size_t parts_count;

/* The first register that a system call did not keep, of many tries; or NULL. */
const char *calls_lose(void);

#endif
