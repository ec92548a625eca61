/* SPDX-License-Identifier: MIT */
#include <fos/lock.h>

#include <fos/abi/errors.h>
#include <fos/park.h>

void fos_lock_take(struct fos_lock *lock)
{
    fos_signals_hold();
    if (!fos_lock_try(lock))
        fos_lock_wait(lock, UINT64_MAX);
}

bool fos_lock_try_take(struct fos_lock *lock)
{
    fos_signals_hold();
    if (fos_lock_try(lock))
        return true;
    fos_signals_release();
    return false;
}

void fos_lock_release(struct fos_lock *lock)
{
    fos_lock_free(lock);
    fos_signals_release();
}

int fos_lock_wait(struct fos_lock *lock, uint64_t deadline)
{
    uint32_t seen = fos_load_relaxed(&lock->state);

    if (seen == FOS_LOCK_TAKEN && fos_park_spin(&lock->state, FOS_LOCK_TAKEN) &&
        fos_lock_try(lock))
        return 0;
    /* Who has slept cannot know whether others still do: the state says so. */
    while (fos_exchange(&lock->state, FOS_LOCK_WAITED) != FOS_LOCK_FREE)
        if (fos_park(&lock->state, FOS_LOCK_WAITED, deadline, FOS_PARK_PLAIN) ==
            -FOS_ETIMEDOUT)
            return -FOS_ETIMEDOUT;
    return 0;
}

void fos_lock_wake(struct fos_lock *lock)
{
    fos_unpark(&lock->state, 1);
}
