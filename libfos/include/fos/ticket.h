/* SPDX-License-Identifier: MIT */
/*
 * Tickets: how a fleet knows who asks without being given the right over the
 * caller's space.  The process fleet gives one to each process (FOS_START_TICKET of
 * its start page); the fleets that must know share the key it was made with.  Who
 * shows a ticket to a fleet trusts that fleet with it.
 */
#ifndef FOS_TICKET_H
#define FOS_TICKET_H

#include <stdbool.h>

#include <fos/abi/types.h>
#include <fos/siphash.h>

/* Class bit of a ticket's id: a fleet of the boot archive.  The rest is the pid. */
#define FOS_TICKET_SYSTEM (1ull << 63)

static inline struct fos_cap fos_ticket_make(const struct fos_siphash_key *key,
                                             uint64_t id)
{
    return (struct fos_cap){id, fos_siphash(key, &id, sizeof id)};
}

static inline bool fos_ticket_check(const struct fos_siphash_key *key,
                                    struct fos_cap ticket)
{
    return ticket.id &&
           (fos_ticket_make(key, ticket.id).secret ^ ticket.secret) == 0;
}

static inline uint64_t fos_ticket_pid(struct fos_cap ticket)
{
    return ticket.id & ~FOS_TICKET_SYSTEM;
}

static inline bool fos_ticket_system(struct fos_cap ticket)
{
    return ticket.id & FOS_TICKET_SYSTEM;
}

#endif
