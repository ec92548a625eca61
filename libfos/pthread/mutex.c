/* SPDX-License-Identifier: MIT */
#include "inside.h"

#include <errno.h>

/* Of pthread_mutexattr_t: enum fos_mutex_kind. */
_Static_assert(PTHREAD_MUTEX_NORMAL == (int)FOS_MUTEX_NORMAL &&
                   PTHREAD_MUTEX_RECURSIVE == (int)FOS_MUTEX_RECURSIVE &&
                   PTHREAD_MUTEX_ERRORCHECK == (int)FOS_MUTEX_ERRORCHECK,
               "one encoding");
_Static_assert(sizeof(pthread_mutex_t) == sizeof(struct fos_mutex), "one object");

static struct fos_mutex *mutex_of(pthread_mutex_t *mutex)
{
    return (struct fos_mutex *)mutex;
}

int pthread_mutex_init(pthread_mutex_t *restrict mutex,
                       const pthread_mutexattr_t *restrict attr)
{
    bool shared = attr && attr->__shared;

    /* Owners are known by numbers that are their process's. */
    if (shared && attr->__kind != FOS_MUTEX_NORMAL)
        return ENOTSUP;
    *mutex_of(mutex) =
        (struct fos_mutex){.kind = attr ? attr->__kind : 0, .shared = shared};
    return 0;
}

bool fos_mutex_is_shared(const pthread_mutex_t *mutex)
{
    const struct fos_mutex *m = (const struct fos_mutex *)mutex;

    return m->kind == FOS_MUTEX_NORMAL && m->shared;
}

static int lock_until(pthread_mutex_t *mutex, uint64_t deadline)
{
    bool shared = fos_mutex_is_shared(mutex);
    uint64_t until;
    int error;

    do {
        until = fos_look_until(shared, deadline);
        error = fos_mutex_lock(mutex_of(mutex), until);
    } while (error == -FOS_ETIMEDOUT && until != deadline);
    return positive(error);
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    return fos_load_relaxed(&mutex_of(mutex)->lock.state) ? EBUSY : 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    return lock_until(mutex, FOS_NEVER);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    return positive(fos_mutex_try(mutex_of(mutex)));
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
                            const struct timespec *restrict at)
{
    int error = fos_mutex_try(mutex_of(mutex));
    long long deadline;

    if (error != -FOS_EBUSY)
        return positive(error);
    deadline = fos_deadline(at, CLOCK_REALTIME);
    if (deadline < 0)
        return EINVAL;
    return lock_until(mutex, (uint64_t)deadline);
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    return positive(fos_mutex_unlock(mutex_of(mutex)));
}

int pthread_mutex_consistent(pthread_mutex_t *mutex)
{
    return positive(fos_mutex_consistent(mutex_of(mutex)));
}

/* No mutex has a ceiling. */
int pthread_mutex_getprioceiling(const pthread_mutex_t *restrict mutex,
                                 int *restrict ceiling)
{
    (void)mutex, (void)ceiling;
    return EINVAL;
}

int pthread_mutex_setprioceiling(pthread_mutex_t *restrict mutex, int ceiling,
                                 int *restrict before)
{
    (void)mutex, (void)ceiling, (void)before;
    return EINVAL;
}

/* ---- attributes ---- */

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
    *attr = (pthread_mutexattr_t){0};
    return 0;
}

/* What is used after this is seen to be none. */
int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
    if (!attr)
        return EINVAL;
    attr->__kind = ~0u;
    return 0;
}

static bool attr_bad(const pthread_mutexattr_t *attr)
{
    return attr->__kind == ~0u;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *restrict attr,
                              int *restrict type)
{
    *type = (int)(attr->__kind & FOS_MUTEX_TYPE);
    return attr_bad(attr) ? EINVAL : 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
    if (attr_bad(attr) || type < PTHREAD_MUTEX_NORMAL ||
        type > PTHREAD_MUTEX_ERRORCHECK)
        return EINVAL;
    attr->__kind = (attr->__kind & ~(unsigned)FOS_MUTEX_TYPE) | (unsigned)type;
    return 0;
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *restrict attr,
                                int *restrict robust)
{
    *robust = attr->__kind & FOS_MUTEX_ROBUST ? PTHREAD_MUTEX_ROBUST
                                              : PTHREAD_MUTEX_STALLED;
    return attr_bad(attr) ? EINVAL : 0;
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust)
{
    if (attr_bad(attr) ||
        (robust != PTHREAD_MUTEX_STALLED && robust != PTHREAD_MUTEX_ROBUST))
        return EINVAL;
    attr->__kind &= ~(unsigned)FOS_MUTEX_ROBUST;
    if (robust == PTHREAD_MUTEX_ROBUST)
        attr->__kind |= FOS_MUTEX_ROBUST;
    return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *restrict attr,
                                 int *restrict shared)
{
    *shared = (int)attr->__shared;
    return attr_bad(attr) ? EINVAL : 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
    if (attr_bad(attr) ||
        (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED))
        return EINVAL;
    attr->__shared = (unsigned)shared;
    return 0;
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict attr,
                                  int *restrict protocol)
{
    *protocol = PTHREAD_PRIO_NONE;
    return attr_bad(attr) ? EINVAL : 0;
}

int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attr, int protocol)
{
    if (attr_bad(attr))
        return EINVAL;
    if (protocol == PTHREAD_PRIO_INHERIT || protocol == PTHREAD_PRIO_PROTECT)
        return ENOTSUP;
    return protocol == PTHREAD_PRIO_NONE ? 0 : EINVAL;
}

int pthread_mutexattr_getprioceiling(const pthread_mutexattr_t *restrict attr,
                                     int *restrict ceiling)
{
    *ceiling = 0;
    return attr_bad(attr) ? EINVAL : 0;
}

int pthread_mutexattr_setprioceiling(pthread_mutexattr_t *attr, int ceiling)
{
    (void)ceiling;
    return attr_bad(attr) ? EINVAL : ENOTSUP;
}
