/* SPDX-License-Identifier: MIT */
/*
 * exec and fork: a process gets another program, or another process its memory.
 *
 * Nothing of the caller has changed when exec answers an error; once its space is
 * reset, what goes wrong ends it as SIGKILL would.
 */
#include <stddef.h>
#include <string.h>

#include <fos/error.h>
#include <fos/syscall.h>

#include "exec.h"
#include "fetch.h"
#include "files.h"
#include "fleet.h"
#include "names.h"
#include "pager.h"

static void load_links(struct load *load)
{
    load->proc = fleet.service.mailbox.cap;
    load->console = fleet.console;
    load->fs = fleet.fs;
    load->tickets = names_tickets();
}

/* The capabilities that the parent has passed on stand on the caller's start page. */
static long extras_read(const struct process *p, struct fos_cap *extras)
{
    uint64_t at = START_PAGE + offsetof(struct fos_start, caps) +
                  FOS_START_EXTRA * sizeof *extras;

    return p->extra
               ? fos_sys_space_read(p->space, at, extras, p->extra * sizeof *extras)
               : 0;
}

/* ---- exec ---- */

static void space_reset(struct fos_cap space)
{
    while (fos_sys_space_control(space, FOS_SPACE_RESET, 0) == -FOS_EAGAIN)
        fos_sys_wait(0); /* its vCPU may wait for this processor */
}

/* The new program may need more than the old one was given. */
static long frames_ensure(struct process *p, const struct elf_plan *plan)
{
    uint32_t need = frames_needed(p->account, plan);

    if (need <= p->frames)
        return 0;
    uint32_t more = need - p->frames;
    if (!process_may_grow(p, more) ||
        fos_sys_space_control(p->space, FOS_SPACE_QUOTA, more) < 0)
        return -FOS_ENOMEM;
    p->account->frames -= more;
    p->frames += more;
    return 0;
}

static void program_replace(struct process *p, struct load *load,
                            const struct proc_image *what)
{
    long error;

    space_reset(p->space);
    p->executed = true;
    p->children = 0;
    name_clean(p->name, what->path, sizeof p->name);
    error = program_place(p, load);
    if (!error)
        error = program_go(p);
    if (!error)
        return;
    report("proc: pid %llu cannot become %s: %s", (unsigned long long)p->pid,
           p->name, fos_strerror(error));
    p->lost = true;
    process_kill(p, PROC_STATUS_KILLED);
}

void exec_handle(const struct fos_caller *caller, const struct proc_exec_req *req,
                 size_t length)
{
    struct process *p = process_authentic(req->self);
    struct fos_cap extras[PROC_EXTRA_MAX];
    struct load load = {.caps = extras};
    struct fetched lent;
    const char *why;
    long error = p ? extras_read(p, extras) : -FOS_EPERM;

    if (!error)
        error = fetch(&lent, &load, p, &req->what, req + 1, length - sizeof *req,
                      true, &why);
    if (!error) {
        error = frames_ensure(p, &load.plan);
        if (!error) {
            load.extra = p->extra;
            load_links(&load);
            if (pager_wanted(p->account, &load.plan))
                load.mem = pager_next(p);
            program_replace(p, &load, &req->what);
        }
        fetch_end(&lent);
    }
    if (error)
        fos_answer(caller, error, NULL, 0);
}

/* ---- fork ---- */

static void child_like(struct process *child, const struct process *parent,
                       uint32_t vcpu)
{
    child->role = ROLE_ORDINARY;
    child->parent = parent->pid;
    child->group = parent->group;
    child->session = parent->session;
    child->paged = parent->paged;
    child->places = parent->places;
    child->children = parent->children;
    child->vcpu = vcpu;
    child->heap_start = parent->heap_start;
    child->argc = parent->argc;
    child->envc = parent->envc;
    child->text_size = parent->text_size;
    child->inherit_size = parent->inherit_size;
    child->extra = parent->extra;
    memcpy(child->name, parent->name, sizeof child->name);
}

static long child_fill(const struct process *parent, struct process *child,
                       const struct load *load, const struct proc_fork_req *req)
{
    struct load_thread thread = {req->entry, req->stack, req->argument, req->tls};
    struct pager_call memory = {0};
    struct files_inherit files;
    long error, copied, inherited;

    files_inherit_begin(&files, parent->pid, child->pid);
    pager_fork(&memory, parent, child, req->stack);
    error = child_place(child, load, &thread);
    copied = pager_finish(&memory);
    inherited = files_inherit_end(&files);
    if (!error)
        error = copied;
    if (!error)
        error = inherited;
    return error ? error : program_go(child);
}

static long child_make(const struct process *parent, struct load *load,
                       const struct proc_fork_req *req, uint64_t *pid)
{
    struct process *child =
        process_reserve(parent->account, parent, frames_share(parent->account),
                        objects_share(parent->account));
    long error;

    if (!child)
        return -FOS_EAGAIN;
    child_like(child, parent, vcpu_choose(parent->places));
    load->mem = pager_mailbox(parent);
    error = space_open(child);
    if (!error) {
        error = child_fill(parent, child, load, req);
        if (error)
            space_discard(child);
    }
    if (error) {
        process_cancel(child);
        return error;
    }
    process_begin(child);
    *pid = child->pid;
    return 0;
}

/* Who is about to be ended by a signal makes no child before: a group of processes that
 * fork without end could not be ended by one to all of them.  The address is the
 * caller's word, and of use to it alone. */
static long signals_look(const struct process *p, const struct proc_fork_req *req)
{
    uint64_t at = req->events + offsetof(struct fos_events, signals), pending = 0;
    long error =
        req->first ? fos_sys_space_read(p->space, at, &pending, sizeof pending) : 0;

    return error ? error : pending & req->first ? -FOS_EINTR : 0;
}

void fork_handle(const struct fos_caller *caller, const struct proc_fork_req *req)
{
    struct process *parent = process_authentic(req->self);
    struct fos_cap extras[PROC_EXTRA_MAX];
    struct load load = {.caps = extras};
    struct proc_fork_rep rep = {0};
    long error = !parent          ? -FOS_EPERM
                 : !parent->paged ? -FOS_ENOSYS
                                  : signals_look(parent, req);

    if (!error)
        error = extras_read(parent, extras);
    if (!error) {
        load.extra = parent->extra;
        load.block = FOS_START_BLOCK;
        load.block_space = parent->space;
        load_links(&load);
        error = child_make(parent, &load, req, &rep.pid);
    }
    fos_answer(caller, error, &rep, sizeof rep);
}
