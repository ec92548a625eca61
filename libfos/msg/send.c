/* SPDX-License-Identifier: MIT */
/* The sending side of fos/msg.h. */
#include "msg.h"

#include <fos/memory.h>

enum { BACKOFF_NS_FIRST = 50000, BACKOFF_NS_LAST = 5000000 };

static void peer_init(struct fos_peer *peer, struct fos_cap mailbox,
                      enum fos_transport transport)
{
    *peer = (struct fos_peer){
        .thread = fos_thread_self(),
        .transport = transport,
        .mailbox = mailbox,
        /* Without credit every send comes to fos_msg_send_slow. */
        .sender.error = -FOS_EAGAIN,
    };
}

int fos_peer_open_ring(struct fos_peer *peer, struct fos_cap mailbox,
                       uint32_t ring_pages)
{
    struct fos_channel_info info;
    uint32_t slots = ring_slots(ring_pages);
    long error;

    peer_init(peer, mailbox, FOS_TRANSPORT_CHANNEL);
    peer->error = -FOS_EPIPE;
    if (ring_pages < 1 || ring_pages > FOS_RING_PAGES_MAX ||
        (ring_pages & (ring_pages - 1)))
        return -FOS_EINVAL;
    peer->window = fos_pages_reserve(WINDOW_PAGES);
    if (!peer->window)
        return -FOS_ENOMEM;
    error = fos_sys_channel_connect(mailbox, peer->window, ring_pages, &info);
    if (error < 0) {
        fos_pages_release(peer->window, WINDOW_PAGES);
        peer->window = NULL;
        return (int)error;
    }
    peer->doorbell = peer->window;
    peer->channel = info.channel;
    peer->pid = info.peer;
    peer->error = 0;
    return fos_channel_sender_init(&peer->sender, window_ring(peer->window), slots,
                                   fos_channel_threshold(slots));
}

int fos_peer_open(struct fos_peer *peer, struct fos_cap mailbox,
                  enum fos_transport transport)
{
    if (transport == FOS_TRANSPORT_CHANNEL)
        return fos_peer_open_ring(peer, mailbox, FOS_RING_PAGES_DEFAULT);
    if (transport != FOS_TRANSPORT_KERNEL && transport != FOS_TRANSPORT_AUTO)
        return -FOS_EINVAL;
    peer_init(peer, mailbox, FOS_TRANSPORT_KERNEL);
    return 0;
}

/* Ends the peer: every later send answers `error`. */
static int peer_fail(struct fos_peer *peer, int error)
{
    peer->error = error;
    peer->sender.credit = 0;
    peer->sender.error = error;
    if (peer->window) {
        fos_sys_channel_close(peer->channel);
        fos_pages_release(peer->window, WINDOW_PAGES);
        peer->window = NULL;
    }
    return error;
}

void fos_peer_close(struct fos_peer *peer)
{
    peer_fail(peer, -FOS_EPIPE);
}

int fos_msg_ring(struct fos_peer *peer)
{
    long result;

    if (doorbell_dead(peer->doorbell))
        return peer_fail(peer, -FOS_EPIPE);
    result = fos_sys_notify(peer->channel);
    return result < 0 ? peer_fail(peer, -FOS_EPIPE) : 0;
}

/* After packets were written. */
static int peer_look(struct fos_peer *peer)
{
    peer->thread->unpushed = 1;
    return fos_doorbell_awake(peer->doorbell) ? 0 : fos_msg_ring(peer);
}

/* A sender that waits for more credit than it had. */
struct send_wait {
    struct fos_peer *peer;
    uint32_t credit;
};

static bool send_ready(void *argument)
{
    struct send_wait *wait = argument;
    struct fos_channel_sender *sender = &wait->peer->sender;

    return sender->credit != wait->credit || doorbell_dead(wait->peer->doorbell) ||
           fos_channel_credit(sender) != -FOS_EAGAIN;
}

/* Waits until the ring may have room.  0, -FOS_ETIMEDOUT, -FOS_EPIPE. */
static int send_wait(struct fos_peer *peer, uint64_t deadline)
{
    struct fos_sleeper *sleeper = &peer->thread->sleeper;
    struct send_wait wait = {peer, peer->sender.credit};
    struct fos_spin spin;

    fos_spin_begin(&spin, sleeper, deadline);
    while (!send_ready(&wait)) {
        enum fos_spin_state state = fos_spin_round(&spin);
        if (state == FOS_SPIN_LATE)
            return -FOS_ETIMEDOUT;
        if (state == FOS_SPIN_ON)
            continue;
        thread_events(peer->thread);
        fos_sleep(sleeper, FOS_EVENTS_RESERVED, send_ready, &wait, deadline);
        fos_spin_begin(&spin, sleeper, deadline);
    }
    return doorbell_dead(peer->doorbell) ? peer_fail(peer, -FOS_EPIPE) : 0;
}

static int channel_send(struct fos_peer *peer, const void *data, uint32_t length,
                        uint64_t deadline)
{
    uint32_t done = 0;

    for (;;) {
        uint32_t before = done;
        int error = fos_channel_send_stream(&peer->sender, data, length, &done);
        if (error == -FOS_EPROTO)
            return peer_fail(peer, error);
        if (!error || done != before) {
            int look = peer_look(peer);
            if (look || !error)
                return look;
        }
        error = send_wait(peer, deadline);
        if (error == -FOS_ETIMEDOUT && done)
            peer_fail(peer, -FOS_EPIPE);
        if (error)
            return error;
    }
}

static bool never(void *argument)
{
    (void)argument;
    return false;
}

/* The kernel tells nobody that a mailbox has room again: try, ever more rarely. */
static int kernel_send(struct fos_peer *peer, const void *data, uint32_t length,
                       uint64_t deadline)
{
    struct fos_sleeper *sleeper = &peer->thread->sleeper;
    uint64_t backoff = BACKOFF_NS_FIRST;

    for (;;) {
        long result = fos_sys_mailbox_send(peer->mailbox, data, length);
        uint64_t now, until;

        if (result != -FOS_EAGAIN)
            return (int)result;
        now = fos_sleeper_now(sleeper);
        if (now >= deadline)
            return -FOS_ETIMEDOUT;
        until = deadline - now > backoff ? now + backoff : deadline;
        fos_sleep(sleeper, 0, never, NULL, until);
        if (backoff < BACKOFF_NS_LAST)
            backoff *= 2;
    }
}

int fos_msg_send_slow(struct fos_peer *peer, const void *data, uint32_t length,
                      uint64_t deadline)
{
    if (peer->error)
        return peer->error;
    if (peer->transport == FOS_TRANSPORT_KERNEL)
        return kernel_send(peer, data, length, deadline);
    return channel_send(peer, data, length, deadline);
}

int fos_msg_try_send(struct fos_peer *peer, const void *data, uint32_t length)
{
    int error;

    if (peer->error)
        return peer->error;
    if (peer->transport == FOS_TRANSPORT_KERNEL)
        return (int)fos_sys_mailbox_send(peer->mailbox, data, length);
    error = fos_channel_try_send(&peer->sender, data, length);
    if (error == -FOS_EPROTO)
        return peer_fail(peer, error);
    if (error == -FOS_EAGAIN && doorbell_dead(peer->doorbell))
        return peer_fail(peer, -FOS_EPIPE);
    return error ? error : peer_look(peer);
}
