/* SPDX-License-Identifier: MIT */
/* The members of the page and the memory fleet, as anybody may see them. */
#ifndef MEMBERS_FLEETS_H
#define MEMBERS_FLEETS_H

#include <stdbool.h>
#include <stdint.h>

#include <fos/clock.h>
#include <fos/proto/fleet.h>
#include <fos/proto/mem.h>
#include <fos/proto/page.h>
#include <fos/proto/proc.h>

enum {
    PAGE = FOS_PAGE_SIZE,
    PROMISED_SLACK = 1024, /* promised to two members ahead of need */
    PAGES_SLACK = 1024, /* at hand in two members, their tables, and what a new one
                              is started with */
};

/* No test depends on it: so long only somebody who hangs takes. */
#define PATIENCE (120 * FOS_SECOND)

struct members {
    struct mem_state_rep mem[2];
    struct page_state_rep page[2];
    uint64_t free, promised; /* pages of both: not given; promised */
};

/* Slot plus one of the member that looks after a process; 0: none, or it is gone. */
unsigned member_of(uint64_t pid);

/* Pid of a member of the memory fleet; 0: none serves there now. */
uint64_t slot_pid(unsigned slot);

/* The state of all of them.  0, or the error of one that does not answer. */
long look(struct members *members);

/* The same, once the memory fleet knows of this program's running
 * relatives alone.  0, or the last look's error. */
long settle(struct members *members);

/* A fleet as proc tells it. */
struct proc_view view_of(const char *fleet);

/* What a member knows of its fleet.  0, or the error of asking. */
long stats_of(struct fos_cap mailbox, struct fleet_stats_rep *stats);

/* Whether each member of `fleet` comes to know its place and all others, in the view that
 * proc tells. */
bool fleet_knows(const char *fleet);

/* Tells a member of a view with that word for proc's.  0, or the error of sending. */
long view_forge(struct fos_cap mailbox, struct fos_cap control, uint64_t number);

void nap(void);

#endif
