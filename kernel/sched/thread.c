/* SPDX-License-Identifier: MIT */
#include "sched/sched.h"
#include "lib/trace.h"
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
    int r = space_map_frames(t->space, trace_va, &control, 1, FOS_PROT_READ);
    if (r)
        return r;
    r = space_map_frames(t->space, va, own, 2, FOS_PROT_READ | FOS_PROT_WRITE);
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
    if (a->vcpu >= vcpu_count || a->flags || a->pages % PAGE_SIZE)
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
    t->vcpu = &vcpus[a->vcpu];
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
    t->vcpu->threads++;
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

void thread_destroy(struct thread *t)
{
    struct space *s = t->space;
    struct vcpu *v = t->vcpu;
    ASSERT(atomic_load(&t->state) == THREAD_ENDED && atomic_load(&v->current) != t);
    ASSERT(t->channels == 0 && !t->pending);
    struct thread **link = &s->threads;
    while (*link != t)
        link = &(*link)->space_next;
    *link = t->space_next;
    v->threads--;
    devices_unbind(t);
    object_retire(&t->object);
    spin_lock(&v->lock);
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
        if (atomic_load(&t->state) != THREAD_ENDED ||
            atomic_load(&t->vcpu->current) == t)
            return false;
    }
    return true;
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
    struct vcpu *v = t->vcpu;
    spin_lock(&v->lock);
    uint64_t now = rdtsc();
    *state = atomic_load(&t->state);
    memcpy(spent, t->spent, sizeof t->spent);
    if (now > t->since)
        spent[*state] += now - t->since;
    spin_unlock(&v->lock);
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
            info->vcpu = t->vcpu->id;
        }
    }
}
