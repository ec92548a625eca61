/* SPDX-License-Identifier: MIT */
/*
 * How often what ends is started anew: RESTARTS_AT_ONCE times without delay, and then
 * once in RESTART_NS, for ever.  A fleet that lives long between its deaths is always
 * there again at once, one that cannot live does not keep this fleet busy.
 */
#ifndef PROC_RESTARTS_H
#define PROC_RESTARTS_H

#include <stdint.h>

#include <fos/clock.h>

enum { RESTARTS_AT_ONCE = 4 };

#define RESTART_NS FOS_SECOND

struct restarts {
    unsigned credit; /* starts that may be made at once */
    uint64_t at; /* when the next is earned, if it is less than RESTARTS_AT_ONCE */
};

/* Takes one, at `now` (nanoseconds of the monotonic clock): 0; or when there will be
 * one. */
uint64_t restart_take(struct restarts *r, uint64_t now);

#endif
