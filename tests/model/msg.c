/* SPDX-License-Identifier: MIT */
/*
 * The whole of fos/msg.h under every interleaving: a thread that sends through the
 * kernel and then opens a channel, one that sends through the kernel only, a
 * receiver that sleeps whenever nothing is there.  Nothing is lost, each sender's
 * order is kept across the switch of transports (M1, M2), nobody sleeps for ever
 * (M3).
 *
 * libfos/msg is compiled into this file, with rings and buffers of a few lines in
 * place of pages, and without polling before it sleeps (a poll only puts off).
 */
#define fos_tsc() 0ull

#include <fos/memory.h>
#include <kernel/msg/mailbox_ring.h>
#include <libfos/msg/msg.h>

#include <stdlib.h>
#include <string.h>

#include "verdict.h"

enum { RECEIVER = 2, RING_SLOTS_MAX = 4, KERNEL_SLOTS = 4, RECORDS = 2 };

static struct {
    uint8_t ring[RING_SLOTS_MAX * FOS_PACKET_SIZE];
    struct fos_mailbox_slot slots[KERNEL_SLOTS];
    struct fos_doorbell doorbells[3];
    struct fos_doorbell
        closing; /* what the receiver sees of a sender that closes */
    struct fos_events events[3];
    _Atomic uint64_t
        channel_pending;        /* the kernel's: a channel waits to be accepted */
    struct fos_mailbox mailbox; /* its head is shared with the kernel */
    struct mailbox_ring kernel; /* its first word, tail, is the last one shared */
    struct fos_thread threads[3];
    struct fos_peer peers[2];
    struct fos_inbound records[RECORDS];
} __attribute__((aligned(64))) memory;

/* Outside: mere statistics would tell equal states apart. */
static struct fos_published counters;

static struct {
    uint32_t by_kernel,
        by_channel; /* messages of thread 0: first these, then those */
    uint32_t other; /* messages of thread 1 */
    uint32_t ring_slots;
    bool closes; /* thread 0 closes its channel after the last message */
} setting;

/* ---- What libfos/msg stands on ---- */

struct fos_thread *fos_thread_self(void)
{
    int self = explore_self();
    return &memory
                .threads[self < 0 ? RECEIVER : self]; /* its mailbox comes first */
}

void *fos_pages_map(size_t pages)
{
    (void)pages;
    return memory.slots;
}

void fos_pages_unmap(void *address, size_t pages)
{
    (void)address;
    (void)pages;
}

/*
 * The window of a channel begins with the other side's doorbell; here it is just
 * that. On close the kernel puts another page in its place.  A sender that will
 * close has room for all it sends and never sleeps: its doorbell is AWAKE until it
 * is DEAD.
 */
void *fos_pages_reserve(size_t pages)
{
    (void)pages;
    if (explore_self() != RECEIVER)
        return &memory.doorbells[RECEIVER];
    return setting.closes ? &memory.closing : &memory.doorbells[0];
}

void fos_pages_release(void *address, size_t pages)
{
    (void)address;
    (void)pages;
}

/* ---- The kernel ---- */

static void thread_event(int thread, enum fos_event event)
{
    fos_fetch_or(&memory.events[thread].pending, 1ull << event);
}

long fos_sys_serialize(void)
{
    explore_serialize();
    return 0;
}

long fos_sys_wait(uint64_t deadline)
{
    if (deadline != FOS_NEVER)
        return -FOS_ETIMEDOUT;
    explore_wait_nonzero((const void *)&memory.events[explore_self()].pending, 8);
    return 0;
}

long fos_sys_kernel_info(struct fos_kernel_info *out)
{
    (void)out;
    abort();
}

long fos_sys_notify(struct fos_cap channel)
{
    thread_event((int)channel.id, FOS_EVENT_NOTIFY);
    return 0;
}

long fos_sys_mailbox_create(struct fos_mailbox_slot *slots, uint64_t count,
                            _Atomic uint64_t *head, struct fos_cap *out)
{
    memory.kernel.pages[0] = slots;
    memory.kernel.slots = (uint32_t)count;
    memory.kernel.head = head;
    out->id = 1;
    return 0;
}

long fos_sys_mailbox_close(struct fos_cap mailbox)
{
    (void)mailbox;
    abort();
}

long fos_sys_mailbox_send(struct fos_cap mailbox, const void *message,
                          size_t length)
{
    uint64_t position;
    int error = mailbox_ring_reserve(&memory.kernel, 1, &position);
    (void)mailbox;
    EXPLORE_CHECK(error == 0); /* the buffer is large enough */
    fos_payload_write(mailbox_ring_slot(&memory.kernel, position)->payload, message,
                      length);
    mailbox_ring_commit(&memory.kernel, position, 1, length);
    if (fos_load_relaxed(&memory.doorbells[RECEIVER].state) != FOS_DOORBELL_AWAKE)
        thread_event(RECEIVER, FOS_EVENT_NOTIFY);
    return 0;
}

/* The lists of channels are under a lock in the kernel: locked accesses. */
long fos_sys_channel_connect(struct fos_cap mailbox, void *address,
                             uint64_t ring_pages, struct fos_channel_info *out)
{
    (void)mailbox;
    (void)address;
    *out = (struct fos_channel_info){.channel.id = RECEIVER,
                                     .ring_pages = (uint32_t)ring_pages};
    fos_exchange(&memory.channel_pending, 1);
    thread_event(RECEIVER, FOS_EVENT_CHANNEL);
    return 0;
}

long fos_sys_channel_accept(struct fos_cap mailbox, void *address,
                            struct fos_channel_info *out)
{
    (void)mailbox;
    (void)address;
    *out =
        (struct fos_channel_info){.ring_pages = 1}; /* its notify wakes thread 0 */
    return fos_exchange(&memory.channel_pending, 0) ? 0 : -FOS_EAGAIN;
}

long fos_sys_channel_close(struct fos_cap channel)
{
    (void)channel;
    EXPLORE_CHECK(setting.closes);
    if (explore_self() != RECEIVER) {
        fos_exchange(&memory.closing.state, FOS_DOORBELL_DEAD);
        thread_event(RECEIVER, FOS_EVENT_CHANNEL);
    }
    return 0;
}

/* ---- libfos/msg, in small ---- */

#define window_ring(window)   ((void)(window), (void *)memory.ring)
#define ring_slots(pages)     ((void)(pages), setting.ring_slots)
#define fos_spin_round(spin)  ((void)(spin), FOS_SPIN_SLEEP)
#define FOS_MAILBOX_SLOTS_MIN KERNEL_SLOTS
#define never                 never_in_sleep
#include <libfos/msg/sleep.c>
#undef never
#include <libfos/msg/inbound.c>
#include <libfos/msg/receive.c>
#include <libfos/msg/send.c>

/* ---- The threads ---- */

static void first_sender(void)
{
    struct fos_peer *peer = &memory.peers[0];
    struct fos_cap mailbox = {.id = 1};
    uint32_t n = 0;
    fos_peer_open(peer, mailbox, FOS_TRANSPORT_KERNEL);
    while (n < setting.by_kernel) {
        n++;
        EXPLORE_CHECK(fos_msg_send(peer, &n, sizeof n) == 0);
    }
    EXPLORE_CHECK(fos_peer_open(peer, mailbox, FOS_TRANSPORT_CHANNEL) == 0);
    while (n < setting.by_kernel + setting.by_channel) {
        n++;
        EXPLORE_CHECK(fos_msg_send(peer, &n, sizeof n) == 0);
    }
    if (setting.closes)
        fos_peer_close(peer);
}

static void second_sender(void)
{
    struct fos_peer *peer = &memory.peers[1];
    fos_peer_open(peer, (struct fos_cap){.id = 1}, FOS_TRANSPORT_KERNEL);
    for (uint32_t n = 101; n <= 100 + setting.other; n++)
        EXPLORE_CHECK(fos_msg_send(peer, &n, sizeof n) == 0);
}

static void receiver_main(void)
{
    uint32_t next = 1, other = 101;
    uint32_t left = setting.by_kernel + setting.by_channel + setting.other;
    while (left--) {
        uint32_t message = 0, length = 0;
        EXPLORE_CHECK(fos_msg_recv(&memory.mailbox, &message, sizeof message,
                                   &length, FOS_NEVER) == 0);
        EXPLORE_CHECK(length == sizeof message);
        EXPLORE_CHECK(message == (message > 100 ? other++ : next++));
    }
}

/* Takes messages until the channel is dropped: that must come last. */
static void receiver_until_drop(void)
{
    uint32_t next = 1;
    while (!memory.mailbox.stats.dropped) {
        uint32_t message = 0, length = 0;
        int error =
            fos_msg_recv(&memory.mailbox, &message, sizeof message, &length, 0);
        if (error == -FOS_ETIMEDOUT) {
            fos_pause();
            continue;
        }
        EXPLORE_CHECK(error == 0 && message == next++);
    }
    EXPLORE_CHECK(next == setting.by_kernel + setting.by_channel + 1);
    EXPLORE_CHECK(memory.mailbox.channels.next == &memory.mailbox.channels);
}

static void receiver_is_done(void)
{
    EXPLORE_CHECK(memory.mailbox.stats.accepted <= 1);
    EXPLORE_CHECK(memory.mailbox.stats.broken == 0 && memory.mailbox.waiting == 0);
}

static void memory_reset(void)
{
    memset(&memory, 0, sizeof memory);
    for (int i = 0; i < 3; i++)
        memory.threads[i].sleeper =
            (struct fos_sleeper){.doorbell = &memory.doorbells[i],
                                 .published = &counters,
                                 .events = &memory.events[i],
                                 .tsc_hz = SECOND_NS};
    for (int i = 0; i < RECORDS; i++) {
        memory.records[i].next = memory.threads[RECEIVER].free;
        memory.threads[RECEIVER].free = &memory.records[i];
    }
    if (fos_mailbox_create(&memory.mailbox, KERNEL_SLOTS))
        abort();
}

#define PLACE(field)                                \
    {                                               \
#field, offsetof(__typeof__(memory), field) \
    }
static const struct explore_place places[] = {
    PLACE(ring),
    PLACE(slots),
    PLACE(doorbells[0]),
    PLACE(closing),
    PLACE(doorbells[1]),
    PLACE(doorbells[2]),
    PLACE(events[0]),
    PLACE(events[1]),
    PLACE(events[2]),
    PLACE(channel_pending),
    PLACE(mailbox.head),
    PLACE(kernel.tail),
    {0, 0},
};

static struct explore_model msg_model(uint32_t by_kernel, uint32_t by_channel,
                                      uint32_t other)
{
    setting.ring_slots = 2;
    setting.closes = false;
    setting.by_kernel = by_kernel;
    setting.by_channel = by_channel;
    setting.other = other;
    return (struct explore_model){
        .memory = &memory,
        .size = sizeof memory,
        .shared = offsetof(__typeof__(memory), kernel.slots),
        .reset = memory_reset,
        .thread = {first_sender, other ? second_sender : 0, receiver_main},
        .finish = receiver_is_done,
        .places = places,
    };
}

int main(void)
{
    struct explore_model m = msg_model(0, 2, 0);
    verdict_holds("messages through a channel arrive, however both sides sleep",
                  &m);
    m = msg_model(0, 4, 0);
    verdict_holds("the channel's flow goes on over two laps", &m);
    m = msg_model(2, 2, 0);
    verdict_holds("order is kept across the switch from kernel to channel", &m);
    m = msg_model(1, 1, 1);
    verdict_holds("another sender's messages in between change nothing", &m);
    m = msg_model(1, 3, 0);
    m.thread[RECEIVER] = receiver_until_drop;
    setting.closes = true;
    setting.ring_slots = 4;
    verdict_holds("what was sent before the sender closed is all delivered", &m);
    m = msg_model(1, 1, 0);
    m.plant[RECEIVER] = EXPLORE_NO_SERIALIZE;
    verdict_finds("without serialize a lost wake-up is found", &m,
                  "thread 2 waits for ever");
    return verdict_status();
}
