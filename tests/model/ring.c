/* SPDX-License-Identifier: MIT */
/*
 * The user channel (fos/channel.h, libfos/msg/channel.c) under every interleaving
 * of its sender and its receiver: messages arrive in order and whole, no slot is
 * written while it may still be read (it would be a data race), and the flow never
 * jams.
 */
#include <fos/channel.h>

#include <stdlib.h>
#include <string.h>

#include "verdict.h"

enum { SLOTS_MAX = 8, MESSAGE_MAX = 10 * FOS_PACKET_PAYLOAD };

static struct {
    uint8_t ring[SLOTS_MAX * FOS_PACKET_SIZE];
    struct fos_channel_sender sender;
    struct fos_channel_receiver receiver;
    uint8_t outgoing[MESSAGE_MAX], incoming[MESSAGE_MAX];
} __attribute__((aligned(64))) memory;

/* What is sent, and over which ring; does not change while it is explored. */
static struct {
    uint32_t slots, threshold, receiver_threshold;
    const uint32_t
        *lengths; /* of the messages, ended by END, taken again and again */
    uint32_t messages;
} setting;

enum { END = UINT32_MAX };

static uint32_t length_of(uint32_t message)
{
    uint32_t at = 0;
    while (message--)
        at = setting.lengths[at + 1] == END ? 0 : at + 1;
    return setting.lengths[at];
}

static void ring_reset(void)
{
    memset(&memory, 0, sizeof memory);
    if (fos_channel_sender_init(&memory.sender, memory.ring, setting.slots,
                                setting.threshold) ||
        fos_channel_receiver_init(&memory.receiver, memory.ring, setting.slots,
                                  setting.receiver_threshold))
        abort();
}

static void message_fill(uint8_t *to, uint32_t number, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        to[i] = (uint8_t)(number * 37 + i + 1);
}

static bool is_streamed(uint32_t length)
{
    return length > fos_channel_whole_max(setting.slots, setting.threshold);
}

static int message_send(uint32_t length, uint32_t *done)
{
    if (is_streamed(length))
        return fos_channel_send_stream(&memory.sender, memory.outgoing, length,
                                       done);
    return fos_channel_try_send(&memory.sender, memory.outgoing, length);
}

static void sender_main(void)
{
    for (uint32_t n = 0; n < setting.messages; n++) {
        uint32_t done = 0;
        int error;
        message_fill(memory.outgoing, n, length_of(n));
        while ((error = message_send(length_of(n), &done)) == -FOS_EAGAIN)
            fos_pause();
        EXPLORE_CHECK(error == 0);
    }
}

static void receiver_main(void)
{
    for (uint32_t n = 0; n < setting.messages; n++) {
        uint8_t want[MESSAGE_MAX];
        uint32_t length = 0;
        int error;
        while ((error = fos_channel_try_receive(&memory.receiver, memory.incoming,
                                                MESSAGE_MAX, &length)) ==
               -FOS_EAGAIN)
            fos_pause();
        EXPLORE_CHECK(error == 0);
        EXPLORE_CHECK(length == length_of(n));
        message_fill(want, n, length);
        EXPLORE_CHECK(memcmp(want, memory.incoming, length) == 0);
        memset(memory.incoming, 0, sizeof memory.incoming);
    }
}

/* Bundles: sizes of their messages and how many are ready at a time; a message by itself
 * between any two. */
enum { EACH = 40, LOT = 4 };

static void bundle_sender(void)
{
    int sent;

    for (uint32_t n = 0; n < setting.messages; n += (uint32_t)sent) {
        uint32_t left = setting.messages - n, lot = left < LOT ? left : LOT;
        for (uint32_t i = 0; i < lot; i++)
            message_fill(memory.outgoing + i * EACH, n + i, EACH);
        sent = fos_channel_send_many(&memory.sender, memory.outgoing, EACH, lot);
        EXPLORE_CHECK(sent >= 0);
        if (!sent)
            fos_pause();
        if (!sent || (uint32_t)sent == left)
            continue;
        message_fill(memory.outgoing, n + (uint32_t)sent, EACH);
        while (fos_channel_try_send(&memory.sender, memory.outgoing, EACH))
            fos_pause();
        sent++;
    }
}

/* Takes them by one, and what is left of the bundle by many. */
static void bundle_receiver(void)
{
    uint32_t count;

    for (uint32_t n = 0; n < setting.messages; n += count) {
        uint8_t want[EACH];
        uint32_t size = 0;
        int error;
        for (;;) {
            count = 1;
            error =
                n % 3 ? fos_channel_receive_many(&memory.receiver, memory.incoming,
                                                 LOT * EACH, &size, &count)
                      : fos_channel_try_receive(&memory.receiver, memory.incoming,
                                                EACH, &size);
            if (!error)
                break;
            EXPLORE_CHECK(error == -FOS_EAGAIN);
            fos_pause();
        }
        EXPLORE_CHECK(size == EACH && count >= 1 && count <= LOT);
        for (uint32_t i = 0; i < count; i++) {
            message_fill(want, n + i, EACH);
            EXPLORE_CHECK(memcmp(want, memory.incoming + i * EACH, EACH) == 0);
        }
        memset(memory.incoming, 0, sizeof memory.incoming);
    }
}

static void ring_is_empty(void)
{
    EXPLORE_CHECK(!fos_channel_ready(&memory.receiver));
    EXPLORE_CHECK(memory.sender.credit <= setting.slots);
    while (fos_channel_credit(&memory.sender) == 0)
        ;
    EXPLORE_CHECK(memory.sender.error == 0);
    EXPLORE_CHECK(memory.sender.credit > setting.slots - setting.threshold);
}

static const struct explore_place places[] = {
    {"packet at +0", 0},     {"packet at +64", 64},   {"packet at +128", 128},
    {"packet at +192", 192}, {"packet at +256", 256}, {"packet at +320", 320},
    {"packet at +384", 384}, {"packet at +448", 448}, {0, 0},
};

static struct explore_model ring_model(uint32_t slots, uint32_t threshold,
                                       const uint32_t *lengths, uint32_t messages)
{
    setting.messages = messages;
    setting.slots = slots;
    setting.threshold = setting.receiver_threshold = threshold;
    setting.lengths = lengths;
    return (struct explore_model){
        .memory = &memory,
        .size = sizeof memory,
        .shared = setting.slots * FOS_PACKET_SIZE,
        .reset = ring_reset,
        .thread = {sender_main, receiver_main},
        .finish = ring_is_empty,
        .places = places,
    };
}

static const uint32_t short_ones[] = {8, 0, 56, 4, 12, 56, 1, 0, 32, END};
static const uint32_t long_ones[] = {60, 8, 168, 0, 112, 150, END};
static const uint32_t streamed[] = {8, 400, 4, 300, END};

static struct explore_model bundle_model(uint32_t slots, uint32_t threshold,
                                         uint32_t messages)
{
    struct explore_model m = ring_model(slots, threshold, short_ones, messages);

    m.thread[0] = bundle_sender;
    m.thread[1] = bundle_receiver;
    return m;
}

static void bundles(void)
{
    struct explore_model m = bundle_model(4, 2, 30);
    verdict_holds("bundles of up to 3 packets and messages between keep order and "
                  "content over many laps",
                  &m);
    m = bundle_model(2, 1, 20);
    verdict_holds("bundles shrink to the room there is, and the flow goes on", &m);
    m = bundle_model(8, 2, 30);
    verdict_holds("a bundle may wait behind another", &m);
    m = bundle_model(4, 2, 20);
    m.plant[1] = EXPLORE_RELAXED_LOADS;
    verdict_finds("a relaxed load of a bundle's tags is found", &m, "data race");
    m.plant[1] = EXPLORE_LATE_PAYLOAD;
    verdict_finds("an ack stored before a bundle's packet is read is found", &m,
                  "data race");
    m.plant[1] = 0;
    m.plant[0] = EXPLORE_LATE_PAYLOAD;
    verdict_finds("a bundle's tag stored before its payload is found", &m,
                  "data race");
}

static void ring_holds(void)
{
    struct explore_model m = ring_model(2, 1, short_ones, 20);
    verdict_holds("a ring of 2 slots with an ack for each keeps order and content",
                  &m);
    m = ring_model(2, 2, short_ones, 20);
    verdict_holds("a ring of 2 slots acked by whole laps keeps order and content",
                  &m);
    m = ring_model(4, 2, short_ones, 20);
    verdict_holds("a ring of 4 slots keeps order and content over five laps", &m);
    m = ring_model(4, 3, short_ones, 20);
    verdict_holds("a threshold that does not divide the slots never jams", &m);
    m = ring_model(8, fos_channel_threshold(8), short_ones, 20);
    verdict_holds("a ring of 8 slots with the usual threshold keeps order", &m);
    m = ring_model(2, 2, short_ones, 530);
    verdict_holds("the 8-bit generation wraps without harm", &m);
    m = ring_model(4, 2, long_ones, 12);
    verdict_holds("messages of several packets arrive whole", &m);
    m = ring_model(4, 2, streamed, 4);
    verdict_holds("messages longer than the ring stream through it", &m);
}

static void ring_mutants(void)
{
    struct explore_model m = ring_model(4, 2, short_ones, 20);
    m.plant[0] = EXPLORE_RELAXED_STORES;
    verdict_finds("a relaxed store of the sender's tag is found", &m, "data race");
    m.plant[0] = EXPLORE_LATE_PAYLOAD;
    verdict_finds("a tag stored before its payload is found", &m, "data race");
    m.plant[0] = EXPLORE_RELAXED_LOADS;
    verdict_finds("a relaxed load of the ack is found", &m, "data race");
    m.plant[0] = 0;
    m.plant[1] = EXPLORE_RELAXED_LOADS;
    verdict_finds("a relaxed load of the tag is found", &m, "data race");
    m.plant[1] = EXPLORE_RELAXED_STORES;
    verdict_finds("a relaxed store of the ack is found", &m, "data race");
    m.plant[1] = EXPLORE_LATE_PAYLOAD;
    verdict_finds("an ack stored before the payload is read is found", &m,
                  "data race");
    m.plant[1] = 0;
    setting.receiver_threshold = 3;
    verdict_finds("ends that disagree about the threshold jam, and it is found", &m,
                  "waits for ever");
}

int main(void)
{
    ring_holds();
    ring_mutants();
    bundles();
    return verdict_status();
}
