/* SPDX-License-Identifier: MIT */
/* Answers in place.  Invariants: see turn.h. */
#include "turn.h"

/* ---- pairs ---- */

void turn_part(struct fos_peer *peer, struct fos_inbound *inbound)
{
    if (peer) {
        turn_end(peer);
        peer->pair = NULL;
    }
    if (inbound) {
        inbound->turn.pair = NULL;
        inbound->turn.answers = false;
    }
}

/* Neither of the two has another one then. */
static void pair_make(struct fos_peer *peer, struct fos_inbound *inbound,
                      bool answers)
{
    if (peer->pair != inbound) {
        turn_part(peer, peer->pair);
        turn_part(inbound->turn.pair, inbound);
    }
    peer->pair = inbound;
    inbound->turn.pair = peer;
    inbound->turn.answers = answers;
}

/* Whether this channel and the peer's go to and fro between the same two processes, and
 * are in use; P5. */
static bool pair_fits(const struct fos_peer *peer,
                      const struct fos_inbound *inbound)
{
    return peer->window && !peer->sealed && peer->pid == inbound->pid &&
           !inbound->retired && !inbound->dead && !inbound->receiver.line;
}

/* Answers in place save a line's way and cost instructions.  Where a pause takes as long
 * as a line's way, at an emulator, instructions are what is dear. */
static bool instructions_are_cheap(const struct fos_thread *thread)
{
    return thread->pace[FOS_PACE_RING].pause <= FOS_PACE_PAUSE_MOST;
}

void turn_open(struct fos_peer *peer, struct fos_inbound *inbound)
{
    struct fos_turn *turn = &inbound->turn;

    turn->calm = 0;
    if (turn->patience < TURN_PATIENCE_MIN) {
        turn->patience = TURN_PATIENCE_MIN;
    } else if (peer && !turn->due && instructions_are_cheap(peer->thread) &&
               pair_fits(peer, inbound) && peer->channel.id < inbound->channel.id &&
               peer->sender.slots % peer->sender.threshold == 0) {
        pair_make(peer, inbound, false);
        peer->move = FOS_TURN_OPEN;
    }
}

/* The peer whose channel a mark names. */
static struct fos_peer *pair_find(const struct fos_inbound *inbound, uint32_t named)
{
    struct fos_peer *peer = fos_thread_self()->outbounds;

    while (peer &&
           ((uint32_t)peer->channel.id != named || peer->pid != inbound->pid))
        peer = peer->next;
    return peer && pair_fits(peer, inbound) &&
                   peer->channel.id > inbound->channel.id
               ? peer
               : NULL;
}

/* Makes a pair with that peer.  After a search in vain twice as many marks are passed
 * over as after the one before. */
static void pair_search(struct fos_inbound *inbound, uint32_t named)
{
    struct fos_turn *turn = &inbound->turn;
    struct fos_peer *peer;

    if (turn->passed++ < turn->pass)
        return;
    turn->passed = 0;
    peer = pair_find(inbound, named);
    if (peer)
        pair_make(peer, inbound, true);
    else if (turn->pass < TURN_PATIENCE_MAX)
        turn->pass = 2 * turn->pass + 1;
}

void turn_taken(struct fos_inbound *inbound)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    struct fos_packet *slot = fos_channel_slot_ahead(&receiver->at, (uint32_t)-1);
    uint64_t tag = fos_load_relaxed(&slot->tag); /* compared when it is answered */
    uint32_t named = (uint32_t)(tag >> FOS_PACKET_TOTAL_SHIFT);
    struct fos_turn *turn = &inbound->turn;

    if (!fos_packet_marked(tag) || receiver->until_ack == receiver->threshold ||
        turn->due)
        return; /* taken away; P4; as a caller it uses the same fields */
    if (!turn->answers || (uint32_t)turn->pair->channel.id != named)
        pair_search(inbound, named);
    if (turn->answers && (uint32_t)turn->pair->channel.id == named)
        turn_may(turn, slot, tag, receiver->at.number);
}

/* ---- the caller ---- */

/* Takes the mark away; when it is answered, keeps the answer.  P1 */
static void asked_end(struct fos_peer *peer, struct fos_turn *turn)
{
    uint64_t tag = turn->asked;

    turn->calm = 0;
    if (turn->patience < TURN_PATIENCE_MAX)
        turn->patience *= 2;
    if (fos_compare_exchange(&turn->slot->tag, &tag, fos_packet_unmarked(tag))) {
        turn->due = FOS_TURN_NOWHERE;
        peer->turns--;
        peer->sender.credit--;
        fos_channel_advance(&peer->sender.at);
        return;
    }
    fos_payload_read(turn->kept, turn->slot->payload, FOS_PACKET_PAYLOAD);
    turn->kept_tag = tag;
    turn->due = FOS_TURN_KEPT;
}

void turn_close(struct fos_peer *peer)
{
    if (peer->move == FOS_TURN_ASKED)
        asked_end(peer, &peer->pair->turn);
    peer->move = FOS_TURN_PLAIN;
}

/* Sends a marked message.  False: it must be a plain one (P4). */
fos_inline bool ask(struct fos_peer *peer, const void *data, uint32_t length)
{
    struct fos_channel_sender *sender = &peer->sender;
    struct fos_turn *turn = &peer->pair->turn;
    struct fos_packet *slot = fos_channel_slot(&sender->at);
    uint64_t tag = turn_mark(sender->at.head, peer->pair->channel.id) |
                   (uint64_t)length << FOS_PACKET_LENGTH_SHIFT;

    if (fos_unlikely(!length || (sender->at.number + 1) % sender->threshold == 0))
        return false;
    fos_payload_write_fresh(slot->payload, data, length);
    /* Pairs with the acquire in turn_receive and fos_channel_receive_slow. */
    fos_store_release(&slot->tag, tag);
    turn->slot = slot;
    turn->asked = tag;
    turn->due = FOS_TURN_SLOT;
    peer->move = FOS_TURN_ASKED;
    peer->turns++;
    return true;
}

/* ---- who answers ---- */

/* Sends an answer in place.  False: it must go by the ring. */
fos_inline bool answer(struct fos_peer *peer, const void *data, uint32_t length)
{
    struct fos_inbound *inbound = peer->pair;
    struct fos_channel_receiver *receiver = &inbound->receiver;
    struct fos_turn *turn = &inbound->turn;
    uint64_t asked = turn->asked;

    peer->move = FOS_TURN_PLAIN;
    if (fos_unlikely(turn->number != receiver->at.number || receiver->done))
        return false;
    fos_payload_write_fresh(turn->slot->payload, data, length);
    /* P1: pairs with the acquire in turn_tag. */
    if (!fos_compare_exchange(&turn->slot->tag, &asked,
                              turn_reply(asked, peer->sender.at.number) |
                                  (uint64_t)length << FOS_PACKET_LENGTH_SHIFT))
        return false;
    turn->number = --receiver->at.number;
    receiver->until_ack++;
    turn->count++;
    peer->turns++;
    return true;
}

/* The caller has what is answered, or was told, however its doorbell looks else (P6).  0. */
static int answer_look(struct fos_peer *peer)
{
    if (fos_doorbell_load(peer->doorbell) == FOS_DOORBELL_SLEEPING)
        fos_sys_notify(peer->channel); /* P7 */
    return 0;
}

/* ---- both ---- */

fos_inline void sent(struct fos_peer *peer, uint32_t length)
{
    fos_trace(FOS_TRACE_send, peer->pid, length);
    peer->thread->unpushed++;
    peer->thread->spoke = peer;
}

/* A plain message after all. */
static int plain_send(struct fos_peer *peer, const void *data, uint32_t length,
                      uint64_t deadline)
{
    turn_end(peer);
    return fos_msg_send_until(peer, data, length, deadline);
}

int fos_turn_send(struct fos_peer *peer, const void *data, uint32_t length,
                  uint64_t deadline)
{
    bool answers = peer->move == FOS_TURN_ANSWER;

    if (length > FOS_PACKET_PAYLOAD)
        __builtin_unreachable();
    if (answers ? !answer(peer, data, length)
                : peer->move != FOS_TURN_OPEN || !ask(peer, data, length))
        return plain_send(peer, data, length, deadline);
    sent(peer, length);
    if (fos_likely(fos_doorbell_awake(peer->doorbell)))
        return 0;
    return answers ? answer_look(peer) : fos_msg_ring(peer, data, length, deadline);
}

void inbound_discard(struct fos_inbound *inbound)
{
    uint8_t nothing[FOS_PACKET_PAYLOAD];
    uint32_t length;

    if (turn_ready(inbound))
        turn_take(inbound, turn_tag(&inbound->turn), nothing, sizeof nothing,
                  &length);
    else if (fos_channel_discard(&inbound->receiver) == FOS_CHANNEL_ANNOUNCED)
        exchange_discard(inbound);
}
