/* SPDX-License-Identifier: MIT */
/* The parts of this scenario: see main.c. */
#ifndef NAMES_H
#define NAMES_H

#include <fos/name.h>

#include "../family.h"

FOS_CLIENT_CALLS(name, NAME_OPS)

/* Members find out in the course of some heartbeats that a client is gone, to whom
 * they had a channel. */
static inline void names_settle(void)
{
    uint64_t deadline = family_deadline() + FAMILY_PATIENCE;
    struct fos_kernel_info now;

    fos_name_close();
    for (;;) {
        fos_sys_kernel_info(&now);
        if (balanced(&now) || fos_now_ns() >= deadline)
            return;
        fos_clock_sleep(fos_now_ns() + 20 * FOS_MILLISECOND);
    }
}

static inline void names_case_end(void)
{
    if (!case_why[0])
        names_settle();
    case_end();
}

/* Each file keeps its own count of cases: 0 all went well, else 1. */

/* adversary.c */
int test_adversary(void);

/* stale.c: names change while their old mailboxes live. */
int test_stale(const char *program, struct fos_mailbox *answers);
int part_sender(uint64_t a, uint64_t b);

/* moves.c: a name moves while others send by it. */
int test_moves(const char *program, struct fos_mailbox *inbox);
int part_streamer(uint64_t number, uint64_t seed);

/* race.c: threads register one name. */
int test_race(void);

/* across.c: registrations in the middle of which members are lost.  Told to go on when all
 * members are there it looks at all of them, and reports. */
enum going { STOP, GO_ON };
int part_registrant(uint64_t a, uint64_t b);

/* load.c: look-ups while members are killed, or hang. */
int test_losses(const char *program, struct fos_mailbox *inbox, bool hang);
int part_asker(uint64_t number, uint64_t hang);

#endif
