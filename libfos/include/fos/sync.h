/* SPDX-License-Identifier: MIT */
/*
 * What threads of one process meet at, over fos/park.h; pthread.h and semaphore.h stand
 * on it.  All zero is a free mutex of the normal kind, a condition variable of the
 * realtime clock, a free lock, a semaphore of 0.
 *
 * Deadlines are absolute nanoseconds of the monotonic clock, FOS_NEVER none, 0: do not
 * wait.  `how` is enum fos_park_how.  Results: 0, or a negated error.
 *
 * Invariants
 *
 *  Y1. Each state changes by one locked operation, and the parked are woken after it:
 *      fos/park.h's W1 then says that no wake-up is lost.
 *
 *  Y2. Who releases something touches it no more after the operation that lets others
 *      have it: they may give its memory back.  (A barrier's lock is an exception that
 *      fos_barrier_destroy waits for.)
 */
#ifndef FOS_SYNC_H
#define FOS_SYNC_H

#include <fos/lock.h>
#include <fos/park.h>

/* ---- mutexes ---- */

enum fos_mutex_kind {
    FOS_MUTEX_NORMAL = 0,
    FOS_MUTEX_RECURSIVE = 1,
    FOS_MUTEX_ERRORCHECK = 2,
    FOS_MUTEX_TYPE = 3,          /* mask of these */
    FOS_MUTEX_ROBUST = 4,        /* its owner's end releases it */
    FOS_MUTEX_ORPHAN = 8,        /* that has happened; not yet made consistent */
    FOS_MUTEX_UNRECOVERABLE = 16 /* and will not be */
};

struct fos_mutex {
    struct fos_lock lock;
    uint32_t kind; /* changes while it is held only */
    /* The owner's; not kept by a NORMAL one that is not ROBUST. */
    _Atomic uint32_t owner; /* fos_thread.number, 0 none */
    union {
        uint32_t count;  /* how often it is to be unlocked yet */
        uint32_t shared; /* of one that keeps no owner; libfos/pthread: with other
                            processes */
    };
    struct fos_mutex *next, *previous; /* of the robust ones the owner holds */
};

/*
 * Locks it.  -FOS_EDEADLK: ERRORCHECK, and the caller holds it; -FOS_EAGAIN: RECURSIVE,
 * too often; -FOS_ETIMEDOUT; -FOS_EOWNERDEAD: locked, but its owner had ended;
 * -FOS_ENOTRECOVERABLE.
 */
int fos_mutex_lock(struct fos_mutex *mutex, uint64_t deadline);

/* -FOS_EBUSY, or as fos_mutex_lock. */
int fos_mutex_try(struct fos_mutex *mutex);

/* -FOS_EPERM: the kind tells whose it is, and it is not the caller's. */
int fos_mutex_unlock(struct fos_mutex *mutex);

/* What the dead owner left is in order again.  -FOS_EINVAL: not such a mutex. */
int fos_mutex_consistent(struct fos_mutex *mutex);

/* At the calling thread's end: lets the robust ones it holds go. */
void fos_mutex_orphan_all(void);

/* ---- condition variables ---- */

struct fos_cond {
    _Atomic uint32_t sequence; /* of signals: what waiters are parked on */
    uint32_t clock;  /* 0 realtime, 1 monotonic: of the user's deadlines */
    uint32_t shared; /* libfos/pthread: with other processes */
    uint32_t reserved;
};

/* Waits with the mutex let go; it is held again on return.  Spurious returns happen.
 * -FOS_ETIMEDOUT, -FOS_ECANCELED, or an error of fos_mutex_lock or _unlock. */
int fos_cond_wait(struct fos_cond *cond, struct fos_mutex *mutex, uint64_t deadline,
                  unsigned how);
void fos_cond_wake(struct fos_cond *cond, uint32_t count);

/* ---- read-write locks: readers go before writers ---- */

struct fos_rwlock {
    _Atomic uint32_t
        state; /* 0 free, FOS_RWLOCK_WRITER, or the number of readers */
    _Atomic uint32_t writer; /* its number, to tell it of a deadlock */
    uint64_t reserved;
};

#define FOS_RWLOCK_WRITER 0x80000000u

/* -FOS_EBUSY at deadline 0, -FOS_ETIMEDOUT, -FOS_EDEADLK, -FOS_EAGAIN too many. */
int fos_rwlock_read(struct fos_rwlock *lock, uint64_t deadline);
int fos_rwlock_write(struct fos_rwlock *lock, uint64_t deadline);
/* -FOS_EPERM: nobody holds it, or another thread as a writer. */
int fos_rwlock_unlock(struct fos_rwlock *lock);

/* ---- barriers ---- */

struct fos_barrier {
    struct fos_lock lock;
    _Atomic uint32_t generation; /* of those who meet: what they are parked on */
    uint32_t count;              /* that must arrive */
    uint32_t arrived;
};

/* 1 to one of those who meet, 0 to the others. */
int fos_barrier_wait(struct fos_barrier *barrier);
/* -FOS_EBUSY: somebody waits. */
int fos_barrier_destroy(struct fos_barrier *barrier);

/* ---- semaphores ---- */

struct fos_semaphore {
    _Atomic uint32_t value;
    uint32_t shared; /* libfos/pthread: with other processes */
};

#define FOS_SEMAPHORE_MAX 0x7fffffffu

/* -FOS_EAGAIN at deadline 0, -FOS_ETIMEDOUT, or what `how` allows. */
int fos_semaphore_wait(struct fos_semaphore *semaphore, uint64_t deadline,
                       unsigned how);
/* -FOS_EOVERFLOW.  May be called in a signal handler. */
int fos_semaphore_post(struct fos_semaphore *semaphore);

#endif
