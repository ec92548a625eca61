/* SPDX-License-Identifier: MIT */
#include <fos/proc.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fos/part.h>
#include <fos/start.h>
#include <fos/syscall.h>

extern char **environ;

static _Thread_local struct fos_peer peer;

static void forked(void)
{
    peer = (struct fos_peer){0};
}

FOS_PART(proc_part, .forked = forked);

struct fos_peer *fos_proc_peer(void)
{
    /* Calls to it are rare: a channel would not pay. */
    if (!peer.thread)
        fos_peer_open(&peer, fos_start_page->caps[FOS_START_PROC],
                      FOS_TRANSPORT_KERNEL);
    return &peer;
}

/* A request's tail under construction (struct proc_image). */
struct tail {
    char *at, *end;
};

static long strings_put(struct tail *tail, const char *const *strings,
                        uint32_t *count)
{
    for (*count = 0; strings[*count]; ++*count) {
        size_t size = strlen(strings[*count]) + 1;
        if (size > (size_t)(tail->end - tail->at))
            return -FOS_E2BIG;
        memcpy(tail->at, strings[*count], size);
        tail->at += size;
    }
    return 0;
}

static long text_put(struct tail *tail, struct proc_image *to,
                     const struct fos_spawn *what)
{
    const char *only[] = {what->path, NULL};
    char *begin = tail->at;
    long error = strings_put(tail, what->argv ? what->argv : only, &to->argc);

    if (!error)
        error =
            strings_put(tail, what->envp ? what->envp : (void *)environ, &to->envc);
    to->text_size = (uint32_t)(tail->at - begin);
    while (!error && tail->at < tail->end && (tail->at - begin) % FOS_START_ALIGN)
        *tail->at++ = '\0';
    return error;
}

static long image_put(struct tail *tail, struct proc_image *to,
                      const struct fos_spawn *what)
{
    to->image_size = (uint32_t)what->image_size;
    if (!what->image_size)
        return 0;
    if (what->image_size > (size_t)(tail->end - tail->at))
        return -FOS_E2BIG;
    memcpy(tail->at, what->image, what->image_size);
    tail->at += what->image_size;
    return 0;
}

static long request_fill(struct proc_spawn_req *req, struct tail *tail,
                         const struct fos_spawn *what)
{
    if (!what->path || strlen(what->path) >= sizeof req->what.path ||
        what->ncaps > PROC_EXTRA_MAX)
        return -FOS_EINVAL;
    req->head.tag = FOS_TAG(proc, spawn);
    req->self = fos_own_space();
    strcpy(req->what.path, what->path);
    req->group = PROC_GROUP_SAME;
    req->vcpu = what->vcpu_plus_one ? what->vcpu_plus_one - 1 : PROC_VCPU_ANY;
    req->frames = what->frames;
    req->objects = what->objects;
    req->extra = what->ncaps;
    if (what->ncaps)
        memcpy(req->caps, what->caps, what->ncaps * sizeof *what->caps);
    long error = text_put(tail, &req->what, what);
    return error ? error : image_put(tail, &req->what, what);
}

long fos_spawn(const struct fos_spawn *what, uint64_t *pid)
{
    struct proc_spawn_req *req = calloc(1, sizeof *req + PROC_MORE_MAX);
    struct proc_spawn_rep rep = {0};

    if (!req)
        return -FOS_ENOMEM;
    struct tail tail = {(char *)(req + 1), (char *)(req + 1) + PROC_MORE_MAX};
    long result = request_fill(req, &tail, what);
    if (result == 0)
        result = fos_call(fos_proc_peer(), req, (uint32_t)(tail.at - (char *)req),
                          &rep, sizeof rep, FOS_NEVER);
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

    return proc_kill_call(fos_proc_peer(), &req, &rep, FOS_NEVER);
}

long fos_process_list(struct proc_entry *entries, size_t capacity)
{
    struct proc_list_req req = {.self = fos_own_space()};
    struct proc_list_rep rep = {0};
    size_t count = 0;

    do {
        long result = proc_list_call(fos_proc_peer(), &req, &rep, FOS_NEVER);
        if (result < 0)
            return result;
        for (uint32_t i = 0; i < rep.count && i < PROC_LIST_MAX && count < capacity;
             i++)
            entries[count++] = rep.entries[i];
        req.from = rep.next;
    } while (rep.next && count < capacity);
    return (long)count;
}
