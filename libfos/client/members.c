/* SPDX-License-Identifier: MIT */
/*
 * The naming fleet's members as this process knows them: which to ask, and what to
 * do when one does not answer.
 */
#include "name.h"

#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/part.h>
#include <fos/proc.h>

FOS_CLIENT_CALLS(name, NAME_CLIENT_OPS)

/* For one member's answer to a look-up, and to a write; between rounds of tries. */
#define LOOKUP_PATIENCE (300 * FOS_MILLISECOND)
#define WRITE_PATIENCE  (2 * FOS_SECOND)
#define WRITE_DEADLINE  (30 * FOS_SECOND)
#define BACKOFF_FIRST   (FOS_MILLISECOND / 4)
#define BACKOFF_LAST    (32 * FOS_MILLISECOND)

static _Thread_local struct proc_view view;
static _Thread_local bool stale;    /* a member of it did not answer */
static _Thread_local uint32_t slow; /* slots: it did not in time; asked last */
static _Thread_local struct fos_peer
    peers[PROC_MEMBERS_MAX]; /* mailbox.id 0: not open */

static void forked(void)
{
    for (int i = 0; i < PROC_MEMBERS_MAX; i++)
        peers[i] = (struct fos_peer){0};
}

FOS_PART(members_part, .forked = forked);
struct fos_name_stats fos_name_stats;

static void peer_drop(unsigned slot)
{
    if (peers[slot].mailbox.id)
        fos_peer_close(&peers[slot]);
    peers[slot].mailbox.id = 0;
}

void name_members_close(void)
{
    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++)
        peer_drop(slot);
    view = (struct proc_view){0};
    slow = 0;
}

/* Asks the process fleet who the members are. */
static long view_fetch(uint64_t deadline)
{
    struct proc_members_req req = {.fleet = "name"};
    struct proc_members_rep rep = {0};
    long error = proc_members_call(fos_proc_peer(), &req, &rep, deadline);

    name_count(&fos_name_stats.views);
    if (error < 0)
        return error;
    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++)
        if (view.members[slot].mailbox.id != rep.view.members[slot].mailbox.id) {
            peer_drop(slot);
            slow &= ~(1u << slot);
        }
    view = rep.view;
    stale = false;
    return 0;
}

static struct fos_peer *peer_of(unsigned slot)
{
    struct fos_peer *peer = &peers[slot];

    if (!peer->mailbox.id &&
        fos_peer_open(peer, view.members[slot].mailbox, FOS_TRANSPORT_AUTO)) {
        peer->mailbox.id = 0;
        return NULL;
    }
    return peer;
}

/* Whether an answer came from the member rather than from the way to it. */
static bool is_answer(long result)
{
    return result != -FOS_EPERM && result != -FOS_EPIPE &&
           result != -FOS_ETIMEDOUT && result != -FOS_ECANCELED;
}

/* One call to one member.  EAGAIN: nothing decided, try elsewhere or later. */
static long member_call(unsigned slot, void *request, uint32_t length, void *reply,
                        uint32_t capacity, uint64_t deadline, bool *again)
{
    struct fos_peer *peer = peer_of(slot);

    if (!peer)
        return -FOS_EAGAIN;
    long result = fos_call(peer, request, length, reply, capacity, deadline);
    slow &= ~(1u << slot);
    if (is_answer(result))
        return result;
    if (result == -FOS_ETIMEDOUT)
        slow |= 1u << slot;
    *again = stale = true;
    peer_drop(slot);
    return -FOS_EAGAIN;
}

/* From the second round on: waits a little, ever longer, and asks for the members
 * again; in the first if there is doubt.  False: the deadline has passed. */
static bool round_begin(uint64_t *backoff, uint64_t deadline)
{
    bool first = *backoff == 0;

    if (!first) {
        name_count(&fos_name_stats.retries);
        fos_clock_sleep(earlier(name_now() + *backoff, deadline));
    }
    *backoff = first ? BACKOFF_FIRST : earlier(*backoff * 2, BACKOFF_LAST);
    if (!first || !view.number || stale)
        view_fetch(deadline);
    return name_now() < deadline;
}

/* Of `left`, whom to ask next: who hangs would keep every look-up waiting. */
static int best_of(struct fos_alias alias, uint32_t left)
{
    int slot = name_best(alias, left & ~slow);

    return slot >= 0 ? slot : name_best(alias, left);
}

/* What a look-up's result says of the lease, in nanoseconds. */
static uint64_t lease_left(long result)
{
    return result ? (uint64_t)(result - 1) * FOS_MILLISECOND : NAME_NEVER;
}

long name_ask(struct fos_alias alias, struct name_value *value, uint64_t *left_ns,
              uint64_t deadline)
{
    struct name_lookup_req req = {.alias = alias};
    struct name_lookup_rep rep = {0};
    uint64_t backoff = 0;
    bool again;

    for (;;) {
        if (!round_begin(&backoff, deadline))
            return -FOS_ETIMEDOUT;
        uint32_t left = name_homes(alias, name_slots_in(&view, PROC_MEMBER_ACTIVE));
        /* The authority first: it alone knows what there is not. */
        for (int slot; (slot = best_of(alias, left)) >= 0; left &= ~(1u << slot)) {
            req.head.tag = FOS_TAG(name, lookup);
            name_count(&fos_name_stats.lookups);
            long result = member_call(
                (unsigned)slot, &req, sizeof req, &rep, sizeof rep,
                earlier(deadline, name_now() + LOOKUP_PATIENCE), &again);
            *value = rep.value;
            if (result >= 0)
                *left_ns = lease_left(result);
            if (result != -FOS_EAGAIN)
                return result < 0 ? result : 0;
        }
    }
}

long name_write(struct fos_alias alias, void *request, uint32_t length,
                uint64_t *number, void *reply, uint32_t capacity, bool *again)
{
    uint64_t backoff = 0, deadline = name_now() + WRITE_DEADLINE,
             tag = ((struct fos_request *)request)->tag;

    *again = false;
    for (;;) {
        if (!round_begin(&backoff, deadline))
            return -FOS_ETIMEDOUT;
        int slot = name_best(alias, name_slots_in(&view, PROC_MEMBER_ACTIVE));
        if (slot < 0)
            continue;
        ((struct fos_request *)request)->tag = tag;
        *number = view.number;
        long result =
            member_call((unsigned)slot, request, length, reply, capacity,
                        earlier(deadline, name_now() + WRITE_PATIENCE), again);
        if (result != -FOS_EAGAIN)
            return result;
        *again = true;
    }
}

/* All pages of one member. */
static long member_list(unsigned slot, struct name_listed *entries, size_t capacity)
{
    struct name_list_req req = {0};
    struct name_list_rep rep = {0};
    size_t count = 0;
    bool again;

    do {
        req.head.tag = FOS_TAG(name, list);
        long error = member_call(slot, &req, sizeof req, &rep, sizeof rep,
                                 name_now() + WRITE_PATIENCE, &again);
        if (error < 0)
            return error;
        for (uint32_t i = 0; i < rep.count && i < NAME_LIST_MAX && count < capacity;
             i++)
            entries[count++] = rep.entries[i];
        if (rep.next <= req.from)
            break;
        req.from = rep.next;
    } while (count < capacity);
    return (long)count;
}

/* Of all members there are; EAGAIN: one of them is gone meanwhile. */
static long view_list(struct name_listed *entries, size_t capacity)
{
    size_t count = 0;
    long error = 0;

    for (unsigned slot = 0; error >= 0 && slot < PROC_MEMBERS_MAX; slot++) {
        if (view.members[slot].state != PROC_MEMBER_ACTIVE)
            continue;
        error = member_list(slot, entries + count, capacity - count);
        if (error > 0)
            count += (size_t)error;
    }
    return error < 0 ? error : (long)count;
}

long fos_name_list(struct name_listed *entries, size_t capacity)
{
    uint64_t backoff = 0, deadline = name_now() + WRITE_DEADLINE;
    long result = -FOS_EAGAIN;

    stale = true;
    while (result == -FOS_EAGAIN) {
        if (!round_begin(&backoff, deadline))
            return -FOS_ETIMEDOUT;
        result = view_list(entries, capacity);
    }
    return result;
}
