/* SPDX-License-Identifier: MIT */
/* Who a process is, and its group and session.  The process fleet keeps the start page's
 * numbers current. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <fos/error.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>
#include <fos/thread.h>

pid_t getpid(void)
{
    return (pid_t)fos_pid();
}

static long ids_ask(pid_t pid, struct proc_ids_rep *rep)
{
    struct proc_ids_req req = {.self = fos_own_space(), .pid = (uint64_t)pid};

    if (pid < 0)
        return -FOS_ESRCH;
    fos_signals_hold();
    long error = proc_ids_call(fos_proc_peer(), &req, rep, FOS_NEVER);
    fos_signals_release();
    return error;
}

pid_t getppid(void)
{
    struct proc_ids_rep rep = {0};

    return ids_ask(0, &rep) < 0 ? (pid_t)fos_start_page->parent : (pid_t)rep.parent;
}

pid_t getpgrp(void)
{
    return (pid_t)fos_start_page->group;
}

pid_t getpgid(pid_t pid)
{
    struct proc_ids_rep rep = {0};
    long error = ids_ask(pid, &rep);

    return error < 0 ? (pid_t)fos_errno(error) : (pid_t)rep.group;
}

pid_t getsid(pid_t pid)
{
    struct proc_ids_rep rep = {0};
    long error;

    if (pid == 0 || pid == getpid())
        return (pid_t)fos_start_page->session;
    error = ids_ask(pid, &rep);
    return error < 0 ? (pid_t)fos_errno(error) : (pid_t)rep.session;
}

static long group_ask(uint64_t pid, uint64_t group)
{
    struct proc_group_req req = {
        .self = fos_own_space(), .pid = pid, .group = group};
    struct proc_group_rep rep = {0};

    fos_signals_hold();
    long error = proc_group_call(fos_proc_peer(), &req, &rep, FOS_NEVER);
    fos_signals_release();
    return error;
}

int setpgid(pid_t pid, pid_t group)
{
    if (pid < 0 || group < 0) {
        errno = EINVAL;
        return -1;
    }
    return (int)fos_errno(group_ask((uint64_t)pid, (uint64_t)group));
}

int setpgrp(void)
{
    return setpgid(0, 0);
}

pid_t setsid(void)
{
    long error = group_ask(0, PROC_SESSION_NEW);

    return error < 0 ? (pid_t)fos_errno(error) : (pid_t)fos_start_page->session;
}

/* What comes to the caller itself is delivered before this returns. */
int fos_signal_send(pid_t pid, int signal, int code, uint64_t value)
{
    struct proc_signal_req req = {.self = fos_own_space(),
                                  .pid = pid,
                                  .signal = (uint32_t)signal,
                                  .code = code,
                                  .value = value};
    struct proc_signal_rep rep;

    fos_signals_hold();
    long error = proc_signal_call(fos_proc_peer(), &req, &rep, FOS_NEVER);
    fos_signals_release();
    if (!error && fos_signals_hand_on && (pid <= 0 || pid == getpid()))
        fos_signals_hand_on();
    return (int)fos_errno(error);
}

int kill(pid_t pid, int signal)
{
    return fos_signal_send(pid, signal, SI_USER, 0);
}

int killpg(pid_t group, int signal)
{
    if (group < 0) {
        errno = EINVAL;
        return -1;
    }
    return kill(-group, signal);
}

int sigqueue(pid_t pid, int signal, const union sigval value)
{
    if (pid <= 0) {
        errno = pid ? EINVAL : ESRCH;
        return -1;
    }
    return fos_signal_send(pid, signal, SI_QUEUE, (uint64_t)value.sival_ptr);
}
