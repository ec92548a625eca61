/* SPDX-License-Identifier: MIT */
/*
 * Answers in place: messages that alternate between two channels go to and fro in one
 * cache line, as in a call line (fos/line.h), and nobody but libfos notices.
 *
 * A thread (the caller) that sends single messages by a peer and gets the next one
 * each time by the same channel of that process pairs the two.  It marks its messages:
 * they may be answered in place.  Who has taken one and whose next message goes back by
 * the paired channel writes that into the slot, which so is empty again, and the
 * caller's next message goes there, too.  All else goes by the rings.
 *
 * Invariants
 *
 *  P1. A marked packet ends its being marked once, by a compare-exchange of its tag:
 *      the caller takes the mark away and goes on to the next slot, or who answers
 *      stores the answer's tag, its payload written before.  Who answers writes to no
 *      other slot, and to this only while the packet is the last one that was taken.
 *
 *  P2. The caller writes behind a marked packet only when that has ended.  An answer's
 *      tag has the generation before: for the ring the slot is empty, and both sides
 *      stand at it.  So the ring is one sequence for who takes from it, and knows
 *      nothing of answers.
 *
 *  P3. An answer says which packet of the paired channel's ring came next when it was
 *      written.  The caller takes it when it stands there, and takes that packet only
 *      when it has seen no such answer since it saw the packet (x86 lets no store and
 *      no load pass another of its kind).  So M1 holds.
 *
 *  P4. The packets whose slots are used to acknowledge are not marked, and not answered
 *      in place when they are: no slot is given back while an answer may be written.
 *      Nor are empty messages marked: there a mark is nonsense (C5).
 *
 *  P5. A mark names the channel for the answer.  Who answers accepts a channel of its
 *      own, to the process from which the kernel says the mark came; of two channels,
 *      the one with the lower id is the caller's.  So a liar gets what was meant for it anyway.
 *
 *  P6. Before either channel is given back or left, its side ends the mark; an answer
 *      that is there is kept (M4).  Where M6 counts packets, both sides count messages
 *      in place, too.
 *
 *  P7. Who has answered looks at the caller's doorbell, the caller looks at the marked
 *      slot after it said that it would sleep (fos/sleep.h, S1, S2).
 *
 * After a mark in vain the messages have to alternate twice as long until the next.
 * Under an emulator, known by its pauses, nothing is marked: it would make an echo longer.
 */
#ifndef FOS_MSG_TURN_H
#define FOS_MSG_TURN_H

#include "msg.h"

#include <string.h>

/* Messages that have to alternate first.  Tests want none. */
#ifndef TURN_PATIENCE
#define TURN_PATIENCE 16
#endif
enum { TURN_PATIENCE_MIN = TURN_PATIENCE, TURN_PATIENCE_MAX = TURN_PATIENCE << 12 };

/* Messages have alternated long enough: by this peer, and by this channel. */
void turn_open(struct fos_peer *peer, struct fos_inbound *inbound);

/* The next message of the peer will be a plain one. */
void turn_close(struct fos_peer *peer);

/* The two are no pair any more; either may be null. */
void turn_part(struct fos_peer *peer, struct fos_inbound *inbound);

/* The message taken last was marked: whether that may be answered. */
void turn_taken(struct fos_inbound *inbound);

static inline void turn_end(struct fos_peer *peer)
{
    if (fos_unlikely(peer->move))
        turn_close(peer);
}

/* A message came by this channel after a single one had gone to `peer` (or null). */
static inline void turn_count(struct fos_peer *peer, struct fos_inbound *inbound)
{
    struct fos_turn *turn = &inbound->turn;

    if (turn->pair ? turn->pair->move != FOS_TURN_PLAIN : !peer)
        return;
    if (++turn->calm >= turn->patience)
        turn_open(peer, inbound);
}

/* Tags of packets that are marked, and of answers to them. */
static inline uint64_t turn_mark(uint32_t head, uint64_t channel)
{
    return head | (uint32_t)FOS_PACKET_TURN << FOS_PACKET_FLAGS_SHIFT |
           channel << FOS_PACKET_TOTAL_SHIFT;
}

static inline uint64_t turn_reply(uint64_t asked, uint32_t number)
{
    return fos_packet_head((uint8_t)(asked - 1), FOS_PACKET_REPLY) |
           (uint64_t)number << FOS_PACKET_TOTAL_SHIFT;
}

#define TURN_LENGTH_MASK (0xffull << FOS_PACKET_LENGTH_SHIFT)

static inline uint32_t turn_length(uint64_t tag)
{
    return (uint8_t)(tag >> FOS_PACKET_LENGTH_SHIFT);
}

/* Whether what was taken or sent last by this channel, whose messages are answered
 * here, is the answer in place. */
static inline bool turn_answered(const struct fos_inbound *inbound)
{
    const struct fos_turn *turn = &inbound->turn;

    return turn->answers && turn->number == inbound->receiver.at.number &&
           turn->pair->move != FOS_TURN_ANSWER;
}

/* ---- the caller's side ---- */

/* The tag of the answer, or of what was asked. */
static inline uint64_t turn_tag(const struct fos_turn *turn)
{
    return turn->due == FOS_TURN_KEPT ? turn->kept_tag
                                      : fos_load_acquire(&turn->slot->tag); /* P1 */
}

/* Whether an answer in place is the message that comes next. */
static inline bool turn_ready(const struct fos_inbound *inbound)
{
    const struct fos_turn *turn = &inbound->turn;
    uint64_t tag = turn->due ? turn_tag(turn) : turn->asked;

    return tag != turn->asked &&
           (uint32_t)(tag >> FOS_PACKET_TOTAL_SHIFT) == inbound->receiver.at.number;
}

/* The answer, of `bytes`, is in the slot and comes next. */
fos_inline void turn_take_slot(struct fos_turn *turn, const struct fos_packet *slot,
                               void *buffer, uint32_t bytes)
{
    fos_payload_read(buffer, slot->payload, bytes);
    turn->pair->move = FOS_TURN_OPEN;
    turn->patience -= turn->patience > TURN_PATIENCE_MIN;
    turn->due = FOS_TURN_NOWHERE;
    turn->count++;
}

/* The answer with this tag, which comes next.  As fos_channel_try_receive. */
static inline int turn_take(struct fos_inbound *inbound, uint64_t tag, void *buffer,
                            uint32_t capacity, uint32_t *length)
{
    struct fos_turn *turn = &inbound->turn;
    uint32_t bytes = turn_length(tag);

    *length = bytes;
    if (fos_unlikely((tag & ~TURN_LENGTH_MASK) !=
                         turn_reply(turn->asked, inbound->receiver.at.number) ||
                     bytes > FOS_PACKET_PAYLOAD))
        return -FOS_EPROTO;
    if (fos_unlikely(bytes > capacity))
        return -FOS_EMSGSIZE;
    if (fos_likely(turn->due == FOS_TURN_SLOT)) {
        turn_take_slot(turn, turn->slot, buffer, bytes);
        return 0;
    }
    if (bytes) /* else the buffer may be null */
        memcpy(buffer, turn->kept, bytes);
    turn->due = FOS_TURN_NOWHERE;
    turn->count++;
    return 0;
}

/* Looks for an answer in place, and in the ring.  As fos_channel_try_receive. */
fos_inline int turn_await(struct fos_inbound *inbound, void *buffer,
                          uint32_t capacity, uint32_t *length)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    bool packet = fos_channel_ready(receiver); /* P3: before the answer */
    uint64_t tag = turn_tag(&inbound->turn);

    if (fos_likely(tag == inbound->turn.asked)) {
        if (!packet)
            return -FOS_EAGAIN;
    } else if (fos_likely((uint32_t)(tag >> FOS_PACKET_TOTAL_SHIFT) ==
                          receiver->at.number)) {
        return turn_take(inbound, tag, buffer, capacity, length);
    } else if (!fos_channel_ready(receiver)) {
        return -FOS_EPROTO; /* nothing is there that could have come before */
    }
    return fos_channel_try_receive(receiver, buffer, capacity, length);
}

/* ---- the side that answers ---- */

/* The message taken last may be answered in place: it has this tag, and the next packet
 * this number. */
fos_inline void turn_may(struct fos_turn *turn, struct fos_packet *slot,
                         uint64_t tag, uint32_t number)
{
    turn->slot = slot;
    turn->asked = tag;
    turn->number = number;
    turn->pair->move = FOS_TURN_ANSWER;
}

/* A marked message that may come next by the paired channel. */
struct turn_next {
    struct fos_packet *slot;
    uint64_t mark; /* its tag, but for the length */
    uint32_t most; /* bytes; 0: it is not to be taken as such */
    struct fos_channel_cursor after;
};

fos_inline struct turn_next turn_next(const struct fos_inbound *inbound,
                                      uint32_t capacity)
{
    const struct fos_channel_receiver *receiver = &inbound->receiver;
    struct turn_next next = {
        .slot = fos_channel_slot(&receiver->at),
        .mark = turn_mark(receiver->at.head, inbound->turn.pair->channel.id),
        .most = capacity < FOS_PACKET_PAYLOAD ? capacity : FOS_PACKET_PAYLOAD,
        .after = receiver->at,
    };

    fos_channel_advance(&next.after);
    if (receiver->done || receiver->until_ack == 1)
        next.most = 0;
    return next;
}

/* Takes it; false: what has this tag is something else. */
fos_inline bool turn_take_next(struct fos_inbound *inbound,
                               const struct turn_next *next, uint64_t tag,
                               void *buffer, uint32_t *length)
{
    uint32_t bytes = turn_length(tag);

    if (fos_unlikely((tag & ~TURN_LENGTH_MASK) != next->mark ||
                     bytes - 1 >= next->most)) /* nor is it empty: P4 */
        return false;
    fos_payload_read(buffer, next->slot->payload, bytes);
    *length = bytes;
    inbound->receiver.at.number = next->after.number;
    inbound->receiver.at.head = next->after.head;
    inbound->receiver.until_ack--;
    turn_may(&inbound->turn, next->slot, tag, next->after.number);
    return true;
}

/* A marked message, of the paired channel.  As fos_channel_try_receive, also for other
 * messages. */
static inline int turn_receive(struct fos_inbound *inbound, void *buffer,
                               uint32_t capacity, uint32_t *length)
{
    struct turn_next next = turn_next(inbound, capacity);
    uint64_t tag = fos_load_acquire(&next.slot->tag); /* C1 */

    if (turn_take_next(inbound, &next, tag, buffer, length))
        return 0;
    return fos_channel_try_receive(&inbound->receiver, buffer, capacity, length);
}

/* ---- both ---- */

/* As fos_channel_try_receive. */
fos_inline int inbound_try(struct fos_inbound *inbound, void *buffer,
                           uint32_t capacity, uint32_t *length)
{
    if (inbound->turn.due && !inbound->receiver.done)
        return turn_await(inbound, buffer, capacity, length);
    if (inbound->turn.answers)
        return turn_receive(inbound, buffer, capacity, length);
    return fos_channel_try_receive(&inbound->receiver, buffer, capacity, length);
}

static inline bool inbound_ready(struct fos_inbound *inbound)
{
    return fos_channel_complete(&inbound->receiver) || turn_ready(inbound);
}

/* Throws away the message that comes next. */
void inbound_discard(struct fos_inbound *inbound);

#endif
