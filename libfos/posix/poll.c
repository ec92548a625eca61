/* SPDX-License-Identifier: MIT */
/*
 * poll and select: the descriptors are sorted by the fleets their files are of, each
 * fleet is asked once, and the first answer ends the wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include <fos/abi/atomic.h>
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/signal.h>
#include <fos/thread.h>

#include "fd.h"
#include "signals.h"

struct poll {
    struct fos_poll_item items[FOS_FD_MAX];
    struct pollfd *asked[FOS_FD_MAX]; /* whose item that is */
    unsigned count;
    long ready; /* known before anybody was asked */
    struct fos_poll_set sets[FOS_FILE_KINDS];
};

static void item_add(struct poll *p, struct pollfd *asked)
{
    struct fos_file *file = asked->fd < 0 ? NULL : fos_file_get(asked->fd);
    struct fos_poll_item *item = &p->items[p->count];

    asked->revents = 0;
    if (asked->fd < 0)
        return;
    if (!file) {
        asked->revents = POLLNVAL;
        p->ready++;
        return;
    }
    *item = (struct fos_poll_item){file, asked->events, 0};
    p->asked[p->count++] = asked;
    if (!file->ops->poll_start) {
        item->revents = asked->events & (POLLIN | POLLOUT);
        p->ready += item->revents != 0;
        return;
    }
    struct fos_poll_set *set = &p->sets[file->ops->kind];
    set->ops = file->ops;
    set->items[set->count++] = item;
}

/* Asks all fleets.  0: they have been asked; more: what is ready at once. */
static long sets_start(struct poll *p, bool wait)
{
    long ready = 0;

    for (unsigned i = 0; i < FOS_FILE_KINDS; i++) {
        struct fos_poll_set *set = &p->sets[i];
        if (!set->count)
            continue;
        set->wait = wait;
        set->call = (struct fos_call){.done = true, .result = -FOS_EAGAIN};
        long result = set->ops->poll_start(set);
        if (result < 0)
            return result;
        ready += result;
    }
    return ready;
}

/* Takes what has been answered: -FOS_EAGAIN nothing has. */
static long sets_take(struct poll *p)
{
    long ready = 0;
    bool any = false;

    for (unsigned i = 0; i < FOS_FILE_KINDS; i++) {
        struct fos_poll_set *set = &p->sets[i];
        if (!set->count || !set->call.to || !set->call.done)
            continue;
        long result = set->ops->poll_end(set, set->call.result);
        if (result < 0)
            return result;
        any = true;
        ready += result;
    }
    return any ? ready : -FOS_EAGAIN;
}

static long sets_wait(struct poll *p, bool all, uint64_t deadline)
{
    struct fos_call *calls[FOS_FILE_KINDS];
    uint32_t count = 0;

    for (unsigned i = 0; i < FOS_FILE_KINDS; i++)
        if (p->sets[i].count && p->sets[i].call.to)
            calls[count++] = &p->sets[i].call;
    return count ? fos_call_finish_any(calls, count, all, deadline)
                 : -FOS_ETIMEDOUT;
}

static void sets_cancel(struct poll *p)
{
    for (unsigned i = 0; i < FOS_FILE_KINDS; i++)
        if (p->sets[i].count && p->sets[i].call.to)
            fos_call_cancel(&p->sets[i].call);
}

/* Asks once, for answers at once or when something is ready, or a signal is due. */
static long ask(struct poll *p, bool wait, uint64_t deadline)
{
    struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;
    long result = sets_start(p, wait);

    if (result == 0) {
        sleeper->interruptible =
            wait && fos_load_relaxed(&fos_own_events->hold) == 1;
        result = sets_wait(p, !wait, wait ? deadline : FOS_NEVER);
        sleeper->interruptible = false;
        if (!result)
            result = sets_take(p);
    }
    sets_cancel(p);
    return result == -FOS_ETIMEDOUT ? 0 : result;
}

static bool sets_any(const struct poll *p)
{
    for (unsigned i = 0; i < FOS_FILE_KINDS; i++)
        if (p->sets[i].count)
            return true;
    return false;
}

static long nothing_wait(uint64_t deadline)
{
    uint64_t blocked = fos_load_relaxed(&fos_own_events->blocked);

    return deadline && signals_sleep(blocked, deadline) == 0 ? -FOS_EINTR : 0;
}

/* With signals held: -FOS_EINTR one is due. */
static long poll_until(struct pollfd *fds, nfds_t count, uint64_t deadline)
{
    struct poll p;
    long result = 0;

    p.count = 0;
    p.ready = 0;
    for (unsigned i = 0; i < FOS_FILE_KINDS; i++)
        p.sets[i].count = 0;
    for (nfds_t i = 0; i < count; i++)
        item_add(&p, &fds[i]);
    if (sets_any(&p))
        result = ask(&p, !p.ready && deadline, deadline);
    else if (!p.ready)
        result = nothing_wait(deadline);
    for (unsigned i = 0; i < p.count; i++) {
        p.asked[i]->revents = p.items[i].revents;
        fos_file_put(p.items[i].file);
    }
    return result < 0 ? result : result + p.ready;
}

/* `runs`: signal_runs.all before; a handler that has run since ends the wait. */
static long poll_for(struct pollfd *fds, nfds_t count, uint64_t deadline,
                     uint64_t runs)
{
    for (;;) {
        fos_cancel_point();
        fos_signals_hold();
        long result =
            poll_until(fds, count, signal_runs.all == runs ? deadline : 0);
        fos_signals_release();
        if (result > 0 || (result < 0 && result != -FOS_EINTR))
            return result;
        if (signal_runs.all != runs)
            return -FOS_EINTR;
        if (result == 0)
            return 0;
    }
}

/* 0: at once; FOS_NEVER: NULL. */
static long deadline_of(const struct timespec *timeout, uint64_t *deadline)
{
    *deadline = FOS_NEVER;
    if (!timeout)
        return 0;
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
        timeout->tv_nsec >= (long)FOS_SECOND)
        return -FOS_EINVAL;
    if (timeout->tv_sec == 0 && timeout->tv_nsec == 0)
        *deadline = 0;
    else if ((uint64_t)timeout->tv_sec < FOS_NEVER / FOS_SECOND / 2)
        *deadline = fos_now_ns() + (uint64_t)timeout->tv_sec * FOS_SECOND +
                    (uint64_t)timeout->tv_nsec;
    return 0;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
          const sigset_t *mask)
{
    sigset_t before;
    uint64_t deadline, runs = signal_runs.all;
    long result = deadline_of(timeout, &deadline);

    if (!result && count > FOS_FD_MAX)
        result = -FOS_EINVAL;
    if (!result) {
        if (mask)
            sigprocmask(SIG_SETMASK, mask, &before);
        result = poll_for(fds, count, deadline, runs);
        if (mask)
            sigprocmask(SIG_SETMASK, &before, NULL);
    }
    return fos_fd_result(result);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000l};

    return ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, NULL);
}

/* ---- select ---- */

static short events_of(int fd, const fd_set *reads, const fd_set *writes,
                       const fd_set *odd)
{
    return (short)((reads && FD_ISSET(fd, reads) ? POLLIN : 0) |
                   (writes && FD_ISSET(fd, writes) ? POLLOUT : 0) |
                   (odd && FD_ISSET(fd, odd) ? POLLPRI : 0));
}

static int bit_set(int fd, fd_set *set, bool on)
{
    if (!set || !FD_ISSET(fd, set))
        return 0;
    if (!on)
        FD_CLR(fd, set);
    return on;
}

static int bits_set(const struct pollfd *fds, nfds_t count, fd_set *reads,
                    fd_set *writes, fd_set *odd)
{
    int set = 0;

    for (nfds_t i = 0; i < count; i++) {
        short got = fds[i].revents;
        set += bit_set(fds[i].fd, reads, got & (POLLIN | POLLHUP | POLLERR));
        set += bit_set(fds[i].fd, writes, got & (POLLOUT | POLLERR));
        set += bit_set(fds[i].fd, odd, got & POLLPRI);
    }
    return set;
}

int pselect(int limit, fd_set *restrict reads, fd_set *restrict writes,
            fd_set *restrict odd, const struct timespec *restrict timeout,
            const sigset_t *restrict mask)
{
    struct pollfd fds[FOS_FD_MAX];
    nfds_t count = 0;

    if (limit < 0 || limit > FD_SETSIZE)
        return fos_fd_result(-FOS_EINVAL);
    for (int fd = 0; fd < limit && fd < FOS_FD_MAX; fd++) {
        short events = events_of(fd, reads, writes, odd);
        if (events)
            fds[count++] = (struct pollfd){.fd = fd, .events = events};
    }
    if (ppoll(fds, count, timeout, mask) < 0)
        return -1;
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].revents & POLLNVAL)
            return fos_fd_result(-FOS_EBADF);
    return bits_set(fds, count, reads, writes, odd);
}

int select(int limit, fd_set *restrict reads, fd_set *restrict writes,
           fd_set *restrict odd, struct timeval *restrict timeout)
{
    struct timespec exact;

    if (timeout)
        exact = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    return pselect(limit, reads, writes, odd, timeout ? &exact : NULL, NULL);
}
