/* SPDX-License-Identifier: MIT */
/* What each process has: handles of descriptions, a directory, a user. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

enum { HANDLES_FIRST = 16, UMASK_FIRST = 022 };

/* A session's low byte is its place. */
_Static_assert(PROCESSES_MAX <= 256, "a byte");

struct process *process_of(uint64_t session)
{
    struct process *p = &fs.processes[(session & 0xff) % PROCESSES_MAX];

    return session && (p->session ^ session) == 0 ? p : NULL;
}

struct process *process_find(uint64_t pid)
{
    for (struct process *p = fs.processes; p < fs.processes + PROCESSES_MAX; p++)
        if (pid && p->pid == pid)
            return p;
    return NULL;
}

static bool has_ended(uint64_t pid)
{
    for (int i = 0; i < ENDED_LOG; i++)
        if (fs.ended[i] == pid)
            return true;
    return false;
}

static struct process *process_make(uint64_t pid)
{
    for (struct process *p = fs.processes; p < fs.processes + PROCESSES_MAX; p++) {
        if (p->pid)
            continue;
        *p = (struct process){
            .pid = pid, .cwd = node_get(fs.root), .umask = UMASK_FIRST};
        return p;
    }
    return NULL;
}

uint64_t secret_draw(uint64_t about)
{
    uint64_t from[] = {++fs.drawn, about};

    return fos_siphash(&fs.secrets, from, sizeof from);
}

static uint64_t session_draw(const struct process *p)
{
    return (secret_draw(p->pid) & ~0xffull) | (uint64_t)(p - fs.processes);
}

/* Those of a program that another has taken the place of. */
static void calls_end(struct process *p)
{
    while (p->waiters)
        waiter_answer(p->waiters, FS_ERROR - FOS_EINTR, NULL, 0);
}

struct process *process_attach(uint64_t pid, struct fos_cap space)
{
    struct process *p = has_ended(pid) ? NULL : process_find(pid);

    if (!p && !has_ended(pid))
        p = process_make(pid);
    if (!p)
        return NULL;
    calls_end(p);
    fs.pages.lent_vain = false; /* what it had mapped has come back */
    shared_left(pid);
    p->session = session_draw(p);
    p->space = space;
    return p;
}

long process_inherit(uint64_t parent, uint64_t child)
{
    const struct process *from = process_find(parent);
    struct process *to;
    struct description **handles;

    if (!from) /* which has nothing */
        return 0;
    if (process_find(child) || has_ended(child))
        return -FOS_EEXIST;
    handles = calloc(from->handles_size, sizeof *handles);
    to = handles || !from->handles_size ? process_make(child) : NULL;
    if (!to) {
        free(handles);
        return -FOS_ENFILE;
    }
    node_put(to->cwd);
    to->cwd = node_get(from->cwd);
    to->umask = from->umask;
    to->uid = from->uid;
    to->gid = from->gid;
    to->handles = handles;
    to->handles_size = from->handles_size;
    for (uint32_t i = 0; i < from->handles_size; i++) {
        handles[i] = from->handles[i];
        if (handles[i])
            handles[i]->refs++;
    }
    return 0;
}

static void locks_drop_all(struct process *p)
{
    for (uint32_t i = 0; p->locks_count && i < p->handles_size; i++)
        if (p->handles[i] && p->handles[i]->node)
            locks_drop(p, p->handles[i]->node);
}

void process_ended(uint64_t pid)
{
    struct process *p = process_find(pid);

    fs.ended[fs.ends++ % ENDED_LOG] = pid;
    if (!p)
        return;
    calls_end(p);
    shared_left(pid);
    shared_ended(p);
    locks_drop_all(p);
    for (uint32_t i = 0; i < p->handles_size; i++)
        if (p->handles[i])
            description_put(p->handles[i]);
    free(p->handles);
    node_put(p->cwd);
    *p = (struct process){0};
}

/* ---- handles ---- */

struct description *description_of(const struct process *p, uint32_t handle)
{
    return handle < p->handles_size ? p->handles[handle] : NULL;
}

static bool handles_grow(struct process *p)
{
    uint32_t size = p->handles_size ? 2 * p->handles_size : HANDLES_FIRST;
    struct description **more;

    if (size > FS_HANDLES_MAX)
        return false;
    more = realloc(p->handles, size * sizeof *more);
    if (!more)
        return false;
    memset(more + p->handles_size, 0, (size - p->handles_size) * sizeof *more);
    p->handles = more;
    p->handles_size = size;
    return true;
}

long handle_add(struct process *p, struct description *d)
{
    uint32_t handle = 0;

    while (handle < p->handles_size && p->handles[handle])
        handle++;
    bool scarce = handle >= HANDLES_FEW && /* F7 */
                  fs.descriptions > DESCRIPTIONS_MAX - DESCRIPTIONS_RESERVE;
    if (scarce || (handle == p->handles_size && !handles_grow(p))) {
        description_put(d);
        return scarce ? -FOS_ENFILE : -FOS_EMFILE;
    }
    p->handles[handle] = d;
    return (long)handle;
}

long handle_close(struct process *p, uint32_t handle)
{
    struct description *d = description_of(p, handle);

    if (!d)
        return -FOS_EBADF;
    if (d->node) /* POSIX: any close of the file */
        locks_drop(p, d->node);
    p->handles[handle] = NULL;
    description_put(d);
    return 0;
}

struct description *description_make(struct node *node, enum fs_kind kind,
                                     uint32_t flags)
{
    struct description *d =
        fs.descriptions < DESCRIPTIONS_MAX ? malloc(sizeof *d) : NULL;

    if (!d)
        return NULL;
    fs.descriptions++;
    *d = (struct description){.refs = 1,
                              .node = node ? node_get(node) : NULL,
                              .kind = kind,
                              .flags = flags};
    return d;
}

void description_put(struct description *d)
{
    if (--d->refs)
        return;
    if (d->pipe)
        pipe_closed(d->pipe, d->flags);
    if (d->node)
        node_put(d->node);
    fs.descriptions--;
    free(d);
}
