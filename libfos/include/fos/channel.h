/* SPDX-License-Identifier: MIT */
/*
 * The two ends of a user channel, bound to a ring of packets (fos/packet.h) in
 * memory that the peer writes too.  No system call, no allocation, no lock, no
 * fence.
 *
 * One thread uses an end at a time.  Mechanism: Belay 2011, section 4.2; URPC
 * (Bershad 1991); the ring order and the place of acknowledgements are our own.
 *
 * Invariants
 *
 *  C1. A packet's payload is written before its tag (release) and read after it
 *      (acquire): the tag's new generation hands the line over.
 *
 *  C2. A slot is written again only after the ack of its lap was seen (acquire,
 *      pairs with the receiver's release in fos_channel_acknowledge), so a payload
 *      that is being read is not overwritten by an honest peer.
 *
 *  C3. 0 <= credit <= slots; the packets in flight or unacknowledged are
 *      slots - credit.
 *
 *  C4. Nothing read from the ring is used as an address, and nothing as a length
 *      before it was compared with its bounds; a tag is read once.
 *
 *  C5. A tag that no honest peer can have written ends the channel on this side:
 *      every later call answers -FOS_EPROTO.
 *
 *  C6. A message of at most fos_channel_whole_max() bytes is written whole or not
 *      at all, and taken only when its last packet is there.  Longer ones are
 *      streamed.
 *
 *  C7. A bundle is written and found like such a message; its messages are then
 *      handed out one by one, and each of its packets is acknowledged after the last
 *      byte of it was.
 *
 *  C8. A message by pages is announced by one packet, and taken by who knows where they
 *      are.  The rest of it is streamed; its later tags follow from the bytes already there.
 */
#ifndef FOS_CHANNEL_H
#define FOS_CHANNEL_H

#include <fos/abi/atomic.h>
#include <fos/abi/errors.h>
#include <fos/packet.h>

#define fos_likely(x)   __builtin_expect(!!(x), 1)
#define fos_unlikely(x) __builtin_expect(!!(x), 0)
/* For the few functions that a message passes through. */
#define fos_inline static inline __attribute__((always_inline))

/*
 * How many packets ahead of the one it writes a sender asks for the line, and how
 * many ahead of the one it takes a receiver does when messages stream in.  Measured:
 * the first makes a stream several times faster, from one miss after the other to
 * many at a time, the second a third faster again; with the first above 4 or the
 * second below 16 the two sides take lines from each other.
 */
enum { FOS_CHANNEL_WRITE_AHEAD = 4, FOS_CHANNEL_READ_AHEAD = 16 };

/* Packets of a bundle: more make it no faster, and the receiver waits for all. */
enum { FOS_CHANNEL_BUNDLE_MAX = 32 };

/* What was done beside taking a message: an acknowledgement was given; the message
 * taken was marked (FOS_PACKET_TURN); it was a streamed one, where these are told of. */
enum fos_channel_note {
    FOS_NOTE_ACKED = 1,
    FOS_NOTE_MARKED = 2,
    FOS_NOTE_LONG = 4
};

/* Of the functions that receive: a message by pages comes next, of *length bytes (C8). */
enum { FOS_CHANNEL_ANNOUNCED = 1 };

/* Where an end stands in the ring. */
struct fos_channel_cursor {
    uint8_t *ring;
    uint32_t bytes;  /* of the ring */
    uint32_t number; /* of the packet that comes next, mod 2^32 */
    uint32_t head;   /* fos_packet_head() due for it, if a message begins with it */
};

struct fos_channel_sender {
    struct fos_channel_cursor at;
    uint32_t credit;    /* packets that may be written now */
    uint32_t threshold; /* packets one acknowledgement stands for */
    uint32_t slots;
    uint32_t ack_due; /* number, mod slots, of the packet whose ack comes next */
    uint8_t ack_generation; /* its generation */
    int error;              /* 0 or -FOS_EPROTO */
};

struct fos_channel_receiver {
    struct fos_channel_cursor at;
    uint32_t until_ack; /* packets to take before the next acknowledgement */
    uint32_t threshold;
    uint32_t slots;
    uint32_t total;    /* of the message being streamed or the bundle being handed
                      * out, meaningful when done != 0 */
    uint32_t done;     /* bytes of it taken; not 0 also after an error */
    uint32_t limit;    /* longer messages are refused; not below a packet */
    int error;         /* 0 or -FOS_EPROTO */
    uint8_t notes;     /* enum fos_channel_note; its user clears it */
    uint8_t discard;   /* the message under way is not wanted */
    uint8_t line;      /* one slot, answered in place: fos/line.h */
    uint8_t streaming; /* set by its user: takes message after message, see
                        * fos_channel_expect */
    uint8_t bundle; /* bytes of each message of the bundle being handed out; or 0 */
    uint8_t offset; /* in its packet, of the next one */
    uint16_t slot;  /* of a line: where it is */
    uint8_t
        pages; /* set by its user: takes messages by pages, is told of long ones */
    uint8_t announced; /* one of them comes next, as far as was seen */
    /* Of a line: the low byte of number when its last request was begun, and answered. */
    uint8_t served, answered;
};

/* The number of packets after which a receiver acknowledges, for a ring of `slots`.
 */
static inline uint32_t fos_channel_threshold(uint32_t slots)
{
    return slots < 4 ? 1 : slots / 4;
}

/* The longest message, in bytes, that is written whole: see C6. */
static inline uint32_t fos_channel_whole_max(uint32_t slots, uint32_t threshold)
{
    return (slots - threshold + 1) * FOS_PACKET_PAYLOAD;
}

/*
 * Binds an end to `slots` zeroed packets at `ring`: a power of two, at least 2; the
 * threshold is the same on both sides, 1..slots.  0 or -FOS_EINVAL.
 */
int fos_channel_sender_init(struct fos_channel_sender *sender, void *ring,
                            uint32_t slots, uint32_t threshold);
int fos_channel_receiver_init(struct fos_channel_receiver *receiver, void *ring,
                              uint32_t slots, uint32_t threshold);

/* Takes in acknowledgements.  0 when credit grew, -FOS_EAGAIN, -FOS_EPROTO. */
int fos_channel_credit(struct fos_channel_sender *sender);

/* The general cases of the inline functions below. */
int fos_channel_send_slow(struct fos_channel_sender *sender, const void *data,
                          uint32_t length);
int fos_channel_receive_slow(struct fos_channel_receiver *receiver, void *buffer,
                             uint32_t capacity, uint32_t *length);

/*
 * Writes as much of a message as there is credit for.  *done counts the bytes
 * written: 0 at the first call, kept by the caller between calls.  0 when the
 * message is complete, -FOS_EAGAIN when the ring is full, -FOS_EPROTO.
 */
int fos_channel_send_stream(struct fos_channel_sender *sender, const void *data,
                            uint32_t length, uint32_t *done);

/*
 * Begins a message of `length` bytes, too long to be written whole, of which `moved`, 1 or
 * more, come by pages (C8): *packet is what announces it.  The rest is sent by
 * fos_channel_send_stream, whose *done begins at `moved`.  0, -FOS_EAGAIN: the ring is full;
 * -FOS_EINVAL: too short; -FOS_EPROTO.
 */
struct fos_announcement {
    struct fos_packet *packet; /* null: none was sent */
    uint8_t generation;
};
int fos_channel_announce(struct fos_channel_sender *sender, uint32_t length,
                         uint32_t moved, struct fos_announcement *announcement);

/* Whether its receiver has taken it.  Pairs with the release in fos_channel_take_announced. */
static inline int fos_announcement_taken(const struct fos_announcement *a)
{
    uint64_t tag = fos_load_acquire(&a->packet->tag);

    return fos_packet_generation(tag) != a->generation ||
           fos_packet_ack(tag) == a->generation;
}

/* What its user found is nonsense (C5).  -FOS_EPROTO. */
int fos_channel_refuse(struct fos_channel_receiver *receiver);

/* After FOS_CHANNEL_ANNOUNCED: how many bytes are said to have come by pages; anything. */
uint64_t fos_channel_moved(const struct fos_channel_receiver *receiver);

/* Takes the announcement of a message of `total` bytes, `moved` of which are there: 1 to
 * all.  If that is not all, fos_channel_try_receive goes on behind them. */
void fos_channel_take_announced(struct fos_channel_receiver *receiver,
                                uint32_t total, uint32_t moved);

/*
 * Sends the first of `count` messages of `size` bytes each, 1..FOS_PACKET_PAYLOAD,
 * that lie one after the other, as one bundle: so they share packets, and are taken
 * like messages sent one by one.  How many; 0 when there is room for none;
 * -FOS_EPROTO.
 */
int fos_channel_send_many(struct fos_channel_sender *sender, const void *data,
                          uint32_t size, uint32_t count);

/*
 * Takes what is left of a bundle, as far as it fits; else one message.  0, and *count
 * messages of *size bytes lie in the buffer one after the other; errors as
 * fos_channel_try_receive, whose *length is *size here.
 */
int fos_channel_receive_many(struct fos_channel_receiver *receiver, void *buffer,
                             uint32_t capacity, uint32_t *size, uint32_t *count);

/*
 * The length of the message that comes next.  0, -FOS_EAGAIN when its first packet
 * is not there yet, -FOS_EPROTO.  A hint: the peer may change it before it is
 * taken.
 */
int fos_channel_peek(struct fos_channel_receiver *receiver, uint32_t *length);

/* Whether fos_channel_try_receive would not answer -FOS_EAGAIN: the next message is
 * there, whole unless streamed, or something is wrong. */
int fos_channel_complete(struct fos_channel_receiver *receiver);

/* Throws away the message that comes next, now and in later calls of
 * fos_channel_try_receive as its packets come in.  0, -FOS_EAGAIN, -FOS_EPROTO;
 * FOS_CHANNEL_ANNOUNCED: that is its user's to do. */
int fos_channel_discard(struct fos_channel_receiver *receiver);

/* The slot of the packet `ahead` packets after the next one. */
fos_inline struct fos_packet *
fos_channel_slot_ahead(const struct fos_channel_cursor *cursor, uint32_t ahead)
{
    uint32_t offset = fos_packet_offset(cursor->number + ahead, cursor->bytes);

    return (struct fos_packet *)(void *)(cursor->ring + offset);
}

fos_inline struct fos_packet *
fos_channel_slot(const struct fos_channel_cursor *cursor)
{
    return fos_channel_slot_ahead(cursor, 0);
}

/* Asks for a line that will be written FOS_CHANNEL_WRITE_AHEAD packets later. */
fos_inline void fos_channel_prefetch(const struct fos_channel_cursor *cursor)
{
    fos_prefetch_write(fos_channel_slot_ahead(cursor, FOS_CHANNEL_WRITE_AHEAD));
}

/* Asks for a line that will be read FOS_CHANNEL_READ_AHEAD packets later.  Where an
 * answer is due before the next message is written, it would only take lines from
 * their sender. */
fos_inline void fos_channel_expect(const struct fos_channel_cursor *cursor)
{
    fos_prefetch_read(fos_channel_slot_ahead(cursor, FOS_CHANNEL_READ_AHEAD));
}

/* On to the next packet; after a lap the next generation. */
fos_inline void fos_channel_advance(struct fos_channel_cursor *cursor)
{
    cursor->number++;
    if (fos_unlikely(fos_packet_offset(cursor->number, cursor->bytes) == 0))
        cursor->head =
            fos_packet_head((uint8_t)(cursor->head + 1), FOS_PACKET_FIRST);
}

/* Gives back the slots up to and including this one.  Pairs with the acquire in
 * fos_channel_credit.  Nothing is given back of a line. */
static inline void fos_channel_acknowledge(struct fos_channel_receiver *receiver,
                                           struct fos_packet *slot, uint64_t tag)
{
    receiver->until_ack = receiver->threshold;
    if (receiver->line)
        return;
    receiver->notes |= FOS_NOTE_ACKED;
    fos_store_release(&slot->tag,
                      fos_packet_acked(tag, fos_packet_generation(tag)));
}

/*
 * Sends a message.  0; -FOS_EAGAIN when the ring has no room for all of it, and
 * nothing was written; -FOS_EMSGSIZE when it is longer than
 * fos_channel_whole_max(): use fos_channel_send_stream; -FOS_EPROTO.
 */
fos_inline int fos_channel_try_send(struct fos_channel_sender *sender,
                                    const void *data, uint32_t length)
{
    struct fos_packet *slot = fos_channel_slot(&sender->at);
    uint32_t head = sender->at.head;

    if (fos_unlikely(length > FOS_PACKET_PAYLOAD || sender->credit == 0))
        return fos_channel_send_slow(sender, data, length);
    sender->credit--;
    fos_channel_advance(&sender->at);
    fos_payload_write_fresh(slot->payload, data, length);
    /* Pairs with the acquire in fos_channel_try_receive. */
    fos_store_release(&slot->tag, head | fos_packet_size(length, length));
    fos_channel_prefetch(&sender->at);
    return 0;
}

/*
 * Takes a message.  0 and *length; -FOS_EAGAIN when there is none, or not all of it
 * yet; -FOS_EMSGSIZE, with *length, when it is longer than `capacity` or the limit
 * and was left where it is; FOS_CHANNEL_ANNOUNCED; -FOS_EPROTO.  A streamed message (C6) is taken piece by piece: while
 * it is under way (receiver->done != 0) give the same buffer again.
 */
fos_inline int fos_channel_try_receive(struct fos_channel_receiver *receiver,
                                       void *buffer, uint32_t capacity,
                                       uint32_t *length)
{
    struct fos_packet *slot = fos_channel_slot(&receiver->at);
    uint64_t tag = fos_load_acquire(&slot->tag); /* C1 */
    uint32_t total = (uint32_t)(tag >> FOS_PACKET_TOTAL_SHIFT);

    if (fos_unlikely(total > FOS_PACKET_PAYLOAD || total > capacity ||
                     tag != (receiver->at.head | fos_packet_size(total, total)) ||
                     receiver->done != 0)) {
        if (fos_packet_generation(tag) == (uint8_t)(receiver->at.head - 1) &&
            receiver->done == 0)
            return -FOS_EAGAIN;
        return fos_channel_receive_slow(receiver, buffer, capacity, length);
    }
    fos_payload_read(buffer, slot->payload, total);
    *length = total;
    if (receiver->streaming)
        fos_channel_expect(&receiver->at);
    fos_channel_advance(&receiver->at);
    if (fos_unlikely(--receiver->until_ack == 0))
        fos_channel_acknowledge(receiver, slot, tag);
    return 0;
}

/* Whether the next packet is there: one load.  See also fos_channel_complete. */
static inline int fos_channel_ready(const struct fos_channel_receiver *receiver)
{
    uint64_t tag = fos_load_acquire(&fos_channel_slot(&receiver->at)->tag);

    return fos_packet_generation(tag) != (uint8_t)(receiver->at.head - 1);
}

_Static_assert(sizeof(struct fos_channel_sender) <= 64,
               "one line of private state");
_Static_assert(sizeof(struct fos_channel_receiver) <= 64,
               "one line of private state");

#endif
