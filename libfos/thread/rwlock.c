/* SPDX-License-Identifier: MIT */
#include <fos/sync.h>

#include <fos/msg.h>

/* Parks until the state leaves `seen`.  Not 0 ends the caller's wait. */
static int rwlock_wait(struct fos_rwlock *lock, uint32_t seen, uint64_t deadline)
{
    int result;

    if (deadline == 0)
        return -FOS_EBUSY;
    if (fos_park_spin(&lock->state, seen))
        return 0;
    result = fos_park(&lock->state, seen, deadline, FOS_PARK_PLAIN);
    return result == -FOS_ETIMEDOUT ? result : 0;
}

int fos_rwlock_read(struct fos_rwlock *lock, uint64_t deadline)
{
    uint32_t state = fos_load_relaxed(&lock->state);
    int error;

    for (;;) {
        if (state == FOS_RWLOCK_WRITER - 1)
            return -FOS_EAGAIN;
        if (state != FOS_RWLOCK_WRITER) {
            if (fos_compare_exchange(&lock->state, &state, state + 1))
                return 0;
            continue;
        }
        if (deadline &&
            fos_load_relaxed(&lock->writer) == fos_thread_self()->number)
            return -FOS_EDEADLK;
        error = rwlock_wait(lock, state, deadline);
        if (error)
            return error;
        state = fos_load_relaxed(&lock->state);
    }
}

int fos_rwlock_write(struct fos_rwlock *lock, uint64_t deadline)
{
    uint32_t number = fos_thread_self()->number, state = 0;
    int error;

    while (!fos_compare_exchange(&lock->state, &state, FOS_RWLOCK_WRITER)) {
        if (deadline && fos_load_relaxed(&lock->writer) == number)
            return -FOS_EDEADLK;
        error = rwlock_wait(lock, state, deadline);
        if (error)
            return error;
        state = 0;
    }
    fos_store_relaxed(&lock->writer, number);
    return 0;
}

static int read_unlock(struct fos_rwlock *lock, uint32_t state)
{
    do {
        if (state == 0)
            return -FOS_EPERM;
    } while (!fos_compare_exchange(&lock->state, &state, state - 1));
    if (state == 1)
        fos_unpark(&lock->state, UINT32_MAX);
    return 0;
}

int fos_rwlock_unlock(struct fos_rwlock *lock)
{
    uint32_t state = fos_load_relaxed(&lock->state);

    if (state != FOS_RWLOCK_WRITER)
        return read_unlock(lock, state);
    if (fos_load_relaxed(&lock->writer) != fos_thread_self()->number)
        return -FOS_EPERM;
    fos_store_relaxed(&lock->writer, 0);
    fos_exchange(&lock->state, 0);
    fos_unpark(&lock->state, UINT32_MAX);
    return 0;
}
