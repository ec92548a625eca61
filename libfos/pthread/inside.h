/* SPDX-License-Identifier: MIT */
/*
 * What the files of libfos/pthread share: a thread's record, which lies in its
 * thread-local storage, and the list of all.
 *
 * Invariants
 *
 *  H1. A record is in the list from before its thread runs until it has been reaped.
 *      pthread_t is its address; who is given one finds it in the list, under the
 *      list's lock, before looking into it.
 *
 *  H2. Who changes a thread's fate to CLAIMED reaps it, and nobody else does.
 *
 *  H3. A thread that ends stores `ended` (others park on it), and, when it needs none of
 *      libfos's locks any more, `gone`.  It may be stopped for good from then on.
 */
#ifndef FOS_PTHREAD_INSIDE_H
#define FOS_PTHREAD_INSIDE_H

#include <errno.h>
#include <pthread.h>
#include <reent.h>

#include <fos/lock.h>
#include <fos/park.h>
#include <fos/sync.h>
#include <fos/syscall.h>

enum thread_fate { FATE_JOINABLE, FATE_DETACHED, FATE_CLAIMED };

/* One mapping: guard, stack, thread-local storage; without the first two when the
 * program brings a stack of its own. */
struct thread_memory {
    void *base;
    size_t size, tls_offset;
    uint64_t stack_end; /* where the stack begins to grow from */
    size_t stack_size, guard_size;
    size_t given_size; /* of a stack of the program's own */
    void *pages;       /* those of enum fos_thread_page */
};

struct fos_pthread {
    /* by its creator, before it runs */
    void *(*start)(void *);
    void *argument;
    struct fos_cap cap;
    uint32_t number, vcpu;
    uint64_t signal_mask;
    struct fos_events *events;
    bool first;  /* of its process: never reaped */
    bool helper; /* libfos's: does not keep the process alive */
    struct thread_memory memory;

    /* the list's lock */
    struct fos_pthread *next, *previous;
    struct fos_pthread *next_dead; /* detached and ended */

    _Atomic uint32_t runs; /* its event page is there, until `ended` */
    _Atomic uint32_t ended, gone;
    _Atomic uint32_t fate; /* enum thread_fate; to CLAIMED under the list's lock */
    _Atomic uint32_t cancel_asked, cancel_disabled, cancel_async;
    _Atomic uint32_t *cancel_due; /* its fos_cancel_due */

    /* its own; result is the joiner's once it has ended */
    void *result;
    struct __pthread_cleanup *cleanup;
    void *values[PTHREAD_KEYS_MAX];
    struct _reent reent;
};

extern struct fos_lock fos_threads_lock;
extern struct fos_pthread *fos_threads; /* the list */

/* The calling thread's. */
struct fos_pthread *fos_pthread_self(void);

/* Under the list's lock: the thread, or NULL if there is none such. */
struct fos_pthread *fos_pthread_find(pthread_t thread);

/* memory.c: 0, or an errno value. */
int fos_thread_memory_get(struct thread_memory *memory, const pthread_attr_t *attr);
void fos_thread_memory_put(const struct thread_memory *memory);
/* In a forked child: that of a thread that is not there. */
void fos_thread_memory_orphan(const struct thread_memory *memory);
size_t fos_thread_stack_default(void);

/* create.c: takes it off the list and gives its memory back. */
void fos_thread_forget(struct fos_pthread *thread);

/* end.c: gives back what a claimed thread that has ended still has. */
void fos_thread_reap(struct fos_pthread *thread);
void fos_threads_reap_dead(void);
void fos_threads_dead_forget(void); /* in a forked child */
/* The list's lock is held: a detached thread that has ended is to be reaped. */
void fos_thread_dead_locked(struct fos_pthread *thread);
_Noreturn void fos_thread_finish(struct fos_pthread *self);

/* key.c: the destructors of the calling thread's values. */
void fos_keys_destroy(struct fos_pthread *self);

/* The user's deadline as one of fos/sync.h; -1: it is none.  clock: CLOCK_REALTIME or
 * CLOCK_MONOTONIC. */
long long fos_deadline(const struct timespec *at, clockid_t clock);

/* Nobody wakes those who wait for an object shared between processes but threads of
 * their own process: they look for themselves.  Until when to sleep at most; if that is
 * not `deadline`, -FOS_ETIMEDOUT is to be taken for a look. */
uint64_t fos_look_until(bool shared, uint64_t deadline);

bool fos_mutex_is_shared(const pthread_mutex_t *mutex);

/* pthread_..attr_setpshared, where sharing is not supported. */
static inline int fos_private_only(int shared)
{
    if (shared == PTHREAD_PROCESS_SHARED)
        return ENOTSUP;
    return shared == PTHREAD_PROCESS_PRIVATE ? 0 : EINVAL;
}

/* An errno value out of a negated error of fos. */
static inline int positive(long result)
{
    return (int)-result;
}

#endif
