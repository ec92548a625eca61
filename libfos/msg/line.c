/* SPDX-License-Identifier: MIT */
/* Call lines.  Invariants: see fos/line.h. */
#include "msg.h"

#include <fos/memory.h>

enum { LINE_RING_PAGES = 1, LINE_PAGES = 1 + LINE_RING_PAGES };

/* Calls before a trial, in each slot tried, and between trials; slots that are tried, all
 * over a page and none of a pair, as processors fetch those together.  Tests want fewer. */
#ifndef LINE_TRIAL_CALLS
#define LINE_TRIAL_AFTER 256
#define LINE_TRIAL_CALLS 32
#define LINE_TRIAL_AGAIN (1 << 17)
#define LINE_TRIAL_SLOTS 64
#define LINE_TRIAL_STEP  4
/* Costs compare where each is waited for alike. */
#define LINE_TRIAL_WHEN(line) fos_pace_settled(&(line)->thread->pace[FOS_PACE_CALL])
#else
#define LINE_TRIAL_WHEN(line) true
#endif

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
    line->trial.due = LINE_TRIAL_AFTER;
    line->settled = true;
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
    line->settled = false;
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
    struct fos_reply head = {0};

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
    if (thread_wait(line->thread, line_ready, line, deadline)) /* L4 */
        return line_fail(line, -FOS_ETIMEDOUT);                /* L2 */
    if (doorbell_dead(line->doorbell))
        return line_settle(line, reply, capacity);
    return fos_line_look(line, reply, capacity);
}

/* The request is written: as fos_line_wait, but for the result CALL_AGAIN. */
static long line_wait(struct fos_line *line, void *reply, uint32_t capacity,
                      uint64_t deadline)
{
    /* Retired: the service takes what it sees, and closes; then line_settle. */
    if (fos_doorbell_load(line->doorbell) == FOS_DOORBELL_SLEEPING)
        fos_sys_notify(line->channel);
    return line_await(line, reply, capacity, deadline);
}

/* The same by a new line.  A service may close that, too, and so on. */
static long line_again(struct fos_line *line, const void *request, uint32_t length,
                       void *reply, uint32_t capacity, uint64_t deadline)
{
    int error;

    if (fos_sleeper_now(&line->thread->sleeper) >= deadline)
        return -FOS_ETIMEDOUT;
    error = fos_line_open(line, line->mailbox);
    if (error)
        return error;
    fos_line_put(line, request, length);
    return line_wait(line, reply, capacity, deadline);
}

long fos_line_wait(struct fos_line *line, const void *request, uint32_t length,
                   void *reply, uint32_t capacity, uint64_t deadline)
{
    long result = line_wait(line, reply, capacity, deadline);

    while (result == CALL_AGAIN && !line->window)
        result = line_again(line, request, length, reply, capacity, deadline);
    /* The service wants the room, and owes nothing now. */
    if (line->window && fos_doorbell_load(line->doorbell) == FOS_DOORBELL_RETIRED)
        fos_line_close(line);
    return result;
}

/* L6: pairs with the acquire in first_look. */
static void line_put_in(struct fos_line *line, uint32_t slot, const void *request,
                        uint32_t length)
{
    struct fos_packet *old = fos_line_slot(line);
    uint64_t tag = fos_packet_head((uint8_t)line->at.head, FOS_PACKET_MOVE) |
                   (uint64_t)slot << FOS_PACKET_TOTAL_SHIFT;

    line->trial.slot = slot;
    line->at.ring =
        (uint8_t *)window_ring(line->window) + (size_t)slot * FOS_PACKET_SIZE;
    fos_line_put(line, request, length);
    fos_store_release(&old->tag, tag);
}

/* ---- which slot ---- */

static void trial_begin(struct fos_line *line)
{
    line->settled = false;
    line->trial = (struct fos_line_trial){.due = line->at.number + LINE_TRIAL_CALLS,
                                          .slot = line->trial.slot,
                                          .quickest = UINT64_MAX,
                                          .least = UINT64_MAX};
}

/* The slot in use was tried: the one for the next call. */
static uint32_t trial_next(struct fos_line *line)
{
    struct fos_line_trial *trial = &line->trial;

    if (trial->spent < trial->least) {
        trial->least = trial->spent;
        trial->best = trial->slot;
    }
    trial->spent = 0;
    trial->quickest = UINT64_MAX;
    trial->due = line->at.number + LINE_TRIAL_CALLS;
    if (trial->slot + LINE_TRIAL_STEP < LINE_TRIAL_SLOTS)
        return trial->slot + LINE_TRIAL_STEP;
    trial->due = line->at.number + LINE_TRIAL_AGAIN;
    line->settled = true;
    return trial->best;
}

/* The slot for the next call. */
static uint32_t trial_slot(struct fos_line *line)
{
    if ((int32_t)(line->at.number - line->trial.due) < 0)
        return line->trial.slot;
    if (!line->settled)
        return trial_next(line);
    if (!LINE_TRIAL_WHEN(line))
        return line->trial.slot;
    trial_begin(line);
    return 0;
}

/* The first call in a slot, which brings the slot to both sides, does not count; and who
 * lost its processor has not measured it. */
static void trial_learn(struct fos_line_trial *trial, uint64_t cycles)
{
    bool first = trial->quickest == UINT64_MAX;

    if (cycles < trial->quickest)
        trial->quickest = cycles;
    if (first)
        return;
    trial->spent += cycles / 2 < trial->quickest ? cycles : 2 * trial->quickest;
}

long fos_line_call_slow(struct fos_line *line, const void *request, uint32_t length,
                        void *reply, uint32_t capacity, uint64_t deadline)
{
    uint64_t begin = fos_tsc();
    uint32_t slot;
    long result;

    if (!line->window) {
        int error = fos_line_open(line, line->mailbox);
        if (error)
            return error;
    }
    line->thread->pace[FOS_PACE_CALL].busy = false;
    slot = trial_slot(line);
    if (slot == line->trial.slot)
        fos_line_put(line, request, length);
    else
        line_put_in(line, slot, request, length);
    result = fos_line_await(line, request, length, reply, capacity, deadline);
    trial_learn(&line->trial, fos_tsc() - begin);
    return result;
}

/* ---- the service ---- */

long fos_line_ring(const struct fos_inbound *inbound)
{
    if (fos_doorbell_load(inbound->doorbell) == FOS_DOORBELL_SLEEPING)
        fos_sys_notify(inbound->channel);
    return 0;
}
