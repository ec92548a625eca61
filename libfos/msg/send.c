/* SPDX-License-Identifier: MIT */
/* The sending side of fos/msg.h. */
#include "msg.h"
#include "turn.h"

enum { BACKOFF_NS_FIRST = 50000, BACKOFF_NS_LAST = 5000000 };

static bool doorbell_is_dead(void *argument)
{
    return doorbell_dead(((struct fos_peer *)argument)->doorbell);
}

/* Until the receiver has closed the channel it retired.  SEND_AGAIN or an error. */
static int sealed_wait(struct fos_peer *peer, uint64_t deadline)
{
    int error = thread_wait(peer->thread, doorbell_is_dead, peer, deadline);

    if (!error)
        error = peer_settle(peer, 0);
    if (!error && peer->sealed)
        error = peer_fail(peer, -FOS_EPIPE);
    return error ? error : SEND_AGAIN;
}

/* ---- through a channel ---- */

/* A sender that waits for more credit than it had. */
struct send_wait {
    struct fos_peer *peer;
    uint32_t credit;
    bool begun; /* a message is written in part */
};

static bool send_ready(void *argument)
{
    struct send_wait *wait = argument;
    struct fos_channel_sender *sender = &wait->peer->sender;
    uint32_t state = fos_doorbell_load(wait->peer->doorbell);

    return sender->credit != wait->credit || state == FOS_DOORBELL_DEAD ||
           (state == FOS_DOORBELL_RETIRED && !wait->begun) ||
           fos_channel_credit(sender) != -FOS_EAGAIN;
}

/* Waits for room, `packets` of the message being written already.  0: go on;
 * SEND_AGAIN: begin anew; or an error. */
static int send_wait(struct fos_peer *peer, uint32_t packets, uint64_t deadline)
{
    struct send_wait wait = {peer, peer->sender.credit, packets != 0};
    int error = thread_wait(peer->thread, send_ready, &wait, deadline);
    uint32_t state = fos_doorbell_load(peer->doorbell);

    if (error) {
        if (packets)
            peer_fail(peer, -FOS_EPIPE);
        return error;
    }
    if (state != FOS_DOORBELL_DEAD && (state != FOS_DOORBELL_RETIRED || packets))
        return 0;
    error = peer_settle(peer, packets);
    if (!error && packets) /* taken in part: that is for good */
        error = peer_fail(peer, -FOS_EPIPE);
    return error ? error : SEND_AGAIN;
}

/* After a part of a message was written.  A receiver that has retired the channel
 * takes the whole of a message it has begun, and is not seen to sleep. */
static void stream_look(struct fos_peer *peer)
{
    uint32_t state = fos_doorbell_load(peer->doorbell);

    if (state != FOS_DOORBELL_AWAKE && state != FOS_DOORBELL_DEAD)
        fos_sys_notify(peer->channel);
}

/* The message is written.  As peer_look. */
static int channel_sent(struct fos_peer *peer, uint32_t length, uint32_t packets)
{
    fos_trace(FOS_TRACE_send, peer->pid, length);
    peer->thread->unpushed++;
    return peer_look(peer, packets);
}

/* The first `moved` bytes of it, which may be none, have been announced. */
static int channel_send(struct fos_peer *peer, const void *data, uint32_t length,
                        uint32_t moved, uint64_t deadline)
{
    uint32_t done = moved, announcing = moved != 0;

    if (length > peer->limit)
        return -FOS_EMSGSIZE;
    fos_unpushed_count(peer->thread);
    for (;;) {
        uint32_t before = done, packets;
        uint64_t begin = fos_tsc();
        int error = fos_channel_send_stream(&peer->sender, data, length, &done);
        if (error == -FOS_EPROTO)
            return peer_fail(peer, error);
        if (!error) {
            if (length <= FOS_PACKET_PAYLOAD)
                fos_choice_by_channel(&peer->thread->costs, fos_tsc() - begin);
            packets = moved == length ? 0 : fos_packets_for(length - moved);
            return channel_sent(peer, length, announcing + packets);
        }
        if (done != before)
            stream_look(peer);
        packets = announcing + (done - moved) / FOS_PACKET_PAYLOAD;
        error = send_wait(peer, packets, deadline);
        if (error)
            return error;
    }
}

/* ---- by pages ---- */

static bool pages_may_be_posted(void *argument)
{
    struct fos_peer *peer = argument;
    uint32_t state = fos_doorbell_load(peer->doorbell);

    return state == FOS_DOORBELL_DEAD || state == FOS_DOORBELL_RETIRED ||
           fos_announcement_taken(&peer->announced);
}

/* Waits until there is room for the announcement, and the last message by pages was taken:
 * the receiver has posted others then, if it ever will.  As send_wait. */
static int pages_wait(struct fos_peer *peer, uint64_t deadline)
{
    int error = 0;

    if (peer->announced.packet)
        error = thread_wait(peer->thread, pages_may_be_posted, peer, deadline);
    if (!error)
        peer->announced.packet = NULL;
    while (!error && peer->sender.credit == 0 && fos_channel_credit(&peer->sender))
        error = peer->sender.error ? peer_fail(peer, peer->sender.error)
                                   : send_wait(peer, 0, deadline);
    return error;
}

/* Exchanges as many of the pages as the kernel lets it.  How many bytes of the message. */
static uint32_t pages_exchange(struct fos_peer *peer, uint8_t *pages,
                               uint32_t length)
{
    uint64_t count = (length + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE, done = 0;

    while (done < count) {
        uint64_t now = count - done;
        if (now > FOS_MAP_PAGES_MAX)
            now = FOS_MAP_PAGES_MAX;
        if (fos_sys_channel_exchange(peer->channel, pages + done * FOS_PAGE_SIZE,
                                     now) < 0)
            break;
        done += now;
    }
    return done == count ? length : (uint32_t)(done * FOS_PAGE_SIZE);
}

/* SEND_AGAIN: another way, the pages are as they were. */
static int pages_send(struct fos_peer *peer, void *pages, uint32_t length,
                      uint64_t deadline)
{
    uint32_t moved;
    int error;

    turn_end(peer);
    error = pages_wait(peer, deadline);
    if (error)
        return error;
    moved = pages_exchange(peer, pages, length);
    if (moved == 0)
        return SEND_AGAIN;
    error = fos_channel_announce(&peer->sender, length, moved, &peer->announced);
    if (!error)
        error = channel_send(peer, pages, length, moved, deadline);
    /* Honest receivers take what was exchanged (M8); it cannot be sent again. */
    return error == SEND_AGAIN ? peer_fail(peer, -FOS_EPIPE) : error;
}

int fos_msg_send_pages(struct fos_peer *peer, void *pages, uint32_t length,
                       uint64_t deadline)
{
    int result = SEND_AGAIN;

    _Static_assert(FOS_MSG_PAGES_LEAST > FOS_RING_PAGES_MAX * FOS_PAGE_SIZE,
                   "no ring takes it whole");
    if (length >= FOS_MSG_PAGES_LEAST && length <= peer->limit && peer->window &&
        !peer->sealed)
        result = pages_send(peer, pages, length, deadline);
    return result == SEND_AGAIN ? fos_msg_send_until(peer, pages, length, deadline)
                                : result;
}

/* ---- through the kernel ---- */

static bool never(void *argument)
{
    (void)argument;
    return false;
}

/* Sleeps for *backoff ns, which grows, at most until the deadline.  False: that has
 * passed. */
static bool backoff_wait(struct fos_peer *peer, uint64_t *backoff,
                         uint64_t deadline)
{
    struct fos_sleeper *sleeper = &peer->thread->sleeper;
    uint64_t now = deadline ? fos_sleeper_now(sleeper) : 0, until;

    if (now >= deadline)
        return false;
    until = deadline - now > *backoff ? now + *backoff : deadline;
    fos_unpushed_count(peer->thread);
    fos_sleep_kernel(sleeper, 0, never, NULL, until);
    if (*backoff < BACKOFF_NS_LAST)
        *backoff *= 2;
    return true;
}

/* T3: but whether clients ask again, a service does not know.  It answers now or not at
 * all. */
static void kernel_sent(struct fos_peer *peer, uint64_t cycles, uint64_t deadline)
{
    struct fos_thread *thread = peer->thread;

    published(thread)->kernel_sent++;
    if (peer->transport == FOS_TRANSPORT_KERNEL)
        return;
    fos_choice_sent(&peer->choice, &thread->costs, cycles);
    if (deadline && fos_choice_pays(&peer->choice, &thread->costs))
        thread->ahead = peer; /* T3 */
}

/* The kernel tells nobody that a mailbox has room again: try, ever more rarely. */
static int kernel_send(struct fos_peer *peer, const void *data, uint32_t length,
                       uint64_t deadline)
{
    uint64_t backoff = BACKOFF_NS_FIRST;

    for (;;) {
        uint64_t begin = fos_tsc();
        long result = fos_sys_mailbox_send(peer->mailbox, data, length);

        if (result == 0)
            kernel_sent(peer, fos_tsc() - begin, deadline);
        if (result != -FOS_EAGAIN)
            return (int)result;
        if (!backoff_wait(peer, &backoff, deadline))
            return -FOS_ETIMEDOUT;
    }
}

/* A message that the kernel does not take needs a channel, whatever that costs. */
static int long_send(struct fos_peer *peer, uint64_t deadline)
{
    uint64_t backoff = BACKOFF_NS_FIRST;
    int error;

    while ((error = fos_peer_connect(peer)) == -FOS_EAGAIN)
        if (!backoff_wait(peer, &backoff, deadline))
            return -FOS_ETIMEDOUT;
    if (error == -FOS_EPERM)
        return error;
    return error ? -FOS_EMSGSIZE : SEND_AGAIN;
}

static int unconnected_send(struct fos_peer *peer, const void *data,
                            uint32_t length, uint64_t deadline)
{
    bool may_connect = peer->transport != FOS_TRANSPORT_KERNEL;
    int error;

    if (may_connect && fos_choice_pays(&peer->choice, &peer->thread->costs) &&
        fos_peer_connect(peer) == 0)
        return SEND_AGAIN;
    error = kernel_send(peer, data, length, deadline);
    if (error == -FOS_EMSGSIZE && may_connect)
        error = long_send(peer, deadline);
    return error;
}

/* ---- the interface ---- */

int fos_msg_send_slow(struct fos_peer *peer, const void *data, uint32_t length,
                      uint64_t deadline)
{
    int result;

    do {
        if (peer->error)
            return peer->error;
        turn_end(peer);
        if (peer->sealed)
            result = sealed_wait(peer, deadline);
        else if (peer->window)
            result = channel_send(peer, data, length, 0, deadline);
        else
            result = unconnected_send(peer, data, length, deadline);
    } while (result == SEND_AGAIN);
    return result;
}

int fos_msg_ring(struct fos_peer *peer, const void *data, uint32_t length,
                 uint64_t deadline)
{
    int result = peer_look(peer, fos_packets_for(length));

    return result == SEND_AGAIN ? fos_msg_send_slow(peer, data, length, deadline)
                                : result;
}

/* A bundle of the first of them, if that is possible now.  How many, or an error. */
static int bundle_send(struct fos_peer *peer, const uint8_t *data, uint32_t size,
                       uint32_t count)
{
    int sent, error = 0;

    if (!peer->window || peer->sealed || size > FOS_PACKET_PAYLOAD)
        return 0;
    turn_end(peer);
    sent = fos_channel_send_many(&peer->sender, data, size, count);
    if (sent <= 0)
        return 0; /* fos_msg_send_until waits, or says what is wrong */
    fos_trace(FOS_TRACE_send, peer->pid, size * (uint32_t)sent);
    peer->thread->unpushed += (uint32_t)sent;
    if (!fos_doorbell_awake(peer->doorbell))
        error = peer_look(peer, fos_packets_for(size * (uint32_t)sent));
    if (error == SEND_AGAIN) {
        peer->thread->unpushed -= (uint32_t)sent - 1; /* peer_look took one */
        return 0;
    }
    return error ? error : sent;
}

int64_t fos_msg_send_many(struct fos_peer *peer, const void *data, uint32_t size,
                          uint32_t count, uint64_t deadline)
{
    const uint8_t *next = data;
    uint32_t done = 0;
    int step = 0;

    while (done < count && step >= 0) {
        step = bundle_send(peer, next, size, count - done);
        if (step == 0) {
            step = fos_msg_send_until(peer, next, size, deadline);
            step += step == 0;
        }
        if (step > 0) {
            next += (size_t)step * size;
            done += (uint32_t)step;
        }
    }
    return done || step >= 0 ? (int64_t)done : step;
}

int fos_msg_try_send(struct fos_peer *peer, const void *data, uint32_t length)
{
    int error;

    if (peer->window && !peer->sealed && length <= peer->limit &&
        length > fos_channel_whole_max(peer->sender.slots, peer->sender.threshold))
        return -FOS_EMSGSIZE;
    error = fos_msg_send_until(peer, data, length, 0);
    return error == -FOS_ETIMEDOUT ? -FOS_EAGAIN : error;
}
