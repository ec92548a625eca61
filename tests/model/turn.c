/* SPDX-License-Identifier: MIT */
/*
 * Answers in place (libfos/msg/turn.h) under every interleaving: two threads that send
 * to each other by a pair of channels, and sleep whenever nothing is there.  One asks,
 * the other answers each question, perhaps more than once; either may give its channel
 * back at any moment, or the one who asks close it.  Each hears the other's messages in
 * order (M1, P3), none is lost (M4, M6, P6), nobody sleeps for ever (M3, P7).
 *
 * libfos/msg is compiled into this file, with rings of a few lines and buffers of a few
 * slots in place of pages, and without polling before it sleeps (a poll only puts off).
 */
#define fos_tsc()               0ull
#define fos_doorbell_load(page) page_load(page)
#define TURN_PATIENCE           0

#include <stdint.h>

struct fos_doorbell;
static uint32_t page_load(struct fos_doorbell *page);

#include <fos/memory.h>
#include <libfos/msg/msg.h>

#include <stdlib.h>
#include <string.h>

#include "channel_word.h"
#include "kernel.h"
#include "verdict.h"

/* Channel k goes from thread k to the other, and has the id k + 1. */
enum { ASKER, ANSWERER, BOTH };
enum { RING_SLOTS = 8, KERNEL_SLOTS = 4 };

static struct {
    uint8_t rings[BOTH][RING_SLOTS * FOS_PACKET_SIZE];
    struct fos_mailbox_slot slots[BOTH][KERNEL_SLOTS];
    struct fos_doorbell doorbells[BOTH];
    /* What the two sides of channel k see of each other; 0 is the doorbell. */
    struct fos_doorbell receivers[BOTH], senders[BOTH];
    struct fos_events events[BOTH];
    _Atomic uint64_t channels[BOTH];
    struct {
        _Atomic uint64_t word __attribute__((aligned(64)));
    } heads[BOTH]; /* of the kernel's buffers */
    /* Private to one thread each: */
    uint64_t tails[BOTH]; /* of these buffers */
    struct fos_mailbox mailboxes[BOTH];
    struct fos_thread threads[BOTH];
    struct fos_peer peers[BOTH];
    struct fos_inbound records[BOTH];
} __attribute__((aligned(64))) memory;

/* Outside: mere statistics would tell equal states apart. */
static struct fos_published counters;
static uint64_t in_place;

static struct {
    uint32_t rounds,
        questions;    /* questions of a round, asked one after the other */
    uint32_t answers; /* to a question */
    bool polls;       /* nobody sleeps, nothing goes by the kernel */
    bool careless;    /* planted: whose next packet is there is taken unlooked */
    bool closes;      /* the asker does, before it hears the last answers */
    bool gives_back[BOTH]; /* the channel to it, as soon as it can */
    bool empty[BOTH];      /* its messages are */
} setting;

/* ---- What libfos/msg stands on ---- */

struct fos_thread *fos_thread_self(void)
{
    return &memory.threads[explore_self()];
}

void *fos_pages_map(size_t pages)
{
    (void)pages;
    abort();
}

void fos_pages_unmap(void *address, size_t pages)
{
    (void)address;
    (void)pages;
    abort();
}

void *fos_pages_reserve(size_t pages)
{
    (void)pages;
    return &memory; /* nothing is ever accepted there */
}

void fos_pages_release(void *address, size_t pages)
{
    (void)address;
    (void)pages;
}

/* A look at a page in two steps, which of pages, and what it says. */
static uint32_t page_load(struct fos_doorbell *page)
{
    uint32_t said = fos_load_acquire(&page->state);
    int other = page == &memory.receivers[0] || page == &memory.senders[1]
                    ? ANSWERER
                    : ASKER;

    return said ? said : fos_load_acquire(&memory.doorbells[other].state);
}

/* ---- The kernel ---- */

struct fos_events *model_events(uint32_t thread)
{
    return &memory.events[thread];
}

static uint64_t channel_of(struct fos_cap channel)
{
    return channel.id - 1;
}

static bool sends_by(uint64_t channel)
{
    return explore_self() == (int)channel;
}

long fos_sys_notify(struct fos_cap channel)
{
    if (fos_load_acquire(&memory.channels[channel_of(channel)]) & CLOSED)
        return -FOS_EPIPE;
    model_event(!explore_self(), FOS_EVENT_NOTIFY);
    return 0;
}

long fos_sys_mailbox_create(struct fos_mailbox_slot *slots, uint64_t count,
                            _Atomic uint64_t *head, uint64_t limit,
                            struct fos_cap *out)
{
    (void)slots;
    (void)count;
    (void)head;
    (void)limit;
    (void)out;
    abort();
}

long fos_sys_mailbox_close(struct fos_cap mailbox)
{
    (void)mailbox;
    abort();
}

long fos_sys_mailbox_renew(struct fos_cap mailbox, struct fos_cap *out)
{
    (void)mailbox;
    (void)out;
    abort();
}

long fos_sys_channel_connect(struct fos_cap mailbox, void *address,
                             uint64_t ring_pages, struct fos_channel_info *out)
{
    (void)mailbox;
    (void)address;
    (void)ring_pages;
    (void)out;
    abort();
}

long fos_sys_channel_accept(void *address, struct fos_channel_info *out)
{
    (void)address;
    (void)out;
    return -FOS_EAGAIN;
}

/* The mailbox's id is its thread; the other one alone sends to it. */
long fos_sys_mailbox_send(struct fos_cap mailbox, const void *message,
                          size_t length)
{
    uint64_t at = memory.tails[mailbox.id]++;
    struct fos_mailbox_slot *slot = &memory.slots[mailbox.id][at % KERNEL_SLOTS];

    EXPLORE_CHECK(at - fos_load_acquire(&memory.heads[mailbox.id].word) <
                  KERNEL_SLOTS);
    fos_payload_write(slot->payload, message, length);
    fos_store_release(&slot->tag,
                      fos_slot_lap(at, KERNEL_SLOTS) | FOS_SLOT_FIRST | length);
    model_event((int)mailbox.id, FOS_EVENT_NOTIFY);
    return 0;
}

static long receiver_close(uint64_t which, uint64_t taken)
{
    bool closed;
    long result = word_close(&memory.channels[which], taken, &closed);

    if (closed) {
        fos_exchange(&memory.receivers[which].state, FOS_DOORBELL_DEAD);
        model_event((int)which, FOS_EVENT_CHANNEL);
    }
    return result;
}

long fos_sys_channel_close(struct fos_cap channel, uint64_t taken)
{
    uint64_t which = channel_of(channel);

    if (!sends_by(which))
        return receiver_close(which, taken);
    if (fos_fetch_or(&memory.channels[which], CLOSED) & CLOSED)
        return 0;
    fos_exchange(&memory.senders[which].state, FOS_DOORBELL_DEAD);
    model_event(!which, FOS_EVENT_CHANNEL);
    return 0;
}

static long channel_seal(uint64_t which, uint64_t sent)
{
    long result = word_seal(&memory.channels[which], sent);

    if (result == -FOS_EAGAIN)
        model_event(!which, FOS_EVENT_NOTIFY);
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
    uint64_t which = channel_of(channel);

    if (sends_by(which))
        return channel_seal(which, sent);
    if (fos_fetch_or(&memory.channels[which], RETIRED) & CLOSED)
        return -FOS_EPIPE;
    fos_exchange(&memory.receivers[which].state, FOS_DOORBELL_RETIRED);
    explore_serialize();
    return 0;
}

/* ---- libfos/msg, in small ---- */

#define window_ring(window)          ((void)(window), NULL)
#define ring_slots(pages)            ((void)(pages), RING_SLOTS)
#define fos_spin_round(spin)         ((void)(spin), FOS_SPIN_SLEEP)
#define fos_pace_waits(pace)         ((void)(pace), true)
#define fos_pace_at_once(pace, kind) ((void)(pace), (void)(kind), false)
#define fos_pace_begin(pace, kind)   ((void)(pace), (void)(kind), 1u)
#define never                        never_in_sleep
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

static void say(int self, uint32_t *said)
{
    struct fos_peer *peer = &memory.peers[self];
    uint32_t message = ++*said, turns = peer->turns;
    uint32_t length = setting.empty[self] ? 0 : sizeof message;

    EXPLORE_CHECK(fos_msg_send(peer, &message, length) == 0);
    in_place += self == ANSWERER && peer->turns == turns + 1;
}

static void poll(int self, uint32_t *message, uint32_t *length)
{
    struct fos_inbound *inbound = &memory.records[!self];

    while (
        (!setting.careless || fos_channel_try_receive(&inbound->receiver, message,
                                                      sizeof *message, length)) &&
        inbound_take(&memory.mailboxes[self], inbound, message, sizeof *message,
                     length))
        fos_pause();
    fos_unpushed_count(&memory.threads[self]);
}

static void hear(int self, uint32_t *heard)
{
    uint32_t message = 0, length = 0;

    if (setting.gives_back[self])
        fos_mailbox_evict(&memory.mailboxes[self], 1);
    if (setting.polls)
        poll(self, &message, &length);
    else
        EXPLORE_CHECK(fos_msg_recv(&memory.mailboxes[self], &message,
                                   sizeof message, &length, FOS_NEVER) == 0);
    ++*heard;
    if (setting.empty[!self])
        EXPLORE_CHECK(length == 0);
    else
        EXPLORE_CHECK(length == sizeof message && message == *heard);
}

static void asker_main(void)
{
    uint32_t said = 0, heard = 0;

    for (uint32_t round = 1; round <= setting.rounds; round++) {
        for (uint32_t i = 0; i < setting.questions; i++)
            say(ASKER, &said);
        if (setting.closes && round == setting.rounds)
            fos_peer_close(&memory.peers[ASKER]);
        for (uint32_t i = 0; i < setting.questions * setting.answers; i++)
            hear(ASKER, &heard);
    }
}

static void answerer_main(void)
{
    uint32_t said = 0, heard = 0;

    while (heard < setting.rounds * setting.questions) {
        hear(ANSWERER, &heard);
        for (uint32_t i = 0; i < setting.answers; i++)
            say(ANSWERER, &said);
    }
}

static void all_is_well(void)
{
    for (int i = 0; i < BOTH; i++)
        EXPLORE_CHECK(memory.mailboxes[i].stats.broken == 0 &&
                      memory.peers[i].error != -FOS_EPROTO);
}

static void channel_reset(int k)
{
    struct fos_peer *peer = &memory.peers[k];
    struct fos_inbound *inbound = &memory.records[k];
    uint32_t threshold = fos_channel_threshold(RING_SLOTS);

    *peer = (struct fos_peer){
        .thread = &memory.threads[k],
        .transport = FOS_TRANSPORT_AUTO,
        .mailbox.id = (uint64_t)!k,
        .channel.id = (uint64_t)k + 1,
        .window = &memory.receivers[k],
        .doorbell = &memory.receivers[k],
        .pages = 1,
        .limit = UINT32_MAX,
    };
    fos_channel_sender_init(&peer->sender, memory.rings[k], RING_SLOTS, threshold);
    peer_link(peer);
    *inbound = (struct fos_inbound){
        .doorbell = &memory.senders[k],
        .channel.id = (uint64_t)k + 1,
    };
    fos_channel_receiver_init(&inbound->receiver, memory.rings[k], RING_SLOTS,
                              threshold);
    inbound_link(&memory.mailboxes[!k], inbound);
    memory.threads[!k].inbounds = 1;
}

static void mailbox_reset(int k)
{
    struct fos_mailbox *mailbox = &memory.mailboxes[k];

    *mailbox = (struct fos_mailbox){
        .thread = &memory.threads[k],
        .limit = UINT32_MAX,
        .budget = FOS_MSG_BURST,
        .scan = &mailbox->channels,
        .channels.next = &mailbox->channels,
        .channels.previous = &mailbox->channels,
    };
    fos_channel_receiver_init(&mailbox->channels.receiver, nothing, 2, 1);
    fos_mailbox_reader_init(&mailbox->kernel, memory.slots[k], KERNEL_SLOTS,
                            &memory.heads[k].word);
    memory.threads[k].mailboxes = mailbox;
}

/* Two channels that are a pair already. */
static void memory_reset(void)
{
    memset(&memory, 0, sizeof memory);
    for (int k = 0; k < BOTH; k++) {
        memory.threads[k].sleeper =
            (struct fos_sleeper){.doorbell = &memory.doorbells[k],
                                 .published = &counters,
                                 .events = &memory.events[k],
                                 .tsc_hz = SECOND_NS};
        mailbox_reset(k);
    }
    for (int k = 0; k < BOTH; k++)
        channel_reset(k);
    pair_make(&memory.peers[ASKER], &memory.records[ANSWERER], false);
    pair_make(&memory.peers[ANSWERER], &memory.records[ASKER], true);
    memory.peers[ASKER].move = FOS_TURN_OPEN;
}

#define PLACE(field)                                \
    {                                               \
#field, offsetof(__typeof__(memory), field) \
    }
static const struct explore_place places[] = {
    PLACE(rings[0]),     PLACE(rings[1]),     PLACE(slots),
    PLACE(doorbells[0]), PLACE(doorbells[1]), PLACE(receivers[0]),
    PLACE(receivers[1]), PLACE(senders[0]),   PLACE(senders[1]),
    PLACE(events[0]),    PLACE(events[1]),    PLACE(channels[0]),
    PLACE(channels[1]),  PLACE(heads),        {0, 0},
};

static struct explore_model turn_model(uint32_t rounds, uint32_t questions,
                                       uint32_t answers)
{
    memset(&setting, 0, sizeof setting);
    setting.rounds = rounds;
    setting.questions = questions;
    setting.answers = answers;
    return (struct explore_model){
        .memory = &memory,
        .size = sizeof memory,
        .shared = offsetof(__typeof__(memory), tails),
        .reset = memory_reset,
        .thread = {asker_main, answerer_main},
        .finish = all_is_well,
        .places = places,
    };
}

static void empty_messages(void)
{
    struct explore_model m = turn_model(2, 1, 1);

    in_place = 0;
    setting.empty[ANSWERER] = true;
    verdict_holds("answers may be empty", &m);
    verdict_is("and are in place", in_place > 0, "no answer was in place");
    m = turn_model(2, 1, 1);
    setting.empty[ASKER] = setting.empty[ANSWERER] = true;
    verdict_holds("so may questions, which go by the ring", &m);
}

int main(void)
{
    struct explore_model m = turn_model(3, 1, 1);
    verdict_holds("questions and answers go to and fro in one line", &m);
    verdict_is("and they do", in_place > 0, "no answer was in place");
    m = turn_model(2, 2, 1);
    setting.polls = true;
    verdict_holds("a second question takes the mark from the first", &m);
    m = turn_model(2, 1, 2);
    setting.polls = true;
    verdict_holds("a second answer comes by the ring, after the first", &m);
    m = turn_model(1, 2, 2);
    setting.polls = true;
    verdict_holds("both together change nothing", &m);
    m = turn_model(1, 2, 1);
    setting.polls = setting.closes = true;
    verdict_holds("who asks may close its channel before it has the answers", &m);
    m = turn_model(2, 1, 1);
    setting.gives_back[ASKER] = true;
    verdict_holds("who asks may give the answers' channel back", &m);
    m = turn_model(2, 1, 1);
    setting.gives_back[ANSWERER] = true;
    verdict_holds("who answers may give the questions' channel back", &m);
    m = turn_model(2, 1, 1);
    m.plant[ANSWERER] = EXPLORE_NO_SERIALIZE;
    verdict_finds("without serialize a lost wake-up is found", &m,
                  "waits for ever");
    m = turn_model(2, 1, 1);
    m.plant[ASKER] = EXPLORE_RELAXED_LOADS;
    verdict_finds("a relaxed load of an answer is found", &m, "data race");
    m = turn_model(1, 1, 2);
    setting.polls = setting.careless = true;
    verdict_finds("a packet taken with no look for an answer before it is found",
                  &m, "does not hold");
    empty_messages();
    return verdict_status();
}
