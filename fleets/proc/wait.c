/* SPDX-License-Identifier: MIT */
#include "wait.h"

#include <signal.h>

#include <fos/signal.h>
#include <fos/syscall.h>

#include "fleet.h"
#include "signals.h"

enum { WAITERS_MAX = PROCESS_MAX };

struct waiter {
    uint64_t by; /* pid; 0: free */
    int64_t pid; /* as waitpid's */
    uint64_t group;
    uint32_t options;
    struct fos_caller caller;
};

static struct waiter waiters[WAITERS_MAX];

/* ---- statuses ---- */

uint32_t wait_status_of(const struct fos_space_info *info)
{
    switch (info->state) {
    case FOS_SPACE_EXITED:
        if (info->code & PROC_EXIT_SIGNAL)
            return proc_wait_signaled((uint32_t)info->code);
        return proc_wait_exited((uint32_t)info->code);
    case FOS_SPACE_FAULTED:
        return proc_wait_signaled((uint32_t)fos_signal_of_vector(info->vector));
    default:
        return proc_wait_signaled(SIGKILL);
    }
}

static int32_t child_code(uint32_t status)
{
    if (status == PROC_WAIT_STATUS_CONTINUED)
        return CLD_CONTINUED;
    if ((status & 0xff) == 0x7f)
        return CLD_STOPPED;
    return status & 0x7f ? CLD_KILLED : CLD_EXITED;
}

/* ---- usage ---- */

struct proc_usage usage_of(const struct process *p)
{
    struct fos_space_info info = p->info;

    if (p->state == PROCESS_RUNNING)
        fos_sys_space_status(p->space, &info);
    return (struct proc_usage){.ns_running = info.ns_running,
                               .ns_waiting = info.ns_ready,
                               .system_calls = info.syscalls,
                               .frames = info.mapped};
}

static void usage_add(struct proc_usage *to, const struct proc_usage *more)
{
    to->ns_running += more->ns_running;
    to->ns_waiting += more->ns_waiting;
    to->system_calls += more->system_calls;
    if (to->frames < more->frames)
        to->frames = more->frames;
}

/* ---- waiters ---- */

static bool waiter_means(const struct waiter *w, const struct process *p)
{
    if (p->state == PROCESS_FREE || p->parent != w->by || p->orphan)
        return false;
    if (w->pid > 0)
        return p->pid == (uint64_t)w->pid;
    return w->pid == -1 || p->group == (w->pid ? -(uint64_t)w->pid : w->group);
}

/* What there is to tell of `p`; 0 is a status too. */
static bool news_of(const struct process *p, uint32_t options, uint32_t *status)
{
    if (p->state == PROCESS_ENDED && !(options & PROC_WAIT_NOT_EXITED)) {
        *status = p->wait_status;
        return !p->awaited;
    }
    *status = p->change;
    return p->change &&
           options & (p->change == PROC_WAIT_STATUS_CONTINUED ? PROC_WAIT_CONTINUED
                                                              : PROC_WAIT_UNTRACED);
}

static void news_taken(struct process *p, const struct waiter *w,
                       const struct proc_usage *usage)
{
    struct process *parent = process_find(w->by);

    if (w->options & PROC_WAIT_NOWAIT)
        return;
    p->change = 0;
    if (p->state != PROCESS_ENDED)
        return;
    if (parent)
        usage_add(&parent->children_usage, usage);
    process_release(p);
}

/* Answers a waiter if there is something to answer.  False: it has to wait on. */
static bool waiter_serve(const struct waiter *w)
{
    struct proc_waitpid_rep rep = {0};
    bool any = false;

    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (!waiter_means(w, p))
            continue;
        any = true;
        if (!news_of(p, w->options, &rep.status))
            continue;
        rep.pid = p->pid;
        rep.usage = usage_of(p);
        usage_add(&rep.usage, &p->children_usage);
        news_taken(p, w, &rep.usage);
        fos_answer(&w->caller, 0, &rep, sizeof rep);
        return true;
    }
    rep.status = 0;
    if (!any)
        fos_answer(&w->caller, -FOS_ECHILD, NULL, 0);
    else if (w->options & PROC_WAIT_NOHANG)
        fos_answer(&w->caller, 0, &rep, sizeof rep);
    else
        return false;
    return true;
}

void wait_look(uint64_t parent)
{
    for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++)
        if (w->by == parent && w->by && waiter_serve(w))
            w->by = 0;
}

void wait_parent_gone(uint64_t pid)
{
    for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++)
        if (w->by == pid)
            w->by = 0;
}

bool wait_cancel(const struct fos_caller *caller)
{
    for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++)
        if (w->by && fos_caller_same(&w->caller, caller)) {
            w->by = 0;
            fos_answer(&w->caller, -FOS_EINTR, NULL, 0);
            return true;
        }
    return false;
}

static void waiter_park(const struct waiter *from)
{
    for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++)
        if (!w->by) {
            *w = *from;
            return;
        }
    fos_answer(&from->caller, -FOS_EAGAIN, NULL, 0);
}

void waitpid_handle(const struct fos_caller *caller,
                    const struct proc_waitpid_req *req)
{
    const struct process *by = process_authentic(req->self);

    if (!by || req->pid == INT64_MIN) {
        fos_answer(caller, by ? -FOS_ECHILD : -FOS_EPERM, NULL, 0);
        return;
    }
    struct waiter w = {.by = by->pid,
                       .pid = req->pid,
                       .group = by->group,
                       .options = req->options,
                       .caller = *caller};
    if (!waiter_serve(&w))
        waiter_park(&w);
}

/* ---- telling ---- */

static void parent_signal(struct process *parent, const struct process *p,
                          uint32_t status)
{
    struct fos_signal_info info = {
        .pid = p->pid, .code = child_code(status), .status = (int32_t)status};
    bool ended = p->state == PROCESS_ENDED;

    if (parent->children & PROC_CHILDREN_TELL &&
        (ended || !(parent->children & PROC_CHILDREN_NOSTOP)))
        signal_post(parent, SIGCHLD, &info);
}

void wait_tell(struct process *p)
{
    struct process *parent = p->orphan ? NULL : process_find(p->parent);
    uint32_t status = p->state == PROCESS_ENDED ? p->wait_status : p->change;

    if (!parent)
        return;
    parent_signal(parent, p, status);
    if (p->state == PROCESS_ENDED && parent->children & PROC_CHILDREN_FORGET)
        process_release(p);
    wait_look(parent->pid);
}
