/* SPDX-License-Identifier: MIT */
/*
 * Locks on ranges of bytes, as of fcntl: they belong to a process and a file.
 *
 * node->locks is in the order of starts.  Those of one process do not overlap.
 */
#include <stdlib.h>

#include "core.h"

enum { CIRCLE_MAX = 32 }; /* processes that wait for each other, looked through */

static bool overlap(const struct lock *lock, uint64_t start, uint64_t end)
{
    return lock->start <= end && start <= lock->end;
}

static const struct lock *conflict(const struct node *node, uint64_t pid,
                                   uint64_t start, uint64_t end, bool exclusive)
{
    for (const struct lock *l = node->locks; l; l = l->next)
        if (l->pid != pid && (exclusive || l->exclusive) && overlap(l, start, end))
            return l;
    return NULL;
}

static void lock_insert(struct node *node, struct lock *lock)
{
    struct lock **link = &node->locks;

    while (*link && (*link)->start <= lock->start)
        link = &(*link)->next;
    lock->next = *link;
    *link = lock;
}

static struct lock *lock_make(struct process *p, uint64_t start, uint64_t end,
                              bool exclusive)
{
    struct lock *lock = malloc(sizeof *lock);

    if (!lock)
        return NULL;
    *lock = (struct lock){
        .pid = p->pid, .start = start, .end = end, .exclusive = exclusive};
    p->locks_count++;
    fs.locks++;
    return lock;
}

static void lock_free(struct process *p, struct lock *lock)
{
    p->locks_count--;
    fs.locks--;
    free(lock);
}

/* Takes the range out of the process's locks; `rest` becomes what is left behind it of
 * a lock that reached over it, and is freed if there is none. */
static void range_clear(struct process *p, struct node *node, uint64_t start,
                        uint64_t end, struct lock *rest)
{
    struct lock **link = &node->locks, *l;
    bool used = false;

    while ((l = *link)) {
        if (l->pid != p->pid || !overlap(l, start, end)) {
            link = &l->next;
            continue;
        }
        if (l->end > end && l->start < start) {
            rest->start = end + 1;
            rest->end = l->end;
            rest->exclusive = l->exclusive;
            l->end = start - 1;
            lock_insert(node, rest);
            used = true;
            break;
        }
        if (l->start >= start && l->end <= end) {
            *link = l->next;
            lock_free(p, l);
        } else if (l->start < start) {
            l->end = start - 1;
            link = &l->next;
        } else { /* its front goes: it may have to stand further back */
            *link = l->next;
            l->start = end + 1;
            lock_insert(node, l);
        }
    }
    if (!used)
        lock_free(p, rest);
}

/* 0 or -FOS_ENOLCK, and nothing is changed. */
static long range_set(struct process *p, struct node *node, uint64_t start,
                      uint64_t end, uint32_t type)
{
    struct lock *rest, *lock = NULL;

    if (p->locks_count + 2 > LOCKS_OF_ONE || fs.locks + 2 > LOCKS_MAX) {
        if (type != FS_LOCK_NONE)
            return -FOS_ENOLCK;
    }
    rest = lock_make(p, 0, 0, false);
    if (!rest)
        return -FOS_ENOLCK;
    if (type != FS_LOCK_NONE) {
        lock = lock_make(p, start, end, type == FS_LOCK_EXCLUSIVE);
        if (!lock) {
            lock_free(p, rest);
            return -FOS_ENOLCK;
        }
    }
    range_clear(p, node, start, end, rest);
    if (lock)
        lock_insert(node, lock);
    return 0;
}

static uint64_t end_of(const struct fs_lock_req *req)
{
    return req->length ? (uint64_t)(req->start + req->length - 1) : INT64_MAX;
}

static const struct lock *in_the_way(const struct node *node, uint64_t pid,
                                     const struct fs_lock_req *req)
{
    return conflict(node, pid, (uint64_t)req->start, end_of(req),
                    req->type == FS_LOCK_EXCLUSIVE);
}

/* Whether `pid` waits, over any number of others, for `whom`. */
static bool waits_for(uint64_t pid, uint64_t whom, unsigned depth)
{
    const struct process *p = process_find(pid);

    for (const struct waiter *w = p ? p->waiters : NULL; w; w = w->of_process) {
        const struct lock *l;
        if (w->kind != WAIT_LOCK || depth == 0)
            continue;
        l = in_the_way(w->description->node, pid, &w->lock);
        if (l && (l->pid == whom || waits_for(l->pid, whom, depth - 1)))
            return true;
    }
    return false;
}

/* The caller keeps a ref of the node. */
static void waiters_try(struct node *node)
{
    struct waiter *w = node->lock_waiters.first;

    while (w) {
        struct process *p = w->process;
        if (in_the_way(node, p->pid, &w->lock)) {
            w = w->next;
            continue;
        }
        struct fs_lock_rep rep = {.type = FS_LOCK_NONE};
        long result = range_set(p, node, (uint64_t)w->lock.start, end_of(&w->lock),
                                w->lock.type);
        waiter_answer(w, result ? FS_ERROR + result : 0, &rep, sizeof rep);
        w = node->lock_waiters.first;
    }
}

static void test(const struct fos_caller *caller, const struct lock *l)
{
    struct fs_lock_rep rep = {.type = FS_LOCK_NONE};

    if (l) {
        rep.type = l->exclusive ? FS_LOCK_EXCLUSIVE : FS_LOCK_SHARED;
        rep.pid = l->pid;
        rep.start = (int64_t)l->start;
        rep.length = l->end == INT64_MAX ? 0 : (int64_t)(l->end - l->start + 1);
    }
    fs.io.answer(caller, 0, &rep, sizeof rep);
}

static long req_check(const struct description *d, const struct fs_lock_req *req)
{
    int64_t end;

    if (d->kind != FS_KIND_FILE || req->type > FS_LOCK_EXCLUSIVE ||
        req->how > FS_LOCK_TEST || req->start < 0 || req->length < 0 ||
        __builtin_add_overflow(req->start, req->length, &end))
        return -FOS_EINVAL;
    if (req->how == FS_LOCK_TEST || req->type == FS_LOCK_NONE)
        return 0;
    if (!(d->flags & (req->type == FS_LOCK_SHARED ? FS_READ : FS_WRITE)))
        return -FOS_EBADF;
    return 0;
}

static void lock_wait(struct process *p, const struct fos_caller *caller,
                      struct description *d, const struct fs_lock_req *req,
                      const struct lock *l)
{
    struct waiter *w;

    if (waits_for(l->pid, p->pid, CIRCLE_MAX)) {
        answer(caller, -FOS_EDEADLK);
        return;
    }
    w = waiter_make(p, caller, WAIT_LOCK, d, NULL, 0);
    if (!w) {
        answer(caller, -FOS_ENOLCK);
        return;
    }
    w->lock = *req;
    waiter_queue(w, &d->node->lock_waiters);
}

void lock_ask(struct process *p, const struct fos_caller *caller,
              struct description *d, const struct fs_lock_req *req)
{
    struct fs_lock_rep rep = {.type = FS_LOCK_NONE};
    long error = req_check(d, req);
    const struct lock *l = NULL;

    if (!error && (req->type != FS_LOCK_NONE || req->how == FS_LOCK_TEST))
        l = in_the_way(d->node, p->pid, req);
    if (error) {
        answer(caller, error);
    } else if (req->how == FS_LOCK_TEST) {
        test(caller, l);
    } else if (l && req->how == FS_LOCK_WAIT) {
        lock_wait(p, caller, d, req, l);
    } else {
        error =
            l ? -FOS_EAGAIN
              : range_set(p, d->node, (uint64_t)req->start, end_of(req), req->type);
        if (error)
            answer(caller, error);
        else
            fs.io.answer(caller, 0, &rep, sizeof rep);
        waiters_try(d->node);
    }
}

void locks_drop(struct process *p, struct node *node)
{
    struct lock **link = &node->locks, *l;

    while ((l = *link)) {
        if (l->pid != p->pid) {
            link = &l->next;
            continue;
        }
        *link = l->next;
        lock_free(p, l);
    }
    if (node->lock_waiters.first) {
        node_get(node);
        waiters_try(node);
        node_put(node);
    }
}
