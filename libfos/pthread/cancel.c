/* SPDX-License-Identifier: MIT */
/*
 * Cancellation.  A request is remembered; the thread's fos_cancel_due says that it may
 * be acted upon.  Who asks may set that just as the thread forbids it, so whoever acts
 * looks once more.
 */
#include "inside.h"

#include <errno.h>

#include <fos/signal.h>
#include <fos/thread.h>

static void act(void)
{
    struct fos_pthread *self = fos_pthread_self();

    if (fos_load_relaxed(&self->cancel_disabled)) {
        fos_store_relaxed(&fos_cancel_due, 0);
        return;
    }
    pthread_exit(PTHREAD_CANCELED);
}

/* The kernel lets a thread that sleeps look again for the event, and ends its calls to
 * fleets for the signal. */
static void disturb(struct fos_pthread *thread)
{
    atomic_store(&fos_cancel_act, act);
    fos_exchange(thread->cancel_due, 1);
    fos_sys_thread_control(thread->cap, FOS_THREAD_RAISE, FOS_EVENT_PARK);
    if (thread->events->upcall)
        fos_sys_thread_control(thread->cap, FOS_THREAD_SIGNAL,
                               1ull << (FOS_SIGNAL_CANCEL - 1));
}

int pthread_cancel(pthread_t thread)
{
    struct fos_pthread *self = fos_pthread_self(), *found;

    fos_lock_take(&fos_threads_lock);
    found = fos_pthread_find(thread);
    if (found) {
        fos_exchange(&found->cancel_asked, 1);
        if (found == self)
            atomic_store(&fos_cancel_act, act);
        if (!fos_load_relaxed(&found->cancel_disabled)) {
            if (found == self)
                fos_store_relaxed(&fos_cancel_due, 1);
            else if (!fos_load_relaxed(&found->ended))
                disturb(found);
        }
    }
    fos_lock_release(&fos_threads_lock);
    if (found == self && fos_load_relaxed(&self->cancel_async))
        fos_cancel_point();
    return found ? 0 : ESRCH;
}

/* pthread_cancel asks first and then looks whether it may; this is the other order. */
int pthread_setcancelstate(int state, int *before)
{
    struct fos_pthread *self = fos_pthread_self();

    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
        return EINVAL;
    if (before)
        *before = fos_load_relaxed(&self->cancel_disabled) ? PTHREAD_CANCEL_DISABLE
                                                           : PTHREAD_CANCEL_ENABLE;
    fos_exchange(&self->cancel_disabled, state == PTHREAD_CANCEL_DISABLE);
    if (state == PTHREAD_CANCEL_DISABLE) {
        fos_store_relaxed(&fos_cancel_due, 0);
    } else if (fos_load_relaxed(&self->cancel_asked)) {
        fos_store_relaxed(&fos_cancel_due, 1);
        if (fos_load_relaxed(&self->cancel_async))
            fos_cancel_point();
    }
    return 0;
}

int pthread_setcanceltype(int type, int *before)
{
    struct fos_pthread *self = fos_pthread_self();

    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    if (before)
        *before = fos_load_relaxed(&self->cancel_async)
                      ? PTHREAD_CANCEL_ASYNCHRONOUS
                      : PTHREAD_CANCEL_DEFERRED;
    fos_exchange(&self->cancel_async, type == PTHREAD_CANCEL_ASYNCHRONOUS);
    if (type == PTHREAD_CANCEL_ASYNCHRONOUS)
        fos_cancel_point();
    return 0;
}

/* The signal's handler: it interrupted code of the program's. */
void fos_cancel_signal(void)
{
    if (fos_load_relaxed(&fos_pthread_self()->cancel_async))
        fos_cancel_point();
}

void pthread_testcancel(void)
{
    fos_cancel_point();
}

void __pthread_cleanup_push(struct __pthread_cleanup *cleanup)
{
    struct fos_pthread *self = fos_pthread_self();

    cleanup->__next = self->cleanup;
    self->cleanup = cleanup;
}

void __pthread_cleanup_pop(struct __pthread_cleanup *cleanup, int execute)
{
    fos_pthread_self()->cleanup = cleanup->__next;
    if (execute)
        cleanup->__routine(cleanup->__argument);
}
