/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <fos/error.h>
#include <fos/park.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>

enum {
    PRIORITY_MAX = 99, /* of policies that have priorities */
    SLICE_NS = 10000000,
};

static int refuse(int error)
{
    errno = error;
    return -1;
}

int sched_yield(void)
{
    fos_yield();
    return 0;
}

static int priority_of(int policy, int real_time)
{
    if (policy == SCHED_OTHER)
        return 0;
    return policy == SCHED_FIFO || policy == SCHED_RR ? real_time : refuse(EINVAL);
}

int sched_get_priority_max(int policy)
{
    return priority_of(policy, PRIORITY_MAX);
}

int sched_get_priority_min(int policy)
{
    return priority_of(policy, 1);
}

/* ---- of processes ---- */

static int process_check(pid_t pid)
{
    if (pid < 0)
        return refuse(EINVAL);
    return pid == 0 || pid == getpid() ? 0 : kill(pid, 0);
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
    if (!param)
        return refuse(EINVAL);
    if (process_check(pid))
        return -1;
    *param = (struct sched_param){.sched_priority = 0};
    return 0;
}

int sched_getscheduler(pid_t pid)
{
    return process_check(pid) ? -1 : SCHED_OTHER;
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    int most = priority_of(policy, PRIORITY_MAX);
    int least = priority_of(policy, 1);

    if (most < 0 || !param || param->sched_priority < least ||
        param->sched_priority > most)
        return refuse(EINVAL);
    if (process_check(pid))
        return -1;
    return policy == SCHED_OTHER ? SCHED_OTHER : refuse(EPERM);
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
    return sched_setscheduler(pid, SCHED_OTHER, param) < 0 ? -1 : 0;
}

int sched_rr_get_interval(pid_t pid, struct timespec *interval)
{
    if (process_check(pid))
        return -1;
    *interval = (struct timespec){.tv_nsec = SLICE_NS};
    return 0;
}

/* ---- where they run ---- */

static int place_ask(pid_t pid, uint64_t set, struct proc_place_rep *rep)
{
    struct proc_place_req req = {
        .self = fos_own_space(), .pid = (uint64_t)pid, .set = set};
    long error;

    fos_signals_hold();
    error = proc_place_call(fos_proc_peer(), &req, rep, FOS_NEVER);
    fos_signals_release();
    return (int)fos_errno(error);
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    struct proc_place_rep rep = {0};

    if (pid < 0 || size < sizeof *set)
        return refuse(EINVAL);
    if (place_ask(pid, 0, &rep))
        return -1;
    set->__bits = rep.set;
    return 0;
}

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
    struct proc_place_rep rep = {0};

    if (pid < 0 || size < sizeof *set || !set->__bits)
        return refuse(EINVAL);
    return place_ask(pid, set->__bits, &rep);
}
