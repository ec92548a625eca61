/* SPDX-License-Identifier: MIT */
/*
 * A lock for what the threads of a process share inside libfos: all zero is free.  Who
 * finds it taken looks for a short while and then sleeps (fos/park.h).  Not recursive;
 * not to be held round a call to a fleet that may take long.  The states are those of
 * U. Drepper, "Futexes are tricky", section 6: free, taken, taken and somebody sleeps.
 *
 * While a thread holds one (fos_lock_take), no signal handler runs in it: a handler
 * that wants the same lock would wait for ever.
 */
#ifndef FOS_LOCK_H
#define FOS_LOCK_H

#include <fos/abi/atomic.h>

enum fos_lock_state { FOS_LOCK_FREE, FOS_LOCK_TAKEN, FOS_LOCK_WAITED };

struct fos_lock {
    _Atomic uint32_t state; /* enum fos_lock_state */
};

/* Takes and releases it, with signals held between (fos/signal.h). */
void fos_lock_take(struct fos_lock *lock);
bool fos_lock_try_take(struct fos_lock *lock);
void fos_lock_release(struct fos_lock *lock);

/* ---- the same without a word on signals ---- */

/* Takes it from FREE at once.  Acquire: pairs with fos_lock_free. */
static inline bool fos_lock_try(struct fos_lock *lock)
{
    uint32_t state = FOS_LOCK_FREE;

    return fos_compare_exchange(&lock->state, &state, FOS_LOCK_TAKEN);
}

/* Takes it, for who could not at once; 0, or -FOS_ETIMEDOUT at the deadline
 * (nanoseconds; FOS_NEVER none). */
int fos_lock_wait(struct fos_lock *lock, uint64_t deadline);
void fos_lock_wake(struct fos_lock *lock);

/* The word alone is touched, and not after it says FREE: the next owner may give the
 * lock's memory back. */
static inline void fos_lock_free(struct fos_lock *lock)
{
    if (fos_exchange(&lock->state, FOS_LOCK_FREE) == FOS_LOCK_WAITED)
        fos_lock_wake(lock);
}

#endif
