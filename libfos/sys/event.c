/* SPDX-License-Identifier: MIT */
#include <fos/event.h>

#include <fos/clock.h>
#include <fos/msg.h>
#include <fos/syscall.h>
#include <fos/thread.h>

static _Atomic uint64_t *pending(void)
{
    return &fos_own_events->pending;
}

uint64_t fos_event_take(uint64_t mask)
{
    return atomic_fetch_and(pending(), ~mask) & mask;
}

/* The kernel's wait returns at once while any bit is set: bits of no interest are
 * held aside meanwhile. */
uint64_t fos_event_wait(uint64_t mask, uint64_t deadline)
{
    uint64_t held = 0, taken;

    fos_sends_count();
    for (;;) {
        uint64_t bits = atomic_exchange(pending(), 0);
        held |= bits & ~mask;
        taken = bits & mask;
        if (taken)
            break;
        long error = fos_sys_wait(deadline);
        if (error == -FOS_ETIMEDOUT || error == -FOS_EINTR) {
            taken = fos_event_take(mask);
            break;
        }
    }
    if (held)
        atomic_fetch_or(pending(), held);
    return taken;
}

void fos_clock_sleep(uint64_t deadline)
{
    while (fos_now_ns() < deadline)
        fos_event_wait(0, deadline);
}
