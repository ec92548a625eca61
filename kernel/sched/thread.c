/* SPDX-License-Identifier: MIT */
#include "sched/sched.h"
#include "lib/trace.h"
#include "msg/channel.h"
#include "msg/mailbox.h"
#include "sys/device.h"
#include "xen/xen.h"

static struct pool thread_pool = {.size = sizeof(struct thread)};

/* User code runs with these; the interrupt flag keeps events on. */
enum { USER_CS = 0xe033, USER_SS = 0xe02b, USER_RFLAGS = 0x202 };

static int pages_alloc(struct thread *t)
{
    struct space *s = t->space;
    pfn_t fpu;
    int r = frame_alloc(s, FRAME_SHARED, &t->doorbell);
    if (r)
        return r;
    r = frame_alloc(s, FRAME_SHARED, &t->events);
    if (r)
        goto fail_doorbell;
    r = frame_alloc(s, FRAME_KERNEL, &fpu);
    if (r)
        goto fail_events;
    t->doorbell_page = frame_address(t->doorbell);
    t->events_page = frame_address(t->events);
    t->fpu = frame_address(fpu);
    fpu_thread_init(t);
    return 0;

fail_events:
    frame_put(t->events);
fail_doorbell:
    frame_put(t->doorbell);
    return r;
}

/* In the order of enum fos_thread_page. */
static int pages_map(struct thread *t, uint64_t va)
{
    pfn_t own[] = {t->doorbell, t->events}, control = trace_control_frame();
    uint64_t trace_va = va + FOS_PAGE_TRACE * PAGE_SIZE;
    int r = space_map_frames(t->space, trace_va, &control, 1, FOS_PROT_READ, 0);
    if (r)
        return r;
    r = space_map_frames(t->space, va, own, 2, FOS_PROT_READ | FOS_PROT_WRITE,
                         FOS_PROT_READ | FOS_PROT_WRITE);
    if (r)
        space_unmap(t->space, trace_va, 1);
    return r;
}

static void pages_free(struct thread *t)
{
    frame_put(t->doorbell);
    frame_put(t->events);
    frame_put(address_frame(t->fpu));
}

static int args_check(const struct space *s, const struct fos_thread_args *a)
{
    if (a->vcpu >= vcpu_count || a->flags & ~(uint32_t)FOS_THREAD_CREATE_STOPPED ||
        a->pages % PAGE_SIZE || a->tls >= FOS_USER_END)
        return -FOS_EINVAL;
    if (user_range_check(a->entry, 1) || user_range_check(a->stack, 0) ||
        user_range_check(a->pages, FOS_THREAD_PAGES * PAGE_SIZE))
        return -FOS_EFAULT;
    return space_is_live(s) ? 0 : -FOS_EPERM;
}

int thread_new(struct space *s, const struct fos_thread_args *a,
               struct thread **out)
{
    int r = args_check(s, a);
    if (r)
        return r;
    r = space_charge_object(s);
    if (r)
        return r;
    struct thread *t = pool_alloc(&thread_pool);
    r = -FOS_ENOMEM;
    if (!t)
        goto fail_object;
    t->space = s;
    t->pending_last = &t->pending;
    t->vcpu = t->target = &vcpus[a->vcpu];
    t->pages = a->pages;
    t->held = a->flags & FOS_THREAD_CREATE_STOPPED ? HOLD_STOP : 0;
    t->exception.vector = FOS_VECTOR_NONE;
    t->tls = a->tls;
    t->since = rdtsc();
    atomic_store(&t->state, THREAD_READY);
    r = pages_alloc(t);
    if (r)
        goto fail_pool;
    r = pages_map(t, a->pages);
    if (r)
        goto fail_pages;
    r = object_publish(&t->object, OBJECT_THREAD);
    if (r)
        goto fail_map;
    t->regs = (struct regs){
        .rip = a->entry,
        .rsp = a->stack,
        .rdi = a->arg,
        .cs = USER_CS,
        .ss = USER_SS,
        .rflags = USER_RFLAGS,
    };
    t->space_next = s->threads;
    s->threads = t;
    *out = t;
    return 0;

fail_map:
    space_unmap(s, a->pages, FOS_THREAD_PAGES);
fail_pages:
    pages_free(t);
fail_pool:
    pool_free(&thread_pool, t);
fail_object:
    space_refund_object(s);
    return r;
}

static bool thread_has_ended(struct thread *t)
{
    return atomic_load(&t->state) == THREAD_ENDED &&
           atomic_load(&atomic_load(&t->vcpu)->current) != t;
}

void thread_destroy(struct thread *t)
{
    struct space *s = t->space;
    ASSERT(thread_has_ended(t));
    ASSERT(t->channels == 0 && !t->pending);
    struct thread **link = &s->threads;
    while (*link != t)
        link = &(*link)->space_next;
    *link = t->space_next;
    devices_unbind(t);
    object_retire(&t->object);
    struct vcpu *v = thread_lock(t);
    if (v->fpu_owner == t)
        v->fpu_owner = NULL;
    spin_unlock(&v->lock);
    quiesce();
    for (int i = 0; i <= THREAD_BLOCKED; i++)
        s->spent[i] += t->spent[i];
    pages_free(t);
    space_refund_object(s);
    pool_free(&thread_pool, t);
}

void threads_stop(struct space *s)
{
    for (struct thread *t = s->threads; t; t = t->space_next)
        thread_stop(t);
}

bool threads_stopped(const struct space *s)
{
    for (struct thread *t = s->threads; t; t = t->space_next) {
        if (!thread_has_ended(t))
            return false;
    }
    return true;
}

/* One object that names the thread goes; false when there is none. */
static bool belongings_step(struct thread *t)
{
    struct space *s = t->space;
    for (struct channel *c = s->sending; c; c = c->sides[SENDER].next)
        if (c->sides[SENDER].thread == t)
            return channel_drop(c, s), true;
    for (struct channel *c = s->receiving; c; c = c->sides[RECEIVER].next)
        if (c->sides[RECEIVER].thread == t)
            return channel_drop(c, s), true;
    for (struct mailbox *m = s->mailboxes; m; m = m->space_next)
        if (m->thread == t)
            return mailbox_destroy(m), true;
    for (struct space *w = s->watching; w; w = w->watch_next)
        if (w->watcher == t)
            return space_unwatch(w), true;
    return false;
}

static void pages_unmap(const struct thread *t)
{
    uint64_t entry = table_entry(t->space, t->pages);
    if ((entry & PTE_PRESENT) && pte_frame(entry).n == t->doorbell.n)
        space_unmap(t->space, t->pages, FOS_THREAD_PAGES);
}

int thread_end_step(struct thread *t)
{
    enum { BUDGET = 8 };
    thread_stop(t);
    if (t == thread_current() || !thread_has_ended(t))
        return -FOS_EAGAIN;
    for (int i = 0; i < BUDGET; i++) {
        if (belongings_step(t))
            continue;
        pages_unmap(t);
        thread_destroy(t);
        return 0;
    }
    return -FOS_EAGAIN;
}

void thread_event(struct thread *t, uint32_t slot)
{
    ASSERT(slot < FOS_EVENT_COUNT);
    fos_fetch_or(&t->events_page->pending, 1ull << slot);
    thread_wake(t);
}

/* ---- what is told about threads ------------------------------------------ */

/* A copy of t's times, up to now. */
static void times_read(struct thread *t, uint64_t spent[THREAD_STATES],
                       enum thread_state *state)
{
    struct vcpu *v = thread_lock(t);
    uint64_t now = rdtsc();
    *state = atomic_load(&t->state);
    memcpy(spent, t->spent, sizeof t->spent);
    if (now > t->since)
        spent[*state] += now - t->since;
    spin_unlock(&v->lock);
}

uint64_t thread_time(struct thread *t)
{
    uint64_t spent[THREAD_STATES];
    enum thread_state state;
    times_read(t, spent, &state);
    return time_of_cycles(spent[THREAD_RUNNING]);
}

/* Each word is read once; user code may be writing it. */
static void published_add(struct fos_published *to, struct fos_doorbell *doorbell)
{
    uint64_t *sum = (uint64_t *)to;
    const uint64_t *from = (const uint64_t *)fos_published_of(doorbell);
    for (size_t i = 0; i < sizeof *to / sizeof *sum; i++)
        sum[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void threads_tell(const struct space *s, struct fos_space_info *info)
{
    info->thread_state = THREAD_ENDED;
    info->ns_running = time_of_cycles(s->spent[THREAD_RUNNING]);
    info->ns_ready = time_of_cycles(s->spent[THREAD_READY]);
    info->ns_waiting = time_of_cycles(s->spent[THREAD_BLOCKED]);
    for (struct thread *t = s->threads; t; t = t->space_next) {
        uint64_t spent[THREAD_STATES];
        enum thread_state state;
        times_read(t, spent, &state);
        info->ns_running += time_of_cycles(spent[THREAD_RUNNING]);
        info->ns_ready += time_of_cycles(spent[THREAD_READY]);
        info->ns_waiting += time_of_cycles(spent[THREAD_BLOCKED]);
        published_add(&info->published, t->doorbell_page);
        if (info->threads++ == 0 || state < info->thread_state) {
            info->thread_state = state;
            info->vcpu = atomic_load(&t->vcpu)->id;
        }
    }
}
