/* SPDX-License-Identifier: MIT */
/*
 * From messages to calls of member.h.  A request is here a private copy of its struct's
 * size.  Whose it is is decided here, by ticket or by the word of the process fleet;
 * what it says is checked there.
 */
#include "request.h"

#include <fos/error.h>
#include <fos/fleet.h>
#include <fos/ticket.h>

#include "member.h"
#include "pages.h"

FOS_SERVICE_TABLE(table, MEM_OPS)

static void ended(const uint64_t *pids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        life_ended(pids[i]);
}

struct fos_service mem_service =
    FOS_SERVICE(mem, table, .ended = ended, .plain = true);

static struct process *authentic(struct fos_cap ticket)
{
    if (!fos_ticket_check(&member.tickets, ticket))
        return NULL;
    return process_find(fos_ticket_pid(ticket));
}

/* ---- of processes ---- */

static void mem_map(const struct fos_caller *caller, const struct mem_map_req *req,
                    size_t length)
{
    struct process *p = authentic(req->ticket);
    struct mem_map_rep rep = {0};
    long result = p ? regions_map(p, req, &rep.address) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void mem_unmap(const struct fos_caller *caller,
                      const struct mem_unmap_req *req, size_t length)
{
    struct process *p = authentic(req->ticket);
    struct mem_unmap_rep rep = {0};
    long result = p ? regions_unmap(p, req->address, req->length) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void mem_protect(const struct fos_caller *caller,
                        const struct mem_protect_req *req, size_t length)
{
    struct process *p = authentic(req->ticket);
    struct mem_protect_rep rep = {0};
    long result =
        p ? regions_protect(p, req->address, req->length, req->prot) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void mem_advise(const struct fos_caller *caller,
                       const struct mem_advise_req *req, size_t length)
{
    struct process *p = authentic(req->ticket);
    struct mem_advise_rep rep = {0};
    long result =
        p ? regions_advise(p, req->address, req->length, req->advice) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void mem_sync(const struct fos_caller *caller,
                     const struct mem_sync_req *req, size_t length)
{
    struct process *p = authentic(req->ticket);
    struct mem_sync_rep rep = {0};
    long result = p ? regions_sync(p, req->address, req->length) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void mem_brk(const struct fos_caller *caller, const struct mem_brk_req *req,
                    size_t length)
{
    struct process *p = authentic(req->ticket);
    struct mem_brk_rep rep = {0};
    long result = p ? regions_brk(p, req->end) : -FOS_EACCES;

    (void)length;
    if (p)
        rep.end = p->heap_end;
    fos_answer(caller, result, &rep, sizeof rep);
}

static struct mem_usage usage_of(const struct process *p)
{
    return (struct mem_usage){.committed = p->layout.committed,
                              .quota = p->quota,
                              .family_committed = p->family->committed,
                              .family_quota = p->family->quota,
                              .mapped = p->layout.mapped,
                              .regions = p->layout.count,
                              .faults = p->faults,
                              .copies = p->copies,
                              .refused = p->refused};
}

static void mem_usage(const struct fos_caller *caller,
                      const struct mem_usage_req *req, size_t length)
{
    const struct process *p = authentic(req->ticket);
    struct mem_usage_rep rep = {0};
    long result = p ? 0 : -FOS_EACCES;

    (void)length;
    if (p && req->pid)
        p = process_find(req->pid);
    if (p)
        rep.usage = usage_of(p);
    else if (!result)
        result = -FOS_ENOENT;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void mem_state(const struct fos_caller *caller,
                      const struct mem_state_req *req, size_t length)
{
    const struct member_counts *c = &member.counts;
    struct mem_state_rep rep = {.processes = process_count,
                                .families = family_count,
                                .objects = object_count,
                                .cached = pages_cached(),
                                .kept = pages_kept(),
                                .faults = c->faults,
                                .around = c->around,
                                .copies = c->copies,
                                .bad = c->bad,
                                .exhausted = c->exhausted,
                                .took = pages_batches()};

    (void)req, (void)length;
    fos_answer(caller, 0, &rep, sizeof rep);
}

/* ---- of the process fleet ---- */

static void mem_attach(const struct fos_caller *caller,
                       const struct mem_attach_req *req, size_t length)
{
    struct mem_attach_rep rep = {0};
    long result =
        fos_control_check(req->control) ? life_attach(&req->layout) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
    pages_ahead();
}

static void mem_reset(const struct fos_caller *caller,
                      const struct mem_reset_req *req, size_t length)
{
    struct mem_reset_rep rep = {0};
    long result =
        fos_control_check(req->control) ? life_reset(&req->layout) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
    pages_ahead();
}

static void mem_fork(const struct fos_caller *caller,
                     const struct mem_fork_req *req, size_t length)
{
    struct mem_fork_rep rep = {0};
    long result =
        fos_control_check(req->control)
            ? life_fork(req->parent, req->child, req->space, req->stack, req->reach)
            : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
    pages_ahead();
}

static void mem_leave(const struct fos_caller *caller,
                      const struct mem_leave_req *req, size_t length)
{
    struct mem_leave_rep rep = {0};
    long result =
        fos_control_check(req->control) ? life_leave(req->pid) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void mem_fleets(const struct fos_caller *caller,
                       const struct mem_fleets_req *req, size_t length)
{
    (void)caller, (void)length;
    if (!fos_control_check(req->control))
        return;
    pages_members(req->pages, PROC_MEMBERS_MAX);
    member.fs = req->fs;
    promise_may(process_promised(), 0, false); /* the reserve: G8 */
    faults_resume();
}
