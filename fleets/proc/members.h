/* SPDX-License-Identifier: MIT */
/*
 * The members of a fleet: who is in which slot, in which state, and what each has been
 * told.  This fleet is the only one to decide it.
 *
 * A slot: DOWN -> JOINING (members_up; ACTIVE at once when no other is) -> ACTIVE
 * (members_joined) -> DOWN from any (members_down).
 *
 * Invariants
 *  V1. Each change has a view number of its own, and the numbers grow.
 *  V2. A member is DOWN in a view only when its process is gone.
 *  V3. A member is told of an end before it is told of any view made after that end,
 *      and a new one of all ends, by what lives, before anything else.
 */
#ifndef PROC_MEMBERS_H
#define PROC_MEMBERS_H

#include <stdbool.h>

#include <fos/proto/name.h>

enum { ENDS_UNTOLD_MAX = 256 }; /* who has not taken more is deaf */

struct members {
    struct name_control control;
    struct proc_view view;
    uint64_t told_view[PROC_MEMBERS_MAX];
    uint64_t told_ends[PROC_MEMBERS_MAX]; /* value of `ends` then */
    uint64_t ends;                        /* ever, and one more */
    uint64_t last_ended;                  /* the greatest pid */
    bool lost; /* a member became ACTIVE although nobody knew what was known */
};

/* A way to send to a member.  0, also when it is gone; EAGAIN: no room now. */
typedef int members_send(struct fos_cap mailbox, const void *message,
                         size_t length);

/* Gives the pids of all processes that live or are being made, NAME_LIVING_MAX at most,
 * and how many. */
typedef uint32_t members_living(uint64_t *pids);

void members_init(struct members *m, unsigned slots, struct name_control control);
void members_up(struct members *m, unsigned slot, struct fos_cap mailbox,
                uint64_t pid);
void members_down(struct members *m, unsigned slot);

/* The member of `slot` knows everything, in view `number`. */
void members_joined(struct members *m, unsigned slot, uint64_t number);

/* A process has ended. */
void members_end(struct members *m, uint64_t pid);

/* Whether all have been told of the present view. */
bool members_know(const struct members *m);

/* Tells each what it has not been told.  False: some have no room now, try later. */
bool members_tell(struct members *m, members_living *living, members_send *send);

/* The slots, as bits, whose members have long not taken what they are told. */
uint32_t members_deaf(const struct members *m);

#endif
