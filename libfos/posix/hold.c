/* SPDX-License-Identifier: MIT */
/* Holding signals (fos/signal.h). */
#include <fos/signal.h>

#include <fos/abi/atomic.h>
#include <fos/call.h>
#include <fos/thread.h>

static struct fos_events *events(void)
{
    return fos_own_events;
}

void fos_signals_hold(void)
{
    fos_store_relaxed(&events()->hold, fos_load_relaxed(&events()->hold) + 1);
    fos_compiler_barrier();
}

void fos_signals_release(void)
{
    fos_compiler_barrier();
    fos_store_relaxed(&events()->hold, fos_load_relaxed(&events()->hold) - 1);
}

bool fos_signals_pending(void)
{
    return fos_load_relaxed(&events()->signals) &
           ~fos_load_relaxed(&events()->blocked);
}

long fos_call_interruptible(struct fos_peer *to, void *request, uint32_t length,
                            void *reply, uint32_t capacity, uint64_t deadline,
                            bool restart)
{
    (void)restart;
    return fos_call(to, request, length, reply, capacity, deadline);
}
