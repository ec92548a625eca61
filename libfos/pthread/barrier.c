/* SPDX-License-Identifier: MIT */
/* Barriers and spin locks. */
#include "inside.h"

#include <errno.h>

enum { SPINS_TO_YIELD = 256 };

_Static_assert(sizeof(pthread_barrier_t) == sizeof(struct fos_barrier),
               "one object");

int pthread_barrier_init(pthread_barrier_t *restrict barrier,
                         const pthread_barrierattr_t *restrict attr, unsigned count)
{
    (void)attr;
    if (count == 0)
        return EINVAL;
    *(struct fos_barrier *)barrier = (struct fos_barrier){.count = count};
    return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
    return positive(fos_barrier_destroy((struct fos_barrier *)barrier));
}

int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    return fos_barrier_wait((struct fos_barrier *)barrier)
               ? PTHREAD_BARRIER_SERIAL_THREAD
               : 0;
}

int pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
    attr->__nothing = 0;
    return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *restrict attr,
                                   int *restrict shared)
{
    (void)attr;
    *shared = PTHREAD_PROCESS_PRIVATE;
    return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int shared)
{
    (void)attr;
    return fos_private_only(shared);
}

/* ---- spin locks: the owner's number, so that a deadlock can be told ---- */

static _Atomic uint32_t *spin_of(pthread_spinlock_t *lock)
{
    return (_Atomic uint32_t *)lock;
}

/* One that memory is shared for between processes works as any. */
int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    fos_store_relaxed(spin_of(lock), 0);
    return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
    return fos_load_relaxed(spin_of(lock)) ? EBUSY : 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    uint32_t owner = 0;

    return fos_compare_exchange(spin_of(lock), &owner, fos_pthread_self()->number)
               ? 0
               : EBUSY;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
    uint32_t turns = 0;

    while (pthread_spin_trylock(lock)) {
        if (fos_load_relaxed(spin_of(lock)) == fos_pthread_self()->number)
            return EDEADLK;
        fos_pause();
        if (++turns % SPINS_TO_YIELD == 0)
            fos_yield();
    }
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    if (fos_load_relaxed(spin_of(lock)) != fos_pthread_self()->number)
        return EPERM;
    fos_store_release(spin_of(lock), 0); /* pairs with trylock */
    return 0;
}
