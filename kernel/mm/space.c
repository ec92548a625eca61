/* SPDX-License-Identifier: MIT */
#include "mm/space.h"
#include "arch/x86_64/cpu.h"
#include "lib/trace.h"
#include "msg/channel.h"
#include "msg/mailbox.h"
#include "sched/sched.h"
#include "xen/xen.h"

static struct pool space_pool = {.size = sizeof(struct space)};
static uint64_t last_pid;

/* ---- quotas ------------------------------------------------------------- */

int space_charge_frames(struct space *s, uint64_t n)
{
    if (s->frames_used > s->frames_quota || n > s->frames_quota - s->frames_used)
        return -FOS_EDQUOT;
    s->frames_used += (uint32_t)n;
    return 0;
}

/* What a closed account gets back is its parent's; with the last frame it goes. */
void space_refund_frames(struct space *s, uint64_t n)
{
    while (s) {
        struct space *p = s->gone ? s->parent : NULL;
        ASSERT(s->frames_used >= n);
        s->frames_used -= (uint32_t)n;
        if (s->gone && s->frames_used == 0)
            pool_free(&space_pool, s);
        s = p;
    }
}

int space_charge_object(struct space *s)
{
    if (s->objects_used >= s->objects_quota)
        return -FOS_EDQUOT;
    s->objects_used++;
    return 0;
}

void space_refund_object(struct space *s)
{
    ASSERT(s->objects_used > 0);
    s->objects_used--;
}

/* A child's quota is carved out of its parent's, and goes back with it. */
static int quota_take(struct space *parent, uint32_t frames_n, uint32_t objects)
{
    if (parent->objects_used > parent->objects_quota ||
        objects >= parent->objects_quota - parent->objects_used ||
        space_charge_frames(parent, frames_n))
        return -FOS_EDQUOT;
    parent->objects_used += objects + 1;
    return 0;
}

/* What it has not used.  The rest stays in its parent's account. */
static void quota_return(struct space *s)
{
    struct space *p = s->parent;
    ASSERT(p && p->objects_used > s->objects_quota);
    ASSERT(s->frames_used <= s->frames_quota);
    p->objects_used -= s->objects_quota + 1;
    space_refund_frames(p, s->frames_quota - s->frames_used);
    struct space **link = &p->children;
    while (*link != s)
        link = &(*link)->sibling;
    *link = s->sibling;
    s->gone = true;
    if (s->frames_used == 0)
        pool_free(&space_pool, s);
}

static int quota_lend(struct space *from, struct space *to, uint32_t n)
{
    if (n > UINT32_MAX - to->frames_quota)
        return -FOS_EDQUOT;
    if (to->parent == from)
        return space_charge_frames(from, n);
    if (from->frames_used > from->frames_quota ||
        n > from->frames_quota - from->frames_used)
        return -FOS_EDQUOT;
    from->frames_quota -= n;
    return 0;
}

int space_quota_move(struct space *from, struct space *to, int64_t n)
{
    if (n > UINT32_MAX || n < -(int64_t)UINT32_MAX || !to->parent)
        return -FOS_EINVAL;
    if (from == to ? n > 0 : to->parent != from && to->parent != from->parent)
        return -FOS_EINVAL;
    if (n >= 0) {
        int r = from == to ? 0 : quota_lend(from, to, (uint32_t)n);
        if (r == 0)
            to->frames_quota += (uint32_t)n;
        return r;
    }
    uint32_t back = (uint32_t)-n;
    if (back > to->frames_quota - to->frames_used)
        return -FOS_EDQUOT;
    to->frames_quota -= back;
    if (from == to || to->parent == from)
        space_refund_frames(to->parent, back);
    else
        from->frames_quota += back;
    return 0;
}

/* ---- life --------------------------------------------------------------- */

int space_new(struct space *parent, uint32_t frames_n, uint32_t objects,
              struct space **out)
{
    if (parent &&
        (parent->depth == SPACE_DEPTH_MAX || quota_take(parent, frames_n, objects)))
        return -FOS_EDQUOT;
    int r = -FOS_ENOMEM;
    struct space *s = pool_alloc(&space_pool);
    if (!s)
        goto fail_quota;
    s->frames_quota = frames_n;
    s->objects_quota = objects;
    r = object_publish(&s->object, OBJECT_SPACE);
    if (r)
        goto fail_pool;
    r = table_root_alloc(s);
    if (r)
        goto fail_object;
    s->pid = ++last_pid;
    s->parent = parent;
    if (parent) {
        s->depth = parent->depth + 1;
        s->sibling = parent->children;
        parent->children = s;
    }
    *out = s;
    return 0;

fail_object:
    object_retire(&s->object);
    quiesce();
fail_pool:
    pool_free(&space_pool, s);
fail_quota:
    if (parent) {
        parent->objects_used -= objects + 1;
        space_refund_frames(parent, frames_n);
    }
    return r;
}

/* Ends a space once: its threads leave user code at their next entry to the kernel,
 * which an interrupt brings about now. */
void space_end(struct space *s, enum fos_space_state state)
{
    uint32_t running = FOS_SPACE_RUNNING;
    if (!atomic_compare_exchange_strong(&s->state, &running, state))
        return;
    trace(FOS_TRACE_end, s->pid, state);
    threads_stop(s);
    if (s->watcher)
        thread_event(s->watcher, s->watch_slot);
    else if (!s->parent)
        bug("the first process ended", __FILE__, __LINE__);
}

void space_unwatch(struct space *s)
{
    if (!s->watcher)
        return;
    struct space **link = &s->watcher->space->watching;
    while (*link != s)
        link = &(*link)->watch_next;
    *link = s->watch_next;
    s->watcher = NULL;
}

/* One object of the space goes; false when it has none left. */
static bool contents_step(struct space *s)
{
    if (s->sending)
        channel_drop(s->sending, s);
    else if (s->receiving)
        channel_drop(s->receiving, s);
    else if (s->mailboxes)
        mailbox_destroy(s->mailboxes);
    else if (s->watching)
        space_unwatch(s->watching);
    else if (s->threads)
        thread_destroy(s->threads);
    else {
        trace_leave(s);
        return false;
    }
    return true;
}

/* Threads, then what belongs to them and the space, then its mappings. */
static int contents_drop(struct space *s)
{
    enum { BUDGET = 32, CONTENTS_COST = 8 };
    if (!threads_stopped(s))
        return -FOS_EAGAIN;
    if (atomic_load(&s->vcpu_mask)) {
        sched_root_drop(s);
        return -FOS_EAGAIN;
    }
    bool done = false;
    for (int budget = BUDGET; budget > 0 && !done; budget--) {
        if (s->destroy_at == 0 && contents_step(s))
            budget -= CONTENTS_COST;
        else
            done = table_destroy_step(s);
    }
    table_destroy_flush();
    return done ? 0 : -FOS_EAGAIN;
}

static int space_dismantle(struct space *s)
{
    space_end(s, FOS_SPACE_KILLED);
    int r = contents_drop(s);
    if (r)
        return r;
    table_root_free(s);
    space_unwatch(s);
    object_retire(&s->object);
    quiesce();
    ASSERT(s->objects_used == 0);
    quota_return(s);
    return 0;
}

bool space_is_live(const struct space *s)
{
    return atomic_load(&s->state) == FOS_SPACE_RUNNING && !s->resetting;
}

int space_reset_step(struct space *s)
{
    if (atomic_load(&s->state) != FOS_SPACE_RUNNING)
        return -FOS_EPERM;
    s->resetting = true;
    threads_stop(s);
    int r = contents_drop(s);
    if (r == 0) {
        s->destroy_at = 0;
        s->mapped = 0;
        s->resetting = false;
    }
    return r;
}

/* What a space has made goes before it, the latest generation first. */
int space_destroy_step(struct space *s)
{
    struct space *last = s;
    while (last->children)
        last = last->children;
    for (struct space *at = last; at != s; at = at->parent)
        space_end(at, FOS_SPACE_KILLED);
    space_end(s, FOS_SPACE_KILLED);
    int r = space_dismantle(last);
    return r == 0 && last != s ? -FOS_EAGAIN : r;
}
