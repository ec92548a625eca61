/* SPDX-License-Identifier: MIT */
/*
 * Timers of a process (timer_create).  A thread of libfos's own sleeps until the next of
 * them is due; it is there from the first timer that notifies on, and does not keep the
 * process alive.
 *
 * Invariants
 *
 *  C1. A timer's fields are the lock's.  The keeper copies what it needs and tells of an
 *      expiration with the lock let go: a timer may be gone by then.
 *
 *  C2. Whoever makes a timer due earlier changes `changed` before it lets go of the lock;
 *      the keeper has read it under the lock before it sleeps on it.
 */
#include "inside.h"

#include <limits.h>
#include <stdlib.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/fork.h>
#include <fos/part.h>
#include <fos/signal.h>
#include <fos/start.h>

struct timer {
    bool used;
    clockid_t clock;
    struct sigevent event;
    uint64_t at;    /* when it expires, of the monotonic clock; 0: it does not */
    uint64_t every; /* nanoseconds; 0: once */
    uint64_t
        missed; /* expirations while the signal of an earlier one was pending */
};

static struct fos_lock lock;
static struct timer timers[TIMER_MAX];
static bool kept; /* the keeper is there */
static _Atomic uint32_t changed;

FOS_FORK_LOCK(lock);

static int refuse(int error)
{
    errno = error;
    return -1;
}

/* ---- telling of an expiration ---- */

struct call {
    void (*function)(union sigval);
    union sigval value;
};

static void *call_run(void *argument)
{
    struct call call = *(struct call *)argument;

    free(argument);
    call.function(call.value);
    return NULL;
}

static void call_start(const struct sigevent *event)
{
    pthread_attr_t attr;
    struct call *call = malloc(sizeof *call);
    pthread_t thread;

    if (!call)
        return;
    *call = (struct call){event->sigev_notify_function, event->sigev_value};
    if (event->sigev_notify_attributes)
        attr = *event->sigev_notify_attributes;
    else
        pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, call_run, call))
        free(call);
}

static void expiration_tell(const struct sigevent *event)
{
    if (event->sigev_notify == SIGEV_SIGNAL)
        fos_signal_send(getpid(), event->sigev_signo, SI_TIMER,
                        (uint64_t)event->sigev_value.sival_ptr);
    else if (event->sigev_notify == SIGEV_THREAD)
        call_start(event);
}

/* Signals to the process come to its first thread. */
static bool signal_pends(const struct sigevent *event)
{
    struct fos_events *first = (struct fos_events *)fos_start_page->events;

    return event->sigev_notify == SIGEV_SIGNAL &&
           fos_load_relaxed(&first->signals) >> (event->sigev_signo - 1) & 1;
}

/* ---- the keeper ---- */

/* A timer that is due goes on to its next time.  Whether it is to be told of. */
static bool timer_expire(struct timer *timer, uint64_t now)
{
    uint64_t periods = 0;

    if (timer->every)
        periods = (now - timer->at) / timer->every;
    timer->at = timer->every ? timer->at + (periods + 1) * timer->every : 0;
    if (signal_pends(&timer->event)) {
        timer->missed += periods + 1;
        return false;
    }
    timer->missed = periods;
    return timer->event.sigev_notify != SIGEV_NONE;
}

/* Until when nothing is to be done, and the count of changes seen, or 0 and what is. */
static uint64_t due_find(struct sigevent *event, uint32_t *seen)
{
    uint64_t next = FOS_NEVER, now = fos_now_ns();

    fos_lock_take(&lock);
    for (struct timer *t = timers; next && t < timers + TIMER_MAX; t++) {
        if (!t->used || !t->at)
            continue;
        if (t->at <= now && timer_expire(t, now)) {
            *event = t->event;
            next = 0;
        } else if (t->at && t->at < next) {
            next = t->at;
        }
    }
    *seen = fos_load_relaxed(&changed); /* C2 */
    fos_lock_release(&lock);
    return next;
}

static void *keeper_run(void *nothing)
{
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    uint64_t next;
    uint32_t seen;

    for (;;) {
        next = due_find(&event, &seen);
        if (next == 0)
            expiration_tell(&event);
        else
            fos_park(&changed, seen, next, FOS_PARK_PLAIN);
    }
    return nothing;
}

/* The lock is not held: 0, or an errno value. */
static int keeper_start(void)
{
    sigset_t all = ~(sigset_t)0, before;
    pthread_attr_t attr;
    pthread_t thread;
    bool start;
    int error;

    fos_lock_take(&lock);
    start = !kept;
    kept = true;
    fos_lock_release(&lock);
    if (!start)
        return 0;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, &attr, keeper_run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        kept = false;
    else
        ((struct fos_pthread *)thread)->helper = true;
    return error;
}

static void timers_forked(void)
{
    for (struct timer *t = timers; t < timers + TIMER_MAX; t++)
        t->used = false;
    kept = false;
}

FOS_PART(timers_part, .forked = timers_forked);

/* ---- times ---- */

static bool is_time(const struct timespec *time)
{
    return time->tv_sec >= 0 && time->tv_nsec >= 0 &&
           time->tv_nsec < (long)FOS_SECOND;
}

static uint64_t ns_of(const struct timespec *time)
{
    if ((uint64_t)time->tv_sec >= INT64_MAX / FOS_SECOND)
        return INT64_MAX;
    return (uint64_t)time->tv_sec * FOS_SECOND + (uint64_t)time->tv_nsec;
}

static struct timespec spec(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / FOS_SECOND), (long)(ns % FOS_SECOND)};
}

/* What is left until the next time it expires; one that nobody is told of goes on here. */
static struct itimerspec left_of(struct timer *timer)
{
    uint64_t now = fos_now_ns(), at = timer->at;

    if (at && at <= now && timer->event.sigev_notify == SIGEV_NONE)
        timer_expire(timer, now);
    at = timer->at;
    return (struct itimerspec){.it_value = spec(!at        ? 0
                                                : at > now ? at - now
                                                           : 1),
                               .it_interval = spec(timer->every)};
}

static uint64_t due_at(const struct timer *timer, int flags,
                       const struct timespec *value)
{
    long long at;

    if (value->tv_sec == 0 && value->tv_nsec == 0)
        return 0;
    if (!(flags & TIMER_ABSTIME))
        return fos_now_ns() + ns_of(value);
    at = fos_deadline(value, timer->clock);
    return at > 0 ? (uint64_t)at : 1;
}

/* ---- the calls ---- */

/* The lock is held: the timer, or NULL. */
static struct timer *timer_find(timer_t id)
{
    return id > 0 && id <= TIMER_MAX && timers[id - 1].used ? &timers[id - 1]
                                                            : NULL;
}

static int event_check(const struct sigevent *event)
{
    switch (event->sigev_notify) {
    case SIGEV_NONE:
    case SIGEV_THREAD:
        return 0;
    case SIGEV_SIGNAL:
        return event->sigev_signo > 0 && event->sigev_signo < FOS_SIGNALS - 1
                   ? 0
                   : EINVAL;
    default:
        return EINVAL;
    }
}

static int timer_enter(clockid_t clock, const struct sigevent *event, timer_t *id)
{
    struct timer *t = timers;
    int error = 0;

    fos_lock_take(&lock);
    while (t < timers + TIMER_MAX && t->used)
        t++;
    if (t < timers + TIMER_MAX) {
        *id = (timer_t)(t - timers) + 1;
        *t = (struct timer){.used = true, .clock = clock};
        t->event = event ? *event
                         : (struct sigevent){.sigev_notify = SIGEV_SIGNAL,
                                             .sigev_signo = SIGALRM,
                                             .sigev_value.sival_int = (int)*id};
    } else {
        error = EAGAIN;
    }
    fos_lock_release(&lock);
    return error;
}

int timer_create(clockid_t clock, struct sigevent *restrict event,
                 timer_t *restrict id)
{
    int error = event ? event_check(event) : 0;

    if (clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
        error = ENOTSUP;
    else if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        error = EINVAL;
    if (!error && (!event || event->sigev_notify != SIGEV_NONE) && keeper_start())
        error = EAGAIN;
    if (!error)
        error = timer_enter(clock, event, id);
    return error ? refuse(error) : 0;
}

int timer_delete(timer_t id)
{
    struct timer *timer;

    fos_lock_take(&lock);
    timer = timer_find(id);
    if (timer)
        timer->used = false;
    fos_lock_release(&lock);
    return timer ? 0 : refuse(EINVAL);
}

int timer_settime(timer_t id, int flags, const struct itimerspec *restrict value,
                  struct itimerspec *restrict old)
{
    struct timer *timer;

    if (!is_time(&value->it_value) || !is_time(&value->it_interval))
        return refuse(EINVAL);
    fos_lock_take(&lock);
    timer = timer_find(id);
    if (timer) {
        if (old)
            *old = left_of(timer);
        timer->at = due_at(timer, flags, &value->it_value);
        timer->every = ns_of(&value->it_interval);
        timer->missed = 0;
        fos_fetch_add(&changed, 1u);
    }
    fos_lock_release(&lock);
    fos_unpark(&changed, 1);
    return timer ? 0 : refuse(EINVAL);
}

int timer_gettime(timer_t id, struct itimerspec *value)
{
    struct timer *timer;

    fos_lock_take(&lock);
    timer = timer_find(id);
    if (timer)
        *value = left_of(timer);
    fos_lock_release(&lock);
    return timer ? 0 : refuse(EINVAL);
}

int timer_getoverrun(timer_t id)
{
    struct timer *timer;
    uint64_t missed = 0;

    fos_lock_take(&lock);
    timer = timer_find(id);
    if (timer)
        missed = timer->missed;
    fos_lock_release(&lock);
    if (!timer)
        return refuse(EINVAL);
    return missed < DELAYTIMER_MAX ? (int)missed : DELAYTIMER_MAX;
}
