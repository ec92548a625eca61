/* SPDX-License-Identifier: MIT */
#include "inside.h"

#include <errno.h>

_Static_assert(sizeof(pthread_rwlock_t) == sizeof(struct fos_rwlock), "one object");

static struct fos_rwlock *lock_of(pthread_rwlock_t *lock)
{
    return (struct fos_rwlock *)lock;
}

int pthread_rwlock_init(pthread_rwlock_t *restrict lock,
                        const pthread_rwlockattr_t *restrict attr)
{
    (void)attr;
    *lock_of(lock) = (struct fos_rwlock){0};
    return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
    return fos_load_relaxed(&lock_of(lock)->state) ? EBUSY : 0;
}

typedef int operation(struct fos_rwlock *lock, uint64_t deadline);

static int lock_until(operation *lock_it, pthread_rwlock_t *lock,
                      const struct timespec *at)
{
    int error = lock_it(lock_of(lock), 0);
    long long deadline;

    if (error != -FOS_EBUSY)
        return positive(error);
    deadline = fos_deadline(at, CLOCK_REALTIME);
    if (deadline < 0)
        return EINVAL;
    return positive(lock_it(lock_of(lock), (uint64_t)deadline));
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    return positive(fos_rwlock_read(lock_of(lock), FOS_NEVER));
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
    return positive(fos_rwlock_read(lock_of(lock), 0));
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict lock,
                               const struct timespec *restrict at)
{
    return lock_until(fos_rwlock_read, lock, at);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    return positive(fos_rwlock_write(lock_of(lock), FOS_NEVER));
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
    return positive(fos_rwlock_write(lock_of(lock), 0));
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict lock,
                               const struct timespec *restrict at)
{
    return lock_until(fos_rwlock_write, lock, at);
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    return positive(fos_rwlock_unlock(lock_of(lock)));
}

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
    attr->__nothing = 0;
    return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *restrict attr,
                                  int *restrict shared)
{
    (void)attr;
    *shared = PTHREAD_PROCESS_PRIVATE;
    return 0;
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int shared)
{
    (void)attr;
    return fos_private_only(shared);
}
