/* SPDX-License-Identifier: MIT */
/* Masks, waiting for signals, and sending them to oneself. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <fos/abi/atomic.h>
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/msg.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>
#include <fos/syscall.h>
#include <fos/thread.h>

#include "signals.h"

#define LOOK_NS (20 * FOS_MILLISECOND)
#define NEVER_BLOCKED \
    (signal_bit(SIGKILL) | signal_bit(SIGSTOP) | signal_bit(FOS_SIGNAL_CANCEL))

/* ---- masks ---- */

void signals_take_over(struct fos_events *own)
{
    struct fos_events *first = (struct fos_events *)fos_start_page->events;
    uint64_t blocked;

    if (own == first)
        return;
    fos_push_stores(); /* pairs with fos_signals_hand_on: G4 */
    blocked = fos_load_relaxed(&first->blocked) & ~fos_load_relaxed(&own->blocked);
    if (fos_load_relaxed(&first->signals) & blocked)
        atomic_fetch_or(&own->signals,
                        atomic_fetch_and(&first->signals, ~blocked) & blocked);
}

static long mask_change(struct fos_events *events, int how, uint64_t set)
{
    uint64_t blocked = fos_load_relaxed(&events->blocked);

    switch (how) {
    case SIG_BLOCK:
        blocked |= set;
        break;
    case SIG_UNBLOCK:
        blocked &= ~set;
        break;
    case SIG_SETMASK:
        blocked = set;
        break;
    default:
        return -FOS_EINVAL;
    }
    fos_store_relaxed(&events->blocked, blocked & ~NEVER_BLOCKED);
    return 0;
}

int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    struct fos_events *events = fos_own_events;
    uint64_t before = fos_load_relaxed(&events->blocked);
    long error = 0;

    fos_signals_hold();
    if (set)
        error = mask_change(events, how, *set);
    if (!error && old)
        *old = before;
    if (!error && set) {
        signals_take_over(events);
        altstack_arm(events);
        if ((before ^ fos_load_relaxed(&events->blocked)) & signal_bit(SIGCHLD))
            children_tell();
    }
    fos_signals_release();
    return (int)-error;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    return (int)fos_errno(-pthread_sigmask(how, set, old));
}

int sigpending(sigset_t *set)
{
    const struct fos_events *own = fos_own_events;
    const struct fos_events *first = (struct fos_events *)fos_start_page->events;

    *set = (fos_load_relaxed(&own->signals) | fos_load_relaxed(&first->signals)) &
           fos_load_relaxed(&own->blocked);
    return 0;
}

/* ---- waiting ---- */

/* The first thread's signals that it blocks wake nobody: a thread that lets one of them
 * in looks for it now and then. */
static uint64_t look_at(const struct fos_events *own, uint64_t blocked,
                        uint64_t deadline)
{
    const struct fos_events *first = (struct fos_events *)fos_start_page->events;
    uint64_t next;

    if (own == first || !(fos_load_relaxed(&first->blocked) & ~blocked))
        return deadline;
    next = fos_now_ns() + LOOK_NS;
    return next < deadline ? next : deadline;
}

/* The kernel's wait returns at once while an event is pending: they are held aside. */
long signals_sleep(uint64_t blocked, uint64_t deadline)
{
    struct fos_events *events = fos_own_events;
    uint64_t before = fos_load_relaxed(&events->blocked), held = 0, until;
    long result = 0;

    fos_sends_count();
    fos_store_relaxed(&events->blocked, blocked);
    for (;;) {
        signals_take_over(events);
        result = 0;
        if (fos_load_relaxed(&events->signals) & ~blocked)
            break;
        held |= fos_exchange(&events->pending, 0);
        until = look_at(events, blocked, deadline);
        result = fos_sys_wait(until);
        if (result == -FOS_ETIMEDOUT && until == deadline)
            break;
    }
    fos_store_relaxed(&events->blocked, before);
    if (held)
        fos_fetch_or(&events->pending, held);
    return result == -FOS_ETIMEDOUT ? result : 0;
}

int sigsuspend(const sigset_t *set)
{
    struct fos_events *events = fos_own_events;
    uint64_t before = fos_load_relaxed(&events->blocked), runs = signal_runs.all;

    fos_cancel_point();
    fos_signals_hold();
    while (signal_runs.all == runs && !fos_cancel_due) {
        signals_sleep(*set & ~NEVER_BLOCKED, FOS_NEVER);
        fos_store_relaxed(&events->blocked, *set & ~NEVER_BLOCKED);
        signals_deliver(events, NULL);
        fos_store_relaxed(&events->blocked, before);
    }
    fos_signals_release();
    fos_cancel_point();
    errno = EINTR;
    return -1;
}

int pause(void)
{
    sigset_t set = fos_load_relaxed(&fos_own_events->blocked);

    return sigsuspend(&set);
}

/* 0; -FOS_EINTR a handler has run. */
static long sleep_until(uint64_t deadline)
{
    struct fos_events *events = fos_own_events;
    uint64_t runs = signal_runs.all;
    long result = 0;

    fos_cancel_point();
    fos_signals_hold();
    while (result == 0 && signal_runs.all == runs && !fos_cancel_due) {
        result = signals_sleep(fos_load_relaxed(&events->blocked), deadline);
        signals_deliver(events, NULL);
    }
    fos_signals_release();
    fos_cancel_point();
    return result == 0 || signal_runs.all != runs ? -FOS_EINTR : 0;
}

long fos_signals_nap(uint64_t deadline)
{
    return sleep_until(deadline);
}

static int wait_for(uint64_t set, siginfo_t *info, uint64_t deadline)
{
    struct fos_events *events = fos_own_events;
    uint64_t runs = signal_runs.all;
    int signal;

    fos_cancel_point();
    fos_signals_hold();
    while (!(signal = signal_take(events, set, info)) && signal_runs.all == runs &&
           !fos_cancel_due) {
        uint64_t blocked = fos_load_relaxed(&events->blocked);
        if (signals_sleep(blocked & ~set, deadline) < 0) {
            signal = -EAGAIN;
            break;
        }
        if (!(fos_load_relaxed(&events->signals) & set))
            signals_deliver(events, NULL);
    }
    fos_signals_release();
    if (!signal)
        fos_cancel_point();
    return signal ? signal : -EINTR;
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                 const struct timespec *restrict timeout)
{
    uint64_t deadline = FOS_NEVER;
    siginfo_t own;

    if (timeout) {
        if (timeout->tv_nsec < 0 || timeout->tv_nsec >= (long)FOS_SECOND) {
            errno = EINVAL;
            return -1;
        }
        deadline = fos_now_ns() + (uint64_t)timeout->tv_sec * FOS_SECOND +
                   (uint64_t)timeout->tv_nsec;
    }
    int signal = wait_for(*set & ~NEVER_BLOCKED, info ? info : &own, deadline);
    if (signal > 0)
        return signal;
    errno = -signal;
    return -1;
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    return sigtimedwait(set, info, NULL);
}

int sigwait(const sigset_t *restrict set, int *restrict signal)
{
    int got;

    while ((got = sigtimedwait(set, NULL, NULL)) < 0 && errno == EINTR)
        continue;
    if (got < 0)
        return errno;
    *signal = got;
    return 0;
}

/* ---- sending to oneself ---- */

int raise(int signal)
{
    if (signal <= 0 || signal >= FOS_SIGNAL_CANCEL) {
        errno = EINVAL;
        return -1;
    }
    if (signal == SIGKILL || signal == SIGSTOP)
        return kill(getpid(), signal);
    fos_signals_hold();
    fos_start_page->signal_info[signal] =
        (struct fos_signal_info){.pid = fos_pid(), .code = SI_USER};
    atomic_fetch_or(&fos_own_events->signals, signal_bit(signal));
    fos_signals_release();
    return 0;
}

_Noreturn void abort(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set = signal_bit(SIGABRT);

    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(SIGABRT);
    sigaction(SIGABRT, &action, NULL);
    raise(SIGABRT);
    fos_sys_exit(PROC_EXIT_SIGNAL | SIGABRT);
}

/* ---- children ---- */

void children_tell(void)
{
    static uint32_t told;
    struct sigaction action = signal_action(SIGCHLD);
    bool handler = action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
    bool blocked = fos_load_relaxed(&fos_own_events->blocked) & signal_bit(SIGCHLD);
    struct proc_children_req req = {.self = fos_own_space()};
    struct proc_children_rep rep;

    if (handler || blocked)
        req.flags |= PROC_CHILDREN_TELL;
    if (action.sa_handler == SIG_IGN || action.sa_flags & SA_NOCLDWAIT)
        req.flags |= PROC_CHILDREN_FORGET;
    if (action.sa_flags & SA_NOCLDSTOP)
        req.flags |= PROC_CHILDREN_NOSTOP;
    if (req.flags == told)
        return;
    fos_signals_hold();
    if (proc_children_call(fos_proc_peer(), &req, &rep, FOS_NEVER) == 0)
        told = req.flags;
    fos_signals_release();
}
