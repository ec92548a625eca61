/* SPDX-License-Identifier: MIT */
/* The receiving sides of channels: accepted, listed, dropped.  See fos/msg.h. */
#include "msg.h"
#include "turn.h"

#include <fos/memory.h>

enum {
    IDLE_PER_SECOND = 500, /* a channel silent for a 500th of a second is idle */
};

void thread_events(struct fos_thread *thread)
{
    uint64_t bits = fos_sleeper_take(&thread->sleeper, FOS_EVENTS_RESERVED);

    if (bits & 1ull << FOS_EVENT_CHANNEL)
        thread->accept_pending = true;
    if (bits & 1ull << FOS_EVENT_ROOM)
        thread->accept_pending = thread->room_wanted = true;
}

static void records_add(struct fos_thread *thread, struct fos_inbound *records,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        records[i].next = thread->free;
        thread->free = &records[i];
    }
}

/* A page of records, and the way to the one before. */
struct record_page {
    struct record_page *next;
    struct fos_inbound
        records[(FOS_PAGE_SIZE - sizeof(void *)) / sizeof(struct fos_inbound)];
};

_Static_assert(sizeof(struct record_page) <= FOS_PAGE_SIZE, "one page");

/* The first few, then a page at a time; used again, given back at the thread's end. */
static bool records_grow(struct fos_thread *thread)
{
    struct record_page *page;

    if (!thread->own_used) {
        thread->own_used = true;
        records_add(thread, thread->own, sizeof thread->own / sizeof *thread->own);
        return true;
    }
    page = fos_pages_map(1);
    if (!page)
        return false;
    page->next = thread->record_pages;
    thread->record_pages = page;
    records_add(thread, page->records,
                sizeof page->records / sizeof *page->records);
    return true;
}

void inbound_records_free(struct fos_thread *thread)
{
    struct record_page *page;

    while ((page = thread->record_pages)) {
        thread->record_pages = page->next;
        fos_pages_unmap(page, 1);
    }
    thread->free = NULL;
}

static struct fos_inbound *inbound_alloc(struct fos_thread *thread)
{
    struct fos_inbound *inbound;

    if (!thread->free && !records_grow(thread))
        return NULL;
    inbound = thread->free;
    thread->free = inbound->next;
    thread->inbounds++;
    published(thread)->channels_in++;
    return inbound;
}

static void inbound_free(struct fos_thread *thread, struct fos_inbound *inbound)
{
    thread->inbounds--;
    published(thread)->channels_in--;
    /* Whoever keeps a pointer to it sees that it is gone. */
    inbound->channel.id = inbound->owes = 0;
    inbound->next = thread->free;
    thread->free = inbound;
}

static void inbound_link(struct fos_mailbox *mailbox, struct fos_inbound *inbound)
{
    struct fos_inbound *head = &mailbox->channels;

    inbound->previous = head;
    inbound->next = head->next;
    head->next->previous = inbound;
    head->next = inbound;
}

static void inbound_unlink(struct fos_inbound *inbound)
{
    inbound->previous->next = inbound->next;
    inbound->next->previous = inbound->previous;
}

void inbound_to_front(struct fos_mailbox *mailbox, struct fos_inbound *inbound)
{
    if (mailbox->channels.next == inbound)
        return;
    if (mailbox->scan == inbound)
        mailbox->scan = inbound->next;
    inbound_unlink(inbound);
    inbound_link(mailbox, inbound);
}

void inbound_release_waiting(struct fos_mailbox *mailbox)
{
    struct fos_inbound **link = &mailbox->waiting, *inbound;

    while ((inbound = *link)) {
        if (mailbox->kernel.position < inbound->barrier) {
            link = &inbound->next;
            continue;
        }
        *link = inbound->next;
        inbound_link(mailbox, inbound);
    }
}

/* The kernel has closed it. */
static void inbound_forget(struct fos_mailbox *mailbox, struct fos_inbound *inbound)
{
    if (mailbox->scan == inbound)
        mailbox->scan = inbound->next;
    if (mailbox->refused == inbound)
        mailbox->refused = NULL;
    turn_part(inbound->turn.pair, inbound);
    exchange_free(inbound);
    inbound_unlink(inbound);
    fos_pages_release(inbound->doorbell, WINDOW_PAGES);
    inbound_free(mailbox->thread, inbound);
    mailbox->thread->accept_pending |= mailbox->thread->accept_short;
}

void inbound_drop(struct fos_mailbox *mailbox, struct fos_inbound *inbound)
{
    fos_sys_channel_close(inbound->channel, FOS_TAKEN_NONE);
    inbound_forget(mailbox, inbound);
}

/* The credit given back may be what the sender sleeps for (fos/sleep.h, S2). */
void fos_inbound_noted(struct fos_inbound *inbound)
{
    uint8_t notes = inbound->receiver.notes;

    inbound->receiver.notes = 0;
    if (notes & FOS_NOTE_MARKED)
        turn_taken(inbound);
    if (notes & FOS_NOTE_LONG)
        exchange_offer(inbound);
    if (notes & FOS_NOTE_ACKED && !fos_doorbell_awake(inbound->doorbell) &&
        !doorbell_dead(inbound->doorbell))
        fos_sys_notify(inbound->channel);
}

static struct fos_mailbox *mailbox_of(const struct fos_thread *thread, uint64_t id)
{
    struct fos_mailbox *mailbox = thread->mailboxes;

    while (mailbox && mailbox->cap.id != id)
        mailbox = mailbox->next;
    return mailbox;
}

static void inbound_init(struct fos_inbound *inbound, struct fos_mailbox *mailbox,
                         void *window, const struct fos_channel_info *info)
{
    uint32_t slots = ring_slots(info->ring_pages);

    *inbound = (struct fos_inbound){
        .doorbell = window,
        .channel = info->channel,
        .pid = info->peer,
        .barrier = fos_mailbox_end(&mailbox->kernel), /* M2 */
        .marked = fos_tsc(),
        .mailbox = mailbox,
        .next = mailbox->waiting,
    };
    fos_channel_receiver_init(&inbound->receiver, window_ring(window), slots,
                              fos_channel_threshold(slots));
    inbound->receiver.limit = mailbox->limit;
    inbound->receiver.pages = mailbox->pages_max != 0;
    mailbox->waiting = inbound;
    mailbox->stats.accepted++;
}

/* A channel was accepted at `window`. */
static void inbound_begin(struct fos_thread *thread, struct fos_inbound *inbound,
                          void *window, const struct fos_channel_info *info)
{
    struct fos_mailbox *mailbox = mailbox_of(thread, info->mailbox);

    if (mailbox) {
        inbound_init(inbound, mailbox, window, info);
        inbound_release_waiting(mailbox);
        return;
    }
    /* Of a mailbox that this library did not make, or has closed. */
    fos_sys_channel_close(info->channel, FOS_TAKEN_NONE);
    fos_pages_release(window, WINDOW_PAGES);
    inbound_free(thread, inbound);
}

/* Accepts the next channel into `window`.  How many still wait, or an error;
 * -FOS_EAGAIN: none waited. */
static long inbound_accept(struct fos_thread *thread, void *window)
{
    struct fos_inbound *inbound = inbound_alloc(thread);
    struct fos_channel_info info;
    long left;

    if (!inbound)
        return -FOS_ENOMEM;
    left = fos_sys_channel_accept(window, &info);
    if (left < 0)
        inbound_free(thread, inbound);
    else
        inbound_begin(thread, inbound, window, &info);
    return left;
}

/* The kernel has filled `accepted` before its id (pairs with offer_use), and uses it again only
 * for another offer. */
long thread_take_offered(struct fos_thread *thread)
{
    struct fos_events *events = thread->sleeper.events;
    struct fos_channel_info info;
    struct fos_inbound *inbound;

    if (!thread->offered ||
        !__atomic_load_n(&events->accepted.channel.id, __ATOMIC_ACQUIRE))
        return -FOS_EAGAIN;
    inbound = inbound_alloc(thread);
    if (!inbound)
        return -FOS_ENOMEM;
    info = events->accepted;
    events->accepted.channel.id = 0;
    inbound_begin(thread, inbound, thread->offered, &info);
    thread->offered = NULL;
    return fos_load_relaxed(&events->waiting);
}

void thread_offer(struct fos_thread *thread)
{
    void *window = fos_pages_reserve(WINDOW_PAGES);

    thread->offer_due = false;
    if (!window)
        return;
    if (fos_sys_channel_accept(window, NULL) == 0)
        thread->offered = window;
    else
        fos_pages_release(window, WINDOW_PAGES);
}

static void thread_accept(struct fos_thread *thread)
{
    uint64_t begin = fos_tsc();
    uint32_t before = thread->inbounds;
    long left = thread_take_offered(thread);

    if (left == -FOS_EAGAIN)
        left = 1; /* others may wait */
    while (left > 0) {
        void *window = fos_pages_reserve(WINDOW_PAGES);
        left = window ? inbound_accept(thread, window) : -FOS_ENOMEM;
        if (left < 0 && window)
            fos_pages_release(window, WINDOW_PAGES);
    }
    thread->offer_due = thread->inbounds && !thread->offered;
    if (thread->inbounds != before)
        fos_choice_accepted(&thread->costs,
                            (fos_tsc() - begin) / (thread->inbounds - before));
    thread->accept_short = left < 0 && left != -FOS_EAGAIN;
    thread->room_wanted |= thread->accept_short;
}

static void mailbox_find_dead(struct fos_mailbox *mailbox)
{
    struct fos_inbound *inbound;

    for (inbound = mailbox->channels.next; inbound != &mailbox->channels;
         inbound = inbound->next)
        inbound->dead |= doorbell_dead(inbound->doorbell);
    for (inbound = mailbox->waiting; inbound; inbound = inbound->next)
        inbound->dead |= doorbell_dead(inbound->doorbell);
}

/* ---- giving back ---- */

void inbound_finish(struct fos_mailbox *mailbox, struct fos_inbound *inbound)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    uint32_t taken = receiver->at.number + inbound->turn.count;
    long error = fos_sys_channel_close(inbound->channel, taken);

    if (error == 0) {
        mailbox->stats.evicted++;
        published(mailbox->thread)->channels_evicted++;
        inbound_forget(mailbox, inbound);
    } else if (error != -FOS_EAGAIN) {
        inbound->dead = true; /* the sender closed first: look once more (M4) */
    } else if (!inbound->sealed) {
        inbound->sealed = true; /* there is more: look once more */
    } else {
        mailbox->stats.broken++; /* the sender lied */
        inbound_drop(mailbox, inbound);
    }
}

/* False: it is in the middle of a message or a call, or ends anyway. */
static bool inbound_retire(struct fos_mailbox *mailbox, struct fos_inbound *inbound)
{
    if (inbound->receiver.done || inbound->dead || inbound->retired ||
        fos_line_owed(inbound) || /* fos/line.h, L5 */
        !exchange_settle(inbound))
        return false;
    turn_part(inbound->turn.pair, inbound); /* P6 */
    if (fos_sys_channel_retire(inbound->channel, 0) < 0)
        return false;
    inbound->retired = true;
    if (!inbound_ready(inbound))
        inbound_finish(mailbox, inbound);
    return true;
}

uint32_t fos_mailbox_evict(struct fos_mailbox *mailbox, uint32_t count)
{
    struct fos_inbound *inbound, *previous;
    uint32_t done = 0;

    for (inbound = mailbox->channels.previous;
         inbound != &mailbox->channels && done < count; inbound = previous) {
        previous = inbound->previous;
        done += inbound_retire(mailbox, inbound);
    }
    return done;
}

/* Whether nothing came by it for long, as far as is known. */
static bool inbound_idle(struct fos_thread *thread, struct fos_inbound *inbound)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    uint32_t at = receiver->at.number + inbound->turn.count;
    uint64_t now = fos_tsc();

    if (at != inbound->mark) {
        inbound->mark = at;
        inbound->marked = now;
    }
    return now - inbound->marked >= thread->sleeper.tsc_hz / IDLE_PER_SECOND &&
           !fos_channel_ready(receiver);
}

/* Gives the channel back that was silent longest, if that is long. */
static void thread_make_room(struct fos_thread *thread)
{
    struct fos_mailbox *mailbox = NULL;
    struct fos_inbound *oldest = NULL;

    for (struct fos_mailbox *m = thread->mailboxes; m; m = m->next) {
        struct fos_inbound *last = m->channels.previous;
        if (last == &m->channels || !inbound_idle(thread, last) ||
            (oldest && oldest->marked <= last->marked))
            continue;
        oldest = last;
        mailbox = m;
    }
    if (!oldest || inbound_retire(mailbox, oldest) || !exchange_stalled(oldest))
        return;
    mailbox->stats.stalled++;
    inbound_drop(mailbox, oldest);
}

/* Those that nothing more will come by.  Here, as nobody may receive from that mailbox for
 * long: a caller's, between calls. */
static void mailbox_leave_dead(struct fos_mailbox *mailbox)
{
    struct fos_inbound *inbound, *next;

    for (inbound = mailbox->channels.next; inbound != &mailbox->channels;
         inbound = next) {
        next = inbound->next;
        /* Found dead before looking: then what is there is all (M4). */
        if (!inbound->dead || inbound->receiver.done ||
            fos_channel_ready(&inbound->receiver) || turn_ready(inbound))
            continue;
        mailbox->stats.dropped++;
        inbound_drop(mailbox, inbound);
    }
}

void thread_update_channels(struct fos_thread *thread)
{
    thread->accept_pending = false;
    thread_accept(thread);
    for (struct fos_mailbox *m = thread->mailboxes; m; m = m->next) {
        mailbox_find_dead(m);
        mailbox_leave_dead(m);
    }
    thread_leave_dead(thread);
    if (thread->room_wanted) {
        thread->room_wanted = false;
        thread_make_room(thread);
    }
}
