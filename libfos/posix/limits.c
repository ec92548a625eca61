/* SPDX-License-Identifier: MIT */
/*
 * Limits of resources.  Descriptors are counted by the table of them (fd.c), processes by
 * the process fleet, which asks for the limit at each fork and spawn.  Both are handed on
 * to children and programs to come.  Other limits can be asked for, not changed.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/resource.h>

#include <fos/error.h>
#include <fos/mem.h>
#include <fos/part.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>

#include "fd.h"

struct limits {
    struct rlimit files, processes;
};

static struct limits limits = {.files = {FOS_FD_MAX, FOS_FD_MAX},
                               .processes = {RLIM_INFINITY, RLIM_INFINITY}};

int fos_fd_most = FOS_FD_MAX;

static int refuse(int error)
{
    errno = error;
    return -1;
}

/* What the memory fleet lets this process have. */
static rlim_t data_limit(void)
{
    struct mem_usage usage;

    return fos_mem_usage(&usage) == 0 ? usage.quota * FOS_PAGE_SIZE : RLIM_INFINITY;
}

int getrlimit(int resource, struct rlimit *out)
{
    rlim_t both = RLIM_INFINITY;

    switch (resource) {
    case RLIMIT_NOFILE:
        *out = limits.files;
        return 0;
    case RLIMIT_NPROC:
        *out = limits.processes;
        return 0;
    case RLIMIT_CORE: /* none are written */
        both = 0;
        break;
    case RLIMIT_STACK:
        both = MEM_STACK_MAX;
        break;
    case RLIMIT_DATA:
        both = data_limit();
        break;
    default:
        if (resource < 0 || resource >= RLIM_NLIMITS)
            return refuse(EINVAL);
    }
    *out = (struct rlimit){both, both};
    return 0;
}

static uint32_t count_of(rlim_t processes)
{
    return processes < UINT32_MAX ? (uint32_t)processes : UINT32_MAX;
}

static long processes_tell(const struct rlimit *to)
{
    struct proc_limit_req req = {.self = fos_own_space(),
                                 .now = count_of(to->rlim_cur),
                                 .most = count_of(to->rlim_max)};
    struct proc_limit_rep rep;

    fos_signals_hold();
    long error = proc_limit_call(fos_proc_peer(), &req, &rep, FOS_NEVER);
    fos_signals_release();
    return error;
}

static int limit_set(int resource, const struct rlimit *to)
{
    long error = 0;

    if (resource == RLIMIT_NPROC)
        error = processes_tell(to);
    if (error < 0)
        return (int)fos_errno(error);
    if (resource == RLIMIT_NPROC) {
        limits.processes = *to;
    } else {
        limits.files = *to;
        fos_fd_limit((int)to->rlim_cur);
    }
    return 0;
}

int setrlimit(int resource, const struct rlimit *limit)
{
    struct rlimit now;

    if (getrlimit(resource, &now))
        return -1;
    if (limit->rlim_cur > limit->rlim_max)
        return refuse(EINVAL);
    if (limit->rlim_max > now.rlim_max)
        return refuse(EPERM);
    if (resource == RLIMIT_NOFILE || resource == RLIMIT_NPROC)
        return limit_set(resource, limit);
    return limit->rlim_cur == now.rlim_cur && limit->rlim_max == now.rlim_max
               ? 0
               : refuse(ENOSYS);
}

/* ---- handing on ---- */

static long put(struct fos_inherit *to)
{
    bool any = limits.files.rlim_max != FOS_FD_MAX ||
               limits.files.rlim_cur != FOS_FD_MAX ||
               limits.processes.rlim_max != RLIM_INFINITY ||
               limits.processes.rlim_cur != RLIM_INFINITY;

    return any ? fos_inherit_put(to, FOS_INHERIT_LIMITS, &limits, sizeof limits)
               : 0;
}

/* Another process has written it. */
static void get(const void *data, uint32_t size)
{
    const struct limits *given = data;

    if (size != sizeof *given || given->files.rlim_max > FOS_FD_MAX ||
        given->files.rlim_cur > given->files.rlim_max)
        return;
    limits = *given;
    fos_fd_limit((int)limits.files.rlim_cur);
}

FOS_PART(limits_part, .kind = FOS_INHERIT_LIMITS, .put = put, .get = get);
