/* SPDX-License-Identifier: MIT */
/* Starting processes: all a request says is checked before anything is made. */
#include <string.h>

#include <fos/abi/cpio.h>
#include <fos/error.h>
#include <fos/start.h>

#include "fleet.h"
#include "names.h"

enum {
    FRAMES_MIN = 96,       /* stack, shared pages, page tables, a small program */
    FRAMES_DEFAULT = 8192, /* at most; and a quarter of the account */
    OBJECTS_MIN = 4,
    OBJECTS_DEFAULT = 1024,
};

long program_find(const char *name, const void **image, uint64_t *size)
{
    struct cpio_entry entry;
    long error = cpio_find((const void *)fleet.boot->archive,
                           fleet.boot->archive_size, name, &entry);

    if (error)
        return -FOS_ENOENT;
    *image = entry.data;
    *size = entry.size;
    return 0;
}

static uint32_t quota(uint32_t asked, uint64_t left, uint32_t usual, uint32_t least)
{
    uint64_t share = left / 4 < usual ? left / 4 : usual;

    if (asked)
        return asked < least ? least : asked;
    return share < least ? least : (uint32_t)share;
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
    uint32_t frames =
        quota(birth->frames, birth->account->frames, FRAMES_DEFAULT, FRAMES_MIN);
    uint32_t objects = quota(birth->objects, birth->account->objects,
                             OBJECTS_DEFAULT, OBJECTS_MIN);
    struct process *p = process_reserve(birth->account, frames, objects);
    if (!p) {
        *why = "the family's account of frames, objects or processes is used up";
        return -FOS_EDQUOT;
    }
    p->role = birth->role;
    p->parent = birth->parent;
    p->group = birth->group;
    p->session = birth->session;
    p->vcpu = birth->vcpu == PROC_VCPU_ANY ? vcpu_choose() : birth->vcpu;
    name_clean(p->name, birth->name, sizeof p->name);
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

/* What follows the struct of a request: the block, then the image. */
struct tail {
    const char *bytes;
    uint64_t length;
    uint64_t block, image; /* bytes of each that lie there */
};

static uint64_t aligned(uint64_t size)
{
    return (size + FOS_START_ALIGN - 1) & ~(uint64_t)(FOS_START_ALIGN - 1);
}

static long tail_check(struct tail *tail, const struct proc_image *what,
                       const char **why)
{
    *why = "the request is malformed";
    if (!memchr(what->path, '\0', sizeof what->path) || what->block || what->image)
        return -FOS_EINVAL;
    tail->block = block_size(what->text_size, what->inherit_size);
    tail->image = what->image_size;
    uint64_t length =
        tail->image ? aligned(tail->block) + tail->image : tail->block;
    if (length != tail->length)
        return -FOS_EINVAL;
    *why = "the arguments are malformed";
    if ((uint64_t)what->argc + what->envc > PROC_ARGS_MAX)
        return -FOS_EINVAL;
    return 0;
}

static long image_find(const struct proc_image *what, const struct tail *tail,
                       struct load *load, const char **why)
{
    load->argc = what->argc;
    load->envc = what->envc;
    load->text_size = what->text_size;
    load->inherit_size = what->inherit_size;
    load->block = tail->bytes;
    if (what->image_size) {
        load->image = tail->bytes + aligned(tail->block);
        load->image_size = what->image_size;
        return 0;
    }
    *why = "no such program in the boot archive";
    return program_find(what->path, &load->image, &load->image_size);
}

/* The account and parent of the caller become the child's. */
static long child_start(const struct process *parent,
                        const struct proc_spawn_req *req, size_t length,
                        uint64_t *pid, const char **why)
{
    struct birth birth = {.name = req->what.path,
                          .role = ROLE_ORDINARY,
                          .parent = parent->pid,
                          .group = parent->group,
                          .session = parent->session,
                          .account = parent->account,
                          .vcpu = req->vcpu,
                          .frames = req->frames,
                          .objects = req->objects,
                          .load = {.extra = req->extra, .caps = req->caps}};
    struct tail tail = {.bytes = (const char *)(req + 1),
                        .length = length - sizeof *req};
    struct process *child;
    long error = req->extra > PROC_EXTRA_MAX ? -FOS_EINVAL : 0;

    if (!error)
        error = tail_check(&tail, &req->what, why);
    if (!error)
        error = image_find(&req->what, &tail, &birth.load, why);
    if (!error)
        error = process_start(&birth, &child, why);
    if (!error)
        *pid = child->pid;
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
