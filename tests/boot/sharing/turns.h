/* SPDX-License-Identifier: MIT */
/*
 * When a process had the processor: it reads the time stamp counter over and over,
 * and where two readings are far apart somebody else had it.
 */
#ifndef TURNS_H
#define TURNS_H

#include <stdint.h>

enum { TURNS_MAX = 96, TURN_TAKERS_MAX = 3 };

/* Running from the first to the second reading. */
struct turn {
    uint64_t from, to;
};

/* What a process tells. */
struct turns {
    uint64_t pid;
    uint32_t count, reserved;
    struct turn turn[TURNS_MAX];
};

static inline uint64_t turns_clock(void)
{
    return __builtin_ia32_rdtsc();
}

/* Watches until `until`; a gap of more than `gap` ends a turn. */
void turns_watch(struct turns *turns, uint64_t until, uint64_t gap);

/*
 * Whether `takers` processes of one vCPU took turns: never two at once, at least
 * `least` changes, each had a tenth of the time, and, but for a few exceptions,
 * always in the same order.  NULL, or what was wrong.
 */
const char *turns_judge(const struct turns *all, unsigned takers, unsigned least);

#endif
