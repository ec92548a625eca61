/* SPDX-License-Identifier: MIT */
/*
 * Sleep and wake (fos/sleep.h, libfos/msg/sleep.c) over the channel, under every
 * interleaving: a sender that sleeps when the ring is full, a receiver that sleeps
 * when it is empty, no fence between a store and the look at the peer's doorbell.
 * A message (or an ack) that lies there while its taker sleeps for ever is an
 * error.
 */
#include <fos/channel.h>
#include <fos/sleep.h>
#include <fos/syscall.h>

#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "verdict.h"

enum { SLOTS_MAX = 4, SENDERS_MAX = 2, RECEIVER = 2 };

/* Threads 0 and 1 send, each over a ring of its own; thread 2 receives from both.
 */
static struct {
    uint8_t rings[SENDERS_MAX][SLOTS_MAX * FOS_PACKET_SIZE];
    struct fos_doorbell doorbells[3];
    struct fos_events events[3];
    /* Private to one thread each: */
    struct fos_sleeper sleepers[3] __attribute__((aligned(64)));
    struct fos_channel_sender senders[SENDERS_MAX];
    struct fos_channel_receiver receivers[SENDERS_MAX];
} __attribute__((aligned(64))) memory;

/* Outside: mere statistics would tell equal states apart. */
static struct fos_published counters;

static struct {
    uint32_t slots, threshold, messages, senders;
    bool polls; /* the receiver polls once more before it sleeps */
} setting;

struct fos_events *model_events(uint32_t thread)
{
    return &memory.events[thread];
}

/* ---- The threads ---- */

static void peer_wake(uint64_t peer)
{
    if (!fos_doorbell_awake(&memory.doorbells[peer]))
        fos_sys_notify((struct fos_cap){.id = peer});
}

static bool credit_came(void *argument)
{
    return fos_channel_credit(argument) == 0;
}

static void wait_for(bool (*ready)(void *), void *argument)
{
    struct fos_sleeper *sleeper = &memory.sleepers[explore_self()];
    fos_sleep(sleeper, FOS_EVENTS_RESERVED, ready, argument, FOS_NEVER);
    fos_sleeper_take(sleeper, FOS_EVENTS_RESERVED);
}

static void sender_main(void)
{
    struct fos_channel_sender *sender = &memory.senders[explore_self()];
    for (uint32_t n = 1; n <= setting.messages; n++) {
        int error;
        while ((error = fos_channel_try_send(sender, &n, sizeof n)) == -FOS_EAGAIN)
            wait_for(credit_came, sender);
        EXPLORE_CHECK(error == 0);
        peer_wake(RECEIVER);
    }
}

static bool any_ready(void *ignored)
{
    (void)ignored;
    for (uint32_t i = 0; i < setting.senders; i++)
        if (fos_channel_ready(&memory.receivers[i]))
            return true;
    return false;
}

/* Takes from each ring in turn what is there; the number of messages taken. */
static uint32_t receive_round(uint32_t *last)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < setting.senders; i++) {
        struct fos_channel_receiver *receiver = &memory.receivers[i];
        uint32_t message, length;
        int error =
            fos_channel_try_receive(receiver, &message, sizeof message, &length);
        if (error == -FOS_EAGAIN)
            continue;
        EXPLORE_CHECK(error == 0 && length == sizeof message &&
                      message == ++last[i]);
        taken++;
        if (receiver->notes) {
            receiver->notes = 0;
            peer_wake(i);
        }
    }
    return taken;
}

static void receiver_main(void)
{
    uint32_t left = setting.messages * setting.senders, last[SENDERS_MAX] = {0};
    while (left) {
        uint32_t taken = receive_round(last);
        if (!taken && setting.polls)
            taken = receive_round(last);
        if (!taken)
            wait_for(any_ready, 0);
        left -= taken;
    }
}

static void memory_reset(void)
{
    memset(&memory, 0, sizeof memory);
    for (uint32_t i = 0; i < 3; i++)
        memory.sleepers[i] = (struct fos_sleeper){.doorbell = &memory.doorbells[i],
                                                  .published = &counters,
                                                  .events = &memory.events[i]};
    for (uint32_t i = 0; i < setting.senders; i++) {
        fos_channel_sender_init(&memory.senders[i], memory.rings[i], setting.slots,
                                setting.threshold);
        fos_channel_receiver_init(&memory.receivers[i], memory.rings[i],
                                  setting.slots, setting.threshold);
    }
}

static const struct explore_place places[] = {
    {"ring 0", 0},
    {"ring 1", SLOTS_MAX *FOS_PACKET_SIZE},
    {"doorbell 0", offsetof(__typeof__(memory), doorbells[0])},
    {"doorbell 1", offsetof(__typeof__(memory), doorbells[1])},
    {"doorbell 2", offsetof(__typeof__(memory), doorbells[2])},
    {"events 0", offsetof(__typeof__(memory), events[0])},
    {"events 1", offsetof(__typeof__(memory), events[1])},
    {"events 2", offsetof(__typeof__(memory), events[2])},
    {0, 0},
};

static struct explore_model sleep_model(uint32_t slots, uint32_t senders,
                                        uint32_t messages)
{
    setting.slots = slots;
    setting.threshold = fos_channel_threshold(slots);
    setting.messages = messages;
    setting.senders = senders;
    return (struct explore_model){
        .memory = &memory,
        .size = sizeof memory,
        .shared = offsetof(__typeof__(memory), sleepers),
        .reset = memory_reset,
        .thread = {sender_main, senders > 1 ? sender_main : 0, receiver_main},
        .places = places,
    };
}

static void sleep_holds(void)
{
    struct explore_model m = sleep_model(4, 1, 2);
    verdict_holds("no wake-up of a receiver is lost", &m);
    m = sleep_model(2, 1, 5);
    verdict_holds("no wake-up is lost when both sides sleep on a small ring", &m);
    setting.polls = true;
    m = sleep_model(2, 1, 3);
    verdict_holds("no wake-up is lost by a receiver that polls before it sleeps",
                  &m);
    setting.polls = false;
    m = sleep_model(4, 2, 2);
    verdict_holds("no wake-up is lost with two senders", &m);
    m = sleep_model(2, 2, 2);
    verdict_holds("no wake-up is lost with two senders over full rings", &m);
}

static void sleep_mutants(void)
{
    struct explore_model m = sleep_model(4, 1, 1);
    m.plant[RECEIVER] = EXPLORE_NO_SERIALIZE;
    verdict_finds("without serialize the receiver's lost wake-up is found", &m,
                  "thread 2 waits for ever");
    m = sleep_model(2, 1, 3);
    m.plant[0] = EXPLORE_NO_SERIALIZE;
    verdict_finds("without serialize the sender's lost wake-up is found", &m,
                  "thread 0 waits for ever");
}

int main(void)
{
    sleep_holds();
    sleep_mutants();
    return verdict_status();
}
