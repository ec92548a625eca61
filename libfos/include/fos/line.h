/* SPDX-License-Identifier: MIT */
/*
 * Fast calls: request and reply in one cache line.
 *
 *     FOS_FAST_CALL(name, lookup)
 *
 *     fos_line_open(&line, mailbox);
 *     struct name_lookup_req req = {.alias = alias};
 *     struct name_lookup_rep rep;
 *     long result = name_lookup_fast(&line, &req, &rep, deadline);
 *
 * A call line is a channel of which one slot at a time is used.  The client writes its
 * arguments straight into it; the service takes the request like any other, by the
 * same handler, and fos_answer writes the results over it.  So a call moves one line
 * there and back, as the minimal IPC does (Belay 2011, section 6.1 and appendix A),
 * and there is neither a reply mailbox nor an id to be matched.  Requests of up to
 * 32 bytes of arguments and replies of up to 40 of results fit.
 *
 * Invariants
 *
 *  L1. The slot belongs to the client until it stores a tag with FIRST, then to the
 *      service until it stores one with REPLY and the same generation.  Each writes
 *      the payload before its tag (release) and reads it after the other's
 *      (acquire).
 *
 *  L2. One call at a time, and generations grow by one from call to call: a reply is
 *      that of the request before it.  A call given up closes the line, so that its
 *      late reply has nowhere to go.
 *
 *  L3. A service answers a line once to a request that it has taken of it
 *      (struct fos_inbound, owes, which no client can change); what another client
 *      says cannot make it write there.
 *
 *  L4. Each side stores its tag and then looks at the other's doorbell, each looks
 *      at the tag once more after it said that it would sleep (fos/sleep.h, S1, S2).
 *
 *  L5. A service gives a line back only when it owes no answer.  A client finds the
 *      line retired or dead and no answer: then its request was not taken when the
 *      kernel's count says so, and is sent again by a new line; else the service
 *      has died with it.
 *
 *  L6. The client may go on in another slot: it writes the request there, and then into
 *      the slot where the line was a tag that says so.  The service looks there once:
 *      no request, and the channel ends.
 *
 * Some lines of memory are farther than others from the two processors (each has its home
 * in one part of the cache, by its address): by up to a third of a call.  So a client that
 * calls often tries some slots, and stays at the quickest.
 */
#ifndef FOS_LINE_H
#define FOS_LINE_H

#include <fos/msg.h>
#include <fos/proto/rpc.h>

/* Which slot is the quickest. */
struct fos_line_trial {
    uint32_t due; /* number of the call that begins a trial, or goes on to a slot */
    uint32_t slot;  /* the one in use */
    uint32_t best;  /* the quickest of those tried */
    uint64_t spent; /* cycles, by the calls in this one; in the best one */
    uint64_t least;
    uint64_t quickest; /* call in this one */
};

/* The client's end.  One thread uses it; not to be moved while it is open. */
struct fos_line {
    struct fos_channel_cursor at; /* of the next request; one slot */
    bool settled;                 /* open, and no trial under way */
    uint64_t tag;                 /* of the request under way */
    struct fos_thread *thread;
    struct fos_doorbell *doorbell; /* the service's */
    void *window;                  /* where doorbell and slot are; null: closed */
    struct fos_cap mailbox, channel;
    struct fos_line_trial trial;
};

/*
 * Opens a call line to the service whose mailbox that is.  0, or as fos_peer_open of
 * a channel.  A line that the service takes back, or that a call given up has closed,
 * is opened again by the next call.
 */
int fos_line_open(struct fos_line *line, struct fos_cap mailbox);
void fos_line_close(struct fos_line *line);

/* The general cases of the inline functions below. */
long fos_line_call_slow(struct fos_line *line, const void *request, uint32_t length,
                        void *reply, uint32_t capacity, uint64_t deadline);
long fos_line_wait(struct fos_line *line, const void *request, uint32_t length,
                   void *reply, uint32_t capacity, uint64_t deadline);
long fos_line_odd(struct fos_line *line, uint64_t tag, void *reply,
                  uint32_t capacity);

static inline struct fos_packet *fos_line_slot(const struct fos_line *line)
{
    return (struct fos_packet *)(void *)line->at.ring;
}

/* The tag of a reply of `length` bytes to the request whose tag has this head. */
static inline uint64_t fos_line_reply_tag(uint32_t generation, uint32_t length)
{
    return fos_packet_head((uint8_t)generation, FOS_PACKET_REPLY) |
           fos_packet_size(length, length);
}

/* Looks for the reply, whose tag is to be `due`.  Its result; -FOS_EAGAIN: it is not
 * there. */
fos_inline long fos_line_see(struct fos_line *line, uint64_t due, void *reply,
                             uint32_t capacity)
{
    struct fos_packet *slot = fos_line_slot(line);
    uint64_t tag = fos_load_acquire(&slot->tag); /* L1 */

    if (tag == line->tag)
        return -FOS_EAGAIN;
    if (fos_unlikely(tag != due))
        return fos_line_odd(line, tag, reply, capacity);
    ((struct fos_reply *)reply)->result = 0;
    fos_payload_read(reply, slot->payload, capacity);
    return ((const struct fos_reply *)reply)->result;
}

fos_inline long fos_line_look(struct fos_line *line, void *reply, uint32_t capacity)
{
    return fos_line_see(line, fos_line_reply_tag((uint8_t)line->tag, capacity),
                        reply, capacity);
}

/* Writes the request.  L1: pairs with the acquire in fos_channel_try_receive. */
fos_inline void fos_line_put(struct fos_line *line, const void *request,
                             uint32_t length)
{
    struct fos_packet *slot = fos_line_slot(line);

    line->tag = line->at.head | fos_packet_size(length, length);
    fos_payload_write_fresh(slot->payload, request, length);
    fos_store_release(&slot->tag, line->tag);
    fos_channel_advance(&line->at);
}

/* After the request was written: waits for the reply.  As fos_line_call. */
fos_inline long fos_line_await(struct fos_line *line, const void *request,
                               uint32_t length, void *reply, uint32_t capacity,
                               uint64_t deadline)
{
    const struct fos_pace *pace = &line->thread->pace[FOS_PACE_CALL];
    uint64_t due = fos_line_reply_tag((uint8_t)line->tag, capacity);

    if (fos_unlikely(!fos_doorbell_awake(line->doorbell))) /* L4 */
        return fos_line_wait(line, request, length, reply, capacity, deadline);
    for (uint32_t looks = fos_pace_begin(pace, FOS_PACE_CALL); looks > 0; looks--) {
        long result = fos_line_see(line, due, reply, capacity);
        if (fos_likely(result != -FOS_EAGAIN))
            return result;
        fos_pace_again(pace);
    }
    return fos_line_wait(line, request, length, reply, capacity, deadline);
}

/*
 * Calls: `request` begins with struct fos_request, whose tag is FOS_TAG(service,
 * name); `reply` with struct fos_reply.  Both fit a packet's payload.
 *
 * The reply's result, 0 or more, or the service's error; -FOS_ETIMEDOUT; -FOS_EPIPE
 * the service has gone, perhaps after it took the request; -FOS_EPERM there is no
 * such mailbox; -FOS_EPROTO what came is no reply of that size; or an error of
 * opening the line.  After an error `reply` is undefined.
 */
fos_inline long fos_line_call(struct fos_line *line, struct fos_request *request,
                              uint32_t length, void *reply, uint32_t capacity,
                              uint64_t deadline)
{
    struct fos_pace *pace = &line->thread->pace[FOS_PACE_CALL];

    request->reply = (struct fos_cap){.id = FOS_REPLY_LINE};
    if (fos_unlikely(!line->settled || fos_pace_at_once(pace, FOS_PACE_CALL)))
        return fos_line_call_slow(line, request, length, reply, capacity, deadline);
    fos_line_put(line, request, length);
    return fos_line_await(line, request, length, reply, capacity, deadline);
}

/* long service_name_fast(line, &req, &rep, deadline), as fos_line_call. */
#define FOS_FAST_CALL(service, name)                                              \
    _Static_assert(sizeof(struct service##_##name##_req) <= FOS_PACKET_PAYLOAD && \
                       sizeof(struct service##_##name##_rep) <=                   \
                           FOS_PACKET_PAYLOAD,                                    \
                   #service "_" #name " fits a line");                            \
    static inline __attribute__((unused)) long service##_##name##_fast(           \
        struct fos_line *to, struct service##_##name##_req *req,                  \
        struct service##_##name##_rep *rep, uint64_t deadline)                    \
    {                                                                             \
        req->head.tag = FOS_TAG(service, name);                                   \
        return fos_line_call(to, &req->head, sizeof *req, rep, sizeof *rep,       \
                             deadline);                                           \
    }

/* ---- the wait for one slot ---- */

/* Whether the packet in `slot` has another generation than `empty`, which it has once
 * it was written. */
fos_inline bool fos_slot_written(const struct fos_packet *slot, uint8_t empty,
                                 uint64_t *tag)
{
    *tag = fos_load_acquire(&slot->tag); /* C1 */
    return fos_packet_generation(*tag) != empty;
}

/* Waits for that. */
fos_inline bool fos_slot_await(const struct fos_pace *pace, enum fos_pace_kind kind,
                               const struct fos_packet *slot, uint8_t empty,
                               uint64_t *tag)
{
    for (uint32_t looks = fos_pace_begin(pace, kind); looks > 0; looks--) {
        if (fos_slot_written(slot, empty, tag))
            return true;
        fos_pace_again(pace);
    }
    return false;
}

/* ---- the service's side ---- */

/* Whether an answer is due by this channel: it is a line, and a request was taken of it
 * since the last answer. */
static inline bool fos_line_owed(const struct fos_inbound *inbound)
{
    const struct fos_channel_receiver *receiver = &inbound->receiver;

    return receiver->line && receiver->answered != (uint8_t)receiver->at.number &&
           !receiver->error;
}

/*
 * The next request by a line that was answered, if it comes within a few looks: one slot, which
 * acknowledges nothing and is nobody's pair.  What can be known before it is there is worked
 * out before the first look.  False: nothing was taken.
 */
fos_inline bool fos_line_next(struct fos_mailbox *mailbox, struct fos_inbound *line,
                              void *buffer, uint32_t capacity, uint32_t *length)
{
    struct fos_channel_cursor *at = &line->receiver.at;
    const struct fos_pace *pace = &mailbox->thread->pace[FOS_PACE_SERVE];
    const struct fos_packet *slot = (const void *)at->ring;
    uint32_t most = capacity < FOS_PACKET_PAYLOAD ? capacity : FOS_PACKET_PAYLOAD;
    uint32_t head = at->head, number = at->number + 1, budget = mailbox->budget - 1;
    uint32_t next = fos_packet_head((uint8_t)(head + 1), FOS_PACKET_FIRST), total;
    uint64_t tag;

    if (!fos_slot_await(pace, FOS_PACE_SERVE, slot, (uint8_t)(head - 1), &tag))
        return false;
    total = (uint32_t)(tag >> FOS_PACKET_TOTAL_SHIFT);
    if (fos_unlikely(total > most ||
                     (uint32_t)tag != (head | total << FOS_PACKET_LENGTH_SHIFT)))
        return false;
    fos_payload_read(buffer, slot->payload, total);
    *length = total;
    at->number = number;
    at->head = next;
    mailbox->budget = budget;
    return true;
}

/* The client may sleep: looks, and wakes it (L4).  0. */
long fos_line_ring(const struct fos_inbound *inbound);

/* Answers with `length` bytes, which fit a packet; an answer is owed.  0. */
fos_inline long fos_line_answer(struct fos_thread *thread,
                                struct fos_inbound *inbound, const void *reply,
                                uint32_t length)
{
    struct fos_channel_receiver *receiver = &inbound->receiver;
    struct fos_packet *slot = (struct fos_packet *)(void *)receiver->at.ring;
    uint8_t generation = (uint8_t)(receiver->at.head - 1);

    if (length > FOS_PACKET_PAYLOAD)
        __builtin_unreachable();
    fos_payload_write_fresh(slot->payload, reply, length);
    /* L1: pairs with the acquire in fos_line_look.  Locked: it goes out at once. */
    fos_exchange(&slot->tag, fos_line_reply_tag(generation, length));
    receiver->answered = (uint8_t)receiver->at.number;
    inbound->owes = 0;
    thread->unpushed++;
    return fos_likely(fos_doorbell_awake(inbound->doorbell))
               ? 0
               : fos_line_ring(inbound);
}

#endif
