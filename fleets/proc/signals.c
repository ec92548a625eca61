/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

#include <fos/start.h>
#include <fos/syscall.h>
#include <fos/thread.h>

#include "fleet.h"
#include "load.h"
#include "wait.h"

void signal_post(struct process *p, unsigned signal,
                 const struct fos_signal_info *info)
{
    uint64_t at = START_PAGE + offsetof(struct fos_start, signal_info) +
                  signal * sizeof *info;

    if (p->state != PROCESS_RUNNING)
        return;
    fos_sys_space_write(p->space, at, info, sizeof *info); /* S1 */
    fos_sys_thread_control(p->thread, FOS_THREAD_SIGNAL, 1ull << (signal - 1));
}

/* ---- stopping and going on ---- */

static void process_stop(struct process *p, unsigned signal)
{
    if (p->stopped || p->state != PROCESS_RUNNING)
        return;
    if (fos_sys_space_control(p->space, FOS_SPACE_STOP, 0) < 0)
        return;
    p->stopped = true;
    p->change = proc_wait_stopped(signal);
    wait_tell(p);
}

static void suspension_end(struct process *p, long result)
{
    struct proc_suspend_rep rep = {0};

    if (!p->suspended)
        return;
    p->suspended = false;
    fos_answer(&p->suspender, result, &rep, sizeof rep);
}

static void process_continue(struct process *p)
{
    if (!p->stopped || p->state != PROCESS_RUNNING)
        return;
    p->stopped = false;
    suspension_end(p, 0);
    fos_sys_space_control(p->space, FOS_SPACE_GO, 0);
    p->change = PROC_WAIT_STATUS_CONTINUED;
    wait_tell(p);
}

bool suspend_cancel(const struct fos_caller *caller)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->suspended &&
            fos_caller_same(&p->suspender, caller)) {
            suspension_end(p, -FOS_EINTR);
            return true;
        }
    return false;
}

/* ---- groups ---- */

static bool ties_to_session(const struct process *p)
{
    const struct process *parent = p->orphan ? NULL : process_find(p->parent);

    return parent && parent->session == p->session && parent->group != p->group;
}

bool group_is_orphaned(uint64_t group)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->group == group && ties_to_session(p))
            return false;
    return true;
}

static bool group_is_stopped(uint64_t group)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->group == group && p->stopped)
            return true;
    return false;
}

static void signal_do(struct process *p, unsigned signal,
                      const struct fos_signal_info *info)
{
    switch (signal) {
    case SIGKILL:
        process_kill(p, PROC_STATUS_KILLED);
        break;
    case SIGSTOP:
        process_stop(p, signal);
        break;
    case SIGCONT:
        signal_post(p, signal, info);
        process_continue(p);
        break;
    default:
        signal_post(p, signal, info);
    }
}

static void group_wake(uint64_t group)
{
    struct fos_signal_info info = {.pid = 1, .code = SI_KERNEL};

    if (!group_is_stopped(group) || !group_is_orphaned(group))
        return;
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->group == group) {
            signal_do(p, SIGHUP, &info);
            signal_do(p, SIGCONT, &info);
        }
}

/* `gone` is not RUNNING any more, its children have another parent. */
void groups_orphan(const struct process *gone)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->stopped &&
            (p->group == gone->group || p->session == gone->session))
            group_wake(p->group);
}

/* ---- requests ---- */

/* The console may signal programs alone, a program those of its family. */
static bool may_signal(const struct process *by, const struct process *p)
{
    if (p->state == PROCESS_FREE || p->account != &family_account)
        return fleet.cmdline.mortal && p->state == PROCESS_RUNNING &&
               p->account == &system_account && by->account == &family_account;
    return by->account == &family_account || by->role == ROLE_CONSOLE;
}

static bool is_meant(const struct process *by, const struct process *p,
                     int64_t target)
{
    if (target > 0)
        return p->pid == (uint64_t)target;
    if (target == -1)
        return p != by && p->role == ROLE_ORDINARY && p->account == &family_account;
    return p->group == (target ? -(uint64_t)target : by->group);
}

/* The pids first: what a signal does may change the table, where this fleet itself is
 * not.  0, EPERM or ESRCH. */
static long signal_spread(struct process *by, const struct proc_signal_req *req)
{
    struct fos_signal_info info = {
        .pid = by->pid, .code = req->code, .value = req->value};
    uint64_t pids[PROCESS_MAX];
    unsigned count = 0;
    long error = req->pid == (int64_t)fos_pid() ? -FOS_EPERM : -FOS_ESRCH;

    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state == PROCESS_FREE || !is_meant(by, p, req->pid))
            continue;
        if (may_signal(by, p))
            pids[count++] = p->pid;
        else
            error = -FOS_EPERM;
    }
    for (unsigned i = 0; i < count; i++) {
        struct process *p = process_find(pids[i]);
        if (req->signal && p && p->state == PROCESS_RUNNING)
            signal_do(p, req->signal, &info);
    }
    return count ? 0 : error;
}

void signal_handle(const struct fos_caller *caller,
                   const struct proc_signal_req *req)
{
    struct process *by = process_authentic(req->self);
    struct proc_signal_rep rep = {0};
    long result = -FOS_EPERM;

    if (by && (req->signal >= FOS_SIGNAL_CANCEL || req->pid == INT64_MIN))
        result = -FOS_EINVAL;
    else if (by)
        result = signal_spread(by, req);
    fos_answer(caller, result, &rep, sizeof rep);
}

void suspend_handle(const struct fos_caller *caller,
                    const struct proc_suspend_req *req)
{
    struct process *p = process_authentic(req->self);
    struct proc_suspend_rep rep = {0};

    if (!p || req->signal == 0 || req->signal >= FOS_SIGNAL_CANCEL) {
        fos_answer(caller, p ? -FOS_EINVAL : -FOS_EPERM, NULL, 0);
        return;
    }
    if (req->signal != SIGSTOP && group_is_orphaned(p->group)) {
        fos_answer(caller, 0, &rep, sizeof rep);
        return;
    }
    suspension_end(p, -FOS_EINTR);
    p->suspended = true;
    p->suspender = *caller;
    process_stop(p, req->signal);
    if (!p->stopped)
        suspension_end(p, -FOS_ENOSYS);
}
