/* SPDX-License-Identifier: MIT */
/*
 * The receiving side of fos/msg.h: which source to look at next.
 *
 * The first of the list of channels is looked at on every turn, together with the
 * kernel's buffer, the events and one of the other channels; who has a message
 * comes to the front.  So a turn's cost does not grow with the number of silent
 * channels.
 */
#include "msg.h"

#include <fos/memory.h>

enum { PATIENCE_NS = 1000000000, PATIENCE_NS_PER_BYTE = 10000 };

/* A ring in which nothing ever is. */
static struct fos_packet nothing[2];

int fos_mailbox_create(struct fos_mailbox *mailbox, uint32_t slots)
{
    struct fos_thread *thread = fos_thread_self();
    size_t pages = slots * sizeof(struct fos_mailbox_slot) / FOS_PAGE_SIZE;
    struct fos_mailbox_slot *buffer;
    long error;

    if (slots < FOS_MAILBOX_SLOTS_MIN || slots > FOS_MAILBOX_SLOTS_MAX ||
        (slots & (slots - 1)))
        return -FOS_EINVAL;
    *mailbox =
        (struct fos_mailbox){.thread = thread, .events = ~FOS_EVENTS_RESERVED};
    buffer = fos_pages_map(pages);
    if (!buffer)
        return -FOS_ENOMEM;
    error = fos_sys_mailbox_create(buffer, slots, &mailbox->head, &mailbox->cap);
    if (error < 0) {
        fos_pages_unmap(buffer, pages);
        return (int)error;
    }
    fos_mailbox_reader_init(&mailbox->kernel, buffer, slots, &mailbox->head);
    fos_channel_receiver_init(&mailbox->channels.receiver, nothing, 2, 1);
    mailbox->channels.next = mailbox->channels.previous = &mailbox->channels;
    mailbox->scan = &mailbox->channels;
    mailbox->budget = FOS_MSG_BURST;
    mailbox->next = thread->mailboxes;
    thread->mailboxes = mailbox;
    return 0;
}

void fos_mailbox_close(struct fos_mailbox *mailbox)
{
    struct fos_mailbox **link = &mailbox->thread->mailboxes;

    while (*link != mailbox)
        link = &(*link)->next;
    *link = mailbox->next;
    mailbox->kernel.position = UINT64_MAX; /* past every barrier */
    inbound_release_waiting(mailbox);
    while (mailbox->channels.next != &mailbox->channels)
        inbound_drop(mailbox, mailbox->channels.next);
    fos_sys_mailbox_close(mailbox->cap);
    fos_pages_unmap(mailbox->kernel.slots, mailbox->kernel.count *
                                               sizeof(struct fos_mailbox_slot) /
                                               FOS_PAGE_SIZE);
}

/* ---- a message of one source ---- */

static bool stream_ready(void *argument)
{
    struct fos_inbound *inbound = argument;

    return fos_channel_complete(&inbound->receiver) ||
           doorbell_dead(inbound->doorbell);
}

/* Waits for the next packets of the message under way.  False: they will not come.
 */
static bool stream_wait(struct fos_mailbox *mailbox, struct fos_inbound *inbound,
                        uint64_t deadline)
{
    struct fos_sleeper *sleeper = &mailbox->thread->sleeper;
    struct fos_spin spin;

    fos_spin_begin(&spin, sleeper, deadline);
    while (!stream_ready(inbound)) {
        enum fos_spin_state state = fos_spin_round(&spin);
        if (state == FOS_SPIN_LATE) {
            mailbox->stats.stalled++;
            return false;
        }
        if (state == FOS_SPIN_ON)
            continue;
        thread_events(mailbox->thread);
        fos_sleep(sleeper, FOS_EVENTS_RESERVED, stream_ready, inbound, deadline);
        fos_spin_begin(&spin, sleeper, deadline);
    }
    return fos_channel_complete(&inbound->receiver);
}

/* The rest of a streamed message, of which the first packets were taken. */
static int stream_finish(struct fos_mailbox *mailbox, struct fos_inbound *inbound,
                         void *buffer, uint32_t capacity, uint32_t *length)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    uint64_t deadline = fos_sleeper_now(&mailbox->thread->sleeper) + PATIENCE_NS +
                        (uint64_t)receiver->total * PATIENCE_NS_PER_BYTE;
    int error = -FOS_EAGAIN;

    while (error == -FOS_EAGAIN) {
        if (receiver->acked)
            fos_inbound_acked(inbound);
        if (!stream_wait(mailbox, inbound, deadline))
            return -FOS_EPIPE;
        error = fos_channel_try_receive(receiver, buffer, capacity, length);
    }
    return error;
}

/* A message of the first channel uses up its burst; another channel begins one. */
static void burst_count(struct fos_mailbox *mailbox,
                        const struct fos_inbound *inbound)
{
    if (mailbox->channels.next != inbound)
        mailbox->budget = FOS_MSG_BURST;
    else if (mailbox->budget)
        mailbox->budget--;
}

static int inbound_take(struct fos_mailbox *mailbox, struct fos_inbound *inbound,
                        void *buffer, uint32_t capacity, uint32_t *length)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    bool dead = inbound->dead; /* before looking: then what is there is all (M4) */
    int error = fos_channel_try_receive(receiver, buffer, capacity, length);

    if (error == -FOS_EAGAIN && receiver->done && !receiver->discard)
        error = stream_finish(mailbox, inbound, buffer, capacity, length);
    if (receiver->acked)
        fos_inbound_acked(inbound);
    if (error == 0 || error == -FOS_EMSGSIZE) {
        if (error)
            mailbox->refused = inbound;
        burst_count(mailbox, inbound);
        inbound_to_front(mailbox, inbound);
        return error;
    }
    if (error == -FOS_EPROTO)
        mailbox->stats.broken++; /* M5 */
    else if (error == -FOS_EAGAIN && dead)
        mailbox->stats.dropped++;
    else if (error == -FOS_EAGAIN)
        return error;
    inbound_drop(mailbox, inbound);
    return -FOS_EAGAIN;
}

static int kernel_take(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                       uint32_t *length)
{
    int error = fos_mailbox_take(&mailbox->kernel, buffer, capacity, length);

    if (error == -FOS_EMSGSIZE)
        mailbox->refused = &mailbox->channels;
    if (mailbox->waiting)
        inbound_release_waiting(mailbox);
    return error;
}

void fos_msg_discard(struct fos_mailbox *mailbox)
{
    struct fos_inbound *from = mailbox->refused;

    mailbox->refused = NULL;
    if (from == &mailbox->channels) {
        fos_mailbox_discard(&mailbox->kernel);
        inbound_release_waiting(mailbox);
    } else if (from) {
        fos_channel_discard(&from->receiver);
    }
}

/* ---- all sources ---- */

static void update(struct fos_mailbox *mailbox)
{
    struct fos_thread *thread = mailbox->thread;

    thread_events(thread);
    if (thread->accept_pending)
        thread_update_channels(thread);
}

static bool interrupted(const struct fos_mailbox *mailbox)
{
    return fos_sleeper_pending(&mailbox->thread->sleeper, mailbox->events);
}

/* Every source once; the first of the channels, which had its turn, last. */
static int take_any(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                    uint32_t *length)
{
    struct fos_inbound *head = &mailbox->channels, *first, *inbound, *next;
    int error;

    update(mailbox);
    error = kernel_take(mailbox, buffer, capacity, length);
    first = head->next;
    for (inbound = first->next; error == -FOS_EAGAIN && inbound != first;
         inbound = next) {
        next = inbound->next;
        if (inbound != head)
            error = inbound_take(mailbox, inbound, buffer, capacity, length);
    }
    if (error == -FOS_EAGAIN && first != head)
        error = inbound_take(mailbox, first, buffer, capacity, length);
    return error;
}

/* The first of the channels, in the common case without a call. */
fos_inline int front_take(struct fos_mailbox *mailbox, void *buffer,
                          uint32_t capacity, uint32_t *length)
{
    struct fos_inbound *front = mailbox->channels.next;
    struct fos_channel_receiver *receiver = &front->receiver;
    int error = fos_channel_try_receive(receiver, buffer, capacity, length);

    if (fos_unlikely(receiver->done || receiver->acked ||
                     (error && error != -FOS_EAGAIN))) {
        if (error)
            return inbound_take(mailbox, front, buffer, capacity, length);
        fos_inbound_acked(front);
    }
    if (!error)
        burst_count(mailbox, front);
    return error;
}

/* One turn of the poll loop: a look at three places, and a taking where there is
 * something. */
static inline int turn(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                       uint32_t *length)
{
    struct fos_inbound *scan;
    int error = front_take(mailbox, buffer, capacity, length);

    if (fos_likely(error != -FOS_EAGAIN))
        return error;
    if (fos_mailbox_ready(&mailbox->kernel)) {
        error = kernel_take(mailbox, buffer, capacity, length);
        if (error != -FOS_EAGAIN)
            return error;
    }
    scan = mailbox->scan;
    mailbox->scan = scan->next;
    if (scan != mailbox->channels.next && fos_channel_ready(&scan->receiver))
        error = inbound_take(mailbox, scan, buffer, capacity, length);
    return error;
}

/* M3 */
static bool anything_ready(void *argument)
{
    struct fos_mailbox *mailbox = argument;
    struct fos_inbound *inbound = mailbox->channels.next;

    if (mailbox->thread->accept_pending || fos_mailbox_ready(&mailbox->kernel))
        return true;
    for (; inbound != &mailbox->channels; inbound = inbound->next)
        if (inbound->dead || fos_channel_complete(&inbound->receiver))
            return true;
    return false;
}

/* Polls, then sleeps.  As fos_msg_recv. */
static int wait_any(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                    uint32_t *length, uint64_t deadline)
{
    struct fos_sleeper *sleeper = &mailbox->thread->sleeper;
    struct fos_spin spin;

    fos_spin_begin(&spin, sleeper, deadline);
    for (;;) {
        int error = turn(mailbox, buffer, capacity, length);
        enum fos_spin_state state;

        if (error != -FOS_EAGAIN)
            return error;
        if (fos_sleeper_pending(sleeper, mailbox->events | FOS_EVENTS_RESERVED)) {
            if (interrupted(mailbox))
                return -FOS_EINTR;
            update(mailbox);
        }
        state = fos_spin_round(&spin);
        if (state == FOS_SPIN_ON)
            continue;
        if (state == FOS_SPIN_SLEEP)
            fos_sleep(sleeper, mailbox->events | FOS_EVENTS_RESERVED,
                      anything_ready, mailbox, deadline);
        error = take_any(mailbox, buffer, capacity, length);
        if (error != -FOS_EAGAIN)
            return error;
        if (state == FOS_SPIN_LATE)
            return interrupted(mailbox) ? -FOS_EINTR : -FOS_ETIMEDOUT;
        fos_spin_begin(&spin, sleeper, deadline);
    }
}

/* After something was sent, perhaps a question whose answer will come by the
 * channel that spoke last: a few looks at that one alone.  -FOS_EAGAIN: wait for
 * all now. */
static inline int after_send(struct fos_mailbox *mailbox, void *buffer,
                             uint32_t capacity, uint32_t *length)
{
    struct fos_pace *pace = &mailbox->thread->pace;

    mailbox->thread->unpushed = 0;
    if (fos_unlikely(fos_pace_at_once(pace))) {
        int error = turn(mailbox, buffer, capacity, length);
        pace->busy = error != -FOS_EAGAIN;
        if (pace->busy)
            return error;
    }
    for (uint32_t looks = fos_pace_begin(pace); looks > 0; looks--) {
        int error = front_take(mailbox, buffer, capacity, length);
        if (fos_likely(error != -FOS_EAGAIN))
            return error;
        fos_pace_again(pace);
    }
    return -FOS_EAGAIN;
}

/* What comes before waiting: a message half taken, others' turn after a burst. */
static int before_wait(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                       uint32_t *length)
{
    struct fos_inbound *front = mailbox->channels.next;

    /* fos_msg_recv may have begun a streamed message. */
    if (front->receiver.done || front->receiver.acked) {
        int error = inbound_take(mailbox, front, buffer, capacity, length);
        if (error != -FOS_EAGAIN)
            return error;
    }
    if (mailbox->budget)
        return -FOS_EAGAIN;
    mailbox->budget = FOS_MSG_BURST;
    if (interrupted(mailbox))
        return -FOS_EINTR;
    return take_any(mailbox, buffer, capacity, length);
}

int fos_msg_recv_slow(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                      uint32_t *length, uint64_t deadline)
{
    const struct fos_channel_receiver *front = &mailbox->channels.next->receiver;
    int error = -FOS_EAGAIN;

    if (fos_unlikely(mailbox->budget == 0 || front->done || front->acked))
        error = before_wait(mailbox, buffer, capacity, length);
    if (error == -FOS_EAGAIN && mailbox->thread->unpushed)
        error = after_send(mailbox, buffer, capacity, length);
    if (error == -FOS_EAGAIN && deadline == 0) {
        error = take_any(mailbox, buffer, capacity, length);
        if (error == -FOS_EAGAIN)
            error = interrupted(mailbox) ? -FOS_EINTR : -FOS_ETIMEDOUT;
    }
    if (error == -FOS_EAGAIN)
        error = wait_any(mailbox, buffer, capacity, length, deadline);
    return error;
}
