/* SPDX-License-Identifier: MIT */
/* The requests but spawn.  A caller that does not prove who it is gets EPERM. */
#include <string.h>

#include <fos/start.h>
#include <fos/syscall.h>

#include "alive.h"
#include "exec.h"
#include "fleet.h"
#include "groups.h"
#include "names.h"
#include "pager.h"
#include "place.h"
#include "signals.h"
#include "tell.h"
#include "timers.h"
#include "views.h"
#include "wait.h"

FOS_SERVICE_TABLE(table, PROC_OPS)

static void cancelled(const struct fos_caller *caller);

struct fleet fleet = {
    .service = FOS_SERVICE(proc, table, .event = ends_look, .cancel = cancelled,
                           .plain = true),
};

static void proc_spawn(const struct fos_caller *caller,
                       const struct proc_spawn_req *req, size_t length)
{
    spawn_handle(caller, req, length);
}

static struct process *descendant(struct fos_cap self, uint64_t pid)
{
    struct process *by = process_authentic(self), *p = process_find(pid);

    return by && p && process_is_descendant(p, by->pid) ? p : NULL;
}

void process_answer(struct process *p)
{
    struct proc_wait_rep rep = {.status = p->status,
                                .faulted = p->info.state == FOS_SPACE_FAULTED,
                                .info = p->info};

    fos_answer(&p->waiter, 0, &rep, sizeof rep);
    process_release(p);
}

static void proc_wait(const struct fos_caller *caller,
                      const struct proc_wait_req *req, size_t length)
{
    struct process *p = descendant(req->self, req->pid);

    (void)length;
    if (!p) {
        fos_answer(caller, -FOS_EPERM, NULL, 0);
        return;
    }
    uint64_t by = process_authentic(req->self)->pid;
    if (p->awaited && p->waiter_pid != by && process_find(p->waiter_pid)) {
        fos_answer(caller, -FOS_EBUSY, NULL, 0);
        return;
    }
    p->awaited = true;
    p->waiter_pid = by;
    p->waiter = *caller;
    if (p->state == PROCESS_ENDED)
        process_answer(p);
}

static void cancelled(const struct fos_caller *caller)
{
    if (wait_cancel(caller) || suspend_cancel(caller))
        return;
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->awaited && fos_caller_same(&p->waiter, caller))
            p->awaited = false;
}

/* A test aid: the kernel's command line may give the members away. */
static struct process *mortal(struct fos_cap self, uint64_t pid)
{
    struct process *by = process_authentic(self), *p = process_find(pid);

    return fleet.cmdline.mortal && by && p && p->role == ROLE_NAME ? p : NULL;
}

static void proc_kill(const struct fos_caller *caller,
                      const struct proc_kill_req *req, size_t length)
{
    struct process *p = descendant(req->self, req->pid);

    (void)length;
    if (!p)
        p = mortal(req->self, req->pid);
    if (p && p->state == PROCESS_RUNNING)
        process_kill(p, PROC_STATUS_KILLED);
    fos_answer(caller, p ? 0 : -FOS_EPERM, NULL, 0);
}

static void entry_fill(struct proc_entry *entry, const struct process *p)
{
    *entry = (struct proc_entry){.pid = p->pid,
                                 .parent = p->parent,
                                 .vcpu = p->vcpu,
                                 .ended = p->state == PROCESS_ENDED,
                                 .group = p->group,
                                 .session = p->session,
                                 .stopped = p->stopped,
                                 .mem = p->mem_pid ? p->mem_slot + 1 : 0,
                                 .info = p->info,
                                 .load = p->load};
    memcpy(entry->name, p->name, sizeof entry->name);
    if (!entry->ended)
        fos_sys_space_status(p->space, &entry->info);
}

/* This fleet is not in its own table. */
static void entry_own(struct proc_entry *entry)
{
    *entry = (struct proc_entry){
        .pid = fos_pid(), .vcpu = fos_start_page->vcpu, .name = "proc"};
    fos_sys_space_status(fos_own_space(), &entry->info);
}

static void proc_list(const struct fos_caller *caller,
                      const struct proc_list_req *req, size_t length)
{
    struct proc_list_rep rep = {0};
    uint32_t i = req->from;

    (void)length;
    if (!process_authentic(req->self)) {
        fos_answer(caller, -FOS_EPERM, NULL, 0);
        return;
    }
    if (i == 0) {
        entry_own(&rep.entries[rep.count++]);
        i = 1;
    }
    for (; i <= PROCESS_MAX && rep.count < PROC_LIST_MAX; i++)
        if (processes[i - 1].state != PROCESS_FREE)
            entry_fill(&rep.entries[rep.count++], &processes[i - 1]);
    rep.next = i <= PROCESS_MAX ? i : 0;
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void proc_ready(const struct fos_caller *caller,
                       const struct proc_ready_req *req, size_t length)
{
    struct process *p = process_authentic(req->self);
    struct proc_ready_rep rep;

    (void)length;
    if (!p || p->role == ROLE_ORDINARY || p->role == ROLE_APP || p->ready) {
        fos_answer(caller, -FOS_EPERM, NULL, 0);
        return;
    }
    p->mailbox = req->mailbox;
    p->ready = true;
    alive_heard(p);
    if (p->role == ROLE_CONSOLE) {
        fleet.console = req->mailbox;
        report_to(req->mailbox);
    } else if (p->role == ROLE_NAME) {
        names_ready(p, req->mailbox);
    } else if (p->role == ROLE_PAGE || p->role == ROLE_MEM) {
        pager_ready(p, req->mailbox);
    } else if (p->role == ROLE_FS) {
        fleet.fs = req->mailbox;
    }
    tell_begin(p);
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void proc_console(const struct fos_caller *caller,
                         const struct proc_console_req *req, size_t length)
{
    struct proc_console_rep rep = {.mailbox = fleet.console};

    (void)length;
    if (process_authentic(req->self) && fleet.console.id)
        fos_answer(caller, 0, &rep, sizeof rep);
    else
        fos_answer(caller, -FOS_EPERM, NULL, 0);
}

static void proc_members(const struct fos_caller *caller,
                         const struct proc_members_req *req, size_t length)
{
    struct proc_members_rep rep = {0};
    bool known = view_find(req->fleet, &rep.view);

    (void)length;
    fos_answer(caller, known ? 0 : -FOS_ENOENT, &rep, sizeof rep);
}

static void proc_joined(const struct fos_caller *caller,
                        const struct proc_joined_req *req, size_t length)
{
    const struct process *p = process_authentic(req->self);
    struct proc_joined_rep rep = {0};
    bool member = p && p->role == ROLE_NAME && p->ready;

    (void)length;
    if (member)
        names_joined(p, req->number);
    fos_answer(caller, member ? 0 : -FOS_EPERM, &rep, sizeof rep);
}

static void proc_stop(const struct fos_caller *caller,
                      const struct proc_stop_req *req, size_t length)
{
    struct process *p = process_authentic(req->self);
    struct proc_stop_rep rep;

    (void)length;
    if (!p || p->role != ROLE_STORE) {
        fos_answer(caller, -FOS_EPERM, NULL, 0);
        return;
    }
    if (req->reason != FOS_SHUTDOWN_POWEROFF &&
        req->reason != FOS_SHUTDOWN_REBOOT) {
        fos_answer(caller, -FOS_EINVAL, NULL, 0);
        return;
    }
    fos_answer(caller, 0, &rep, sizeof rep);
    report("proc: the host asks for a %s",
           req->reason == FOS_SHUTDOWN_REBOOT ? "reboot" : "poweroff");
    machine_end(PROC_STATUS_STOPPED, req->reason);
}

static void proc_beat(const struct fos_caller *caller,
                      const struct proc_beat_req *req, size_t length)
{
    struct process *p = process_authentic(req->self);

    (void)caller, (void)length;
    if (!p || !p->ready)
        return;
    p->load = req->load;
    alive_heard(p);
}

static void proc_exec(const struct fos_caller *caller,
                      const struct proc_exec_req *req, size_t length)
{
    exec_handle(caller, req, length);
}

static void proc_fork(const struct fos_caller *caller,
                      const struct proc_fork_req *req, size_t length)
{
    (void)length;
    fork_handle(caller, req);
}

static void proc_waitpid(const struct fos_caller *caller,
                         const struct proc_waitpid_req *req, size_t length)
{
    (void)length;
    waitpid_handle(caller, req);
}

static void proc_signal(const struct fos_caller *caller,
                        const struct proc_signal_req *req, size_t length)
{
    (void)length;
    signal_handle(caller, req);
}

static void proc_suspend(const struct fos_caller *caller,
                         const struct proc_suspend_req *req, size_t length)
{
    (void)length;
    suspend_handle(caller, req);
}

static void proc_group(const struct fos_caller *caller,
                       const struct proc_group_req *req, size_t length)
{
    (void)length;
    group_handle(caller, req);
}

static void proc_ids(const struct fos_caller *caller,
                     const struct proc_ids_req *req, size_t length)
{
    (void)length;
    ids_handle(caller, req);
}

static void proc_usage(const struct fos_caller *caller,
                       const struct proc_usage_req *req, size_t length)
{
    const struct process *p = process_authentic(req->self);
    struct proc_usage_rep rep = {0};

    (void)length;
    if (p) {
        rep.self = usage_of(p);
        rep.children = p->children_usage;
    }
    fos_answer(caller, p ? 0 : -FOS_EPERM, &rep, sizeof rep);
}

static void proc_children(const struct fos_caller *caller,
                          const struct proc_children_req *req, size_t length)
{
    struct process *p = process_authentic(req->self);
    struct proc_children_rep rep;

    (void)length;
    if (p)
        p->children = req->flags;
    fos_answer(caller, p ? 0 : -FOS_EPERM, &rep, sizeof rep);
}

static void proc_place(const struct fos_caller *caller,
                       const struct proc_place_req *req, size_t length)
{
    (void)length;
    place_handle(caller, req);
}

static void proc_timer(const struct fos_caller *caller,
                       const struct proc_timer_req *req, size_t length)
{
    (void)length;
    timer_handle(caller, req);
}

static void proc_limit(const struct fos_caller *caller,
                       const struct proc_limit_req *req, size_t length)
{
    struct process *p = process_authentic(req->self);
    struct proc_limit_rep rep;
    long result = p ? process_limit(p, req->now, req->most) : -FOS_EPERM;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}
