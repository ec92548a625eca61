/* SPDX-License-Identifier: MIT */
/*
 * Both ends of a channel over a ring that the other side writes as it likes: of each
 * pair of bytes the first says what happens, the second where or how much.
 */
#include "fuzz.h"

#include <fos/channel.h>

enum { SLOTS = 16, BUFFER = 3000 };
enum step {
    TAG,
    TAG_HONEST,
    PAYLOAD,
    RECEIVE,
    DISCARD,
    PEEK,
    SEND,
    STREAM,
    TAG_BUNDLE,
    RECEIVE_MANY,
    SEND_MANY,
    TAG_PAGES,
    STEPS
};

static struct fos_packet *ring;
static struct fos_channel_receiver receiver;
static struct fos_channel_sender sender;
static uint8_t *buffer; /* of the heap, so that an overrun is found */
static uint32_t stream_length, stream_done;

/* Where packet n goes, or n + SLOTS. */
static struct fos_packet *slot(uint64_t n)
{
    struct fos_channel_receiver walker;

    fos_channel_receiver_init(&walker, ring, SLOTS, 1);
    for (n %= SLOTS; n; n--)
        fos_channel_advance(&walker.at);
    return fos_channel_slot(&walker.at);
}

/* As libfos's exchange.c: takes it when what it says can be. */
static void announced(uint32_t total)
{
    uint64_t moved = fos_channel_moved(&receiver);

    HOLDS(receiver.pages && receiver.done == 0);
    if (total > BUFFER || moved == 0 || moved > total)
        HOLDS(fos_channel_refuse(&receiver) == -FOS_EPROTO);
    else
        fos_channel_take_announced(&receiver, total, (uint32_t)moved);
}

static void receive(void)
{
    uint32_t length = 0;
    int error = fos_channel_try_receive(&receiver, buffer, BUFFER, &length);

    if (error == FOS_CHANNEL_ANNOUNCED) {
        announced(length);
        return;
    }
    HOLDS(error <= 0 && (error || length <= BUFFER));
    HOLDS(receiver.done == 0 || receiver.error || receiver.done < receiver.total);
}

/* Who is told that there is something does not find nothing, for ever. */
static void look(void)
{
    uint32_t number = receiver.at.number, length;

    if (fos_channel_complete(&receiver))
        HOLDS(fos_channel_try_receive(&receiver, buffer, BUFFER, &length) !=
                  -FOS_EAGAIN ||
              receiver.at.number != number);
}

static void receive_many(uint32_t capacity)
{
    uint32_t size = 0, count = 0;
    int error =
        fos_channel_receive_many(&receiver, buffer, capacity, &size, &count);

    if (error == FOS_CHANNEL_ANNOUNCED)
        return announced(size);
    HOLDS(error <= 0 && (error || (size <= capacity && count * size <= capacity)));
}

static void send_many(uint64_t where)
{
    uint32_t size = (uint32_t)where % FOS_PACKET_PAYLOAD + 1;
    int sent;

    if (stream_done)
        return;
    sent = fos_channel_send_many(&sender, buffer, size, BUFFER / size);
    HOLDS(sent <= (int)(BUFFER / size) && sender.credit <= SLOTS);
}

static void send(enum step what, uint64_t bytes)
{
    int error;

    if (what == SEND && stream_done == 0) {
        error = fos_channel_try_send(&sender, buffer, (uint32_t)bytes * 4);
    } else {
        if (stream_done == 0)
            stream_length = (uint32_t)bytes * 11;
        error =
            fos_channel_send_stream(&sender, buffer, stream_length, &stream_done);
        if (!error)
            stream_done = 0;
    }
    HOLDS(error <= 0 && sender.credit <= SLOTS);
}

static void step(struct input *in)
{
    enum step what = input_number(in, 1) % STEPS;
    uint64_t where = input_number(in, 1);
    uint32_t length;

    switch (what) {
    case TAG:
        slot(where)->tag = input_number(in, 8);
        break;
    case TAG_HONEST: /* but for its length and total */
        slot(where)->tag =
            fos_packet_head((uint8_t)(where / SLOTS + 1), where & 1) |
            input_number(in, 5) << FOS_PACKET_LENGTH_SHIFT;
        break;
    case TAG_BUNDLE:
        slot(where)->tag = fos_packet_head((uint8_t)(where / SLOTS + 1),
                                           FOS_PACKET_FIRST | FOS_PACKET_BUNDLE) |
                           input_number(in, 3) << FOS_PACKET_LENGTH_SHIFT;
        break;
    case TAG_PAGES: /* announces, with a number of bytes that may fit */
        slot(where)->payload[where % 3] = (uint8_t)where;
        slot(where)->tag = fos_packet_head((uint8_t)(where / SLOTS + 1),
                                           FOS_PACKET_FIRST | FOS_PACKET_PAGES) |
                           fos_packet_size(8, 700 + input_number(in, 2));
        break;
    case RECEIVE_MANY:
        receive_many((uint32_t)where * 8);
        break;
    case SEND_MANY:
        send_many(where);
        break;
    case PAYLOAD:
        slot(where)->payload[where % FOS_PACKET_PAYLOAD] = 0xaa;
        break;
    case RECEIVE:
        receive();
        break;
    case DISCARD:
        fos_channel_discard(&receiver);
        break;
    case PEEK:
        fos_channel_peek(&receiver, &length);
        look();
        break;
    default:
        send(what, where);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    ring = aligned_alloc(FOS_PACKET_SIZE, SLOTS * sizeof *ring);
    buffer = malloc(BUFFER);
    HOLDS(ring && buffer);
    memset(ring, 0, SLOTS * sizeof *ring);
    memset(buffer, 1, BUFFER);
    stream_done = 0;
    fos_channel_receiver_init(&receiver, ring, SLOTS, fos_channel_threshold(SLOTS));
    receiver.pages = size % 2;
    fos_channel_sender_init(&sender, ring, SLOTS, fos_channel_threshold(SLOTS));
    while (in.left)
        step(&in);
    free(ring);
    free(buffer);
    return 0;
}
