/* SPDX-License-Identifier: MIT */
/* What processes use.  The kernel counts the time threads run, be it in the kernel or
 * not: all of it is user time. */
#include "usage.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/times.h>
#include <time.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>

void usage_convert(struct rusage *to, const struct proc_usage *from)
{
    *to = (struct rusage){
        .ru_utime = {.tv_sec = (time_t)(from->ns_running / FOS_SECOND),
                     .tv_usec =
                         (suseconds_t)(from->ns_running % FOS_SECOND / 1000)},
        .ru_maxrss = (long)(from->frames * (FOS_PAGE_SIZE / 1024)),
    };
}

static long usage_ask(struct proc_usage_rep *rep)
{
    struct proc_usage_req req = {.self = fos_own_space()};

    fos_signals_hold();
    long error = proc_usage_call(fos_proc_peer(), &req, rep, FOS_NEVER);
    fos_signals_release();
    return error;
}

int getrusage(int who, struct rusage *out)
{
    struct proc_usage_rep rep = {0};
    long error;

    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN) {
        errno = EINVAL;
        return -1;
    }
    error = usage_ask(&rep);
    if (error < 0)
        return (int)fos_errno(error);
    usage_convert(out, who == RUSAGE_SELF ? &rep.self : &rep.children);
    return 0;
}

static clock_t ticks(uint64_t ns)
{
    return (clock_t)(ns / (FOS_SECOND / CLOCKS_PER_SEC));
}

clock_t times(struct tms *out)
{
    struct proc_usage_rep rep = {0};
    long error = usage_ask(&rep);

    if (error < 0)
        return (clock_t)fos_errno(error);
    *out = (struct tms){.tms_utime = ticks(rep.self.ns_running),
                        .tms_cutime = ticks(rep.children.ns_running)};
    return ticks(fos_now_ns());
}

uint64_t usage_running_ns(void)
{
    static _Atomic uint64_t asked_at, last;
    uint64_t now = fos_now_ns(), known = atomic_load(&last);
    struct proc_usage_rep rep = {0};

    if (atomic_load(&asked_at) && now - atomic_load(&asked_at) < FOS_MILLISECOND)
        return known;
    if (usage_ask(&rep) == 0)
        while (known < rep.self.ns_running &&
               !atomic_compare_exchange_weak(&last, &known, rep.self.ns_running))
            continue;
    atomic_store(&asked_at, fos_now_ns());
    return atomic_load(&last);
}

clock_t clock(void)
{
    return ticks(usage_running_ns());
}
