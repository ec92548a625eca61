/* SPDX-License-Identifier: MIT */
#include <semaphore.h>

#include <errno.h>
#include <limits.h>

#include <fos/thread.h>

#include "inside.h"

_Static_assert(sizeof(sem_t) == sizeof(struct fos_semaphore), "one object");

static struct fos_semaphore *sem_of(sem_t *sem)
{
    return (struct fos_semaphore *)sem;
}

static int failed(int error)
{
    errno = error;
    return -1;
}

int sem_init(sem_t *sem, int shared, unsigned value)
{
    if (value > FOS_SEMAPHORE_MAX)
        return failed(EINVAL);
    *sem_of(sem) = (struct fos_semaphore){.value = value, .shared = shared != 0};
    return 0;
}

int sem_destroy(sem_t *sem)
{
    (void)sem;
    return 0;
}

static int wait_until(sem_t *sem, uint64_t deadline)
{
    uint64_t until;
    int error;

    fos_cancel_point();
    do {
        until = fos_look_until(sem_of(sem)->shared, deadline);
        error = fos_semaphore_wait(sem_of(sem), until,
                                   FOS_PARK_CANCEL | FOS_PARK_SIGNALS);
    } while (error == -FOS_ETIMEDOUT && until != deadline);
    if (error == -FOS_ECANCELED) {
        fos_cancel_point();
        error = -FOS_EINTR;
    }
    return error ? failed(positive(error)) : 0;
}

int sem_wait(sem_t *sem)
{
    return wait_until(sem, FOS_NEVER);
}

int sem_trywait(sem_t *sem)
{
    return fos_semaphore_wait(sem_of(sem), 0, 0) ? failed(EAGAIN) : 0;
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict at)
{
    long long deadline;

    if (fos_semaphore_wait(sem_of(sem), 0, 0) == 0)
        return 0;
    deadline = fos_deadline(at, CLOCK_REALTIME);
    return deadline < 0 ? failed(EINVAL) : wait_until(sem, (uint64_t)deadline);
}

int sem_post(sem_t *sem)
{
    int error = fos_semaphore_post(sem_of(sem));

    return error ? failed(positive(error)) : 0;
}

int sem_getvalue(sem_t *restrict sem, int *restrict value)
{
    *value = (int)fos_load_relaxed(&sem_of(sem)->value);
    return 0;
}
