/* SPDX-License-Identifier: MIT */
#include <fos/sync.h>

#include <fos/msg.h>

static bool owner_kept(const struct fos_mutex *mutex)
{
    return mutex->kind != FOS_MUTEX_NORMAL;
}

static bool owner_is(struct fos_mutex *mutex, const struct fos_thread *self)
{
    return fos_load_relaxed(&mutex->owner) == self->number;
}

/* ---- robust ones: a list of the owner's ---- */

static void robust_link(struct fos_mutex *mutex, struct fos_thread *self)
{
    if (!(mutex->kind & FOS_MUTEX_ROBUST))
        return;
    mutex->previous = NULL;
    mutex->next = self->robust;
    if (self->robust)
        self->robust->previous = mutex;
    self->robust = mutex;
}

static void robust_unlink(struct fos_mutex *mutex, struct fos_thread *self)
{
    if (!(mutex->kind & FOS_MUTEX_ROBUST))
        return;
    if (mutex->previous)
        mutex->previous->next = mutex->next;
    else
        self->robust = mutex->next;
    if (mutex->next)
        mutex->next->previous = mutex->previous;
}

void fos_mutex_orphan_all(void)
{
    struct fos_thread *self = fos_thread_self();
    struct fos_mutex *mutex;

    while ((mutex = self->robust)) {
        robust_unlink(mutex, self);
        mutex->kind |= FOS_MUTEX_ORPHAN;
        fos_store_relaxed(&mutex->owner, 0);
        fos_lock_free(&mutex->lock);
    }
}

/* ---- locking ---- */

/* The lock is taken: by whom, and is it of use? */
static int mutex_taken(struct fos_mutex *mutex, struct fos_thread *self)
{
    if (mutex->kind & FOS_MUTEX_UNRECOVERABLE) {
        fos_lock_free(&mutex->lock);
        return -FOS_ENOTRECOVERABLE;
    }
    fos_store_relaxed(&mutex->owner, self->number);
    mutex->count = 1;
    robust_link(mutex, self);
    return mutex->kind & FOS_MUTEX_ORPHAN ? -FOS_EOWNERDEAD : 0;
}

/* The caller holds it already. */
static int mutex_again(struct fos_mutex *mutex)
{
    if ((mutex->kind & FOS_MUTEX_TYPE) != FOS_MUTEX_RECURSIVE)
        return -FOS_EDEADLK;
    if (mutex->count == UINT32_MAX)
        return -FOS_EAGAIN;
    mutex->count++;
    return 0;
}

static int mutex_lock_owned(struct fos_mutex *mutex, uint64_t deadline)
{
    struct fos_thread *self = fos_thread_self();
    int error = 0;

    /* A NORMAL one waits for itself for ever, as it must. */
    if (mutex->kind & FOS_MUTEX_TYPE && owner_is(mutex, self))
        return mutex_again(mutex);
    if (!fos_lock_try(&mutex->lock))
        error = fos_lock_wait(&mutex->lock, deadline);
    return error ? error : mutex_taken(mutex, self);
}

int fos_mutex_lock(struct fos_mutex *mutex, uint64_t deadline)
{
    if (owner_kept(mutex))
        return mutex_lock_owned(mutex, deadline);
    return fos_lock_try(&mutex->lock) ? 0 : fos_lock_wait(&mutex->lock, deadline);
}

int fos_mutex_try(struct fos_mutex *mutex)
{
    struct fos_thread *self;

    if (!owner_kept(mutex))
        return fos_lock_try(&mutex->lock) ? 0 : -FOS_EBUSY;
    self = fos_thread_self();
    if ((mutex->kind & FOS_MUTEX_TYPE) == FOS_MUTEX_RECURSIVE &&
        owner_is(mutex, self))
        return mutex_again(mutex);
    return fos_lock_try(&mutex->lock) ? mutex_taken(mutex, self) : -FOS_EBUSY;
}

int fos_mutex_unlock(struct fos_mutex *mutex)
{
    struct fos_thread *self;

    if (owner_kept(mutex)) {
        self = fos_thread_self();
        if (!owner_is(mutex, self))
            return -FOS_EPERM;
        if (--mutex->count)
            return 0;
        robust_unlink(mutex, self);
        if (mutex->kind & FOS_MUTEX_ORPHAN)
            mutex->kind |= FOS_MUTEX_UNRECOVERABLE;
        fos_store_relaxed(&mutex->owner, 0);
    }
    fos_lock_free(&mutex->lock);
    return 0;
}

int fos_mutex_consistent(struct fos_mutex *mutex)
{
    if (!(mutex->kind & FOS_MUTEX_ORPHAN) || !owner_is(mutex, fos_thread_self()))
        return -FOS_EINVAL;
    mutex->kind &= ~(uint32_t)FOS_MUTEX_ORPHAN;
    return 0;
}
