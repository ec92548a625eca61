/* SPDX-License-Identifier: MIT */
/*
 * The call line (fos/line.h, libfos/msg/line.c) under every interleaving: a client
 * that sleeps until the answer is there, a service that sleeps until a request is.
 * Every answer is that of the request before it, and nobody sleeps for ever, also when
 * the line moves to another slot and back.
 *
 * libfos/msg/line.c is compiled into this file, with two packets in place of pages,
 * and without polling before it sleeps (a poll only puts off).
 */
#define fos_tsc()        0ull
#define LINE_TRIAL_AFTER 1
#define LINE_TRIAL_CALLS 1
#define LINE_TRIAL_AGAIN 100
#define LINE_TRIAL_SLOTS 2
#define LINE_TRIAL_STEP  1

#include <fos/memory.h>
#include <fos/sleep.h>
#define fos_pace_begin(pace, kind) ((void)(pace), (void)(kind), 0u)
#include <libfos/msg/msg.h>

#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "verdict.h"

enum { CLIENT = 0, SERVICE = 2, THREADS = 3 };

static struct {
    struct fos_packet slots[LINE_TRIAL_SLOTS];
    struct fos_doorbell doorbells[THREADS];
    struct fos_events events[THREADS];
    /* Private to one thread each: */
    struct fos_thread threads[THREADS] __attribute__((aligned(64)));
    struct fos_line line;
    struct fos_inbound inbound;
} __attribute__((aligned(64))) memory;

/* Outside: mere statistics would tell equal states apart. */
static struct fos_published counters;
static uint32_t calls;

/* ---- What line.c stands on ---- */

struct fos_events *model_events(uint32_t thread)
{
    return &memory.events[thread];
}

struct fos_thread *fos_thread_self(void)
{
    return &memory.threads[CLIENT];
}

void *fos_pages_reserve(size_t pages)
{
    (void)pages;
    return &memory.doorbells[SERVICE];
}

void fos_pages_release(void *address, size_t pages)
{
    (void)address;
    (void)pages;
}

void thread_events(struct fos_thread *thread)
{
    fos_sleeper_take(&thread->sleeper, FOS_EVENTS_RESERVED);
}

long fos_sys_channel_connect(struct fos_cap mailbox, void *address,
                             uint64_t ring_pages, struct fos_channel_info *out)
{
    (void)mailbox;
    (void)address;
    (void)ring_pages;
    *out = (struct fos_channel_info){.channel.id = SERVICE};
    return 0;
}

long fos_sys_channel_close(struct fos_cap channel, uint64_t taken)
{
    (void)channel;
    (void)taken;
    return 0;
}

long fos_sys_channel_retire(struct fos_cap channel, uint64_t sent)
{
    (void)channel;
    (void)sent;
    abort();
}

#define window_ring(window)  ((void)(window), (void *)memory.slots)
#define fos_spin_round(spin) ((void)(spin), FOS_SPIN_SLEEP)
#include <libfos/msg/line.c>

/* ---- The threads ---- */

struct asked {
    struct fos_request head;
    uint64_t n;
};

struct answered {
    struct fos_reply head;
    uint64_t n;
};

static void client_main(void)
{
    for (uint64_t n = 1; n <= calls; n++) {
        struct asked request = {.n = n};
        struct answered reply = {.n = 0};
        long result;

        result = fos_line_call_slow(&memory.line, &request, sizeof request, &reply,
                                    sizeof reply, FOS_NEVER);
        EXPLORE_CHECK(result == (long)n && reply.n == n + 1);
    }
}

static bool request_ready(void *receiver)
{
    return fos_channel_ready(receiver);
}

static void service_main(void)
{
    struct fos_channel_receiver *receiver = &memory.inbound.receiver;
    struct fos_thread *self = &memory.threads[SERVICE];

    for (uint64_t n = 1; n <= calls;) {
        struct asked request;
        uint32_t length;
        int error =
            fos_channel_try_receive(receiver, &request, sizeof request, &length);

        if (error == -FOS_EAGAIN) {
            fos_sleep(&self->sleeper, FOS_EVENTS_RESERVED, request_ready, receiver,
                      FOS_NEVER);
            thread_events(self);
            continue;
        }
        EXPLORE_CHECK(error == 0 && length == sizeof request && request.n == n);
        EXPLORE_CHECK(fos_line_owed(&memory.inbound));
        struct answered reply = {.head.result = (int64_t)n, .n = n + 1};
        fos_line_answer(self, &memory.inbound, &reply, sizeof reply);
        n++;
    }
}

static void memory_reset(void)
{
    enum { RING_SLOTS = 64 }; /* as it was accepted, before the first request */

    memset(&memory, 0, sizeof memory);
    for (int i = 0; i < THREADS; i++)
        memory.threads[i].sleeper =
            (struct fos_sleeper){.doorbell = &memory.doorbells[i],
                                 .published = &counters,
                                 .events = &memory.events[i]};
    fos_line_open(&memory.line, (struct fos_cap){0});
    memory.inbound.doorbell = &memory.doorbells[CLIENT];
    memory.inbound.channel.id = CLIENT;
    fos_channel_receiver_init(&memory.inbound.receiver, memory.slots, RING_SLOTS,
                              fos_channel_threshold(RING_SLOTS));
}

static const struct explore_place places[] = {
    {"the line", 0},
    {"where it moves to", sizeof(struct fos_packet)},
    {"the client's doorbell", offsetof(__typeof__(memory), doorbells[CLIENT])},
    {"the service's doorbell", offsetof(__typeof__(memory), doorbells[SERVICE])},
    {"the client's events", offsetof(__typeof__(memory), events[CLIENT])},
    {"the service's events", offsetof(__typeof__(memory), events[SERVICE])},
    {0, 0},
};

static struct explore_model line_model(uint32_t count)
{
    calls = count;
    return (struct explore_model){
        .memory = &memory,
        .size = sizeof memory,
        .shared = offsetof(__typeof__(memory), threads),
        .reset = memory_reset,
        .thread = {client_main, 0, service_main},
        .places = places,
    };
}

int main(void)
{
    struct explore_model m = line_model(4);

    verdict_holds("each call has its own answer, and nobody sleeps for ever", &m);
    m.plant[CLIENT] = EXPLORE_NO_SERIALIZE;
    verdict_holds(
        "the service answers by a locked store: the client's serialize is spare",
        &m);
    m = line_model(2);
    m.plant[SERVICE] = EXPLORE_NO_SERIALIZE;
    verdict_finds("without serialize the service's lost wake-up is found", &m,
                  "waits for ever");
    return verdict_status();
}
