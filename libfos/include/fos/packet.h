/* SPDX-License-Identifier: MIT */
/*
 * Layout of a user channel's ring: 64-byte packets from one sender to one receiver.
 *
 * The ring is zeroed memory of `slots` packets, a power of two of at least 2.
 * Packet number p (0, 1, ...) lies in the slot (q xor 16 (q mod 8)) mod slots, where
 * q = 5 p: far from its neighbours in time, and at ever other distances from the one
 * before, so that what processors fetch beside or after a line that is read is not a
 * line that the other side is about to use.
 *
 * A packet is one cache line, payload first and tag last.  The sender writes the
 * payload, then the tag; who sees the tag's new generation owns the whole line.
 *
 *     bits    name        written by the sender       by the receiver
 *
 *     0..7    generation  p / slots + 1, mod 256      never
 *
 *     8..15   ack         generation - 1, mod 256     generation: taken so far
 *
 *     16..23  flags       see below                   see below
 *
 *     24..31  length      payload bytes here, 0..56;  never
 *                         of a bundle: see below
 *
 *     32..63  total       bytes of the whole message  never
 *
 * Every packet but a message's last is full.  Credit: the receiver writes `ack`
 * only into packets numbered k * threshold - 1 (k = 1, 2, ...), when it has taken
 * them; the sender, out of credit, looks at the one of these that is due next, and
 * an ack there gives it `threshold` slots.  (Looking instead at the slot it would
 * use next, as the thesis describes, jams after one lap when the threshold is
 * above 1.)
 */
#ifndef FOS_PACKET_H
#define FOS_PACKET_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { FOS_PACKET_PAYLOAD = 56, FOS_PACKET_SIZE = 64 };

struct fos_packet {
    uint8_t payload[FOS_PACKET_PAYLOAD];
    _Atomic uint64_t tag;
} __attribute__((aligned(64)));

enum fos_packet_shift {
    FOS_PACKET_ACK_SHIFT = 8,
    FOS_PACKET_FLAGS_SHIFT = 16,
    FOS_PACKET_LENGTH_SHIFT = 24,
    FOS_PACKET_TOTAL_SHIFT = 32,
};

/*
 * A bundle is several messages of one size, one after the other, sent as if they were
 * one: the first packet has BUNDLE, and as its length theirs.
 */

/*
 * Flags: the first packet of a message.  LINE beside it in packet 0: the ring is a
 * call line (fos/line.h) from now on, slot 0 its only slot, and nothing is
 * acknowledged; the receiver answers by writing the slot, REPLY in place of FIRST.
 */
enum {
    FOS_PACKET_FIRST = 1,
    FOS_PACKET_LINE = 2,
    FOS_PACKET_REPLY = 4,
    FOS_PACKET_BUNDLE = 8,
    FOS_PACKET_TURN = 16,
    FOS_PACKET_MOVE = 32,
    FOS_PACKET_PAGES = 64,
};

/* MOVE alone, in a call line: the request with this generation is in another slot, whose
 * number stands in place of the total (fos/line.h, L6). */

/*
 * PAGES beside FIRST: a message longer than may be written whole, of which the first bytes have
 * come by pages (fos/msg.h).  The payload is their number, 8 bytes; the others follow as in any
 * long message.  Its receiver acknowledges this packet, whichever number it has.
 */

/*
 * TURN beside FIRST: a message of 1..56 bytes that may be answered in place
 * (libfos/msg/turn.h).  In place of the total it has the low half of a channel's id.  The
 * answer, which may be empty, has REPLY in place of both, the generation before, and in
 * place of the total the number of a packet.
 */
static inline int fos_packet_marked(uint64_t tag)
{
    return (tag >> FOS_PACKET_FLAGS_SHIFT & 0xff) ==
               (FOS_PACKET_FIRST | FOS_PACKET_TURN) &&
           (uint8_t)(tag >> FOS_PACKET_LENGTH_SHIFT) != 0;
}

/* The tag without the mark. */
static inline uint64_t fos_packet_unmarked(uint64_t tag)
{
    uint64_t low =
        (uint32_t)tag & ~((uint32_t)FOS_PACKET_TURN << FOS_PACKET_FLAGS_SHIFT);

    return low | (low >> FOS_PACKET_LENGTH_SHIFT) << FOS_PACKET_TOTAL_SHIFT;
}

/* Generation, ack and flags of a tag as its sender writes it. */
static inline uint32_t fos_packet_head(uint8_t generation, uint8_t flags)
{
    return generation |
           (uint32_t)(uint8_t)(generation - 1) << FOS_PACKET_ACK_SHIFT |
           (uint32_t)flags << FOS_PACKET_FLAGS_SHIFT;
}

/* Length and total of a tag. */
static inline uint64_t fos_packet_size(uint32_t length, uint32_t total)
{
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): none is
    return (uint64_t)total << FOS_PACKET_TOTAL_SHIFT |
           (uint64_t)length << FOS_PACKET_LENGTH_SHIFT;
}

static inline uint8_t fos_packet_generation(uint64_t tag)
{
    return (uint8_t)tag;
}

static inline uint8_t fos_packet_ack(uint64_t tag)
{
    return (uint8_t)(tag >> FOS_PACKET_ACK_SHIFT);
}

/* The tag with its packet acknowledged. */
static inline uint64_t fos_packet_acked(uint64_t tag, uint8_t generation)
{
    return (tag & ~(0xffull << FOS_PACKET_ACK_SHIFT)) | (uint64_t)generation
                                                            << FOS_PACKET_ACK_SHIFT;
}

/* Packets that a message of `total` bytes takes; an empty one takes one. */
static inline uint32_t fos_packets_for(uint32_t total)
{
    return total ? (total - 1) / FOS_PACKET_PAYLOAD + 1 : 1;
}

/* Byte offset of packet number p in a ring of `bytes`. */
static inline uint32_t fos_packet_offset(uint32_t p, uint32_t bytes)
{
    uint32_t q = p * 5;

    return (q ^ q % 8 * 16) * FOS_PACKET_SIZE & (bytes - 1);
}

#ifndef __cplusplus
_Static_assert(sizeof(struct fos_packet) == FOS_PACKET_SIZE, "one line");
_Static_assert(offsetof(struct fos_packet, tag) == FOS_PACKET_PAYLOAD, "tag last");
#endif

#endif
