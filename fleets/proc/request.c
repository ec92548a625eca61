/* SPDX-License-Identifier: MIT */
/* The requests but spawn.  A caller that does not prove who it is gets EPERM. */
#include <string.h>

#include <fos/syscall.h>

#include "fleet.h"

FOS_SERVICE_TABLE(table, PROC_OPS)

static void wait_cancelled(const struct fos_caller *caller);

struct fleet fleet = {
    .service =
        FOS_SERVICE(proc, table, .event = ends_look, .cancel = wait_cancelled),
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

static void wait_cancelled(const struct fos_caller *caller)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->awaited && fos_caller_same(&p->waiter, caller))
            p->awaited = false;
}

static void proc_kill(const struct fos_caller *caller,
                      const struct proc_kill_req *req, size_t length)
{
    struct process *p = descendant(req->self, req->pid);

    (void)length;
    if (p && p->state == PROCESS_RUNNING)
        process_kill(p, PROC_STATUS_KILLED);
    fos_answer(caller, p ? 0 : -FOS_EPERM, NULL, 0);
}

static void entry_fill(struct proc_entry *entry, const struct process *p)
{
    *entry = (struct proc_entry){.pid = p->pid,
                                 .parent = p->parent,
                                 .vcpu = p->vcpu,
                                 .ended = p->state == PROCESS_ENDED};
    memcpy(entry->name, p->name, sizeof entry->name);
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
    for (; i < PROCESS_MAX && rep.count < PROC_LIST_MAX; i++)
        if (processes[i].state != PROCESS_FREE)
            entry_fill(&rep.entries[rep.count++], &processes[i]);
    rep.next = i < PROCESS_MAX ? i : 0;
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void proc_ready(const struct fos_caller *caller,
                       const struct proc_ready_req *req, size_t length)
{
    struct process *p = process_authentic(req->self);
    struct proc_ready_rep rep;

    (void)length;
    if (!p || (p->role != ROLE_CONSOLE && p->role != ROLE_STORE)) {
        fos_answer(caller, -FOS_EPERM, NULL, 0);
        return;
    }
    p->mailbox = req->mailbox;
    p->ready = true;
    if (p->role == ROLE_CONSOLE) {
        fleet.console = req->mailbox;
        report_to(req->mailbox);
    }
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
    if (p && p->ready)
        p->load = req->load;
}
