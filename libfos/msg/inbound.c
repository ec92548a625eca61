/* SPDX-License-Identifier: MIT */
/* The receiving sides of channels: accepted, listed, dropped.  See fos/msg.h. */
#include "msg.h"

#include <fos/memory.h>

void thread_events(struct fos_thread *thread)
{
    uint64_t bits = fos_sleeper_take(&thread->sleeper, FOS_EVENTS_RESERVED);

    if (bits & 1ull << FOS_EVENT_CHANNEL)
        thread->accept_pending = true;
}

/* A page of records at a time; they are used again, never given back. */
static struct fos_inbound *inbound_alloc(struct fos_thread *thread)
{
    struct fos_inbound *inbound = thread->free;

    if (!inbound) {
        inbound = fos_pages_map(1);
        if (!inbound)
            return NULL;
        for (size_t i = 0; i < FOS_PAGE_SIZE / sizeof *inbound; i++) {
            inbound[i].next = thread->free;
            thread->free = &inbound[i];
        }
        inbound = thread->free;
    }
    thread->free = inbound->next;
    thread->inbounds++;
    return inbound;
}

static void inbound_free(struct fos_thread *thread, struct fos_inbound *inbound)
{
    thread->inbounds--;
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

void inbound_drop(struct fos_mailbox *mailbox, struct fos_inbound *inbound)
{
    if (mailbox->scan == inbound)
        mailbox->scan = inbound->next;
    if (mailbox->refused == inbound)
        mailbox->refused = NULL;
    inbound_unlink(inbound);
    fos_sys_channel_close(inbound->channel);
    fos_pages_release(inbound->doorbell, WINDOW_PAGES);
    inbound_free(mailbox->thread, inbound);
    mailbox->thread->accept_pending |= mailbox->thread->accept_short;
}

/* The credit given back may be what the sender sleeps for (fos/sleep.h, S2). */
void fos_inbound_acked(struct fos_inbound *inbound)
{
    inbound->receiver.acked = 0;
    if (!fos_doorbell_awake(inbound->doorbell) && !doorbell_dead(inbound->doorbell))
        fos_sys_notify(inbound->channel);
}

/* Accepts one channel into `window`.  False: none waits, or no room for it. */
static bool inbound_accept(struct fos_mailbox *mailbox, void *window)
{
    struct fos_thread *thread = mailbox->thread;
    struct fos_channel_info info;
    struct fos_inbound *inbound;
    uint32_t slots;
    long error;

    if (thread->inbounds == FOS_CHANNELS_MAX ||
        !(inbound = inbound_alloc(thread))) {
        thread->accept_short = true;
        return false;
    }
    error = fos_sys_channel_accept(mailbox->cap, window, &info);
    if (error < 0) {
        thread->accept_short |= error != -FOS_EAGAIN;
        inbound_free(thread, inbound);
        return false;
    }
    slots = ring_slots(info.ring_pages);
    *inbound = (struct fos_inbound){
        .doorbell = window,
        .channel = info.channel,
        .pid = info.peer,
        .barrier = fos_mailbox_end(&mailbox->kernel), /* M2 */
        .next = mailbox->waiting,
    };
    fos_channel_receiver_init(&inbound->receiver, window_ring(window), slots,
                              fos_channel_threshold(slots));
    mailbox->waiting = inbound;
    mailbox->stats.accepted++;
    return true;
}

static void mailbox_accept(struct fos_mailbox *mailbox)
{
    bool accepted = true;

    while (accepted) {
        void *window = fos_pages_reserve(WINDOW_PAGES);
        if (!window)
            return;
        accepted = inbound_accept(mailbox, window);
        if (!accepted)
            fos_pages_release(window, WINDOW_PAGES);
    }
    inbound_release_waiting(mailbox);
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

void thread_update_channels(struct fos_thread *thread)
{
    thread->accept_pending = thread->accept_short = false;
    for (struct fos_mailbox *m = thread->mailboxes; m; m = m->next) {
        mailbox_accept(m);
        mailbox_find_dead(m);
    }
}
