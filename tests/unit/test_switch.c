/* SPDX-License-Identifier: MIT */
/*
 * Transports switched at random under messages that go on, between threads of this
 * program and under ThreadSanitizer; tests/bench/host.c plays the kernel's part.
 * Nothing is lost, nothing comes twice, each sender's order is kept.
 * MESSAGES=n and SEED=n choose another run.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <fos/msg.h>

#include "tests/bench/host.h"

enum { SENDERS = 3, LONGEST = 16000, HEAD = 8 };

static struct fos_mailbox inbox;
static uint64_t messages, seed;

struct sender {
    pthread_t thread;
    uint32_t number;
    bool tries; /* by fos_msg_try_send, where it may */
    _Atomic int result;
};

/* The length of a message follows from its number; most are short. */
static uint32_t length_of(uint32_t sender, uint32_t number)
{
    uint64_t random = ((uint64_t)sender << 32 | number) * 0x9e3779b97f4a7c15ull + 1;
    uint32_t most = 48;

    if (number % 64 == 63)
        most = 4000;
    if (number % 2048 == 2047)
        most = LONGEST - HEAD;
    return HEAD + (uint32_t)(unit_random(&random) >> 32) % (most + 1);
}

static uint32_t message_make(uint8_t *to, uint32_t sender, uint32_t number)
{
    uint32_t length = length_of(sender, number);

    memset(to, (int)(sender + number), length);
    memcpy(to, &sender, sizeof sender);
    memcpy(to + 4, &number, sizeof number);
    return length;
}

static int message_send(struct sender *s, struct fos_peer *peer,
                        const uint8_t *data, uint32_t length)
{
    int error = -FOS_EAGAIN;

    if (!s->tries)
        return fos_msg_send(peer, data, length);
    while (error == -FOS_EAGAIN)
        error = fos_msg_try_send(peer, data, length);
    return error == -FOS_EMSGSIZE ? fos_msg_send(peer, data, length) : error;
}

static void *sender_run(void *argument)
{
    struct sender *s = argument;
    uint64_t random = seed + s->number;
    static __thread uint8_t data[LONGEST];
    struct fos_peer peer;
    int error;

    host_thread_begin();
    error = fos_peer_open(&peer, inbox.cap, FOS_TRANSPORT_AUTO);
    for (uint32_t n = 0; n < messages && !error; n++) {
        uint32_t length = message_make(data, s->number, n);
        if (unit_random(&random) % 32 == 0)
            fos_peer_connect(&peer);
        error = message_send(s, &peer, data, length);
    }
    s->result = error;
    fos_peer_close(&peer);
    return NULL;
}

/* Receives what `count` senders send, giving channels back at random. */
static void receive_all(uint32_t count, uint32_t one_in)
{
    static uint8_t data[LONGEST], wanted[LONGEST];
    uint32_t next[SENDERS] = {0}, length = 0, sender;
    uint64_t random = ~seed;

    for (uint64_t left = messages * count; left; left--) {
        uint64_t deadline =
            fos_sleeper_now(&fos_thread_self()->sleeper) + 60000000000ull;
        if (unit_random(&random) % one_in == 0)
            fos_mailbox_evict(&inbox, 1 + unit_random(&random) % 3);
        if (!CHECK_EQ(fos_msg_recv(&inbox, data, sizeof data, &length, deadline),
                      0))
            return;
        memcpy(&sender, data, sizeof sender);
        if (!CHECK(length >= HEAD && sender < SENDERS) ||
            !CHECK_EQ(length, message_make(wanted, sender, next[sender])) ||
            !CHECK(memcmp(data, wanted, length) == 0))
            return;
        next[sender]++;
    }
}

static void run_begin(void)
{
    static bool made;

    if (!made)
        host_init();
    made = true;
    seed = unit_setting("SEED", (uint64_t)time(NULL));
    messages = unit_setting("MESSAGES", 60000);
    printf("seed %" PRIu64 "\n", seed);
}

static void run(uint32_t count, bool tries, uint32_t one_in)
{
    static struct sender senders[SENDERS];

    run_begin();
    host_thread_begin();
    REQUIRE(fos_mailbox_create(&inbox, 1024) == 0);
    for (uint32_t i = 0; i < count; i++) {
        senders[i] = (struct sender){.number = i, .tries = tries && i != 1};
        REQUIRE(pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]) ==
                0);
    }
    receive_all(count, one_in);
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(senders[i].thread, NULL);
        CHECK_EQ(senders[i].result, 0);
    }
    printf("# %" PRIu64 " channels made, %" PRIu64 " given back\n",
           inbox.stats.accepted, inbox.stats.evicted);
    CHECK(inbox.stats.evicted > 10);
    CHECK_EQ(inbox.stats.broken + inbox.stats.stalled, 0);
    fos_mailbox_close(&inbox);
}

/* ---- a conversation ---- */

/*
 * One asks, mostly a single question and waits for its answers, the other answers, each
 * question as often as it says.  One of them gives channels back at random, the one who
 * asks closes his at times.  (If both did, both might come to wait for the other to take
 * what is left, and neither would: fos/msg.h, M6.)
 */
enum { TALK_LONGEST = 400 };

struct talk {
    uint32_t number;  /* counts the sender's messages */
    uint32_t answers; /* that are wanted; the last question wants LAST */
    uint8_t rest[TALK_LONGEST];
};

enum { LAST = 1000 };

struct talker {
    struct fos_mailbox mailbox;
    struct fos_peer peer;
    uint64_t random;
    uint32_t sent, received, in_place;
};

static struct talker asker, answerer, *gives_back;

static void talk_begin(struct talker *t)
{
    host_thread_begin();
    t->random = seed + (t == &asker);
    t->sent = t->received = t->in_place = 0;
    CHECK_EQ(fos_mailbox_create(&t->mailbox, 1024), 0);
}

static uint32_t talk_length(uint32_t number)
{
    uint64_t random = number + 1;
    uint32_t length = (uint32_t)(unit_random(&random) >> 32);

    return 8 + (number % 32 == 31 ? length % TALK_LONGEST : length % 49);
}

static void talk_say(struct talker *t, uint32_t answers)
{
    struct talk message = {.number = t->sent++, .answers = answers};
    uint32_t length = talk_length(message.number), turns = t->peer.turns;

    memset(message.rest, (int)message.number, sizeof message.rest);
    CHECK_EQ(fos_msg_send(&t->peer, &message, length), 0);
    t->in_place += t->peer.turns == turns + 1;
}

/* Hears the next message, at times only when it has seen how long it is. */
static uint32_t talk_hear(struct talker *t)
{
    uint64_t deadline =
        fos_sleeper_now(&fos_thread_self()->sleeper) + 60000000000ull;
    struct talk message = {0}, wanted;
    uint32_t length = 0, room = sizeof message;
    int error;

    if (t == gives_back && unit_random(&t->random) % 16 == 0)
        fos_mailbox_evict(&t->mailbox, 1);
    if (unit_random(&t->random) % 8 == 0)
        room = 4;
    error = fos_msg_recv(&t->mailbox, &message, room, &length, deadline);
    if (room == 4 && CHECK_EQ(error, -FOS_EMSGSIZE))
        error =
            fos_msg_recv(&t->mailbox, &message, sizeof message, &length, deadline);
    memset(wanted.rest, (int)t->received, sizeof wanted.rest);
    if (error || message.number != t->received ||
        length != talk_length(t->received) ||
        memcmp(message.rest, wanted.rest, length - 8))
        unit_fail(__FILE__, __LINE__, "message %u: error %d, number %u, %u bytes",
                  t->received, error, message.number, length);
    t->received++;
    return message.answers;
}

static bool talk_goes_on(void)
{
    return atomic_load(&unit_failures) == 0;
}

static void *answerer_run(void *argument)
{
    uint32_t answers = 0;

    talk_begin(&answerer);
    atomic_store((_Atomic int *)argument, 1);
    while (atomic_load((_Atomic int *)argument) != 2)
        usleep(100);
    fos_peer_open(&answerer.peer, asker.mailbox.cap, FOS_TRANSPORT_AUTO);
    while (talk_goes_on() && answers != LAST) {
        if (unit_random(&answerer.random) % 8 == 0)
            fos_peer_connect(&answerer.peer);
        answers = talk_hear(&answerer);
        for (uint32_t i = 0; i < answers && answers != LAST; i++)
            talk_say(&answerer, 0);
    }
    fos_peer_close(&answerer.peer);
    return NULL;
}

/* A few questions, mostly one; then the answers, or those due before. */
static uint32_t asker_round(uint32_t due)
{
    uint64_t *random = &asker.random;
    uint32_t questions = unit_random(random) % 8 ? 1 : unit_random(random) % 20;
    uint32_t wait = unit_random(random) % 8;

    if (!asker.peer.thread || asker.peer.error)
        fos_peer_open(&asker.peer, answerer.mailbox.cap, FOS_TRANSPORT_AUTO);
    if (unit_random(random) % 8 == 0)
        fos_peer_connect(&asker.peer);
    while (questions--) {
        uint32_t answers = unit_random(random) % 8 ? 1 : unit_random(random) % 4;
        talk_say(&asker, answers);
        due += answers;
    }
    if (wait == 0 && due < 40)
        return due;
    if (wait == 1) { /* the next peer's messages come after this one's answer */
        talk_say(&asker, 1);
        due++;
        fos_peer_close(&asker.peer);
    }
    while (due && talk_goes_on())
        due -= talk_hear(&asker) == 0;
    return 0;
}

static void converse(struct talker *who_gives_back)
{
    uint32_t questions = (uint32_t)unit_setting("MESSAGES", 60000) / 4;
    static _Atomic int ready;
    pthread_t thread;
    uint32_t due = 0, rounds = 0;

    run_begin();
    gives_back = who_gives_back;
    ready = 0;
    talk_begin(&asker);
    REQUIRE(pthread_create(&thread, NULL, answerer_run, (void *)&ready) == 0);
    while (!ready)
        usleep(100);
    ready = 2;
    for (; asker.sent < questions && talk_goes_on(); rounds++)
        due = asker_round(due);
    while (due && talk_goes_on())
        due -= talk_hear(&asker) == 0;
    if (asker.peer.error)
        fos_peer_open(&asker.peer, answerer.mailbox.cap, FOS_TRANSPORT_KERNEL);
    talk_say(&asker, LAST);
    pthread_join(thread, NULL);
    fos_peer_close(&asker.peer);
    printf("# %u messages, of %u answers %u in place\n", asker.sent, asker.received,
           answerer.in_place);
    CHECK(answerer.in_place > asker.received / 50);
    CHECK_EQ(asker.mailbox.stats.broken + answerer.mailbox.stats.broken, 0);
    fos_mailbox_close(&asker.mailbox);
}

CASE("switch: one sender's messages keep their order over thousands of switches")
{
    run(1, false, 64);
}

CASE("switch: so do those of three senders, who wait and who do not")
{
    run(SENDERS, true, 64);
}

CASE("switch: so they do when channels are hardly made before they are given back")
{
    run(SENDERS, true, 4);
}

CASE("switch: questions and answers keep their order, in place, by rings, and by "
     "the "
     "kernel")
{
    converse(&asker);
}

CASE("switch: so they do when the questions' channel is given back")
{
    converse(&answerer);
}
