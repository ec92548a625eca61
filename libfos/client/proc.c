/* SPDX-License-Identifier: MIT */
#include <fos/proc.h>

#include <stdlib.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/start.h>
#include <fos/syscall.h>

struct fos_peer *fos_proc_peer(void)
{
    static struct fos_peer peer;

    /* Calls to it are rare: a channel would not pay. */
    if (!peer.thread)
        fos_peer_open(&peer, fos_start_page->caps[FOS_START_PROC],
                      FOS_TRANSPORT_KERNEL);
    return &peer;
}

static uint64_t soon(void)
{
    return fos_now_ns() + 30 * FOS_SECOND;
}

static long arguments_fill(struct proc_spawn_req *req, const struct fos_spawn *what)
{
    const char *only[] = {what->path, NULL};
    const char *const *argv = what->argv ? what->argv : only;

    for (; argv[req->argc]; req->argc++) {
        size_t size = strlen(argv[req->argc]) + 1;
        if (size > sizeof req->text - req->text_size)
            return -FOS_E2BIG;
        memcpy(req->text + req->text_size, argv[req->argc], size);
        req->text_size += (uint32_t)size;
    }
    return 0;
}

static long request_fill(struct proc_spawn_req *req, const struct fos_spawn *what)
{
    if (!what->path || strlen(what->path) >= sizeof req->path ||
        what->ncaps > PROC_EXTRA_MAX || what->image_size > PROC_IMAGE_MAX)
        return -FOS_EINVAL;
    req->head.tag = FOS_TAG(proc, spawn);
    req->self = fos_own_space();
    strcpy(req->path, what->path);
    req->vcpu = what->vcpu_plus_one ? what->vcpu_plus_one - 1 : PROC_VCPU_ANY;
    req->frames = what->frames;
    req->objects = what->objects;
    req->extra = what->ncaps;
    if (what->ncaps)
        memcpy(req->caps, what->caps, what->ncaps * sizeof *what->caps);
    req->image_size = (uint32_t)what->image_size;
    if (what->image_size)
        memcpy(req + 1, what->image, what->image_size);
    return arguments_fill(req, what);
}

long fos_spawn(const struct fos_spawn *what, uint64_t *pid)
{
    size_t size = sizeof(struct proc_spawn_req) + what->image_size;
    struct proc_spawn_req *req = calloc(1, size);
    struct proc_spawn_rep rep = {0};

    if (!req)
        return -FOS_ENOMEM;
    long result = request_fill(req, what);
    if (result == 0)
        result = fos_call(fos_proc_peer(), req, (uint32_t)size, &rep, sizeof rep,
                          soon());
    free(req);
    if (result < 0)
        return result;
    *pid = rep.pid;
    return 0;
}

long fos_spawn_program(const char *path, const char *const *argv,
                       const struct fos_cap *caps, unsigned ncaps, uint64_t *pid)
{
    struct fos_spawn what = {
        .path = path, .argv = argv, .caps = caps, .ncaps = ncaps};

    return fos_spawn(&what, pid);
}

long fos_process_wait(uint64_t pid, int *status, struct fos_space_info *info)
{
    struct proc_wait_req req = {.self = fos_own_space(), .pid = pid};
    struct proc_wait_rep rep = {0};
    long result = proc_wait_call(fos_proc_peer(), &req, &rep, FOS_NEVER);

    if (result < 0)
        return result;
    *status = rep.status;
    if (info)
        *info = rep.info;
    return 0;
}

long fos_process_kill(uint64_t pid)
{
    struct proc_kill_req req = {.self = fos_own_space(), .pid = pid};
    struct proc_kill_rep rep = {0};

    return proc_kill_call(fos_proc_peer(), &req, &rep, soon());
}

long fos_process_list(struct proc_entry *entries, size_t capacity)
{
    struct proc_list_req req = {.self = fos_own_space()};
    struct proc_list_rep rep = {0};
    size_t count = 0;

    do {
        long result = proc_list_call(fos_proc_peer(), &req, &rep, soon());
        if (result < 0)
            return result;
        for (uint32_t i = 0; i < rep.count && i < PROC_LIST_MAX && count < capacity;
             i++)
            entries[count++] = rep.entries[i];
        req.from = rep.next;
    } while (rep.next && count < capacity);
    return (long)count;
}
