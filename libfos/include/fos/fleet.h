/* SPDX-License-Identifier: MIT */
/* What a member of a fleet has to do with the process fleet. */
#ifndef FOS_FLEET_H
#define FOS_FLEET_H

#include <stdbool.h>

#include <fos/abi/types.h>
#include <fos/cap.h>
#include <fos/siphash.h>
#include <fos/start.h>

/* Tells the process fleet that this member works, and where; id 0: it takes no
 * requests.  A service uses fos_service_ready. */
void fos_fleet_ready(struct fos_cap mailbox);

/* Whether `shown` is the word by which the process fleet proves to this member that it
 * is the one who asks. */
static inline bool fos_control_check(struct fos_cap shown)
{
    struct fos_cap own = fos_start_page->caps[FOS_START_CONTROL];

    return own.id && fos_cap_equal(own, shown);
}

/* The key that tickets are checked with (fos/ticket.h). */
static inline struct fos_siphash_key fos_fleet_tickets(void)
{
    struct fos_cap key = fos_start_page->caps[FOS_START_TICKETS];

    return (struct fos_siphash_key){{key.id, key.secret}};
}

#endif
