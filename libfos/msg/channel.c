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

/* The tag of the first packet: of a message of `total` bytes, or of a bundle of
 * messages of `size` bytes, if that is not the total. */
static uint64_t first_tag(const struct fos_channel_cursor *at, uint32_t size,
                          uint32_t total)
{
    uint32_t length = total < FOS_PACKET_PAYLOAD ? total : FOS_PACKET_PAYLOAD;

    if (size == total)
        return at->head | fos_packet_size(length, total);
    return at->head | (uint32_t)FOS_PACKET_BUNDLE << FOS_PACKET_FLAGS_SHIFT |
           fos_packet_size(size, total);
}

/* The tag of a later one, of `length` bytes. */
fos_inline uint64_t later_tag(const struct fos_channel_cursor *at, uint32_t length,
                              uint32_t total)
{
    return (at->head ^ (uint32_t)FOS_PACKET_FIRST << FOS_PACKET_FLAGS_SHIFT) |
           fos_packet_size(length, total);
}

/* Writes `bytes` of a message of `total`: full packets and perhaps a short last
 * one, for which there is credit.  `first`: the tag if the message begins here, or
 * 0. */
static void packets_write(struct fos_channel_sender *sender, const uint8_t *data,
                          uint32_t bytes, uint32_t total, uint64_t first)
{
    struct fos_channel_cursor at =
        sender->at; /* so that it may live in registers */

    sender->credit -= fos_packets_for(bytes);
    while (bytes >= FOS_PACKET_PAYLOAD) {
        struct fos_packet *slot = fos_channel_slot(&at);
        uint64_t tag = first ? first : later_tag(&at, FOS_PACKET_PAYLOAD, total);

        fos_channel_prefetch(&at);
        fos_payload_write(slot->payload, data, FOS_PACKET_PAYLOAD);
        fos_store_release(&slot->tag, tag); /* C1 */
        fos_channel_advance(&at);
        data += FOS_PACKET_PAYLOAD;
        bytes -= FOS_PACKET_PAYLOAD;
        first = 0;
    }
    if (bytes || !total) {
        struct fos_packet *slot = fos_channel_slot(&at);

        fos_payload_write(slot->payload, data, bytes);
        fos_store_release(&slot->tag, first ? first : later_tag(&at, bytes, total));
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
    packets_write(sender, data, length, length,
                  first_tag(&sender->at, length, length));
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
        packets_write(sender, bytes + *done, piece, length,
                      *done ? 0 : first_tag(&sender->at, length, length));
        *done += piece;
    }
    return 0;
}

/* The tag of a packet that announces a message by pages. */
static uint64_t announcing_tag(const struct fos_channel_cursor *at, uint32_t total)
{
    return at->head | (uint32_t)FOS_PACKET_PAGES << FOS_PACKET_FLAGS_SHIFT |
           fos_packet_size(sizeof(uint64_t), total);
}

int fos_channel_announce(struct fos_channel_sender *sender, uint32_t length,
                         uint32_t moved, struct fos_announcement *announcement)
{
    struct fos_packet *slot = fos_channel_slot(&sender->at);
    uint64_t bytes = moved;

    if (sender->error)
        return sender->error;
    if (length <= fos_channel_whole_max(sender->slots, sender->threshold))
        return -FOS_EINVAL;
    if (sender->credit == 0) {
        int error = fos_channel_credit(sender);
        if (error)
            return error;
    }
    fos_payload_write(slot->payload, (const uint8_t *)&bytes, sizeof bytes);
    fos_store_release(&slot->tag, announcing_tag(&sender->at, length)); /* C1 */
    announcement->packet = slot;
    announcement->generation = (uint8_t)sender->at.head;
    sender->credit--;
    fos_channel_advance(&sender->at);
    return 0;
}

/* How many messages of `size` bytes the next bundle may hold. */
static uint32_t bundle_room(const struct fos_channel_sender *sender, uint32_t size)
{
    uint32_t packets = sender->credit, most = sender->slots - sender->threshold + 1;

    if (packets > most)
        packets = most;
    if (packets > FOS_CHANNEL_BUNDLE_MAX)
        packets = FOS_CHANNEL_BUNDLE_MAX;
    return packets * FOS_PACKET_PAYLOAD / size;
}

int fos_channel_send_many(struct fos_channel_sender *sender, const void *data,
                          uint32_t size, uint32_t count)
{
    uint32_t room = bundle_room(sender, size);

    if (sender->error)
        return sender->error;
    if (room < count && fos_channel_credit(sender) == 0)
        room = bundle_room(sender, size);
    if (sender->error)
        return sender->error;
    if (count > room)
        count = room;
    if (count)
        packets_write(sender, data, size * count, size * count,
                      first_tag(&sender->at, size, size * count));
    return (int)count;
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

/* Whether this tag, of the very first packet, makes the ring a call line. */
static bool line_announced(const struct fos_channel_receiver *receiver,
                           uint64_t tag)
{
    const uint64_t head_mask = (1ull << FOS_PACKET_LENGTH_SHIFT) - 1;
    uint64_t line = (uint64_t)FOS_PACKET_LINE << FOS_PACKET_FLAGS_SHIFT;

    return !receiver->line && (tag & head_mask) == (receiver->at.head | line) &&
           receiver->at.number == 0;
}

/* One slot at a time, no acknowledgements; fos_channel_advance does the rest. */
static void line_begin(struct fos_channel_receiver *receiver)
{
    receiver->line = 1;
    receiver->at.bytes = FOS_PACKET_SIZE;
    receiver->at.head |= (uint32_t)FOS_PACKET_LINE << FOS_PACKET_FLAGS_SHIFT;
    receiver->threshold = receiver->until_ack = UINT32_MAX;
}

/* Goes where this tag says that the line goes on: the tag that is there (L6).  False: it
 * says no such thing. */
static bool line_moved(struct fos_channel_receiver *receiver, uint64_t *tag)
{
    uint32_t slot = (uint32_t)(*tag >> FOS_PACKET_TOTAL_SHIFT);

    if (!receiver->line || slot >= receiver->slots ||
        (uint32_t)*tag !=
            fos_packet_head((uint8_t)receiver->at.head, FOS_PACKET_MOVE))
        return false;
    receiver->at.ring += ((int32_t)slot - receiver->slot) * FOS_PACKET_SIZE;
    receiver->slot = (uint16_t)slot;
    *tag = fos_load_acquire(&fos_channel_slot(&receiver->at)->tag);
    return true;
}

static bool is_streamed(const struct fos_channel_receiver *receiver, uint32_t total)
{
    return total > fos_channel_whole_max(receiver->slots, receiver->threshold);
}

/* Whether this tag begins a bundle: of messages of *size, `total` bytes. */
static bool bundle_announced(const struct fos_channel_receiver *receiver,
                             uint64_t tag, uint32_t *size, uint32_t total)
{
    uint32_t each = (uint8_t)(tag >> FOS_PACKET_LENGTH_SHIFT);

    if (each == 0 || each > FOS_PACKET_PAYLOAD || total <= each || total % each ||
        receiver->line || is_streamed(receiver, total) ||
        tag != first_tag(&receiver->at, each, total))
        return false;
    *size = each;
    return true;
}

/* Whether this tag announces a message by pages, of `total` bytes. */
static bool pages_announced(struct fos_channel_receiver *receiver, uint64_t tag,
                            uint32_t total)
{
    receiver->announced = receiver->pages && !receiver->line &&
                          is_streamed(receiver, total) &&
                          tag == announcing_tag(&receiver->at, total);
    return receiver->announced;
}

/* A tag as it would be without a mark. */
fos_inline uint64_t tag_plain(uint64_t tag)
{
    return fos_unlikely(fos_packet_marked(tag)) ? fos_packet_unmarked(tag) : tag;
}

/* What comes next: a message of `*total` bytes, or a bundle of that in messages of
 * *size.  As fos_channel_peek. */
static int first_look(struct fos_channel_receiver *receiver, uint32_t *size,
                      uint32_t *total)
{
    bool moved;
    uint64_t tag;

    if (receiver->error)
        return receiver->error;
    *size = *total = receiver->total;
    if (receiver->bundle)
        *size = receiver->bundle;
    if (receiver->done || receiver->bundle) /* what was checked counts (C4) */
        return 0;
    tag = tag_plain(fos_load_acquire(&fos_channel_slot(&receiver->at)->tag));
    moved = line_moved(receiver, &tag);
    receiver->announced = 0;
    *size = *total = (uint32_t)(tag >> FOS_PACKET_TOTAL_SHIFT);
    if (fos_unlikely(line_announced(receiver, tag)))
        line_begin(receiver);
    if (tag != first_tag(&receiver->at, *total, *total) &&
        !bundle_announced(receiver, tag, size, *total) &&
        !pages_announced(receiver, tag, *total))
        return moved ? receiver_fail(receiver) : tag_refuse(receiver, tag);
    if (receiver->line && *total > FOS_PACKET_PAYLOAD)
        return receiver_fail(receiver);
    return 0;
}

int fos_channel_peek(struct fos_channel_receiver *receiver, uint32_t *length)
{
    uint32_t total, size = 0;
    int error = first_look(receiver, &size, &total);

    if (!error)
        *length = size;
    return error;
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

int fos_channel_complete(struct fos_channel_receiver *receiver)
{
    uint32_t size, total;
    int error;

    if ((receiver->done || receiver->bundle) && !receiver->error)
        return fos_channel_ready(receiver);
    error = first_look(receiver, &size, &total);
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
    uint32_t done = receiver->done;
    int error = 0;

    while (done < total) {
        struct fos_packet *slot = fos_channel_slot(&at);
        uint64_t written = fos_load_acquire(&slot->tag); /* C1 */
        uint64_t tag = tag_plain(written);
        uint32_t left = total - done;
        uint32_t length = left < FOS_PACKET_PAYLOAD ? left : FOS_PACKET_PAYLOAD;

        if (tag !=
            (done ? later_tag(&at, length, total) : first_tag(&at, total, total))) {
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
        fos_channel_advance(&at);
        if (fos_unlikely(tag != written))
            receiver->notes |= FOS_NOTE_MARKED;
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

/* ---- bundles (C7) ---- */

/* On to the bundle's next packet, if there is to be one, whose tag is checked. */
static int bundle_turn(struct fos_channel_receiver *receiver)
{
    struct fos_packet *slot = fos_channel_slot(&receiver->at);
    uint32_t left = receiver->total - receiver->done, head = receiver->at.head;
    uint32_t length = left < FOS_PACKET_PAYLOAD ? left : FOS_PACKET_PAYLOAD;

    receiver->offset = 0;
    if (receiver->streaming)
        fos_channel_expect(&receiver->at);
    fos_channel_advance(&receiver->at);
    if (fos_unlikely(--receiver->until_ack == 0))
        fos_channel_acknowledge(receiver, slot, head);
    if (!length)
        receiver->done = receiver->bundle = 0;
    else if (fos_load_acquire(&fos_channel_slot(&receiver->at)->tag) !=
             later_tag(&receiver->at, length, receiver->total)) /* C1 */
        return receiver_fail(receiver);
    return 0;
}

/* Takes the next `bytes` of the bundle, no more than are left.  No buffer: drops
 * them. */
static int bundle_take(struct fos_channel_receiver *receiver, uint8_t *buffer,
                       uint32_t bytes)
{
    int error = 0;

    while (bytes && !error) {
        uint32_t offset = receiver->offset, here = FOS_PACKET_PAYLOAD - offset;
        const uint8_t *from = fos_channel_slot(&receiver->at)->payload + offset;

        if (here > bytes)
            here = bytes;
        if (buffer) {
            if (fos_likely(here == FOS_PACKET_PAYLOAD))
                fos_payload_read(buffer, from, FOS_PACKET_PAYLOAD);
            else
                fos_payload_read(buffer, from, here);
            buffer += here;
        }
        bytes -= here;
        receiver->done += here;
        receiver->offset = (uint8_t)(offset + here);
        if (receiver->offset == FOS_PACKET_PAYLOAD ||
            receiver->done == receiver->total)
            error = bundle_turn(receiver);
    }
    return error;
}

/* The bundle that was announced is whole: its messages may be taken. */
static int bundle_begin(struct fos_channel_receiver *receiver, uint32_t size,
                        uint32_t total)
{
    if (!last_is_there(receiver, fos_packets_for(total)))
        return -FOS_EAGAIN;
    receiver->bundle = (uint8_t)size;
    receiver->total = total;
    receiver->offset = 0;
    return 0;
}

static int bundle_one(struct fos_channel_receiver *receiver, void *buffer,
                      uint32_t capacity, uint32_t *length)
{
    *length = receiver->bundle;
    return *length > capacity ? -FOS_EMSGSIZE
                              : bundle_take(receiver, buffer, *length);
}

int fos_channel_receive_many(struct fos_channel_receiver *receiver, void *buffer,
                             uint32_t capacity, uint32_t *size, uint32_t *count)
{
    uint32_t total, left;
    int error = first_look(receiver, size, &total);

    *count = 1;
    if (!error && *size != total && !receiver->bundle)
        error = bundle_begin(receiver, *size, total);
    if (error)
        return error;
    if (!receiver->bundle || *size > capacity)
        return fos_channel_try_receive(receiver, buffer, capacity, size);
    left = total - receiver->done;
    *count = (left < capacity ? left : capacity) / *size;
    return bundle_take(receiver, buffer, *count * *size);
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
    if (!error) {
        receiver->done = 0;
        if (receiver->pages)
            receiver->notes |= FOS_NOTE_LONG;
    }
    return error;
}

int fos_channel_refuse(struct fos_channel_receiver *receiver)
{
    return receiver_fail(receiver);
}

uint64_t fos_channel_moved(const struct fos_channel_receiver *receiver)
{
    uint64_t bytes = 0;

    fos_payload_read((uint8_t *)&bytes, fos_channel_slot(&receiver->at)->payload,
                     sizeof bytes);
    return bytes;
}

void fos_channel_take_announced(struct fos_channel_receiver *receiver,
                                uint32_t total, uint32_t moved)
{
    struct fos_packet *slot = fos_channel_slot(&receiver->at);
    uint64_t tag = announcing_tag(&receiver->at, total);

    receiver->announced = 0;
    receiver->total = total;
    receiver->done = moved == total ? 0 : moved;
    fos_channel_advance(&receiver->at);
    if (--receiver->until_ack == 0)
        receiver->until_ack = receiver->threshold;
    receiver->notes |= FOS_NOTE_ACKED;
    /* Pairs with the acquire in fos_announcement_taken. */
    fos_store_release(&slot->tag,
                      fos_packet_acked(tag, fos_packet_generation(tag)));
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
    uint32_t size, total, ignored;
    uint8_t nothing;
    int error = first_look(receiver, &size, &total);

    if (error)
        return error;
    if (receiver->announced)
        return FOS_CHANNEL_ANNOUNCED;
    if (size != total && !receiver->bundle)
        error = bundle_begin(receiver, size, total);
    if (receiver->bundle || error)
        return error ? error : bundle_take(receiver, NULL, size);
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
    uint32_t size, total, packets;
    int error;

    if (receiver->bundle && !receiver->error)
        return bundle_one(receiver, buffer, capacity, length);
    error = first_look(receiver, &size, &total);
    if (error)
        return error;
    if (receiver->discard) {
        error = discard_more(receiver);
        return error ? error : -FOS_EAGAIN; /* the next message, at the next call */
    }
    if (receiver->done)
        return stream_read(receiver, buffer, capacity, length);
    if (receiver->announced) {
        *length = total;
        return FOS_CHANNEL_ANNOUNCED;
    }
    if (size != total) {
        error = bundle_begin(receiver, size, total);
        return error ? error : bundle_one(receiver, buffer, capacity, length);
    }
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
