/* SPDX-License-Identifier: MIT */
/* Waiting for children. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <fos/error.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>

#include "usage.h"

_Static_assert(WNOHANG == PROC_WAIT_NOHANG && WUNTRACED == PROC_WAIT_UNTRACED &&
                   WCONTINUED == PROC_WAIT_CONTINUED && WNOWAIT == PROC_WAIT_NOWAIT,
               "one encoding");

static long asked(struct proc_waitpid_req *req, struct proc_waitpid_rep *rep)
{
    *rep = (struct proc_waitpid_rep){0};
    return fos_call_interruptible(fos_proc_peer(), req, sizeof *req, rep,
                                  sizeof *rep, FOS_NEVER, true);
}

/* A child's end brings a signal with it: what there is to tell goes before its EINTR. */
static long child_await(int64_t pid, uint32_t options, struct proc_waitpid_rep *rep)
{
    struct proc_waitpid_req req = {.head.tag = FOS_TAG(proc, waitpid),
                                   .self = fos_own_space(),
                                   .pid = pid,
                                   .options = options};
    long error = asked(&req, rep);

    if (error != -FOS_EINTR || options & PROC_WAIT_NOHANG)
        return error;
    req.options |= PROC_WAIT_NOHANG;
    error = asked(&req, rep);
    return error || rep->pid ? error : -FOS_EINTR;
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    struct proc_waitpid_rep rep;
    long error;

    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED)) {
        errno = EINVAL;
        return -1;
    }
    error = child_await(pid, (uint32_t)options, &rep);
    if (error < 0)
        return (pid_t)fos_errno(error);
    if (status && rep.pid)
        *status = (int)rep.status;
    if (usage)
        usage_convert(usage, &rep.usage);
    return (pid_t)rep.pid;
}

pid_t wait3(int *status, int options, struct rusage *usage)
{
    return wait4(-1, status, options, usage);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

static void info_fill(siginfo_t *info, const struct proc_waitpid_rep *rep)
{
    int status = (int)rep->status;

    memset(info, 0, sizeof *info);
    if (!rep->pid)
        return;
    info->si_signo = SIGCHLD;
    info->si_pid = (pid_t)rep->pid;
    if (WIFCONTINUED(status)) {
        info->si_code = CLD_CONTINUED;
        info->si_status = SIGCONT;
    } else if (WIFSTOPPED(status)) {
        info->si_code = CLD_STOPPED;
        info->si_status = WSTOPSIG(status);
    } else if (WIFEXITED(status)) {
        info->si_code = CLD_EXITED;
        info->si_status = WEXITSTATUS(status);
    } else {
        info->si_code = CLD_KILLED;
        info->si_status = WTERMSIG(status);
    }
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    int64_t pid = type == P_ALL ? -1 : type == P_PID ? (int64_t)id : -(int64_t)id;
    uint32_t ask = (uint32_t)options & (WNOHANG | WUNTRACED | WCONTINUED | WNOWAIT);
    struct proc_waitpid_rep rep;

    if (!(options & (WEXITED | WSTOPPED | WCONTINUED)) ||
        (type == P_PID && (int64_t)id <= 0)) {
        errno = EINVAL;
        return -1;
    }
    if (!(options & WEXITED))
        ask |= PROC_WAIT_NOT_EXITED;
    long error = child_await(pid, ask, &rep);
    if (error < 0)
        return (int)fos_errno(error);
    if (info)
        info_fill(info, &rep);
    return 0;
}
