/* SPDX-License-Identifier: MIT */
/* The receiver's pages of a channel: posted, found exchanged, handed on.  See fos/msg.h, M8. */
#include "msg.h"

#include <string.h>

#include <fos/memory.h>

static uint64_t bytes_of(const struct fos_exchange *e)
{
    return e->pages * FOS_PAGE_SIZE;
}

/* Ends the posting.  Its pages that were exchanged are counted. */
static void posting_end(struct fos_inbound *inbound)
{
    long got = fos_sys_channel_exchange(inbound->channel, NULL, 0);

    inbound->exchange.got += got > 0 ? (uint32_t)got : 0;
}

/* Posts another buffer, or the same again.  What was exchanged of the last is counted. */
static void posting_begin(struct fos_inbound *inbound, uint8_t which)
{
    struct fos_exchange *e = &inbound->exchange;
    long got =
        fos_sys_channel_exchange(inbound->channel, e->buffers[which], e->pages);

    e->posted = which;
    e->got += got > 0 ? (uint32_t)got : 0;
}

/* How much of the announced message lies in the buffer whose posting has ended: what its
 * sender says, if that is what the kernel has counted.  0: it is not. */
static uint32_t bytes_moved(struct fos_inbound *inbound, uint32_t total)
{
    uint64_t moved = fos_channel_moved(&inbound->receiver);
    uint64_t got = inbound->exchange.got;

    inbound->exchange.got = 0;
    if (moved > total || (moved != total && moved % FOS_PAGE_SIZE) ||
        (moved + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE != got)
        return 0;
    return (uint32_t)moved;
}

static int announced_taken(struct fos_inbound *inbound, uint32_t total,
                           uint32_t moved)
{
    inbound->mailbox->stats.by_pages++;
    fos_channel_take_announced(&inbound->receiver, total, moved);
    return moved == total ? 0 : -FOS_EAGAIN;
}

/* The message stays where it came; the other buffer, which nobody looks at, is posted. */
static int take_in_place(struct fos_inbound *inbound, void **buffer,
                         uint32_t *capacity, uint32_t total)
{
    struct fos_exchange *e = &inbound->exchange;
    uint8_t *from = e->buffers[e->posted];
    uint32_t moved;

    posting_begin(inbound, !e->posted);
    moved = bytes_moved(inbound, total);
    if (moved == 0)
        return fos_channel_refuse(&inbound->receiver);
    exchange_release(
        inbound->mailbox); /* of one whose sender stopped in the middle */
    *buffer = inbound->mailbox->held = from;
    *capacity = (uint32_t)bytes_of(e);
    return announced_taken(inbound, total, moved);
}

/* The same buffer is posted again, when it was copied.  `buffer` null: it is not. */
static int take_copy(struct fos_inbound *inbound, void *buffer, uint32_t total)
{
    struct fos_exchange *e = &inbound->exchange;
    uint32_t moved;

    posting_end(inbound);
    moved = bytes_moved(inbound, total);
    if (moved == 0)
        return fos_channel_refuse(&inbound->receiver);
    if (buffer)
        memcpy(buffer, e->buffers[e->posted], moved);
    posting_begin(inbound, e->posted);
    return announced_taken(inbound, total, moved);
}

int exchange_take(struct fos_inbound *inbound, void **buffer, uint32_t *capacity,
                  uint32_t length)
{
    const struct fos_exchange *e = &inbound->exchange;

    if (e->pages == 0 || length > inbound->mailbox->limit)
        return fos_channel_refuse(&inbound->receiver);
    if (inbound->mailbox->place && length <= bytes_of(e))
        return take_in_place(inbound, buffer, capacity, length);
    return length > *capacity ? -FOS_EMSGSIZE : take_copy(inbound, *buffer, length);
}

void exchange_discard(struct fos_inbound *inbound)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    uint32_t total = 0;

    if (fos_channel_peek(receiver, &total) || !receiver->announced)
        return; /* its sender has written something else there meanwhile */
    if (inbound->exchange.pages == 0)
        fos_channel_refuse(receiver);
    else if (take_copy(inbound, NULL, total) == -FOS_EAGAIN)
        receiver->discard = 1;
    if (receiver->notes)
        fos_inbound_noted(inbound);
}

/* ---- the buffers ---- */

static bool buffers_map(struct fos_exchange *e, uint32_t pages)
{
    e->buffers[0] = fos_pages_map(pages);
    e->buffers[1] = e->buffers[0] ? fos_pages_map(pages) : NULL;
    if (e->buffers[1]) {
        e->pages = pages;
        return true;
    }
    if (e->buffers[0])
        fos_pages_unmap(e->buffers[0], pages);
    *e = (struct fos_exchange){.refused = true};
    return false;
}

void exchange_free(struct fos_inbound *inbound)
{
    struct fos_mailbox *mailbox = inbound->mailbox;
    struct fos_exchange *e = &inbound->exchange;

    if (e->pages == 0)
        return;
    for (int i = 0; i < 2; i++) {
        if (e->buffers[i] == mailbox->held)
            mailbox->held_pages = e->pages;
        else
            fos_pages_unmap(e->buffers[i], e->pages);
    }
    mailbox->thread->exchanges--;
    *e = (struct fos_exchange){0};
}

void exchange_release(struct fos_mailbox *mailbox)
{
    if (mailbox->held_pages)
        fos_pages_unmap(mailbox->held, mailbox->held_pages);
    mailbox->held = NULL;
    mailbox->held_pages = 0;
}

int fos_msg_recv_pages(struct fos_mailbox *mailbox, void **at, void *buffer,
                       uint32_t capacity, uint32_t *length, uint64_t deadline)
{
    int error;

    exchange_release(mailbox);
    *at = buffer;
    mailbox->place = at;
    error = fos_msg_recv(mailbox, buffer, capacity, length, deadline);
    mailbox->place = NULL;
    return error;
}

/* For a message of `total` bytes; 0: more than there may be.  Of few sizes, so that their
 * addresses, and the tables these have, are used again. */
static uint32_t pages_for(uint64_t total, uint32_t most)
{
    uint32_t pages = FOS_MSG_PAGES_LEAST / FOS_PAGE_SIZE;

    if (total > most * FOS_PAGE_SIZE)
        return 0;
    while (pages * FOS_PAGE_SIZE < total)
        pages *= 2;
    return pages < most ? pages : most;
}

void exchange_offer(struct fos_inbound *inbound)
{
    struct fos_mailbox *mailbox = inbound->mailbox;
    struct fos_exchange *e = &inbound->exchange;
    uint32_t pages = pages_for(inbound->receiver.total, mailbox->pages_max);

    if (inbound->receiver.total < FOS_MSG_PAGES_LEAST || pages <= e->pages ||
        e->refused || inbound->dead || inbound->retired)
        return;
    if (!exchange_settle(inbound))
        return;
    exchange_free(inbound);
    if (mailbox->thread->exchanges == FOS_MSG_EXCHANGES || !buffers_map(e, pages))
        return;
    mailbox->thread->exchanges++;
    posting_begin(inbound, 0);
}

bool exchange_settle(struct fos_inbound *inbound)
{
    if (inbound->exchange.pages)
        posting_end(inbound);
    return inbound->exchange.got == 0;
}

bool exchange_stalled(const struct fos_inbound *inbound)
{
    return inbound->exchange.got &&
           fos_tsc() - inbound->marked >= inbound->mailbox->thread->sleeper.tsc_hz;
}
