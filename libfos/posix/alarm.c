/* SPDX-License-Identifier: MIT */
/* Timers that send SIGALRM. */
#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>

static uint64_t ns_of(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * FOS_SECOND + (uint64_t)t->tv_usec * 1000;
}

/* Rounded up: what is left of a timer that runs is never 0. */
static struct timeval time_of(uint64_t ns)
{
    ns += 999;
    return (struct timeval){.tv_sec = (time_t)(ns / FOS_SECOND),
                            .tv_usec = (suseconds_t)(ns % FOS_SECOND / 1000)};
}

static bool is_time(const struct timeval *t)
{
    return t->tv_sec >= 0 && t->tv_usec >= 0 && t->tv_usec < 1000000;
}

static long timer_ask(struct proc_timer_req *req, struct proc_timer_rep *rep)
{
    req->self = fos_own_space();
    fos_signals_hold();
    long error = proc_timer_call(fos_proc_peer(), req, rep, FOS_NEVER);
    fos_signals_release();
    return error;
}

static int timer_change(int which, struct proc_timer_req *req,
                        struct itimerval *restrict old)
{
    struct proc_timer_rep rep = {0};

    if (which != ITIMER_REAL) {
        errno = which == ITIMER_VIRTUAL || which == ITIMER_PROF ? ENOSYS : EINVAL;
        return -1;
    }
    long error = timer_ask(req, &rep);
    if (error < 0)
        return (int)fos_errno(error);
    if (old)
        *old = (struct itimerval){.it_value = time_of(rep.left_ns),
                                  .it_interval = time_of(rep.interval_ns)};
    return 0;
}

int setitimer(int which, const struct itimerval *restrict new,
              struct itimerval *restrict old)
{
    if (!is_time(&new->it_value) || !is_time(&new->it_interval)) {
        errno = EINVAL;
        return -1;
    }
    struct proc_timer_req req = {.set = 1,
                                 .left_ns = ns_of(&new->it_value),
                                 .interval_ns = ns_of(&new->it_interval)};
    return timer_change(which, &req, old);
}

int getitimer(int which, struct itimerval *out)
{
    struct proc_timer_req req = {0};

    return timer_change(which, &req, out);
}

unsigned alarm(unsigned seconds)
{
    struct proc_timer_req req = {.set = 1, .left_ns = seconds * FOS_SECOND};
    struct proc_timer_rep rep = {0};

    timer_ask(&req, &rep);
    return (unsigned)((rep.left_ns + FOS_SECOND - 1) / FOS_SECOND);
}
