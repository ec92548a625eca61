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

static void run(uint32_t count, bool tries, uint32_t one_in)
{
    static struct sender senders[SENDERS];
    static bool made;

    if (!made)
        host_init();
    made = true;
    host_thread_begin();
    seed = unit_setting("SEED", (uint64_t)time(NULL));
    messages = unit_setting("MESSAGES", 60000);
    printf("seed %" PRIu64 "\n", seed);
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
