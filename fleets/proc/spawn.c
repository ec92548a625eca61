/* SPDX-License-Identifier: MIT */
/* Starting processes: all a request says is checked before anything is made. */
#include <string.h>

#include <fos/error.h>
#include <fos/start.h>

#include "fetch.h"
#include "fleet.h"
#include "groups.h"
#include "names.h"
#include "pager.h"

enum {
    FRAMES_MIN = 96,       /* stack, shared pages, page tables, a small program */
    FRAMES_DEFAULT = 8192, /* at most; and a quarter of the account */
    PAGED_SHARES = 32,
    APP_SHARES = 3,         /* of the app's own */
    FRAMES_PAGED_MIN = 112, /* page tables, messaging, start block */
    FRAMES_PAGED_MAX = 1024,
    OBJECTS_MIN = 4,
    OBJECTS_DEFAULT = 1024,
    OBJECTS_PAGED_MIN = 48,
    OBJECTS_PAGED_MAX = 512,
};

static uint32_t quota(uint32_t asked, uint64_t left, uint32_t usual, uint32_t least)
{
    uint64_t share = left / 4 < usual ? left / 4 : usual;

    if (asked)
        return asked < least ? least : asked;
    return share < least ? least : (uint32_t)share;
}

bool pager_wanted(const struct account *account, const struct elf_plan *plan)
{
    return account == &family_account && !plan->stack_size && pager_serves();
}

/* An even share of what is left, so that many find some; those of data come on top. */
static uint32_t share(uint64_t left, uint32_t least, uint32_t most)
{
    uint64_t part = left / PAGED_SHARES;

    return part < least ? least : part > most ? most : (uint32_t)part;
}

uint32_t frames_share(const struct account *account)
{
    return share(account->frames, FRAMES_PAGED_MIN, FRAMES_PAGED_MAX);
}

uint32_t objects_share(const struct account *account)
{
    return share(account->objects, OBJECTS_PAGED_MIN, OBJECTS_PAGED_MAX);
}

static uint32_t data_frames(const struct elf_plan *plan)
{
    uint64_t frames = 0;

    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->segments[i].prot & FOS_PROT_WRITE)
            frames += plan->segments[i].file_size / FOS_PAGE_SIZE + 2;
    return (uint32_t)frames;
}

uint32_t frames_needed(const struct account *account, const struct elf_plan *plan)
{
    if (!pager_wanted(account, plan))
        return quota(0, account->frames, FRAMES_DEFAULT, FRAMES_MIN);
    return FRAMES_PAGED_MIN + data_frames(plan);
}

static long vcpu_check(uint32_t vcpu, const char **why)
{
    if (vcpu == PROC_VCPU_ANY || vcpu < table_vcpus())
        return 0;
    *why = "there is no such vCPU";
    return -FOS_EINVAL;
}

long process_start(struct birth *birth, struct process **made, const char **why)
{
    long error = vcpu_check(birth->vcpu, why);
    if (error)
        return error;
    error = load_check(&birth->load, why);
    if (error)
        return error;
    bool paged = pager_wanted(birth->account, &birth->load.plan);
    uint32_t times = birth->role == ROLE_APP ? APP_SHARES : 1;
    uint32_t frames = paged ? frames_share(birth->account) * times +
                                  data_frames(&birth->load.plan)
                            : quota(birth->frames, birth->account->frames,
                                    FRAMES_DEFAULT, FRAMES_MIN);
    uint32_t objects = paged ? objects_share(birth->account) * times
                             : quota(birth->objects, birth->account->objects,
                                     OBJECTS_DEFAULT, OBJECTS_MIN);
    struct process *p = process_reserve(birth->account, process_find(birth->parent),
                                        frames, objects);
    if (!p) {
        *why = "the family's account of frames, objects or processes is used up";
        return -FOS_EDQUOT;
    }
    p->role = birth->role;
    p->parent = birth->parent;
    p->group = birth->group;
    p->session = birth->session;
    p->vcpu = birth->vcpu == PROC_VCPU_ANY ? vcpu_choose(0) : birth->vcpu;
    name_clean(p->name, birth->name, sizeof p->name);
    if (paged)
        birth->load.mem = pager_next(p);
    birth->load.proc = fleet.service.mailbox.cap;
    birth->load.console = fleet.console;
    birth->load.fs = fleet.fs;
    birth->load.tickets = names_tickets();
    if (birth->account == &system_account)
        birth->load.control = fleet.control;
    error = process_load(p, &birth->load, why);
    if (error) {
        process_cancel(p);
        return error;
    }
    process_begin(p);
    *made = p;
    return 0;
}

/* The account, the parent and, unless it is to be another, the group of the caller
 * become the child's. */
static long child_start(const struct process *parent,
                        const struct proc_spawn_req *req, size_t length,
                        uint64_t *pid, const char **why)
{
    struct birth birth = {.name = req->what.path,
                          .role = ROLE_ORDINARY,
                          .parent = parent->pid,
                          .group = req->group == PROC_GROUP_SAME    ? parent->group
                                   : req->group == PROC_SESSION_NEW ? PROC_GROUP_NEW
                                                                    : req->group,
                          .session = req->group == PROC_SESSION_NEW
                                         ? PROC_GROUP_NEW
                                         : parent->session,
                          .account = parent->account,
                          .vcpu = req->vcpu,
                          .frames = req->frames,
                          .objects = req->objects,
                          .load = {.extra = req->extra, .caps = req->caps}};
    struct process *child;
    struct fetched lent;
    long error =
        req->extra > PROC_EXTRA_MAX ? -FOS_EINVAL : group_check(parent, req->group);

    if (error)
        return error;
    error = fetch(&lent, &birth.load, parent, &req->what, req + 1,
                  length - sizeof *req, false, why);
    if (error)
        return error;
    error = process_start(&birth, &child, why);
    if (!error)
        *pid = child->pid;
    fetch_end(&lent);
    return error;
}

void spawn_handle(const struct fos_caller *caller, const struct proc_spawn_req *req,
                  size_t length)
{
    struct process *parent = process_authentic(req->self);
    struct proc_spawn_rep rep = {0};
    const char *why = "";

    if (!parent) {
        fos_answer(caller, -FOS_EPERM, NULL, 0);
        return;
    }
    long error = child_start(parent, req, length, &rep.pid, &why);
    if (error == -FOS_ENOEXEC) {
        char name[PROC_NAME_MAX];
        name_clean(name, req->what.path, sizeof name);
        report("proc: %s refused: %s", name, why);
    }
    if (error)
        fos_answer(caller, error, NULL, 0);
    else
        fos_answer(caller, 0, &rep, sizeof rep);
}
