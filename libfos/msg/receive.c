/* SPDX-License-Identifier: MIT */
/*
 * The receiving side of fos/msg.h: which source to look at next.
 *
 * The first of the list of channels is looked at on every turn, together with the
 * kernel's buffer, the events and one of the other channels; who has a message
 * comes to the front.  After a burst of the first a few of the others are looked
 * at.  So the cost of a turn and of a message does not grow with the number of
 * silent channels; what does is that of going to sleep, by one look each.
 */
#include "await.h"

enum {
    PATIENCE_NS = 1000000000,
    PATIENCE_NS_PER_BYTE = 10000,
    LOOKS_AFTER_BURST = 8,
    USED_ROUNDS =
        32, /* of a poll in vain, which has lasted as long as a system call */
};

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
    if (thread_wait(mailbox->thread, stream_ready, inbound, deadline)) {
        mailbox->stats.stalled++;
        return false;
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
        if (receiver->notes)
            fos_inbound_noted(inbound);
        if (!stream_wait(mailbox, inbound, deadline))
            return -FOS_EPIPE;
        error = fos_channel_try_receive(receiver, buffer, capacity, length);
    }
    return error;
}

/* A message by pages, and what of it is streamed (M8). */
static int pages_take(struct fos_mailbox *mailbox, struct fos_inbound *inbound,
                      void *buffer, uint32_t capacity, uint32_t *length)
{
    void *at = buffer;
    int error = exchange_take(inbound, &at, &capacity, *length);

    if (error == -FOS_EAGAIN)
        error = stream_finish(mailbox, inbound, at, capacity, length);
    if (!error && at != buffer)
        *mailbox->place = at;
    return error;
}

/* Counts what was taken of the burst, and begins a new one. */
static void burst_begin(struct fos_mailbox *mailbox)
{
    published(mailbox->thread)->channel_received +=
        FOS_MSG_BURST - mailbox->budget - mailbox->by_kernel;
    mailbox->budget = FOS_MSG_BURST;
    mailbox->by_kernel = 0;
}

/* A message of the first channel uses up its burst; another channel begins one. */
static void burst_count(struct fos_mailbox *mailbox,
                        const struct fos_inbound *inbound)
{
    if (mailbox->channels.next != inbound)
        burst_begin(mailbox);
    if (mailbox->budget)
        mailbox->budget--;
}

static int inbound_take(struct fos_mailbox *mailbox, struct fos_inbound *inbound,
                        void *buffer, uint32_t capacity, uint32_t *length)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    bool dead = inbound->dead; /* before looking: then what is there is all (M4) */
    int error = inbound_try(inbound, buffer, capacity, length);

    if (error == FOS_CHANNEL_ANNOUNCED)
        error = pages_take(mailbox, inbound, buffer, capacity, length);
    else if (error == -FOS_EAGAIN && receiver->done && !receiver->discard)
        error = stream_finish(mailbox, inbound, buffer, capacity, length);
    if (receiver->notes)
        fos_inbound_noted(inbound);
    if (error == -FOS_EMSGSIZE && *length > mailbox->limit) {
        mailbox->stats.too_long++;
        fos_channel_discard(receiver);
        return -FOS_EAGAIN;
    }
    if (error == 0 || error == -FOS_EMSGSIZE) {
        if (error)
            mailbox->refused = inbound;
        else
            fos_trace(FOS_TRACE_receive, inbound->pid, *length);
        burst_count(mailbox, inbound);
        inbound_to_front(mailbox, inbound);
        return error;
    }
    if (error == -FOS_EAGAIN && !dead) {
        if (inbound_is_done(inbound))
            inbound_finish(mailbox, inbound);
        return error;
    }
    if (error == -FOS_EPROTO)
        mailbox->stats.broken++; /* M5 */
    else if (error == -FOS_EAGAIN)
        mailbox->stats.dropped++;
    inbound_drop(mailbox, inbound);
    return -FOS_EAGAIN;
}

static int kernel_take(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                       uint32_t *length)
{
    int error = fos_mailbox_take(&mailbox->kernel, buffer, capacity, length);

    if (error == 0) {
        fos_trace(FOS_TRACE_receive, 0, *length);
        published(mailbox->thread)->kernel_received++;
        mailbox->kernel_last = true;
        if (mailbox->budget) {
            mailbox->budget--;
            mailbox->by_kernel++;
        }
    } else if (error == -FOS_EMSGSIZE) {
        mailbox->refused = &mailbox->channels;
    }
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
        inbound_discard(from);
    }
}

/* ---- all sources ---- */

/* Whether there is anything to do about a channel: one that is dead or retired keeps
 * others from being opened until somebody has looked at it. */
static inline bool inbound_due(const struct fos_inbound *inbound)
{
    return inbound->dead || inbound->retired ||
           fos_channel_ready(&inbound->receiver) || turn_ready(inbound);
}

static void update(struct fos_thread *thread)
{
    thread_events(thread);
    if (thread->accept_pending)
        thread_update_channels(thread);
}

/* Every source once; the first of the channels, which had its turn, last. */
static int take_any(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                    uint32_t *length)
{
    struct fos_inbound *head = &mailbox->channels, *first, *inbound, *next;
    bool kernel_last = mailbox->kernel_last;
    int error = -FOS_EAGAIN;

    update(mailbox->thread);
    if (!kernel_last)
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
    if (error == -FOS_EAGAIN && kernel_last)
        error = kernel_take(mailbox, buffer, capacity, length);
    return error;
}

/* The others' go, so many of the channels at a time (M7). */
static inline int take_other(struct fos_mailbox *mailbox, void *buffer,
                             uint32_t capacity, uint32_t *length, int looks)
{
    bool kernel = fos_mailbox_ready(&mailbox->kernel);
    int error = -FOS_EAGAIN;

    if (kernel && !mailbox->kernel_last)
        error = kernel_take(mailbox, buffer, capacity, length);
    for (int i = 0; i < looks && error == -FOS_EAGAIN; i++) {
        struct fos_inbound *scan = mailbox->scan;
        mailbox->scan = scan->next;
        if (scan == mailbox->channels.next || !inbound_due(scan))
            continue;
        error = inbound_take(mailbox, scan, buffer, capacity, length);
        mailbox->kernel_last &= error == -FOS_EAGAIN;
    }
    if (kernel && error == -FOS_EAGAIN)
        error = kernel_take(mailbox, buffer, capacity, length);
    return error;
}

/* After a burst. */
static int take_some(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                     uint32_t *length)
{
    update(mailbox->thread);
    return take_other(mailbox, buffer, capacity, length, LOOKS_AFTER_BURST);
}

/* The first of the channels, in the common case without a call. */
fos_inline int front_take(struct fos_mailbox *mailbox, void *buffer,
                          uint32_t capacity, uint32_t *length)
{
    struct fos_inbound *front = mailbox->channels.next;
    struct fos_channel_receiver *receiver = &front->receiver;
    int error = inbound_try(front, buffer, capacity, length);

    if (fos_unlikely(receiver->done || receiver->notes ||
                     (error && error != -FOS_EAGAIN))) {
        if (error)
            return inbound_take(mailbox, front, buffer, capacity, length);
        if (receiver->notes)
            fos_inbound_noted(front);
    }
    if (!error) {
        fos_trace(FOS_TRACE_receive, front->pid, *length);
        mailbox->budget -= mailbox->budget != 0;
    }
    return error;
}

/* One turn of the poll loop: a look at three places, and a taking where there is
 * something to do. */
static inline int turn(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                       uint32_t *length)
{
    int error = front_take(mailbox, buffer, capacity, length);

    if (fos_likely(error != -FOS_EAGAIN))
        return error;
    return take_other(mailbox, buffer, capacity, length, 1);
}

static bool anything_ready(const struct fos_mailbox *mailbox)
{
    struct fos_inbound *inbound = mailbox->channels.next;

    if (fos_mailbox_ready(&mailbox->kernel))
        return true;
    for (; inbound != &mailbox->channels; inbound = inbound->next)
        if (inbound->dead || inbound_is_done(inbound) || inbound_ready(inbound))
            return true;
    return false;
}

/* ---- one mailbox, or several ---- */

/* Where a receive looks, and which events end it. */
struct search {
    struct fos_thread *thread;
    struct fos_mailbox *const *set; /* null: all of the thread's */
    uint32_t count;                 /* of set */
    uint32_t next;                  /* of set, to be looked at next */
    uint64_t events;
    struct fos_mailbox *found; /* where the message is from; at first, where to
                                  look first */
    void *buffer;
    uint32_t capacity;
    uint32_t *length;
};

enum { SEARCH_RECENT = 3 }; /* of all mailboxes, looked at on every turn */

static bool interrupted(const struct search *s)
{
    return fos_sleeper_pending(&s->thread->sleeper, s->events) ||
           fos_sleeper_interrupted(&s->thread->sleeper);
}

/* The mailboxes in turn; begins with a null `at` and index 0. */
static struct fos_mailbox *search_step(const struct search *s,
                                       struct fos_mailbox *at, uint32_t *index)
{
    if (s->set)
        return *index < s->count ? s->set[(*index)++] : NULL;
    return at ? at->next : s->thread->mailboxes;
}

/* Looks at `mailbox` by `take`, one of the functions above. */
fos_inline int search_in(struct search *s, struct fos_mailbox *mailbox,
                         int (*take)(struct fos_mailbox *, void *, uint32_t,
                                     uint32_t *))
{
    int error = take(mailbox, s->buffer, s->capacity, s->length);

    if (error != -FOS_EAGAIN)
        s->found = mailbox;
    return error;
}

/* One of the mailboxes that are not looked at on every turn. */
static struct fos_mailbox *search_next(struct search *s)
{
    struct fos_thread *thread = s->thread;

    if (s->set) {
        s->next = s->next + 1 < s->count ? s->next + 1 : 0;
        return s->set[s->next];
    }
    thread->scan = thread->scan ? thread->scan->next : NULL;
    if (!thread->scan)
        thread->scan = thread->mailboxes;
    return thread->scan;
}

static int search_turn(struct search *s)
{
    struct fos_mailbox *mailbox = s->found;
    int error = search_in(s, mailbox, turn);

    if (fos_likely(error != -FOS_EAGAIN || s->count == 1))
        return error;
    if (!s->set) {
        mailbox = s->thread->mailboxes;
        for (int i = 0; i < SEARCH_RECENT && mailbox && error == -FOS_EAGAIN; i++) {
            error = search_in(s, mailbox, turn);
            mailbox = mailbox->next;
        }
    }
    return error == -FOS_EAGAIN ? search_in(s, search_next(s), turn) : error;
}

/* Every source of every mailbox once. */
static int search_all(struct search *s)
{
    struct fos_mailbox *mailbox = NULL;
    uint32_t index = 0;
    int error = -FOS_EAGAIN;

    update(s->thread);
    while (error == -FOS_EAGAIN && (mailbox = search_step(s, mailbox, &index)))
        error = search_in(s, mailbox, take_any);
    return error;
}

/* M3 */
static bool search_ready(void *argument)
{
    const struct search *s = argument;
    struct fos_mailbox *mailbox = NULL;
    uint32_t index = 0;

    if (s->thread->accept_pending)
        return true;
    while ((mailbox = search_step(s, mailbox, &index)))
        if (anything_ready(mailbox))
            return true;
    return false;
}

/* A channel that is made now is an event first. */
static void search_sleep(struct search *s, uint64_t deadline)
{
    uint64_t wanted = s->events | FOS_EVENTS_RESERVED;

    if (s->thread->inbounds)
        fos_sleep(&s->thread->sleeper, wanted, search_ready, s, deadline);
    else
        fos_sleep_kernel(&s->thread->sleeper, wanted, search_ready, s, deadline);
}

/* What would delay messages later is done in a wait that lasts, one thing a round. */
static inline void use_wait(struct fos_thread *thread, const struct fos_spin *spin)
{
    if (fos_unlikely(thread->offer_due))
        thread_offer(thread);
    else if (fos_unlikely(thread->ahead))
        thread_connect_ahead(thread, spin->deadline);
}

/* Polls, then sleeps.  As fos_msg_recv. */
static int search_wait(struct search *s, uint64_t deadline)
{
    struct fos_sleeper *sleeper = &s->thread->sleeper;
    struct fos_spin spin;

    fos_spin_begin(&spin, sleeper, deadline);
    for (;;) {
        int error = search_turn(s);
        enum fos_spin_state state;

        if (error != -FOS_EAGAIN)
            return error;
        if (interrupted(s))
            return -FOS_EINTR;
        if (fos_sleeper_pending(sleeper, FOS_EVENTS_RESERVED))
            update(s->thread);
        state = fos_spin_round(&spin);
        if (state == FOS_SPIN_ON) {
            if (spin.rounds >= USED_ROUNDS)
                use_wait(s->thread, &spin);
            continue;
        }
        if (state == FOS_SPIN_SLEEP) {
            burst_begin(s->found);
            search_sleep(s, deadline);
        }
        error = search_all(s);
        if (error != -FOS_EAGAIN)
            return error;
        if (state == FOS_SPIN_LATE)
            return interrupted(s) ? -FOS_EINTR : -FOS_ETIMEDOUT;
        fos_spin_begin(&spin, sleeper, deadline);
    }
}

/* After something was sent, perhaps a question whose answer will come by the channel
 * that spoke last: a look at all at once where that pays, then a few at that one alone.
 * -FOS_EAGAIN: wait for all now. */
static inline int after_send(struct search *s)
{
    enum fos_pace_kind kind = pace_kind(s->found->channels.next);
    struct fos_pace *pace = &s->thread->pace[kind];

    fos_unpushed_count(s->thread);
    if (fos_unlikely(fos_pace_at_once(pace, kind))) {
        int error = search_turn(s);
        pace->busy = error != -FOS_EAGAIN;
        if (pace->busy)
            return error;
    }
    if (!await_front(s->found, kind))
        return -FOS_EAGAIN;
    return front_take(s->found, s->buffer, s->capacity, s->length);
}

/* What comes before waiting: a message half taken, others' turn after a burst. */
static int before_wait(struct search *s)
{
    struct fos_mailbox *first = s->found;
    struct fos_inbound *front = first->channels.next;
    int error = -FOS_EAGAIN;

    /* fos_msg_recv may have begun a streamed message.  A bundle can wait. */
    if ((front->receiver.done && !front->receiver.bundle) || front->receiver.notes)
        error = inbound_take(first, front, s->buffer, s->capacity, s->length);
    if (error != -FOS_EAGAIN || first->budget)
        return error;
    burst_begin(first);
    if (interrupted(s))
        return -FOS_EINTR;
    first->aside = s->count != 1 && !first->aside; /* M7 */
    if (!first->aside)
        error = search_in(s, first, take_some);
    for (int i = 0; i < LOOKS_AFTER_BURST && error == -FOS_EAGAIN && s->count != 1;
         i++)
        error = search_in(s, search_next(s), turn);
    if (first->aside && error == -FOS_EAGAIN)
        error = search_in(s, first, take_some);
    return error;
}

/* `single`: after one message was sent. */
static int receive(struct search *s, uint64_t deadline, bool single)
{
    struct fos_channel_receiver *front = &s->found->channels.next->receiver;
    int error = -FOS_EAGAIN;

    front->streaming = !s->thread->unpushed;
    if (fos_unlikely(s->found->budget == 0 || front->done || front->notes))
        error = before_wait(s);
    if (error == -FOS_EAGAIN && s->thread->unpushed)
        error = after_send(s);
    if (error == -FOS_EAGAIN && deadline == 0) {
        error = search_turn(s);
        if (error == -FOS_EAGAIN)
            error = search_all(s);
        if (error == -FOS_EAGAIN)
            error = interrupted(s) ? -FOS_EINTR : -FOS_ETIMEDOUT;
    }
    if (error == -FOS_EAGAIN)
        error = search_wait(s, deadline);
    if (single && !error)
        turn_count(s->thread->spoke, s->found->channels.next);
    return error;
}

static int receive_one(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                       uint32_t *length, uint64_t deadline, bool single)
{
    struct search s = {
        .thread = mailbox->thread,
        .set = &mailbox,
        .count = 1,
        .events = mailbox->events,
        .found = mailbox,
        .buffer = buffer,
        .capacity = capacity,
        .length = length,
    };

    return receive(&s, deadline, single);
}

/* The common case first: something was sent, and its answer comes soon.  All of it lies in
 * one page: jumps from page to page are what is dear under an emulator. */
__attribute__((aligned(FOS_PAGE_SIZE))) int
fos_msg_recv_slow(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                  uint32_t *length, uint64_t deadline)
{
    struct fos_thread *thread = mailbox->thread;
    struct fos_inbound *front = mailbox->channels.next;
    bool single = thread->unpushed == 1;
    enum fos_pace_kind kind = pace_kind(front);
    int error = -FOS_EAGAIN;

    single &= kind == FOS_PACE_RING; /* else they alternate already */
    if (fos_likely(thread->unpushed && mailbox->budget &&
                   fos_pace_waits(&thread->pace[kind]))) {
        front->receiver.streaming = false;
        fos_unpushed_count(thread);
        error = await(mailbox, kind, buffer, capacity, length);
        if (error == AWAIT_FRONT)
            error = front_take(mailbox, buffer, capacity, length);
    }
    if (fos_unlikely(error))
        return error == -FOS_EAGAIN ? receive_one(mailbox, buffer, capacity, length,
                                                  deadline, single)
                                    : error;
    if (single)
        turn_count(thread->spoke, mailbox->channels.next);
    return 0;
}

int fos_msg_recv_many(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                      uint32_t *size, uint32_t *count, uint64_t deadline)
{
    uint32_t more = 0, each;
    int error = fos_msg_recv(mailbox, buffer, capacity, size, deadline);
    struct fos_inbound *front = mailbox->channels.next;

    *count = 1;
    if (error || *size == 0 || front->receiver.bundle != *size)
        return error;
    /* What the first channel holds of this size, mostly the rest of the bundle.  What
     * is wrong with it, the next call says. */
    if (!fos_channel_receive_many(&front->receiver, (uint8_t *)buffer + *size,
                                  capacity - *size, &each, &more)) {
        *count += more;
        mailbox->budget -= more < mailbox->budget ? more : mailbox->budget;
    }
    if (front->receiver.notes)
        fos_inbound_noted(front);
    return 0;
}

static uint64_t set_events(struct fos_mailbox *const *set, uint32_t count)
{
    uint64_t events = 0;

    for (uint32_t i = 0; i < count; i++)
        events |= set[i]->events;
    return events;
}

int fos_msg_recv_any(struct fos_mailbox *const *set, uint32_t count,
                     struct fos_mailbox **which, void *buffer, uint32_t capacity,
                     uint32_t *length, uint64_t deadline)
{
    struct fos_thread *thread = fos_thread_self();
    struct search s = {
        .thread = thread,
        .set = set,
        .count = set ? count : 0,
        .events = set ? set_events(set, count) : thread->events,
        .buffer = buffer,
        .capacity = capacity,
        .length = length,
    };
    int error = -FOS_EAGAIN;

    if (set ? count == 0 : !thread->mailboxes)
        return -FOS_EINVAL;
    s.found = set ? set[0] : thread->mailboxes;
    if (set && *which)
        s.found = *which;
    if (fos_likely(s.found->budget && !thread->unpushed))
        error = search_in(&s, s.found, front_take);
    if (error == -FOS_EAGAIN)
        error = receive(&s, deadline, thread->unpushed == 1);
    *which = s.found;
    if (!set && s.found != thread->mailboxes && (!error || error == -FOS_EMSGSIZE))
        mailbox_to_front(s.found);
    return error;
}
