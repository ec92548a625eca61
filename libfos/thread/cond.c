/* SPDX-License-Identifier: MIT */
#include <fos/sync.h>

#include <fos/msg.h>

/* A recursive mutex is let go whole: how often it was locked. */
static uint32_t depth_leave(struct fos_mutex *mutex)
{
    uint32_t depth = mutex->count;

    if (mutex->kind != FOS_MUTEX_NORMAL)
        mutex->count = 1;
    return depth;
}

static bool mutex_held(int error)
{
    return error == 0 || error == -FOS_EOWNERDEAD;
}

int fos_cond_wait(struct fos_cond *cond, struct fos_mutex *mutex, uint64_t deadline,
                  unsigned how)
{
    uint32_t seen = fos_load_relaxed(&cond->sequence), depth;
    int error, result;

    if (mutex->kind != FOS_MUTEX_NORMAL &&
        fos_load_relaxed(&mutex->owner) != fos_thread_self()->number)
        return -FOS_EPERM;
    depth = depth_leave(mutex);
    fos_mutex_unlock(mutex);
    result = fos_park(&cond->sequence, seen, deadline, how);
    error = fos_mutex_lock(mutex, FOS_NEVER);
    if (mutex_held(error) && mutex->kind != FOS_MUTEX_NORMAL)
        mutex->count = depth;
    if (error)
        return error;
    return result == -FOS_ETIMEDOUT || result == -FOS_ECANCELED ? result : 0;
}

void fos_cond_wake(struct fos_cond *cond, uint32_t count)
{
    fos_fetch_add(&cond->sequence, 1u);
    fos_unpark(&cond->sequence, count);
}
