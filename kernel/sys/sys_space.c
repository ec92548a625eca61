/* SPDX-License-Identifier: MIT */
#include "sys/table.h"

long sys_space_create(uint64_t frames_n, uint64_t objects, uint64_t out)
{
    struct space *s;
    if (frames_n > UINT32_MAX || objects > UINT32_MAX)
        return -FOS_EINVAL;
    if (out_check(out, sizeof(struct fos_cap)))
        return -FOS_EFAULT;
    int r = space_new(space_current(), (uint32_t)frames_n, (uint32_t)objects, &s);
    if (r)
        return r;
    struct fos_cap cap = object_cap(&s->object);
    out_write(out, &cap, sizeof cap);
    return 0;
}

long sys_space_destroy(uint64_t id, uint64_t secret)
{
    struct space *s = FIND(space, SPACE, id, secret);
    return s ? space_destroy_step(s) : -FOS_EPERM;
}

/* A space that has ended is only taken apart: nothing is added to it. */
static struct space *space_running(uint64_t id, uint64_t secret)
{
    struct space *s = FIND(space, SPACE, id, secret);
    return s && space_is_live(s) ? s : NULL;
}

long sys_space_map(uint64_t id, uint64_t secret, uint64_t va, uint64_t pages,
                   uint64_t prot)
{
    struct space *s = space_running(id, secret);
    if (!s)
        return -FOS_EPERM;
    struct space *payer = prot & FOS_MAP_MINE ? space_current() : s;
    prot &= ~(uint64_t)FOS_MAP_MINE;
    return prot > UINT32_MAX ? -FOS_EINVAL
                             : space_map(s, va, pages, (uint32_t)prot, payer);
}

long sys_space_protect(uint64_t id, uint64_t secret, uint64_t va, uint64_t pages,
                       uint64_t prot)
{
    struct space *s = space_running(id, secret);
    if (!s)
        return -FOS_EPERM;
    bool sparse = prot & FOS_MAP_SPARSE;
    prot &= ~(uint64_t)FOS_MAP_SPARSE;
    if (prot == 0) {
        int n = space_unmap(s, va, pages);
        return n < 0 || sparse ? n : 0;
    }
    return prot > UINT32_MAX ? -FOS_EINVAL
                             : space_protect(s, va, pages, (uint32_t)prot, sparse);
}

long sys_space_copy(uint64_t args_va)
{
    struct fos_copy c;
    if (copy_from_user(space_current(), &c, args_va, sizeof c))
        return -FOS_EFAULT;
    struct space *to = space_running(c.to_space.id, c.to_space.secret);
    struct space *from = space_running(c.from_space.id, c.from_space.secret);
    return to && from ? space_copy(to, c.to, from, c.from, c.length) : -FOS_EPERM;
}

long sys_space_share(uint64_t args_va)
{
    struct fos_share a;
    struct space *own = space_current(), *from = NULL;
    if (copy_from_user(own, &a, args_va, sizeof a))
        return -FOS_EFAULT;
    struct space *to = space_running(a.to_space.id, a.to_space.secret);
    bool source = a.from_space.id || (a.how & FOS_SHARE_KIND) != FOS_SHARE_OWN;
    if (source)
        from = space_running(a.from_space.id, a.from_space.secret);
    if (!to || (source && !from))
        return -FOS_EPERM;
    struct thread *t = FIND(thread, THREAD, a.thread.id, a.thread.secret);
    if (a.thread.id && !t)
        return -FOS_EPERM;
    long n = space_share(to, from, own, &a);
    if (n >= 0 && t)
        thread_release(t, 0);
    return n;
}

static long control_watch(struct space *s, uint64_t slot)
{
    struct thread *t = thread_current();
    if (slot < FOS_EVENT_FIRST_FREE || slot >= FOS_EVENT_COUNT || s == t->space)
        return -FOS_EINVAL;
    if (s->watcher)
        return -FOS_EBUSY;
    s->watcher = t;
    s->watch_slot = (uint32_t)slot;
    s->watch_next = t->space->watching;
    t->space->watching = s;
    if (atomic_load(&s->state) != FOS_SPACE_RUNNING) /* it ended before we came */
        thread_event(t, s->watch_slot);
    return 0;
}

static void threads_release(struct space *s, uint32_t holds)
{
    for (struct thread *t = s->threads; t; t = t->space_next)
        thread_release(t, holds);
}

static long control_pager(struct space *s, uint64_t cap_va)
{
    struct fos_cap pager = {0};
    if (cap_va && copy_from_user(space_current(), &pager, cap_va, sizeof pager))
        return -FOS_EFAULT;
    atomic_store(&s->pager_id, pager.id);
    atomic_store(&s->pager_secret, pager.secret);
    threads_release(s, HOLD_FAULT);
    return 0;
}

static long control_end(struct space *s, uint64_t code)
{
    if (atomic_load(&s->state) == FOS_SPACE_RUNNING)
        s->info.code = (int32_t)code;
    space_end(s, FOS_SPACE_KILLED);
    return 0;
}

long sys_space_control(uint64_t id, uint64_t secret, uint64_t what,
                       uint64_t argument)
{
    struct space *s = FIND(space, SPACE, id, secret);
    if (!s)
        return -FOS_EPERM;
    switch (what) {
    case FOS_SPACE_WATCH:
        return control_watch(s, argument);
    case FOS_SPACE_QUOTA:
        return space_quota_move(space_current(), s, (int64_t)argument);
    case FOS_SPACE_RESET:
        return s == space_current() ? -FOS_EINVAL : space_reset_step(s);
    case FOS_SPACE_END:
        return control_end(s, argument);
    case FOS_SPACE_PAGER:
        return control_pager(s, argument);
    case FOS_SPACE_STOP:
        for (struct thread *t = s->threads; t; t = t->space_next)
            thread_hold(t);
        return 0;
    case FOS_SPACE_GO:
        threads_release(s, HOLD_STOP);
        return 0;
    default:
        return -FOS_EINVAL;
    }
}

long sys_space_status(uint64_t id, uint64_t secret, uint64_t out)
{
    struct space *s = FIND(space, SPACE, id, secret);
    if (!s)
        return -FOS_EPERM;
    struct fos_space_info i = s->info;
    i.state = atomic_load(&s->state);
    i.pid = s->pid;
    i.syscalls = atomic_load(&s->syscalls);
    i.mailbox_full = atomic_load(&s->mailbox_full);
    i.frames_used = s->frames_used;
    i.frames_quota = s->frames_quota;
    i.mapped = s->mapped;
    i.objects_used = s->objects_used;
    i.objects_quota = s->objects_quota;
    threads_tell(s, &i);
    if (out_check(out, sizeof i))
        return -FOS_EFAULT;
    out_write(out, &i, sizeof i);
    return 0;
}
