/* SPDX-License-Identifier: MIT */
/*
 * Members of fleets that hang without dying.  Each tells its load every few seconds
 * (fos/service.h); one that has been silent for long is ended, and so replaced.
 *
 * Silence is counted in looks of this fleet at the clock, one for each time it gets to
 * run: a machine that stood still, or an own call that took long, is nobody's silence.
 */
#ifndef PROC_ALIVE_H
#define PROC_ALIVE_H

#include "table.h"

enum {
    ALIVE_SECONDS = 16, /* so long a naming member may be silent, by default, */
    ALIVE_SECONDS_LEAST = 8, /* and at least: idle ones speak every four seconds */
    ALIVE_LOOKS = 8,         /* in that time */
};

/* `seconds`: as above, or 0. */
void alive_init(uint32_t seconds);

/* A process of a fleet was heard of. */
static inline void alive_heard(struct process *p)
{
    p->silent = 0;
}

/* Looks if it is time to.  Gives when that is next. */
uint64_t alive_work(void);

#endif
