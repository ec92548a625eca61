/* SPDX-License-Identifier: MIT */
/* How a thread ends, and is joined or left to itself.  Invariants: inside.h. */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>

#include <fos/clock.h>
#include <fos/part.h>
#include <fos/reent.h>
#include <fos/thread.h>

/* How often a thread that still ends on its vCPU is looked for. */
enum { END_PAUSE_NS = 10000, END_PAUSE_MAX_NS = 1000000 };

static struct fos_pthread *dead; /* under the list's lock */

/* ---- reaping ---- */

static void kernel_thread_end(const struct fos_pthread *thread)
{
    uint64_t pause = END_PAUSE_NS;

    while (!fos_load_acquire(&thread->gone)) /* H3; pairs with fos_thread_finish */
        fos_yield();
    while (fos_sys_thread_control(thread->cap, FOS_THREAD_END, 0) == -FOS_EAGAIN) {
        fos_clock_sleep(fos_now_ns() + pause);
        if (pause < END_PAUSE_MAX_NS)
            pause *= 2;
    }
}

void fos_thread_reap(struct fos_pthread *thread)
{
    if (thread->first) /* its stack is the process's */
        return;
    kernel_thread_end(thread);
    fos_thread_forget(thread);
}

void fos_thread_dead_locked(struct fos_pthread *thread)
{
    fos_store_relaxed(&thread->fate, FATE_CLAIMED);
    thread->next_dead = dead;
    dead = thread;
}

void fos_threads_reap_dead(void)
{
    struct fos_pthread *thread, *next;

    if (!__atomic_load_n(&dead, __ATOMIC_RELAXED))
        return;
    fos_lock_take(&fos_threads_lock);
    thread = dead;
    dead = NULL;
    fos_lock_release(&fos_threads_lock);
    for (; thread; thread = next) {
        next = thread->next_dead;
        fos_thread_reap(thread);
    }
}

void fos_threads_dead_forget(void)
{
    dead = NULL;
}

/* ---- ending ---- */

/* All others have ended, or will without looking at who is left. */
static bool is_last(void)
{
    uint32_t count = 0;

    fos_lock_take(&fos_threads_lock);
    for (struct fos_pthread *t = fos_threads; t; t = t->next)
        count += !t->helper && !fos_load_relaxed(&t->ended);
    if (count > 1)
        fos_store_relaxed(&fos_pthread_self()->ended,
                          2); /* counted, not yet told */
    fos_lock_release(&fos_threads_lock);
    return count == 1;
}

static void end_tell(struct fos_pthread *self)
{
    fos_lock_take(&fos_threads_lock);
    if (fos_load_relaxed(&self->fate) == FATE_DETACHED && !self->first)
        fos_thread_dead_locked(self);
    fos_exchange(&self->ended, 1); /* pairs with the joiner's load */
    fos_lock_release(&fos_threads_lock);
    fos_unpark(&self->ended, UINT32_MAX);
}

/* The first thread stays: signals sent to the process come to it. */
static _Noreturn void first_rest(void)
{
    static _Atomic uint32_t never;

    for (;;)
        fos_park(&never, 0, FOS_NEVER, FOS_PARK_PLAIN);
}

_Noreturn void fos_thread_finish(struct fos_pthread *self)
{
    if (is_last())
        exit(0);
    fos_mutex_orphan_all();
    if (self->first) {
        end_tell(self);
        first_rest();
    }
    _reclaim_reent(&self->reent);
    fos_parts_left();
    fos_thread_leave();
    end_tell(self);
    fos_store_release(&self->gone, 1);
    for (;;)
        fos_sys_thread_control(self->cap, FOS_THREAD_END, 0);
}

void pthread_exit(void *result)
{
    struct fos_pthread *self = fos_pthread_self();
    struct __pthread_cleanup *cleanup;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    while ((cleanup = self->cleanup)) {
        self->cleanup = cleanup->__next;
        cleanup->__routine(cleanup->__argument);
    }
    fos_keys_destroy(self);
    self->result = result;
    fos_thread_finish(self);
}

/* ---- joining ---- */

/* Claims it for the caller; 0 and the thread. */
static int claim(pthread_t thread, struct fos_pthread **out)
{
    uint32_t fate = FATE_JOINABLE;
    int error = 0;

    fos_lock_take(&fos_threads_lock);
    *out = fos_pthread_find(thread);
    if (!*out)
        error = ESRCH;
    else if (*out == fos_pthread_self())
        error = EDEADLK;
    else if (!fos_compare_exchange(&(*out)->fate, &fate, FATE_CLAIMED))
        error = EINVAL;
    fos_lock_release(&fos_threads_lock);
    return error;
}

/* Waits until a claimed thread has ended. */
static int ended_await(struct fos_pthread *thread, uint64_t deadline)
{
    uint32_t ended;

    while ((ended = fos_load_acquire(&thread->ended)) != 1) {
        if (deadline == 0)
            return -FOS_EBUSY;
        if (fos_park_spin(&thread->ended, ended))
            continue;
        int error = fos_park(&thread->ended, ended, deadline, FOS_PARK_CANCEL);
        if (error == -FOS_ETIMEDOUT || error == -FOS_ECANCELED)
            return error;
    }
    return 0;
}

static int join_until(pthread_t thread, void **result, uint64_t deadline)
{
    struct fos_pthread *joined;
    int error = claim(thread, &joined);

    if (error)
        return error;
    error = ended_await(joined, deadline);
    if (error) {
        fos_store_release(&joined->fate, FATE_JOINABLE);
        if (error == -FOS_ECANCELED) {
            fos_cancel_point();
            return join_until(thread, result, deadline);
        }
        return positive(error);
    }
    if (result)
        *result = joined->result;
    fos_thread_reap(joined);
    return 0;
}

int pthread_join(pthread_t thread, void **result)
{
    fos_cancel_point();
    return join_until(thread, result, FOS_NEVER);
}

int pthread_tryjoin_np(pthread_t thread, void **result)
{
    return join_until(thread, result, 0);
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *at)
{
    long long deadline = fos_deadline(at, CLOCK_REALTIME);

    return deadline < 0 ? EINVAL : join_until(thread, result, (uint64_t)deadline);
}

int pthread_detach(pthread_t thread)
{
    struct fos_pthread *found;
    uint32_t fate = FATE_JOINABLE;
    int error = 0;

    fos_lock_take(&fos_threads_lock);
    found = fos_pthread_find(thread);
    if (!found)
        error = ESRCH;
    else if (!fos_compare_exchange(&found->fate, &fate, FATE_DETACHED))
        error = EINVAL;
    else if (fos_load_relaxed(&found->ended) == 1 && !found->first)
        fos_thread_dead_locked(found);
    fos_lock_release(&fos_threads_lock);
    fos_threads_reap_dead();
    return error;
}
