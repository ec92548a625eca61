/* SPDX-License-Identifier: MIT */
/* The messaging state of each thread.  Host builds bring their own. */
#include <fos/thread.h>

#include <fos/call.h>
#include <fos/memory.h>
#include <fos/msg.h>
#include <fos/start.h>

#include "msg.h"

_Thread_local struct fos_events *fos_own_events;
static _Thread_local struct fos_thread self;

/* The clock and what a sleep costs: as the process was told, or measured by its first
 * thread, once; a forked child has its parent's. */
static struct fos_sleeper measured;

/* Of the event page of a thread that forks. */
static _Thread_local struct {
    uint64_t blocked;
    uint32_t hold;
} kept;

static void sleeper_adopt(struct fos_sleeper *sleeper)
{
    struct fos_doorbell *doorbell = sleeper->doorbell;
    struct fos_events *events = sleeper->events;

    *sleeper = measured;
    sleeper->doorbell = doorbell;
    sleeper->published = fos_published_of(doorbell);
    sleeper->events = events;
}

static void sleeper_begin(struct fos_sleeper *sleeper)
{
    const struct fos_start *page = fos_start_page;

    if (!measured.tsc_hz && page->tsc_hz && self.number == 1)
        measured = (struct fos_sleeper){.tsc_hz = page->tsc_hz,
                                        .tsc_then = page->tsc_then,
                                        .ns_then = page->ns_then,
                                        .spin_cycles = page->spin_cycles};
    if (measured.tsc_hz)
        sleeper_adopt(sleeper);
    else
        fos_sleeper_init(sleeper, sleeper->doorbell, sleeper->events);
    if (self.number == 1)
        measured = *sleeper;
}

struct fos_thread *fos_thread_self(void)
{
    if (fos_unlikely(!self.sleeper.tsc_hz))
        sleeper_begin(&self.sleeper);
    return &self;
}

uint32_t fos_thread_number(void)
{
    return self.number;
}

void fos_thread_bind(const struct fos_thread_identity *identity)
{
    struct fos_mutex *robust = self.robust; /* a forked child still holds them */

    self = (struct fos_thread){
        .sleeper = {.doorbell = identity->doorbell,
                    .published = fos_published_of(identity->doorbell),
                    .events = identity->events},
        .cap = identity->cap,
        .number = identity->number,
        .robust = robust,
    };
    fos_own_events = identity->events;
}

void fos_sends_count(void)
{
    if (self.unpushed)
        fos_unpushed_count(&self);
}

/* The event page is new; what the caller has held and blocked in the parent's it will
 * let go in this one. */
void fos_thread_forked(void)
{
    struct fos_thread_identity identity = fos_thread_first();

    identity.number = self.number;
    fos_thread_bind(&identity);
    fos_trace_bind((struct fos_events_page *)identity.events);
    fos_store_relaxed(&identity.events->blocked, kept.blocked);
    fos_store_relaxed(&identity.events->hold, kept.hold);
}

void fos_thread_fork(void)
{
    kept.blocked = fos_load_relaxed(&fos_own_events->blocked);
    kept.hold = fos_load_relaxed(&fos_own_events->hold);
}

struct fos_thread_identity fos_thread_first(void)
{
    return (struct fos_thread_identity){
        .doorbell = (struct fos_doorbell *)fos_start_page->doorbell,
        .events = (struct fos_events *)fos_start_page->events,
        .cap = fos_start_page->caps[FOS_START_THREAD],
        .number = 1,
    };
}

void fos_thread_leave(void)
{
    while (self.outbounds)
        fos_peer_close(self.outbounds);
    while (self.mailboxes)
        fos_mailbox_close(self.mailboxes);
    if (self.client)
        fos_client_free(self.client);
    self.client = NULL;
    if (self.offered)
        fos_pages_release(self.offered, WINDOW_PAGES);
    inbound_records_free(&self);
}
