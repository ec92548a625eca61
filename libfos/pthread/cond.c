/* SPDX-License-Identifier: MIT */
#include "inside.h"

#include <errno.h>

#include <fos/thread.h>

_Static_assert(sizeof(pthread_cond_t) == sizeof(struct fos_cond), "one object");

static struct fos_cond *cond_of(pthread_cond_t *cond)
{
    return (struct fos_cond *)cond;
}

static clockid_t clock_of(pthread_cond_t *cond)
{
    return cond_of(cond)->clock ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

int pthread_cond_init(pthread_cond_t *restrict cond,
                      const pthread_condattr_t *restrict attr)
{
    *cond_of(cond) = (struct fos_cond){.clock = attr ? attr->__clock : 0,
                                       .shared = attr ? attr->__shared : 0};
    return 0;
}

int pthread_cond_destroy(pthread_cond_t *cond)
{
    (void)cond;
    return 0;
}

int pthread_cond_signal(pthread_cond_t *cond)
{
    fos_cond_wake(cond_of(cond), 1);
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
    fos_cond_wake(cond_of(cond), UINT32_MAX);
    return 0;
}

/* As fos_cond_wait, where other processes have a part in it. */
static int wait_shared(struct fos_cond *cond, pthread_mutex_t *mutex,
                       uint64_t deadline, unsigned how)
{
    uint32_t seen = fos_load_relaxed(&cond->sequence);
    int error = -pthread_mutex_unlock(mutex), result;
    uint64_t until;

    if (error)
        return error;
    do {
        until = fos_look_until(true, deadline);
        result = fos_park(&cond->sequence, seen, until, how);
    } while (result == -FOS_ETIMEDOUT && until != deadline);
    error = -pthread_mutex_lock(mutex);
    if (error)
        return error;
    return result == -FOS_ETIMEDOUT || result == -FOS_ECANCELED ? result : 0;
}

/* Who is cancelled holds the mutex again, as its cleanup handlers expect. */
static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
                      uint64_t deadline)
{
    int error;

    fos_cancel_point();
    if (cond_of(cond)->shared || fos_mutex_is_shared(mutex))
        error = wait_shared(cond_of(cond), mutex, deadline, FOS_PARK_CANCEL);
    else
        error = fos_cond_wait(cond_of(cond), (struct fos_mutex *)mutex, deadline,
                              FOS_PARK_CANCEL);
    if (error == -FOS_ECANCELED) {
        fos_cancel_point();
        error = 0;
    }
    return positive(error);
}

int pthread_cond_wait(pthread_cond_t *restrict cond,
                      pthread_mutex_t *restrict mutex)
{
    return wait_until(cond, mutex, FOS_NEVER);
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond,
                           pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict at)
{
    long long deadline = fos_deadline(at, clock_of(cond));

    return deadline < 0 ? EINVAL : wait_until(cond, mutex, (uint64_t)deadline);
}

/* ---- attributes ---- */

int pthread_condattr_init(pthread_condattr_t *attr)
{
    *attr = (pthread_condattr_t){0};
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attr,
                              clockid_t *restrict clock)
{
    *clock = attr->__clock ? CLOCK_MONOTONIC : CLOCK_REALTIME;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    attr->__clock = clock == CLOCK_MONOTONIC;
    return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *restrict attr,
                                int *restrict shared)
{
    *shared = (int)attr->__shared;
    return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    attr->__shared = (unsigned)shared;
    return 0;
}
