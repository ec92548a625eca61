/* SPDX-License-Identifier: MIT */
/* Process groups and sessions.  A number is a group's while a process has it. */
#include <stddef.h>

#include <fos/start.h>
#include <fos/syscall.h>

#include "fleet.h"
#include "groups.h"
#include "load.h"

static bool group_exists(uint64_t group, uint64_t session)
{
    for (const struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state != PROCESS_FREE && p->group == group &&
            (!session || p->session == session))
            return true;
    return false;
}

/* libfos reads them on its start page, and never asks. */
static void page_tell(const struct process *p)
{
    uint64_t ids[] = {p->group, p->session};
    _Static_assert(offsetof(struct fos_start, session) ==
                       offsetof(struct fos_start, group) + sizeof(uint64_t),
                   "written as one");

    fos_sys_space_write(p->space, START_PAGE + offsetof(struct fos_start, group),
                        ids, sizeof ids);
}

long group_check(const struct process *by, uint64_t group)
{
    if (group == PROC_GROUP_SAME || group == PROC_GROUP_NEW ||
        group == PROC_SESSION_NEW || group_exists(group, by->session))
        return 0;
    return -FOS_EPERM;
}

static long session_begin(struct process *p)
{
    if (group_exists(p->pid, 0))
        return -FOS_EPERM;
    p->group = p->session = p->pid;
    return 0;
}

static long group_join(const struct process *by, struct process *p, uint64_t group)
{
    if (group == PROC_GROUP_NEW)
        group = p->pid;
    if (p->session == p->pid || p->session != by->session ||
        (group != p->pid && !group_exists(group, p->session)))
        return -FOS_EPERM;
    p->group = group;
    return 0;
}

static long group_set(const struct process *by, struct process *p, uint64_t group)
{
    long error;

    if (p != by && (p->parent != by->pid || p->orphan))
        return -FOS_ESRCH;
    if (p != by && p->executed)
        return -FOS_EACCES;
    if (group == PROC_GROUP_SAME || (group == PROC_SESSION_NEW && p != by))
        return -FOS_EINVAL;
    error = group == PROC_SESSION_NEW ? session_begin(p) : group_join(by, p, group);
    if (!error)
        page_tell(p);
    return error;
}

static struct process *meant(struct process *by, uint64_t pid)
{
    struct process *p = pid ? process_find(pid) : by;

    return p && p->state == PROCESS_RUNNING ? p : NULL;
}

void group_handle(const struct fos_caller *caller, const struct proc_group_req *req)
{
    struct process *by = process_authentic(req->self);
    struct process *p = by ? meant(by, req->pid) : NULL;
    struct proc_group_rep rep = {0};
    long error = !by ? -FOS_EPERM : !p ? -FOS_ESRCH : group_set(by, p, req->group);

    if (!error)
        rep.group = p->group;
    fos_answer(caller, error, &rep, sizeof rep);
}

void ids_handle(const struct fos_caller *caller, const struct proc_ids_req *req)
{
    struct process *by = process_authentic(req->self);
    struct process *p = by && req->pid ? process_find(req->pid) : by;
    struct proc_ids_rep rep = {0};

    if (!p) {
        fos_answer(caller, by ? -FOS_ESRCH : -FOS_EPERM, NULL, 0);
        return;
    }
    rep = (struct proc_ids_rep){.parent = p->orphan ? fos_pid() : p->parent,
                                .group = p->group,
                                .session = p->session};
    fos_answer(caller, 0, &rep, sizeof rep);
}
