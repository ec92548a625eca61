/* SPDX-License-Identifier: MIT */
/*
 * The whole of fos/msg.h under every interleaving: a thread that sends through the
 * kernel and opens a channel, one that sends through the kernel only, a receiver
 * that sleeps whenever nothing is there and perhaps gives the channel back.  Nothing
 * is lost, each sender's order is kept across the switches of transport (M1, M2,
 * M6), nobody sleeps for ever (M3).
 *
 * libfos/msg is compiled into this file, with rings and buffers of a few lines in
 * place of pages, and without polling before it sleeps (a poll only puts off).
 */
#define fos_tsc()               0ull
#define fos_doorbell_load(page) page_load(page)

#include <stdint.h>

struct fos_doorbell;
static uint32_t page_load(struct fos_doorbell *page);

#include <fos/memory.h>
#include <kernel/msg/mailbox_ring.h>
#include <libfos/msg/msg.h>

#include <stdlib.h>
#include <string.h>

#include "channel_word.h"
#include "kernel.h"
#include "verdict.h"

enum { LOT_SIZE = 40, LOT_MAX = 4 };
enum { RECEIVER = 2, RING_SLOTS_MAX = 4, KERNEL_SLOTS = 4, CHANNELS = 2 };

static struct {
    uint8_t rings[CHANNELS][RING_SLOTS_MAX * FOS_PACKET_SIZE];
    struct fos_mailbox_slot slots[KERNEL_SLOTS];
    struct fos_doorbell doorbells[3];
    struct fos_doorbell
        closing; /* what the receiver sees of a sender that closes */
    /* What the sender sees of a receiver that may retire: 0 is its doorbell. */
    struct fos_doorbell pages[CHANNELS];
    struct fos_events events[3];
    _Atomic uint64_t
        channel_pending; /* the kernel's: a channel waits to be accepted */
    _Atomic uint64_t channels[CHANNELS];
    struct fos_mailbox mailbox; /* its head is shared with the kernel */
    struct mailbox_ring kernel; /* its first word, tail, is the last one shared */
    struct fos_thread threads[3];
    struct fos_peer peers[2];
    struct fos_inbound records[CHANNELS];
    uint32_t connected, accepted; /* so far */
} __attribute__((aligned(64))) memory;

/* Outside: mere statistics would tell equal states apart. */
static struct fos_published counters;

static struct {
    uint32_t by_kernel,
        by_channel; /* messages of thread 0: first these, then those */
    uint32_t other; /* messages of thread 1 */
    uint32_t ring_slots;
    bool closes;  /* thread 0 closes its channel after the last message */
    bool retires; /* the receiver gives the channel back, when it has taken: */
    uint32_t retires_after;
    uint32_t connects_again; /* thread 0 does, before this message; 0: never */
    bool no_flush;           /* planted: retiring does not interrupt the sender */
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
        return setting.retires ? &memory.pages[memory.connected]
                               : &memory.doorbells[RECEIVER];
    return setting.closes ? &memory.closing : &memory.doorbells[0];
}

/* A look at a page in two steps, which of pages, and what it says: no stricter than
 * the processor, where no change of mapping comes between. */
static uint32_t page_load(struct fos_doorbell *page)
{
    uint32_t said = fos_load_acquire(&page->state);

    if (said || page < memory.pages || page >= memory.pages + CHANNELS)
        return said;
    return fos_load_acquire(&memory.doorbells[RECEIVER].state);
}

static void *ring_now(void)
{
    uint32_t made = explore_self() == RECEIVER ? memory.accepted : memory.connected;

    return memory.rings[made - 1];
}

void fos_pages_release(void *address, size_t pages)
{
    (void)address;
    (void)pages;
}

/* ---- The kernel ---- */

struct fos_events *model_events(uint32_t thread)
{
    return &memory.events[thread];
}

/* A channel's capability has the thread at its other end, and which channel. */
static struct fos_cap channel_cap(int other, uint32_t made)
{
    return (struct fos_cap){.id = (uint64_t)other, .secret = made - 1};
}

long fos_sys_notify(struct fos_cap channel)
{
    if (setting.retires &&
        fos_load_acquire(&memory.channels[channel.secret]) & CLOSED)
        return -FOS_EPIPE;
    model_event((int)channel.id, FOS_EVENT_NOTIFY);
    return 0;
}

long fos_sys_mailbox_create(struct fos_mailbox_slot *slots, uint64_t count,
                            _Atomic uint64_t *head, uint64_t limit,
                            struct fos_cap *out)
{
    (void)limit;
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
    int error = mailbox_ring_reserve(&memory.kernel, 0, 1, &position);
    (void)mailbox;
    EXPLORE_CHECK(error == 0); /* the buffer is large enough */
    fos_payload_write(mailbox_ring_slot(&memory.kernel, position)->payload, message,
                      length);
    mailbox_ring_commit(&memory.kernel, position, 1, length);
    fos_fence();
    if (fos_load_relaxed(&memory.doorbells[RECEIVER].state) != FOS_DOORBELL_AWAKE)
        model_event(RECEIVER, FOS_EVENT_NOTIFY);
    return 0;
}

/* The lists of channels are under a lock in the kernel: locked accesses. */
long fos_sys_channel_connect(struct fos_cap mailbox, void *address,
                             uint64_t ring_pages, struct fos_channel_info *out)
{
    (void)mailbox;
    (void)address;
    EXPLORE_CHECK(memory.connected < CHANNELS);
    memory.connected++;
    *out = (struct fos_channel_info){.channel =
                                         channel_cap(RECEIVER, memory.connected),
                                     .ring_pages = (uint32_t)ring_pages,
                                     .limit = UINT32_MAX};
    fos_exchange(&memory.channel_pending, 1);
    model_event(RECEIVER, FOS_EVENT_CHANNEL);
    return 0;
}

long fos_sys_channel_accept(void *address, struct fos_channel_info *out)
{
    (void)address;
    if (!out) /* offers are for the kernel proper */
        return -FOS_ENOSYS;
    if (!fos_exchange(&memory.channel_pending, 0))
        return -FOS_EAGAIN;
    memory.accepted++;
    *out = (struct fos_channel_info){
        .channel = channel_cap(0, memory.accepted), .mailbox = 1, .ring_pages = 1};
    return 0;
}

static long receiver_close(uint64_t which, uint64_t taken)
{
    bool closed;
    long result = word_close(&memory.channels[which], taken, &closed);

    if (closed) {
        fos_exchange(&memory.pages[which].state, FOS_DOORBELL_DEAD);
        model_event(0, FOS_EVENT_CHANNEL);
    }
    return result;
}

long fos_sys_channel_close(struct fos_cap channel, uint64_t taken)
{
    EXPLORE_CHECK(setting.closes || setting.retires);
    if (explore_self() == RECEIVER)
        return setting.retires ? receiver_close(channel.secret, taken) : 0;
    if (fos_fetch_or(&memory.channels[channel.secret], CLOSED) & CLOSED)
        return 0;
    fos_exchange(&memory.closing.state, FOS_DOORBELL_DEAD);
    model_event(RECEIVER, FOS_EVENT_CHANNEL);
    return 0;
}

static long channel_seal(uint64_t which, uint64_t sent)
{
    long result = word_seal(&memory.channels[which], sent);

    if (result == -FOS_EAGAIN)
        model_event(RECEIVER, FOS_EVENT_NOTIFY);
    return result;
}

long fos_sys_channel_exchange(struct fos_cap channel, void *address, uint64_t pages)
{
    (void)channel;
    (void)address;
    (void)pages;
    abort(); /* no mailbox here takes pages */
}

long fos_sys_channel_retire(struct fos_cap channel, uint64_t sent)
{
    if (explore_self() != RECEIVER)
        return channel_seal(channel.secret, sent);
    if (fos_fetch_or(&memory.channels[channel.secret], RETIRED) & CLOSED)
        return -FOS_EPIPE;
    fos_exchange(&memory.pages[channel.secret].state, FOS_DOORBELL_RETIRED);
    if (!setting.no_flush)
        explore_serialize();
    return 0;
}

long fos_sys_mailbox_renew(struct fos_cap mailbox, struct fos_cap *out)
{
    (void)mailbox;
    (void)out;
    abort();
}

/* ---- libfos/msg, in small ---- */

#define window_ring(window)   ((void)(window), ring_now())
#define ring_slots(pages)     ((void)(pages), setting.ring_slots)
#define fos_spin_round(spin)  ((void)(spin), FOS_SPIN_SLEEP)
#define FOS_MAILBOX_SLOTS_MIN KERNEL_SLOTS
#define never                 never_in_sleep
#include <libfos/msg/sleep.c>
#undef never
#include <libfos/msg/exchange.c>
#include <libfos/msg/inbound.c>
#include <libfos/msg/inbox.c>
#include <libfos/msg/peer.c>
#include <libfos/msg/receive.c>
#include <libfos/msg/send.c>
#include <libfos/msg/turn.c>
#include <libfos/msg/wait.c>

/* ---- The threads ---- */

static void first_sender(void)
{
    struct fos_peer *peer = &memory.peers[0];
    struct fos_cap mailbox = {.id = 1};
    uint32_t n = 0;
    fos_peer_open(peer, mailbox, FOS_TRANSPORT_AUTO);
    while (n < setting.by_kernel) {
        n++;
        EXPLORE_CHECK(fos_msg_send(peer, &n, sizeof n) == 0);
    }
    EXPLORE_CHECK(fos_peer_connect(peer) == 0);
    while (n < setting.by_kernel + setting.by_channel) {
        n++;
        if (n == setting.connects_again)
            EXPLORE_CHECK(fos_peer_connect(peer) == 0);
        EXPLORE_CHECK(fos_msg_send(peer, &n, sizeof n) == 0);
    }
    if (setting.closes)
        fos_peer_close(peer);
}

/* All at once, in bundles as far as there is a channel. */
static void bundle_sender(void)
{
    struct fos_peer *peer = &memory.peers[0];
    uint8_t lot[LOT_MAX * LOT_SIZE] = {0};
    for (uint32_t n = 0; n < setting.by_channel; n++)
        lot[n * LOT_SIZE] = lot[(n + 1) * LOT_SIZE - 1] = (uint8_t)(n + 1);
    fos_peer_open(peer, (struct fos_cap){.id = 1}, FOS_TRANSPORT_AUTO);
    EXPLORE_CHECK(fos_peer_connect(peer) == 0);
    EXPLORE_CHECK(fos_msg_send_many(peer, lot, LOT_SIZE, setting.by_channel,
                                    FOS_NEVER) == setting.by_channel);
}

/* Two at a time. */
static void bundle_receiver(void)
{
    uint32_t next = 1;
    bool retires = setting.retires;
    while (next <= setting.by_channel) {
        uint8_t got[2 * LOT_SIZE];
        uint32_t size = 0, count = 0;
        if (retires && next > setting.retires_after)
            retires = fos_mailbox_evict(&memory.mailbox, 1) == 0;
        EXPLORE_CHECK(fos_msg_recv_many(&memory.mailbox, got, sizeof got, &size,
                                        &count, FOS_NEVER) == 0);
        EXPLORE_CHECK(size == LOT_SIZE && count >= 1 && count <= 2);
        for (uint32_t i = 0; i < count; i++, next++)
            EXPLORE_CHECK(got[i * LOT_SIZE] == next &&
                          got[(i + 1) * LOT_SIZE - 1] == next);
    }
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
    bool retires = setting.retires;
    while (left--) {
        uint32_t message = 0, length = 0;
        if (retires && next > setting.retires_after)
            retires = fos_mailbox_evict(&memory.mailbox, 1) == 0;
        EXPLORE_CHECK(fos_msg_recv(&memory.mailbox, &message, sizeof message,
                                   &length, FOS_NEVER) == 0);
        EXPLORE_CHECK(length == sizeof message);
        EXPLORE_CHECK(message == (message > 100 ? other++ : next++));
    }
}

/* Takes messages until the channel is dropped, which must come last, or given back.
 */
static void receiver_until_drop(void)
{
    uint32_t next = 1, end = setting.by_kernel + setting.by_channel + 1;
    while (!memory.mailbox.stats.dropped &&
           (!memory.mailbox.stats.evicted || next != end)) {
        uint32_t message = 0, length = 0;
        int error =
            fos_msg_recv(&memory.mailbox, &message, sizeof message, &length, 0);
        if (error == -FOS_ETIMEDOUT) {
            fos_pause();
            continue;
        }
        EXPLORE_CHECK(error == 0 && message == next++);
        if (setting.retires)
            fos_mailbox_evict(&memory.mailbox, 1);
    }
    EXPLORE_CHECK(next == end);
    EXPLORE_CHECK(memory.mailbox.channels.next == &memory.mailbox.channels);
}

static void receiver_is_done(void)
{
    EXPLORE_CHECK(memory.mailbox.stats.accepted <= CHANNELS);
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
    for (int i = 0; i < CHANNELS; i++) {
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
    PLACE(rings[0]),        PLACE(rings[1]),     PLACE(slots),
    PLACE(doorbells[0]),    PLACE(closing),      PLACE(pages[0]),
    PLACE(pages[1]),        PLACE(doorbells[1]), PLACE(doorbells[2]),
    PLACE(events[0]),       PLACE(events[1]),    PLACE(events[2]),
    PLACE(channel_pending), PLACE(channels[0]),  PLACE(channels[1]),
    PLACE(mailbox.head),    PLACE(kernel.tail),  {0, 0},
};

static struct explore_model msg_model(uint32_t by_kernel, uint32_t by_channel,
                                      uint32_t other)
{
    memset(&setting, 0, sizeof setting);
    setting.ring_slots = 2;
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

static struct explore_model retire_model(uint32_t by_channel, uint32_t ring_slots)
{
    struct explore_model m = msg_model(0, by_channel, 0);

    setting.retires = true;
    setting.ring_slots = ring_slots;
    return m;
}

static void retiring(void)
{
    struct explore_model m = retire_model(3, 4);
    verdict_holds("a channel given back at any moment loses nothing", &m);
    m = retire_model(4, 2);
    setting.retires_after = 1;
    verdict_holds("nor does a full one, whose sender sleeps", &m);
    m = retire_model(4, 4);
    setting.connects_again = 4;
    verdict_holds("order is kept from a channel to the kernel to a channel", &m);
    m = retire_model(2, 4);
    setting.other = 1;
    m.thread[1] = second_sender;
    verdict_holds("another sender's messages change nothing about that", &m);
    m = retire_model(2, 4);
    setting.closes = true;
    m.thread[RECEIVER] = receiver_until_drop;
    verdict_holds("a sender may close the channel that is being given back", &m);
    m = retire_model(2, 4);
    setting.no_flush = true;
    verdict_finds("if retiring did not drain the sender's stores, a loss is found",
                  &m, "thread 2 waits for ever");
}

/* Both sides by many. */
static void bundles(void)
{
    struct explore_model m = msg_model(0, 4, 0);
    m.thread[0] = bundle_sender;
    m.thread[RECEIVER] = bundle_receiver;
    verdict_holds("bundles through a small ring arrive, however both sides sleep",
                  &m);
    m = retire_model(4, 4);
    m.thread[0] = bundle_sender;
    m.thread[RECEIVER] = bundle_receiver;
    verdict_holds("a channel given back in the midst of bundles loses nothing", &m);
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
    retiring();
    bundles();
    return verdict_status();
}
