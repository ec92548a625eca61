/* SPDX-License-Identifier: MIT */
/* A thread's mailboxes: made, listed, revoked, closed.  See fos/msg.h. */
#include "msg.h"

#include <fos/memory.h>

/* A ring in which nothing ever is. */
static struct fos_packet nothing[2];

static void mailbox_link(struct fos_mailbox *mailbox)
{
    struct fos_thread *thread = mailbox->thread;

    mailbox->previous = NULL;
    mailbox->next = thread->mailboxes;
    if (mailbox->next)
        mailbox->next->previous = mailbox;
    thread->mailboxes = mailbox;
}

static void mailbox_unlink(struct fos_mailbox *mailbox)
{
    struct fos_thread *thread = mailbox->thread;

    if (thread->scan == mailbox)
        thread->scan = mailbox->next;
    if (mailbox->next)
        mailbox->next->previous = mailbox->previous;
    if (mailbox->previous)
        mailbox->previous->next = mailbox->next;
    else
        thread->mailboxes = mailbox->next;
}

void mailbox_to_front(struct fos_mailbox *mailbox)
{
    mailbox_unlink(mailbox);
    mailbox_link(mailbox);
}

static void events_sum(struct fos_thread *thread)
{
    thread->events = 0;
    for (struct fos_mailbox *m = thread->mailboxes; m; m = m->next)
        thread->events |= m->events;
}

void fos_mailbox_events(struct fos_mailbox *mailbox, uint64_t mask)
{
    mailbox->events = mask & ~FOS_EVENTS_RESERVED;
    events_sum(mailbox->thread);
}

static void mailbox_init(struct fos_mailbox *mailbox, uint32_t limit)
{
    *mailbox = (struct fos_mailbox){
        .thread = fos_thread_self(),
        .events = ~FOS_EVENTS_RESERVED,
        .limit = limit,
        .budget = FOS_MSG_BURST,
    };
    fos_channel_receiver_init(&mailbox->channels.receiver, nothing, 2, 1);
    mailbox->channels.next = mailbox->channels.previous = &mailbox->channels;
    mailbox->scan = &mailbox->channels;
}

int fos_mailbox_create_limited(struct fos_mailbox *mailbox, uint32_t slots,
                               uint32_t limit)
{
    size_t pages = slots * sizeof(struct fos_mailbox_slot) / FOS_PAGE_SIZE;
    struct fos_mailbox_slot *buffer;
    long error;

    if (slots < FOS_MAILBOX_SLOTS_MIN || slots > FOS_MAILBOX_SLOTS_MAX ||
        (slots & (slots - 1)) || limit < FOS_PACKET_PAYLOAD)
        return -FOS_EINVAL;
    mailbox_init(mailbox, limit);
    buffer = fos_pages_map(pages);
    if (!buffer)
        return -FOS_ENOMEM;
    error =
        fos_sys_mailbox_create(buffer, slots, &mailbox->head, limit, &mailbox->cap);
    if (error < 0) {
        fos_pages_unmap(buffer, pages);
        return (int)error;
    }
    fos_mailbox_reader_init(&mailbox->kernel, buffer, slots, &mailbox->head);
    mailbox_link(mailbox);
    mailbox->thread->events |= mailbox->events;
    return 0;
}

int fos_mailbox_create(struct fos_mailbox *mailbox, uint32_t slots)
{
    return fos_mailbox_create_limited(mailbox, slots, UINT32_MAX);
}

/* Also those that wait for kernel messages to be taken first. */
static void channels_drop(struct fos_mailbox *mailbox)
{
    for (struct fos_inbound *i = mailbox->waiting; i; i = i->next)
        i->barrier = 0;
    inbound_release_waiting(mailbox);
    while (mailbox->channels.next != &mailbox->channels)
        inbound_drop(mailbox, mailbox->channels.next);
}

void fos_mailbox_take_pages(struct fos_mailbox *mailbox, uint32_t pages)
{
    struct fos_inbound *inbound;

    mailbox->pages_max = pages;
    if (pages == 0)
        return;
    for (inbound = mailbox->channels.next; inbound != &mailbox->channels;
         inbound = inbound->next)
        inbound->receiver.pages = 1;
    for (inbound = mailbox->waiting; inbound; inbound = inbound->next)
        inbound->receiver.pages = 1;
}

void fos_mailbox_close(struct fos_mailbox *mailbox)
{
    size_t pages =
        mailbox->kernel.count * sizeof(struct fos_mailbox_slot) / FOS_PAGE_SIZE;

    mailbox_unlink(mailbox);
    events_sum(mailbox->thread);
    channels_drop(mailbox);
    exchange_release(mailbox);
    fos_sys_mailbox_close(mailbox->cap);
    thread_take_offered(mailbox->thread); /* perhaps to this one: closes that */
    fos_pages_unmap(mailbox->kernel.slots, pages);
}

int fos_mailbox_renew(struct fos_mailbox *mailbox)
{
    long error = fos_sys_mailbox_renew(mailbox->cap, &mailbox->cap);

    thread_take_offered(mailbox->thread);
    if (error == 0)
        channels_drop(mailbox);
    return (int)error;
}
