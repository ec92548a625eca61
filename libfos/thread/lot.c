/* SPDX-License-Identifier: MIT */
/* The process's parking lot, and what ends a wait there besides a wake-up. */
#include <fos/park.h>

#include <fos/msg.h>
#include <fos/part.h>
#include <fos/signal.h>
#include <fos/syscall.h>
#include <fos/thread.h>

static struct fos_lot lot;
struct fos_lot *const fos_lot = &lot;
_Thread_local _Atomic uint32_t fos_cancel_due;
void (*_Atomic fos_cancel_act)(void);

/* In the child nobody is parked. */
static void lot_forked(void)
{
    lot = (struct fos_lot){0};
}

FOS_PART(lot_part, .forked = lot_forked);

void fos_cancel_point(void)
{
    if (fos_unlikely(fos_load_relaxed(&fos_cancel_due)))
        atomic_load (&fos_cancel_act)();
}

static bool cancelled(unsigned how)
{
    return how & FOS_PARK_CANCEL && fos_load_relaxed(&fos_cancel_due);
}

/* The wait's own hold is the only one, and there is what takes upcalls. */
static bool handlers_may_run(void)
{
    return fos_load_relaxed(&fos_own_events->hold) == 1 && fos_own_events->upcall;
}

bool fos_park_disturbed(unsigned how)
{
    return cancelled(how) || (handlers_may_run() && fos_signals_pending());
}

int fos_park_interrupt(unsigned how)
{
    uint64_t before = fos_signals_unrestarted();

    if (cancelled(how))
        return -FOS_ECANCELED;
    fos_signals_release();
    fos_signals_hold();
    if (cancelled(how))
        return -FOS_ECANCELED;
    return how & FOS_PARK_SIGNALS && fos_signals_unrestarted() != before
               ? -FOS_EINTR
               : 0;
}

/* The kernel ends a wait for every signal that is not blocked.  Who can get none now has
 * them blocked meanwhile. */
long fos_park_sleep(uint64_t deadline)
{
    _Atomic uint64_t *blocked = &fos_own_events->blocked;
    uint64_t mask = fos_load_relaxed(blocked);
    long result;

    fos_sends_count();
    if (handlers_may_run())
        return fos_sys_wait(deadline);
    fos_store_relaxed(blocked, ~0ull);
    result = fos_sys_wait(deadline);
    fos_store_relaxed(blocked, mask);
    return result;
}
