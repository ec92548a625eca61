/* SPDX-License-Identifier: MIT */
/*
 * The lock-free parts between threads, under ThreadSanitizer: the channel, the
 * mailbox buffer (the kernel's writing side against libfos's reader), sleep and
 * wake.  Both ends see the shared memory at one address, so that the sanitizer
 * judges the payload too.  A lost wake-up shows as a case that does not go on: a
 * watchdog says so.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <fos/channel.h>
#include <fos/mailbox.h>
#include <fos/sleep.h>
#include <fos/syscall.h>
#include <fos/trace.h>

#include "kernel/msg/mailbox_ring.h"

enum { PATIENCE_S = 15 };

/* ---- the kernel's part of sleeping ---- */

struct person {
    struct fos_doorbell doorbell;
    struct fos_events events;
    struct fos_sleeper sleeper;
    struct fos_published published;
};

static __thread struct person *me;
static _Atomic uint64_t sleeps, wakes, yields;

static void person_begin(struct person *p)
{
    me = p;
    p->sleeper = (struct fos_sleeper){.doorbell = &p->doorbell,
                                      .published = &p->published,
                                      .events = &p->events,
                                      .tsc_hz = 1000000000,
                                      .spin_cycles = 300};
}

static void event_set(struct person *p, enum fos_event event)
{
    atomic_fetch_or(&p->events.pending, 1ull << event);
    syscall(SYS_futex, &p->events.pending, FUTEX_WAKE, 1, NULL, NULL, 0);
}

long fos_sys_wait(uint64_t deadline)
{
    if (deadline == 0) {
        atomic_fetch_add_explicit(&yields, 1, memory_order_relaxed);
        sched_yield();
        return -FOS_ETIMEDOUT;
    }
    atomic_fetch_add_explicit(&sleeps, 1, memory_order_relaxed);
    while (atomic_load(&me->events.pending) == 0)
        syscall(SYS_futex, &me->events.pending, FUTEX_WAIT, 0, NULL, NULL, 0);
    return 0;
}

long fos_sys_serialize(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

long fos_sys_kernel_info(struct fos_kernel_info *out)
{
    *out = (struct fos_kernel_info){.tsc_hz = 1000000000};
    return 0;
}

/* S2: after a store the other may sleep for. */
static void look_and_wake(struct person *other)
{
    if (!fos_doorbell_awake(&other->doorbell)) {
        atomic_fetch_add_explicit(&wakes, 1, memory_order_relaxed);
        event_set(other, FOS_EVENT_NOTIFY);
    }
}

static void wait_for(bool (*ready)(void *), void *argument)
{
    struct fos_spin spin;

    fos_spin_begin(&spin, &me->sleeper, FOS_NEVER);
    while (!ready(argument)) {
        if (fos_spin_round(&spin) == FOS_SPIN_ON)
            continue;
        fos_sleeper_take(&me->sleeper, FOS_EVENTS_RESERVED);
        fos_sleep(&me->sleeper, FOS_EVENTS_RESERVED, ready, argument, FOS_NEVER);
        fos_spin_begin(&spin, &me->sleeper, FOS_NEVER);
    }
}

/* ---- watchdog ---- */

static const char *_Atomic watched;
static _Atomic uint64_t received; /* messages, in all cases */

static void *watchdog(void *unused)
{
    uint64_t before = UINT64_MAX;

    (void)unused;
    for (;;) {
        const char *what = atomic_load(&watched);
        uint64_t now = atomic_load(&received);
        if (what && now == before) {
            printf("FAIL %s: no message in %d s, a wake-up was lost\n", what,
                   PATIENCE_S);
            _exit(1);
        }
        before = what ? now : UINT64_MAX;
        sleep(PATIENCE_S);
    }
    return NULL;
}

static void watch(const char *what)
{
    static bool started;
    pthread_t thread;

    if (!started) {
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
        REQUIRE(pthread_create(&thread, NULL, watchdog, NULL) == 0);
        pthread_detach(thread);
    }
    started = true;
    atomic_store(&watched, what);
}

/* ---- the channel ---- */

struct line {
    struct fos_packet ring[64];
    uint32_t slots, threshold, messages, longest;
    uint32_t naps; /* every so many messages a side dawdles; 0: never */
    bool sleeping; /* by doorbells, not by polling */
    struct person sender, receiver;
    struct fos_channel_sender out;
    struct fos_channel_receiver in;
    uint8_t *source, *sink;
    uint32_t credit; /* the sender's when it began to wait */
};

static uint32_t length_of(const struct line *l, uint32_t i)
{
    return i * 2654435761u % (l->longest + 1);
}

static void nap(const struct line *l, uint32_t i, uint32_t at)
{
    if (l->naps && i % l->naps == at)
        usleep(100);
}

/* By the fast path where there is one. */
static int line_put(struct line *l, uint32_t length, uint32_t *done)
{
    if (length <= fos_channel_whole_max(l->slots, l->threshold))
        return fos_channel_try_send(&l->out, l->source, length);
    return fos_channel_send_stream(&l->out, l->source, length, done);
}

/* Once true it stays true: taking credit in changes the sender. */
static bool room(void *argument)
{
    struct line *l = argument;
    return l->out.credit != l->credit || fos_channel_credit(&l->out) != -FOS_EAGAIN;
}

static bool message_waits(void *argument)
{
    struct line *l = argument;
    return fos_channel_complete(&l->in);
}

static void *line_send(void *argument)
{
    struct line *l = argument;

    person_begin(&l->sender);
    for (uint32_t i = 0; i < l->messages; i++) {
        uint32_t length = length_of(l, i), done = 0;
        memset(l->source, (int)i, length);
        nap(l, i, 0);
        while (line_put(l, length, &done)) {
            look_and_wake(&l->receiver);
            l->credit = l->out.credit;
            if (l->sleeping)
                wait_for(room, l);
            else
                sched_yield();
        }
        look_and_wake(&l->receiver);
    }
    return NULL;
}

static void line_receive(struct line *l)
{
    person_begin(&l->receiver);
    for (uint32_t i = 0; i < l->messages; i++) {
        uint32_t length = 0;
        int error;
        nap(l, i, l->naps / 2);
        while ((error = fos_channel_try_receive(&l->in, l->sink, l->longest,
                                                &length)) == -FOS_EAGAIN) {
            look_and_wake(&l->sender);
            if (l->sleeping)
                wait_for(message_waits, l);
            else
                sched_yield();
        }
        atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
        if (l->in.notes) {
            l->in.notes = 0;
            look_and_wake(&l->sender);
        }
        if (!CHECK_EQ(error, 0) || !CHECK_EQ(length, length_of(l, i)))
            return;
        for (uint32_t k = 0; k < length; k += 1 + length / 8)
            CHECK_EQ(l->sink[k], (uint8_t)i);
    }
}

/* ---- bundles, of LOT messages of up to EACH bytes ---- */

enum { LOT = 20, EACH = 24 };

static uint32_t lot_size(uint32_t i)
{
    return 1 + i / 64 % EACH;
}

static void *bundles_send(void *argument)
{
    struct line *l = argument;
    int sent;

    person_begin(&l->sender);
    for (uint32_t i = 0; i < l->messages; i += (uint32_t)sent) {
        uint32_t size = lot_size(i), most = 64 - i % 64; /* of that size */
        for (uint32_t k = 0; k < LOT; k++)
            memset(l->source + k * size, (int)(i + k), size);
        nap(l, i, 0);
        sent = fos_channel_send_many(&l->out, l->source, size,
                                     most < LOT ? most : LOT);
        REQUIRE(sent >= 0);
        look_and_wake(&l->receiver);
        l->credit = l->out.credit;
        if (!sent && l->sleeping)
            wait_for(room, l);
        else if (!sent)
            sched_yield();
    }
    return NULL;
}

static void bundles_receive(struct line *l)
{
    uint32_t count;

    person_begin(&l->receiver);
    for (uint32_t i = 0; i < l->messages; i += count) {
        uint32_t size = 0;
        int error = fos_channel_receive_many(&l->in, l->sink, LOT * EACH / 2, &size,
                                             &count);
        if (l->in.notes || error) {
            l->in.notes = 0;
            look_and_wake(&l->sender);
        }
        if (error == -FOS_EAGAIN) {
            count = 0;
            if (l->sleeping)
                wait_for(message_waits, l);
            else
                sched_yield();
            continue;
        }
        atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
        REQUIRE(error == 0 && size == lot_size(i) && count > 0);
        for (uint32_t k = 0; k < count * size; k++)
            CHECK_EQ(l->sink[k], (uint8_t)(i + k / size));
    }
}

static void line_run_by(void *(*send)(void *), void (*receive)(struct line *),
                        const char *what, uint32_t slots, uint32_t threshold,
                        uint32_t messages, uint32_t longest, uint32_t naps,
                        bool sleeping)
{
    struct line *l = aligned_alloc(64, (sizeof *l + 63) & ~63ul);
    pthread_t thread;

    watch(what);
    memset(l, 0, sizeof *l);
    l->slots = slots;
    l->threshold = threshold;
    l->messages = messages;
    l->longest = longest;
    l->naps = naps;
    l->sleeping = sleeping;
    l->source = malloc(longest + 1);
    l->sink = malloc(longest + 1);
    REQUIRE(fos_channel_sender_init(&l->out, l->ring, slots, threshold) == 0);
    REQUIRE(fos_channel_receiver_init(&l->in, l->ring, slots, threshold) == 0);
    REQUIRE(pthread_create(&thread, NULL, send, l) == 0);
    receive(l);
    pthread_join(thread, NULL);
    free(l->source);
    free(l->sink);
    free(l);
    atomic_store(&watched, NULL);
}

static void line_run(const char *what, uint32_t slots, uint32_t threshold,
                     uint32_t messages, uint32_t longest, uint32_t naps,
                     bool sleeping)
{
    line_run_by(line_send, line_receive, what, slots, threshold, messages, longest,
                naps, sleeping);
}

/* Looks at the clock when `cycles` have been polled: how often others were let run. */
static uint64_t yields_after(struct fos_spin *spin, uint64_t cycles)
{
    uint64_t before = atomic_load(&yields);

    spin->polled = fos_tsc() - cycles;
    CHECK_EQ(fos_spin_look(spin), FOS_SPIN_ON);
    return atomic_load(&yields) - before;
}

CASE("a poll offers the processor soon if somebody wants it, else when it has "
     "lasted, and "
     "ends all the same")
{
    enum { SOON = 20000, LONG = 1000000000 };
    static struct fos_trace_control shown;
    const struct fos_trace_control *before = fos_trace_control;
    const uint64_t far = UINT64_MAX / 2;
    struct person p = {0};
    struct fos_spin spin;

    fos_trace_control = &shown;
    person_begin(&p);
    p.sleeper.spin_cycles = LONG;
    fos_spin_begin(&spin, &p.sleeper, FOS_NEVER);
    CHECK_EQ(fos_spin_look(&spin), FOS_SPIN_ON);
    CHECK(fos_tsc() - spin.polled < far);
    spin.limit = far;
    CHECK_EQ(yields_after(&spin, SOON), 0);
    CHECK_EQ(yields_after(&spin, LONG), 1);
    CHECK(fos_tsc() - spin.polled < LONG);
    p.events.crowded = 1;
    CHECK_EQ(yields_after(&spin, SOON), 1);
    p.events.crowded = 0;
    shown.called = 1;
    CHECK_EQ(yields_after(&spin, SOON), 1);
    shown.called = 0;
    CHECK_EQ(yields_after(&spin, SOON), 0);
    CHECK_EQ(spin.limit, far);
    spin.limit = 1;
    CHECK_EQ(fos_spin_look(&spin), FOS_SPIN_SLEEP);
    fos_trace_control = before;
}

CASE("stress: a channel of 64 slots, small messages")
{
    line_run("channel, small", 64, 16, 200000, 56, 0, false);
}

CASE("stress: channels of 2 to 16 slots, messages of up to five packets")
{
    for (uint32_t slots = 2; slots <= 16; slots *= 2)
        line_run("channel, few slots", slots, slots / 2, 4000, 280, 0, false);
}

CASE("stress: streamed messages")
{
    line_run("channel, streams", 16, 4, 500, 20000, 0, false);
}

CASE("stress: bundles of all sizes, taken in parts, by polling and asleep")
{
    const uint32_t messages = 200 * 64;

    for (uint32_t slots = 2; slots <= 64; slots *= 2)
        for (int sleeping = 0; sleeping < 2; sleeping++)
            line_run_by(bundles_send, bundles_receive, "bundles", slots,
                        fos_channel_threshold(slots), messages, LOT * EACH, 0,
                        sleeping);
}

CASE("stress: both sides of a tiny channel sleep and wake each other")
{
    line_run("sleep and wake, 2 slots", 2, 1, 20000, 56, 0, true);
    line_run("sleep and wake, 4 slots", 4, 2, 20000, 300, 0, true);
}

CASE("stress: sleepers are woken whichever side dawdles")
{
    atomic_store(&sleeps, 0);
    atomic_store(&wakes, 0);
    line_run("sleep and wake, naps", 8, 2, 6000, 300, 16, true);
    CHECK(atomic_load(&sleeps) > 0);
    CHECK(atomic_load(&wakes) > 0);
}

/* ---- the mailbox buffer ---- */

enum { SENDERS = 3, MESSAGES = 20000, SLOTS = 64 };

struct office {
    struct fos_mailbox_slot slots[SLOTS];
    _Atomic uint64_t head;
    struct mailbox_ring kernel;
    struct fos_mailbox_reader reader;
    struct person owner;
};

struct clerk {
    struct office *office;
    uint32_t id;
};

/* What the kernel's mailbox_send does: reserve, fill, commit, look at the doorbell.
 */
static int office_send(struct office *o, uint64_t sender, const uint8_t *message,
                       uint32_t length, bool abort)
{
    uint64_t position;
    uint32_t n = fos_slots_for(length);
    int error = mailbox_ring_reserve(&o->kernel, sender, n, &position);

    if (error)
        return error;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t done = i * FOS_MAILBOX_PAYLOAD, left = length - done;
        fos_payload_write(mailbox_ring_slot(&o->kernel, position + i)->payload,
                          message + done,
                          left < FOS_MAILBOX_PAYLOAD ? left : FOS_MAILBOX_PAYLOAD);
    }
    mailbox_ring_commit(&o->kernel, position, n,
                        length | (abort ? FOS_SLOT_ABORTED : 0));
    look_and_wake(&o->owner);
    return 0;
}

static void *clerk_run(void *argument)
{
    struct clerk *c = argument;
    uint8_t message[200];

    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint32_t length = 8 + (i * 31 + c->id) % 150;
        memset(message, (int)(i ^ c->id), length);
        memcpy(message, &c->id, 4);
        memcpy(message + 4, &i, 4);
        if (i % 100 == 0)
            while (office_send(c->office, c->id + 1, message, length, true))
                sched_yield();
        while (office_send(c->office, c->id + 1, message, length, false))
            sched_yield();
        if (i % 1000 == c->id)
            usleep(200);
    }
    return NULL;
}

static bool office_ready(void *argument)
{
    struct office *o = argument;
    return fos_mailbox_ready(&o->reader);
}

static void office_check(const uint8_t *message, uint32_t length, uint32_t *next)
{
    uint32_t id, i;

    memcpy(&id, message, 4);
    memcpy(&i, message + 4, 4);
    REQUIRE(id < SENDERS);
    CHECK_EQ(i, next[id]);
    CHECK_EQ(length, 8 + (i * 31 + id) % 150);
    for (uint32_t k = 8; k < length; k++)
        CHECK_EQ(message[k], (uint8_t)(i ^ id));
    next[id]++;
}

CASE("stress: a mailbox of three senders, some messages given up, a reader that "
     "sleeps")
{
    struct office *o = aligned_alloc(64, (sizeof *o + 63) & ~63ul);
    struct clerk clerks[SENDERS];
    pthread_t threads[SENDERS];
    uint32_t next[SENDERS] = {0}, length;
    uint8_t message[200];

    watch("mailbox");
    memset(o, 0, sizeof *o);
    o->kernel.slots = SLOTS;
    o->kernel.head = &o->head;
    o->kernel.pages[0] = o->slots;
    fos_mailbox_reader_init(&o->reader, o->slots, SLOTS, &o->head);
    person_begin(&o->owner);
    for (uint32_t i = 0; i < SENDERS; i++) {
        clerks[i] = (struct clerk){o, i};
        REQUIRE(pthread_create(&threads[i], NULL, clerk_run, &clerks[i]) == 0);
    }
    for (uint32_t got = 0; got < SENDERS * MESSAGES;) {
        int error = fos_mailbox_take(&o->reader, message, sizeof message, &length);
        if (error == -FOS_EAGAIN) {
            wait_for(office_ready, o);
            continue;
        }
        if (!CHECK_EQ(error, 0))
            break;
        office_check(message, length, next);
        atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
        got++;
    }
    for (uint32_t i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    free(o);
    atomic_store(&watched, NULL);
}
