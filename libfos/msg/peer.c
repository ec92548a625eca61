/* SPDX-License-Identifier: MIT */
/*
 * Destinations (struct fos_peer of fos/msg.h) and the ways they go.
 *
 * A peer is on the kernel (no window), on a channel, or sealed: its receiver has
 * retired the channel, will take all that was sent, and has yet to close it (M6).
 *
 *     kernel  -> channel  channel_open
 *     channel -> sealed   peer_settle, the receiver has not closed
 *     channel -> kernel   peer_settle, it has
 *     sealed  -> kernel   peer_settle, called by who has waited for that
 *     any     -> failed   peer_fail
 */
#include "msg.h"
#include "turn.h"

#include <fos/memory.h>

/* Without credit every send comes to fos_msg_send_slow. */
static void sender_stop(struct fos_peer *peer, int error)
{
    peer->sender.credit = 0;
    peer->sender.error = error;
}

static void peer_init(struct fos_peer *peer, struct fos_cap mailbox,
                      enum fos_transport transport, uint32_t ring_pages)
{
    struct fos_thread *thread = fos_thread_self();

    if (thread->ahead == peer)
        thread->ahead = NULL;
    *peer = (struct fos_peer){
        .thread = thread,
        .transport = transport,
        .mailbox = mailbox,
        .pages = ring_pages,
    };
    sender_stop(peer, -FOS_EAGAIN);
}

static void peer_link(struct fos_peer *peer)
{
    struct fos_thread *thread = peer->thread;

    peer->previous = NULL;
    peer->next = thread->outbounds;
    if (peer->next)
        peer->next->previous = peer;
    thread->outbounds = peer;
    published(thread)->channels_out++;
}

static void peer_unlink(struct fos_peer *peer)
{
    if (peer->next)
        peer->next->previous = peer->previous;
    if (peer->previous)
        peer->previous->next = peer->next;
    else
        peer->thread->outbounds = peer->next;
    published(peer->thread)->channels_out--;
}

static int channel_open(struct fos_peer *peer)
{
    uint32_t slots = ring_slots(peer->pages);
    struct fos_channel_info info;
    void *window = fos_pages_reserve(WINDOW_PAGES);
    long error;

    if (!window)
        return -FOS_ENOMEM;
    error = fos_sys_channel_connect(peer->mailbox, window, peer->pages, &info);
    if (error < 0) {
        fos_pages_release(window, WINDOW_PAGES);
        return (int)error;
    }
    peer->window = peer->doorbell = window;
    peer->channel = info.channel;
    peer->pid = info.peer;
    peer->limit = info.limit;
    peer->turns = 0;
    peer->announced.packet = NULL;
    peer_link(peer);
    return fos_channel_sender_init(&peer->sender, window_ring(window), slots,
                                   fos_channel_threshold(slots));
}

static void channel_leave(struct fos_peer *peer)
{
    turn_part(peer, peer->pair);
    if (peer->thread->spoke == peer)
        peer->thread->spoke = NULL;
    fos_sys_channel_close(peer->channel, FOS_TAKEN_NONE);
    fos_pages_release(peer->window, WINDOW_PAGES);
    peer->window = NULL;
    peer->sealed = false;
    peer_unlink(peer);
    sender_stop(peer, -FOS_EAGAIN);
}

/* A peer that was never opened may be closed. */
static void ahead_forget(const struct fos_peer *peer)
{
    if (peer->thread && peer->thread->ahead == peer)
        peer->thread->ahead = NULL;
}

int peer_fail(struct fos_peer *peer, int error)
{
    ahead_forget(peer);
    if (peer->window)
        channel_leave(peer);
    peer->error = error;
    sender_stop(peer, error);
    return error;
}

int peer_settle(struct fos_peer *peer, uint32_t packets)
{
    uint32_t sent = peer->sender.at.number + peer->turns, left;
    long taken;

    turn_part(peer, peer->pair);
    taken = fos_sys_channel_retire(peer->channel, sent);

    if (taken == -FOS_EAGAIN) {
        peer->sealed = true;
        sender_stop(peer, -FOS_EAGAIN);
        return 0;
    }
    if (taken < 0)
        return peer_fail(peer, taken == -FOS_EPERM ? -FOS_EPERM : -FOS_EPIPE);
    left = sent - (uint32_t)taken;
    if (left && left != packets)
        return peer_fail(peer, -FOS_EPROTO);
    channel_leave(peer);
    fos_choice_evicted(&peer->choice);
    published(peer->thread)->transport_switches++;
    return left ? SEND_AGAIN : 0;
}

/* What the doorbell asks of who has written a message. */
static int doorbell_heed(struct fos_peer *peer, uint32_t packets)
{
    switch (fos_doorbell_load(peer->doorbell)) {
    case FOS_DOORBELL_AWAKE:
        return 0;
    case FOS_DOORBELL_RETIRED:
    case FOS_DOORBELL_DEAD:
        return peer_settle(peer, packets);
    default:
        return fos_sys_notify(peer->channel) < 0 ? peer_settle(peer, packets) : 0;
    }
}

int peer_look(struct fos_peer *peer, uint32_t packets)
{
    int result = doorbell_heed(peer, packets);

    if (result == SEND_AGAIN)
        peer->thread->unpushed--; /* that one does not count */
    return result;
}

void thread_leave_dead(struct fos_thread *thread)
{
    struct fos_peer *next;

    for (struct fos_peer *peer = thread->outbounds; peer; peer = next) {
        next = peer->next;
        if (doorbell_dead(peer->doorbell))
            peer_settle(peer, 0);
    }
}

int fos_peer_connect(struct fos_peer *peer)
{
    uint64_t begin = fos_tsc();
    int error;

    if (peer->error || peer->window)
        return peer->error;
    ahead_forget(peer);
    error = channel_open(peer);
    if (error) {
        fos_choice_refused(&peer->choice);
        return error;
    }
    fos_choice_connected(&peer->choice, &peer->thread->costs, fos_tsc() - begin);
    published(peer->thread)->transport_switches++;
    return 0;
}

void thread_connect_ahead(struct fos_thread *thread, uint64_t deadline)
{
    uint64_t now = fos_tsc();

    if (now < deadline && deadline - now > thread->costs.connect)
        fos_peer_connect(thread->ahead);
    thread->ahead = NULL;
}

int fos_peer_open_ring(struct fos_peer *peer, struct fos_cap mailbox,
                       uint32_t ring_pages)
{
    int error;

    peer_init(peer, mailbox, FOS_TRANSPORT_CHANNEL, ring_pages);
    error = -FOS_EINVAL;
    if (ring_pages >= 1 && ring_pages <= FOS_RING_PAGES_MAX &&
        !(ring_pages & (ring_pages - 1)))
        error = channel_open(peer);
    if (error)
        peer_fail(peer, -FOS_EPIPE);
    return error;
}

int fos_peer_open(struct fos_peer *peer, struct fos_cap mailbox,
                  enum fos_transport transport)
{
    if (transport == FOS_TRANSPORT_CHANNEL)
        return fos_peer_open_ring(peer, mailbox, FOS_RING_PAGES_DEFAULT);
    if (transport != FOS_TRANSPORT_KERNEL && transport != FOS_TRANSPORT_AUTO)
        return -FOS_EINVAL;
    peer_init(peer, mailbox, transport, FOS_RING_PAGES_DEFAULT);
    return 0;
}

void fos_peer_close(struct fos_peer *peer)
{
    peer_fail(peer, -FOS_EPIPE);
}
