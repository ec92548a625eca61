/* SPDX-License-Identifier: MIT */
/* Holding signals, and calls that they end (fos/signal.h). */
#include <fos/signal.h>

#include <fos/abi/atomic.h>
#include <fos/call.h>
#include <fos/clock.h>
#include <fos/start.h>
#include <fos/syscall.h>
#include <fos/thread.h>

#include "signals.h"

#define ANSWER_PATIENCE FOS_SECOND

void fos_signals_hold(void)
{
    struct fos_events *events = fos_own_events;

    fos_store_relaxed(&events->hold, fos_load_relaxed(&events->hold) + 1);
    fos_compiler_barrier();
}

static bool due(const struct fos_events *events)
{
    return (fos_load_relaxed(&events->signals) &
            ~fos_load_relaxed(&events->blocked)) != 0;
}

/* A wait with signals held has all of them blocked meanwhile, and nothing was handed on to
 * this thread: G4. */
static bool others_wait(const struct fos_events *own)
{
    const struct fos_events *first = (struct fos_events *)fos_start_page->events;

    return own != first &&
           (fos_load_relaxed(&first->signals) & fos_load_relaxed(&first->blocked) &
            ~fos_load_relaxed(&own->blocked)) != 0;
}

/* hold is 0 before signals is read: the kernel adds the signal and then reads hold. */
void fos_signals_release(void)
{
    struct fos_events *events = fos_own_events;
    uint32_t hold = fos_load_relaxed(&events->hold) - 1;

    fos_compiler_barrier();
    fos_store_relaxed(&events->hold, hold);
    if (hold)
        return;
    fos_push_stores();
    if (others_wait(events))
        signals_take_over(events);
    while (due(events) && events->upcall) {
        fos_store_relaxed(&events->hold, 1);
        fos_compiler_barrier();
        signals_deliver(events, NULL);
        fos_store_relaxed(&events->hold, 0);
        fos_push_stores();
    }
}

uint64_t fos_signals_unrestarted(void)
{
    return signal_runs.unrestarted;
}

bool fos_signals_pending(void)
{
    return due(fos_own_events);
}

/* The service is told; it answers, with what it had done by then, or an error of its
 * own that means EINTR. */
static long given_up(struct fos_call *call)
{
    long result;
    uint64_t deadline = fos_now_ns() + ANSWER_PATIENCE;

    fos_call_ask_back(call, deadline);
    result = fos_call_finish(call, deadline);
    if (result == -FOS_ETIMEDOUT)
        fos_call_cancel(call);
    return result < 0 ? -FOS_EINTR : result;
}

static long once(struct fos_peer *to, void *request, uint32_t length, void *reply,
                 uint32_t capacity, uint64_t deadline)
{
    struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;
    /* Where signals are held further out, none can be delivered now. */
    bool interruptible = fos_load_relaxed(&fos_own_events->hold) == 1;
    struct fos_call call;
    long result;

    if (interruptible && fos_signals_pending())
        return -FOS_EINTR;
    result = fos_call_send(&call, to, request, length, reply, capacity, deadline);
    if (result)
        return result;
    sleeper->interruptible = interruptible;
    result = fos_call_finish(&call, deadline);
    sleeper->interruptible = false;
    if (result == -FOS_EINTR && !call.done)
        return given_up(&call);
    if (result == -FOS_ETIMEDOUT)
        fos_call_cancel(&call);
    return result;
}

long fos_call_interruptible(struct fos_peer *to, void *request, uint32_t length,
                            void *reply, uint32_t capacity, uint64_t deadline,
                            bool restart)
{
    for (;;) {
        struct signal_runs before = signal_runs;
        long result;

        fos_cancel_point();
        fos_signals_hold();
        result = once(to, request, length, reply, capacity, deadline);
        fos_signals_release();
        if (result != -FOS_EINTR)
            return result;
        fos_cancel_point();
        if (signal_runs.all != before.all &&
            (!restart || signal_runs.unrestarted != before.unrestarted))
            return result;
    }
}
