/* SPDX-License-Identifier: MIT */
/*
 * After something was sent: a few looks at the channel that spoke last alone, as the answer
 * will come by it soon.  What can be known before it is there is worked out before the
 * first look; it is only compared then, as every instruction between a look and the
 * next message is a part of the round.
 */
#ifndef FOS_MSG_AWAIT_H
#define FOS_MSG_AWAIT_H

#include "turn.h"

/* Of the functions here: there is something, and the general way is to take it. */
enum { AWAIT_FRONT = 1 };

/* What is waited for by this channel, after something was sent. */
static inline enum fos_pace_kind pace_kind(const struct fos_inbound *inbound)
{
    if (inbound->turn.due)
        return FOS_PACE_ASK;
    if (turn_answered(inbound))
        return FOS_PACE_ANSWER;
    return inbound->receiver.line ? FOS_PACE_SERVE : FOS_PACE_RING;
}

/* The message of `length` bytes was taken of the first channel, in its burst. */
fos_inline void await_took(struct fos_mailbox *mailbox,
                           const struct fos_inbound *front, uint32_t length)
{
    mailbox->budget--;
    fos_trace(FOS_TRACE_receive, front->pid, length);
}

/* A message by the first channel, of whatever kind. */
fos_inline bool await_front(const struct fos_mailbox *mailbox,
                            enum fos_pace_kind kind)
{
    const struct fos_inbound *front = mailbox->channels.next;
    const struct fos_pace *pace = &mailbox->thread->pace[kind];
    const struct fos_packet *slot = fos_channel_slot(&front->receiver.at);
    const struct fos_turn *turn = &front->turn;
    uint8_t empty = (uint8_t)(front->receiver.at.head - 1);
    uint64_t tag;

    for (uint32_t looks = fos_pace_begin(pace, kind); looks > 0; looks--) {
        if ((turn->due && turn_tag(turn) != turn->asked) ||
            fos_slot_written(slot, empty, &tag))
            return true;
        fos_pace_again(pace);
    }
    return false;
}

/* The next message that may be answered in place, after an answer in place. */
fos_inline int await_question(struct fos_mailbox *mailbox, void *buffer,
                              uint32_t capacity, uint32_t *length)
{
    struct fos_inbound *front = mailbox->channels.next;
    const struct fos_pace *pace = &mailbox->thread->pace[FOS_PACE_ANSWER];
    struct turn_next next = turn_next(front, capacity);
    uint8_t empty = (uint8_t)(front->receiver.at.head - 1);
    uint64_t tag;

    if (!fos_slot_await(pace, FOS_PACE_ANSWER, next.slot, empty, &tag))
        return -FOS_EAGAIN;
    if (fos_unlikely(!turn_take_next(front, &next, tag, buffer, length)))
        return AWAIT_FRONT;
    await_took(mailbox, front, *length);
    return 0;
}

/* The answer to a marked message.  What comes by the ring is taken in general (P3). */
fos_inline int await_answer(struct fos_mailbox *mailbox, void *buffer,
                            uint32_t capacity, uint32_t *length)
{
    struct fos_inbound *front = mailbox->channels.next;
    const struct fos_pace *pace = &mailbox->thread->pace[FOS_PACE_ASK];
    const struct fos_packet *ring = fos_channel_slot(&front->receiver.at);
    struct fos_turn *turn = &front->turn;
    const struct fos_packet *slot = turn->slot;
    uint64_t asked = turn->asked, tag, other;
    uint64_t reply = turn_reply(asked, front->receiver.at.number);
    uint8_t empty = (uint8_t)(front->receiver.at.head - 1);
    uint32_t most = capacity < FOS_PACKET_PAYLOAD ? capacity : FOS_PACKET_PAYLOAD;
    uint32_t looks = fos_pace_begin(pace, FOS_PACE_ASK), bytes;

    while ((tag = fos_load_acquire(&slot->tag)) == asked) { /* P1 */
        if (fos_slot_written(ring, empty, &other))
            return AWAIT_FRONT;
        if (--looks == 0)
            return -FOS_EAGAIN;
        fos_pace_again(pace);
    }
    bytes = turn_length(tag);
    if (fos_unlikely((tag & ~TURN_LENGTH_MASK) != reply || bytes > most))
        return AWAIT_FRONT;
    *length = bytes;
    turn_take_slot(turn, slot, buffer, bytes);
    await_took(mailbox, front, bytes);
    return 0;
}

/* The first of the channels gets its burst: a message of it.  As fos_msg_recv;
 * -FOS_EAGAIN: a few looks were in vain. */
fos_inline int await(struct fos_mailbox *mailbox, enum fos_pace_kind kind,
                     void *buffer, uint32_t capacity, uint32_t *length)
{
    const struct fos_inbound *front = mailbox->channels.next;

    if (kind == FOS_PACE_ANSWER)
        return await_question(mailbox, buffer, capacity, length);
    if (kind == FOS_PACE_ASK && front->turn.due == FOS_TURN_SLOT &&
        !front->receiver.done) /* else what was begun comes first */
        return await_answer(mailbox, buffer, capacity, length);
    return await_front(mailbox, kind) ? AWAIT_FRONT : -FOS_EAGAIN;
}

#endif
