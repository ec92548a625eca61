/* SPDX-License-Identifier: MIT */
/*
 * What the system and this process hold.
 *
 * Frames in use by the fleets are counted apart: pages wait in their rings, zeroed, and
 * how many do varies.  Processes, threads, mailboxes, mappings have to be the same, frames
 * but for those of a few channels.
 */
#ifndef ENDURANCE_BALANCE_H
#define ENDURANCE_BALANCE_H

#include "../scenario.h"

struct holdings {
    int64_t frames;   /* free, in the kernel's pools, and the fleets' */
    int64_t services; /* frames of fs, console, name: they have no ring */
    uint32_t spaces, threads, mailboxes;
    struct mem_state_rep mem;
    struct mem_usage own;
};

void holdings_take(struct holdings *h);

/* NULL when all is as it was `before`, else what is not; those who clean up get time. */
const char *holdings_compare(const struct holdings *before);

#endif
