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
    p->vcpu = birth->vcpu == PROC_VCPU_ANY ? vcpu_choose() : birth->vcpu;
    name_clean(p->name, birth->name, sizeof p->name);
    birth->load.proc = fleet.service.mailbox.cap;
    birth->load.console = fleet.console;
    birth->load.tickets = names_tickets();
    error = process_load(p, &birth->load, why);
    if (error) {
        process_cancel(p);
        return error;
    }
    process_begin(p);
    *made = p;
    return 0;
}

static long text_check(const struct proc_spawn_req *req, const char **why)
{
    uint32_t strings = 0;

    *why = "the arguments are malformed";
    if (req->text_size > sizeof req->text)
        return -FOS_EINVAL;
    for (uint32_t i = 0; i < req->text_size; i++)
        strings += req->text[i] == '\0';
    if (strings != req->argc || (req->text_size && req->text[req->text_size - 1]))
        return -FOS_EINVAL;
    return 0;
}

static long request_check(const struct proc_spawn_req *req, size_t length,
                          const char **why)
{
    *why = "the request is malformed";
    if (length < sizeof *req || req->image_size != length - sizeof *req ||
        req->extra > PROC_EXTRA_MAX || !memchr(req->path, '\0', sizeof req->path))
        return -FOS_EINVAL;
    return text_check(req, why);
}

static long image_find(const struct proc_spawn_req *req, struct load *load,
                       const char **why)
{
    if (req->image_size) {
        load->image = req + 1;
        load->image_size = req->image_size;
        return 0;
    }
    *why = "no such program in the boot archive";
    return program_find(req->path, &load->image, &load->image_size);
}

/* The account and parent of the caller become the child's. */
static long child_start(const struct process *parent,
                        const struct proc_spawn_req *req, size_t length,
                        uint64_t *pid, const char **why)
{
    struct birth birth = {.name = req->path,
                          .role = ROLE_ORDINARY,
                          .parent = parent->pid,
                          .account = parent->account,
                          .vcpu = req->vcpu,
                          .frames = req->frames,
                          .objects = req->objects,
                          .load = {.argc = req->argc,
                                   .text_size = req->text_size,
                                   .text = req->text,
                                   .extra = req->extra,
                                   .caps = req->caps}};
    struct process *child;
    long error = request_check(req, length, why);

    if (!error)
        error = image_find(req, &birth.load, why);
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
        name_clean(name, req->path, sizeof name);
        report("proc: %s refused: %s", name, why);
    }
    if (error)
        fos_answer(caller, error, NULL, 0);
    else
        fos_answer(caller, 0, &rep, sizeof rep);
}
