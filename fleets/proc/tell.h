/* SPDX-License-Identifier: MIT */
/*
 * Telling fleets whose processes are gone (fleet_ended, proto/fleet.h), without waiting
 * for them: one that has no room is tried again.  The naming members hear it with their
 * views (members.h).
 *
 * Invariants
 *  E1. A fleet hears of each end once, in the order of the ends, from its start on, and
 *      first of the last TELL_LOG before it; unless it takes none during TELL_LOG ends,
 *      which is reported.  A memory member hears of those only that it looked after.
 *  E2. It hears of an end after the space is gone.
 *  E3. Filesystem (pipes) and memory members (quotas) hear of it at once; others, for whom
 *      waking up costs more than the news is worth, of several together, within LATE_NS.
 */
#ifndef PROC_TELL_H
#define PROC_TELL_H

#include "table.h"

enum { TELL_LOG = 256 };

/* Ends that are told together (E3). */
struct late {
    uint64_t at; /* when they are due */
    uint32_t count;
};

void late_add(struct late *late);
bool late_is_due(const struct late *late);

/* This process is gone. */
void tell_end(const struct process *p);

/* Whether the fleet of this one member knows of all ends; so it does when there is none. */
bool tell_told(enum process_role role);

/* `p`, a fleet, is ready to be told. */
void tell_begin(struct process *p);

/* Tells what is to be told.  Gives when it must be called again. */
uint64_t tell_work(void);

#endif
