/* SPDX-License-Identifier: MIT */
/*
 * The general cases of the channel: long messages, credit, and what to do about a
 * peer that writes nonsense.  Invariants: see fos/channel.h.
 */
#include <fos/channel.h>

#include <stdbool.h>

static int cursor_init(struct fos_channel_cursor *cursor, void *ring,
                       uint32_t slots, uint32_t threshold)
{
    if (slots < 2 || (slots & (slots - 1)) ||
        slots > UINT32_MAX / 2 / FOS_PACKET_SIZE || threshold < 1 ||
        threshold > slots)
        return -FOS_EINVAL;
    cursor->ring = ring;
    cursor->bytes = slots * FOS_PACKET_SIZE;
    cursor->number = 0;
    cursor->head = fos_packet_head(1, FOS_PACKET_FIRST);
    return 0;
}

int fos_channel_sender_init(struct fos_channel_sender *sender, void *ring,
                            uint32_t slots, uint32_t threshold)
{
    *sender = (struct fos_channel_sender){
        .credit = slots,
        .threshold = threshold,
        .slots = slots,
        .ack_due = threshold - 1,
        .ack_generation = 1,
    };
    return cursor_init(&sender->at, ring, slots, threshold);
}

int fos_channel_receiver_init(struct fos_channel_receiver *receiver, void *ring,
                              uint32_t slots, uint32_t threshold)
{
    *receiver = (struct fos_channel_receiver){
        .until_ack = threshold,
        .threshold = threshold,
        .slots = slots,
        .limit = UINT32_MAX,
    };
    return cursor_init(&receiver->at, ring, slots, threshold);
}

static struct fos_packet *slot_of(const struct fos_channel_cursor *cursor,
                                  uint32_t number)
{
    return (struct fos_packet *)(void *)(cursor->ring +
                                         fos_packet_offset(number, cursor->bytes));
}

/* ---- sender ---- */

static int sender_fail(struct fos_channel_sender *sender)
{
    sender->credit = 0; /* every later call comes here again */
    sender->error = -FOS_EPROTO;
    return -FOS_EPROTO;
}

int fos_channel_credit(struct fos_channel_sender *sender)
{
    uint8_t due = sender->ack_generation, ack;
    uint64_t tag;

    if (sender->error)
        return sender->error;
    if (sender->credit > sender->slots - sender->threshold)
        return -FOS_EAGAIN; /* the packet to be acknowledged is not written yet */
    /* Pairs with the release in fos_channel_acknowledge (C2). */
    tag = fos_load_acquire(&slot_of(&sender->at, sender->ack_due)->tag);
    ack = fos_packet_ack(tag);
    if (fos_packet_generation(tag) != due ||
        (ack != due && ack != (uint8_t)(due - 1)))
        return sender_fail(sender);
    if (ack != due)
        return -FOS_EAGAIN;
    sender->credit += sender->threshold;
    sender->ack_due += sender->threshold;
    if (sender->ack_due >= sender->slots) {
        sender->ack_due -= sender->slots;
        sender->ack_generation++;
    }
    return 0;
}

/* Writes `bytes` of a message of `total`: full packets and perhaps a short last
 * one, for which there is credit.  `first`: the message begins here. */
static void packets_write(struct fos_channel_sender *sender, const uint8_t *data,
                          uint32_t bytes, uint32_t total, bool first)
{
    struct fos_channel_cursor at =
        sender->at; /* so that it may live in registers */
    uint32_t start =
        first ? 0 : (uint32_t)FOS_PACKET_FIRST << FOS_PACKET_FLAGS_SHIFT;
    uint64_t size = fos_packet_size(FOS_PACKET_PAYLOAD, total);

    sender->credit -= fos_packets_for(bytes);
    while (bytes >= FOS_PACKET_PAYLOAD) {
        struct fos_packet *slot = fos_channel_slot(&at);
        uint32_t head = at.head ^ start;

        fos_channel_prefetch(&at);
        fos_payload_write(slot->payload, data, FOS_PACKET_PAYLOAD);
        fos_store_release(&slot->tag, head | size); /* C1 */
        fos_channel_advance(&at);
        data += FOS_PACKET_PAYLOAD;
        bytes -= FOS_PACKET_PAYLOAD;
        start = (uint32_t)FOS_PACKET_FIRST << FOS_PACKET_FLAGS_SHIFT;
    }
    if (bytes || !total) {
        struct fos_packet *slot = fos_channel_slot(&at);

        fos_payload_write(slot->payload, data, bytes);
        fos_store_release(&slot->tag,
                          (at.head ^ start) | fos_packet_size(bytes, total));
        fos_channel_advance(&at);
    }
    sender->at = at;
}

int fos_channel_send_slow(struct fos_channel_sender *sender, const void *data,
                          uint32_t length)
{
    uint32_t packets = fos_packets_for(length);

    if (sender->error)
        return sender->error;
    if (length > fos_channel_whole_max(sender->slots, sender->threshold))
        return -FOS_EMSGSIZE;
    while (sender->credit < packets) {
        int error = fos_channel_credit(sender);
        if (error)
            return error;
    }
    packets_write(sender, data, length, length, true);
    return 0;
}

int fos_channel_send_stream(struct fos_channel_sender *sender, const void *data,
                            uint32_t length, uint32_t *done)
{
    const uint8_t *bytes = data;

    if (sender->error)
        return sender->error;
    if (length <= fos_channel_whole_max(sender->slots, sender->threshold)) {
        int error = fos_channel_send_slow(sender, data, length);
        *done = error ? 0 : length;
        return error;
    }
    while (*done < length) {
        uint64_t room;
        uint32_t piece = length - *done;

        if (sender->credit == 0) {
            int error = fos_channel_credit(sender);
            if (error)
                return error;
        }
        room = (uint64_t)sender->credit * FOS_PACKET_PAYLOAD;
        if (piece > room)
            piece = (uint32_t)room;
        packets_write(sender, bytes + *done, piece, length, *done == 0);
        *done += piece;
    }
    return 0;
}

/* ---- receiver ---- */

static int receiver_fail(struct fos_channel_receiver *receiver)
{
    receiver->error = -FOS_EPROTO;
    receiver->done = 1; /* every later call comes to fos_channel_receive_slow */
    return -FOS_EPROTO;
}

/* Judges a tag that is not the expected one: not written yet, or nonsense? */
static int tag_refuse(struct fos_channel_receiver *receiver, uint64_t tag)
{
    if (fos_packet_generation(tag) == (uint8_t)(receiver->at.head - 1))
        return -FOS_EAGAIN;
    return receiver_fail(receiver);
}

static uint64_t first_tag(const struct fos_channel_receiver *receiver,
                          uint32_t total)
{
    uint32_t length = total < FOS_PACKET_PAYLOAD ? total : FOS_PACKET_PAYLOAD;

    return receiver->at.head | fos_packet_size(length, total);
}

/* Whether this tag, of the very first packet, makes the ring a call line. */
static bool line_announced(const struct fos_channel_receiver *receiver,
                           uint64_t tag)
{
    const uint64_t head_mask = (1ull << FOS_PACKET_LENGTH_SHIFT) - 1;
    uint64_t line = (uint64_t)FOS_PACKET_LINE << FOS_PACKET_FLAGS_SHIFT;

    return !receiver->line && (tag & head_mask) == (receiver->at.head | line) &&
           receiver->at.number == 0;
}

/* One slot, no acknowledgements; fos_channel_advance does the rest. */
static void line_begin(struct fos_channel_receiver *receiver)
{
    receiver->line = 1;
    receiver->at.bytes = FOS_PACKET_SIZE;
    receiver->at.head |= (uint32_t)FOS_PACKET_LINE << FOS_PACKET_FLAGS_SHIFT;
    receiver->slots = 1;
    receiver->threshold = receiver->until_ack = UINT32_MAX;
}

int fos_channel_peek(struct fos_channel_receiver *receiver, uint32_t *length)
{
    uint64_t tag;
    uint32_t total;

    if (receiver->error)
        return receiver->error;
    if (receiver->done) {
        *length = receiver->total;
        return 0;
    }
    tag = fos_load_acquire(&fos_channel_slot(&receiver->at)->tag);
    total = (uint32_t)(tag >> FOS_PACKET_TOTAL_SHIFT);
    if (fos_unlikely(line_announced(receiver, tag)))
        line_begin(receiver);
    if (tag != first_tag(receiver, total))
        return tag_refuse(receiver, tag);
    if (receiver->line && total > FOS_PACKET_PAYLOAD)
        return receiver_fail(receiver);
    *length = total;
    return 0;
}

/* Whether the last packet of a message of `packets` (at most slots) is written. */
static bool last_is_there(const struct fos_channel_receiver *receiver,
                          uint32_t packets)
{
    const struct fos_channel_cursor *at = &receiver->at;
    uint32_t index = at->number & (receiver->slots - 1), last = index + packets - 1;
    uint8_t generation = (uint8_t)(at->head + (last >= receiver->slots ? 1 : 0));
    struct fos_packet *slot = slot_of(at, last);

    return fos_packet_generation(fos_load_relaxed(&slot->tag)) == generation;
}

static bool is_streamed(const struct fos_channel_receiver *receiver, uint32_t total)
{
    return total > fos_channel_whole_max(receiver->slots, receiver->threshold);
}

int fos_channel_complete(struct fos_channel_receiver *receiver)
{
    uint32_t total;
    int error;

    if (receiver->done && !receiver->error)
        return fos_channel_ready(receiver);
    error = fos_channel_peek(receiver, &total);
    if (error)
        return error != -FOS_EAGAIN;
    return is_streamed(receiver, total) ||
           last_is_there(receiver, fos_packets_for(total));
}

/*
 * Takes packets of the message of `total` bytes, from byte receiver->done on, until
 * it is complete or a packet is not there.  No buffer: drops them.  0, -FOS_EAGAIN,
 * -FOS_EPROTO.
 */
static int packets_read(struct fos_channel_receiver *receiver, uint8_t *buffer,
                        uint32_t total)
{
    struct fos_channel_cursor at = receiver->at;
    uint32_t until_ack = receiver->until_ack;
    uint32_t start =
        receiver->done ? (uint32_t)FOS_PACKET_FIRST << FOS_PACKET_FLAGS_SHIFT : 0;
    uint32_t done = receiver->done;
    int error = 0;

    while (done < total) {
        struct fos_packet *slot = fos_channel_slot(&at);
        uint64_t tag = fos_load_acquire(&slot->tag); /* C1 */
        uint32_t left = total - done;
        uint32_t length = left < FOS_PACKET_PAYLOAD ? left : FOS_PACKET_PAYLOAD;

        if (tag != ((at.head ^ start) | fos_packet_size(length, total))) {
            receiver->at = at;
            error = tag_refuse(receiver, tag);
            break;
        }
        if (fos_likely(length == FOS_PACKET_PAYLOAD && buffer))
            fos_payload_read(buffer + done, slot->payload, FOS_PACKET_PAYLOAD);
        else if (buffer)
            fos_payload_read(buffer + done, slot->payload, length);
        if (receiver->streaming ||
            left > FOS_CHANNEL_READ_AHEAD * FOS_PACKET_PAYLOAD)
            fos_channel_expect(&at);
        done += length;
        start = (uint32_t)FOS_PACKET_FIRST << FOS_PACKET_FLAGS_SHIFT;
        fos_channel_advance(&at);
        if (fos_unlikely(--until_ack == 0)) {
            fos_channel_acknowledge(receiver, slot, tag);
            until_ack = receiver->threshold;
        }
    }
    receiver->until_ack = until_ack;
    if (receiver->error)
        return error;
    receiver->at = at;
    receiver->done = done;
    return error;
}

/* The first or a later piece of a streamed message, or of one to be dropped. */
static int stream_read(struct fos_channel_receiver *receiver, void *buffer,
                       uint32_t capacity, uint32_t *length)
{
    int error;

    *length = receiver->total;
    if (receiver->total > capacity)
        return -FOS_EMSGSIZE;
    error = packets_read(receiver, buffer, receiver->total);
    if (!error)
        receiver->done = 0;
    return error;
}

static int discard_more(struct fos_channel_receiver *receiver)
{
    int error = packets_read(receiver, NULL, receiver->total);

    if (!error) {
        receiver->done = 0;
        receiver->discard = 0;
    }
    return error;
}

int fos_channel_discard(struct fos_channel_receiver *receiver)
{
    uint32_t total, ignored;
    uint8_t nothing;
    int error = fos_channel_peek(receiver, &total);

    if (error)
        return error;
    if (total == 0)
        return fos_channel_try_receive(receiver, &nothing, 0, &ignored);
    receiver->total = total;
    error = discard_more(receiver);
    receiver->discard = receiver->done != 0;
    return error == -FOS_EAGAIN && receiver->discard ? 0 : error;
}

int fos_channel_receive_slow(struct fos_channel_receiver *receiver, void *buffer,
                             uint32_t capacity, uint32_t *length)
{
    uint32_t total, packets;
    int error = fos_channel_peek(receiver, &total);

    if (error)
        return error;
    if (receiver->discard) {
        error = discard_more(receiver);
        return error ? error : -FOS_EAGAIN; /* the next message, at the next call */
    }
    if (receiver->done)
        return stream_read(receiver, buffer, capacity, length);
    *length = total;
    if (total > capacity || total > receiver->limit)
        return -FOS_EMSGSIZE;
    if (total == 0)
        return -FOS_EAGAIN; /* it came between two looks: the next call takes it */
    if (is_streamed(receiver, total)) {
        receiver->total = total;
        return stream_read(receiver, buffer, capacity, length);
    }
    packets = fos_packets_for(total);
    if (packets > 1 && !last_is_there(receiver, packets))
        return -FOS_EAGAIN;
    error = packets_read(receiver, buffer, total);
    if (error)
        return receiver->error ? error : receiver_fail(receiver); /* a hole: C6 */
    receiver->done = 0;
    return 0;
}
