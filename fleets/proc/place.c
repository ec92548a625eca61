/* SPDX-License-Identifier: MIT */
/* Which vCPUs a process may run on. */
#include "place.h"

#include <fos/syscall.h>

#include "fleet.h"

static uint64_t all_places(void)
{
    return ~0ull >> (64 - table_vcpus());
}

static long place_set(struct process *p, uint64_t set)
{
    uint64_t usable = set & all_places();

    if (!usable)
        return -FOS_EINVAL;
    p->places = usable;
    if (usable >> p->vcpu & 1)
        return 0;
    uint32_t vcpu = vcpu_choose(usable);
    long error = fos_sys_thread_control(p->thread, FOS_THREAD_MOVE, vcpu);
    if (!error)
        vcpu_move(p, vcpu);
    return error;
}

void place_handle(const struct fos_caller *caller, const struct proc_place_req *req)
{
    struct process *by = process_authentic(req->self);
    struct process *p = by && req->pid ? process_find(req->pid) : by;
    struct proc_place_rep rep = {0};
    long error = 0;

    if (!by || (p && p->account != by->account))
        error = -FOS_EPERM;
    else if (!p || p->state != PROCESS_RUNNING)
        error = -FOS_ESRCH;
    else if (req->set)
        error = place_set(p, req->set);
    if (!error) {
        rep.set = p->places ? p->places : all_places();
        rep.vcpu = p->vcpu;
    }
    fos_answer(caller, error, &rep, sizeof rep);
}
