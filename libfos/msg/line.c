/* SPDX-License-Identifier: MIT */
/* Call lines.  Invariants: see fos/line.h. */
#include "msg.h"

#include <fos/memory.h>

enum { LINE_RING_PAGES = 1, LINE_PAGES = 1 + LINE_RING_PAGES };

/* Of the functions here: the line is gone with nothing lost, begin anew. */
enum { CALL_AGAIN = -FOS_EAGAIN };

/* ---- the client ---- */

int fos_line_open(struct fos_line *line, struct fos_cap mailbox)
{
    struct fos_channel_info info;
    void *window = fos_pages_reserve(LINE_PAGES);
    long error;

    *line = (struct fos_line){.thread = fos_thread_self(), .mailbox = mailbox};
    if (!window)
        return -FOS_ENOMEM;
    error = fos_sys_channel_connect(mailbox, window, LINE_RING_PAGES, &info);
    if (error < 0) {
        fos_pages_release(window, LINE_PAGES);
        return (int)error;
    }
    line->window = line->doorbell = window;
    line->channel = info.channel;
    line->at = (struct fos_channel_cursor){
        .ring = window_ring(window),
        .bytes = FOS_PACKET_SIZE,
        .head = fos_packet_head(1, FOS_PACKET_FIRST | FOS_PACKET_LINE),
    };
    published(line->thread)->channels_out++;
    return 0;
}

void fos_line_close(struct fos_line *line)
{
    if (!line->window)
        return;
    fos_sys_channel_close(line->channel, FOS_TAKEN_NONE);
    fos_pages_release(line->window, LINE_PAGES);
    published(line->thread)->channels_out--;
    line->window = NULL;
}

static long line_fail(struct fos_line *line, long error)
{
    fos_line_close(line);
    return error;
}

/* Not the request's tag, nor that of a reply of the size expected. */
long fos_line_odd(struct fos_line *line, uint64_t tag, void *reply,
                  uint32_t capacity)
{
    struct fos_reply head;

    if (tag != fos_line_reply_tag((uint8_t)line->tag, sizeof head) ||
        sizeof head > capacity)
        return line_fail(line, -FOS_EPROTO);
    fos_payload_read(&head, fos_line_slot(line)->payload, sizeof head);
    if (head.result >= 0)
        return line_fail(line, -FOS_EPROTO);
    *(struct fos_reply *)reply = head;
    return head.result;
}

static bool line_ready(void *argument)
{
    struct fos_line *line = argument;

    return fos_load_relaxed(&fos_line_slot(line)->tag) != line->tag ||
           doorbell_dead(line->doorbell);
}

/* The service has closed the line; what it had answered is there (L5). */
static long line_settle(struct fos_line *line, void *reply, uint32_t capacity)
{
    uint32_t sent = line->at.number;
    long taken, result = fos_line_look(line, reply, capacity);

    if (result != -FOS_EAGAIN)
        return line_fail(line, result);
    taken = fos_sys_channel_retire(line->channel, sent);
    if (taken < 0)
        return line_fail(line, taken == -FOS_EPERM ? taken : -FOS_EPIPE);
    fos_line_close(line);
    return (uint32_t)taken == sent ? -FOS_EPIPE : CALL_AGAIN;
}

/* Polls, then sleeps, until the reply is there or the line is dead. */
static long line_await(struct fos_line *line, void *reply, uint32_t capacity,
                       uint64_t deadline)
{
    struct fos_sleeper *sleeper = &line->thread->sleeper;
    struct fos_spin spin;

    fos_spin_begin(&spin, sleeper, deadline);
    while (!line_ready(line)) {
        enum fos_spin_state state =
            deadline ? fos_spin_round(&spin) : FOS_SPIN_LATE;
        if (state == FOS_SPIN_LATE)
            return line_fail(line, -FOS_ETIMEDOUT); /* L2 */
        if (state == FOS_SPIN_ON)
            continue;
        thread_events(line->thread);
        fos_sleep(sleeper, FOS_EVENTS_RESERVED, line_ready, line,
                  deadline); /* L4 */
        fos_spin_begin(&spin, sleeper, deadline);
    }
    if (doorbell_dead(line->doorbell))
        return line_settle(line, reply, capacity);
    return fos_line_look(line, reply, capacity);
}

long fos_line_wait(struct fos_line *line, const void *request, uint32_t length,
                   void *reply, uint32_t capacity, uint64_t deadline)
{
    long result;

    /* Retired: the service takes what it sees, and closes; then line_settle. */
    if (fos_doorbell_load(line->doorbell) == FOS_DOORBELL_SLEEPING)
        fos_sys_notify(line->channel);
    result = line_await(line, reply, capacity, deadline);
    if (result == CALL_AGAIN && !line->window)
        result =
            fos_line_call_slow(line, request, length, reply, capacity, deadline);
    /* The service wants the room, and owes nothing now. */
    if (line->window && fos_doorbell_load(line->doorbell) == FOS_DOORBELL_RETIRED)
        fos_line_close(line);
    return result;
}

long fos_line_call_slow(struct fos_line *line, const void *request, uint32_t length,
                        void *reply, uint32_t capacity, uint64_t deadline)
{
    if (!line->window) {
        int error = fos_line_open(line, line->mailbox);
        if (error)
            return error;
    }
    line->thread->pace[FOS_PACE_CALL].busy = false;
    fos_line_put(line, request, length);
    return fos_line_wait(line, request, length, reply, capacity, deadline);
}

/* ---- the service ---- */

void fos_line_answer(struct fos_thread *thread, struct fos_inbound *inbound,
                     const void *reply, uint32_t length)
{
    struct fos_packet *slot = fos_channel_slot(&inbound->receiver.at);

    fos_payload_write_fresh(slot->payload, reply, length);
    /* L1: pairs with the acquire in fos_line_look.  Locked: it goes out at once. */
    fos_exchange(&slot->tag, fos_line_reply_tag(
                                 (uint8_t)(inbound->receiver.at.head - 1), length));
    thread->unpushed++;
    if (!fos_doorbell_awake(inbound->doorbell) &&
        fos_doorbell_load(inbound->doorbell) == FOS_DOORBELL_SLEEPING)
        fos_sys_notify(inbound->channel);
}
