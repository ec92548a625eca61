/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: round robin on each vCPU by itself, 10 ms slices when it is
 * shared, no timer when it is not, blocked in Xen when there is nothing to do.
 *
 * No wake-up is lost: thread_wait sets BLOCKED by an exchange and then reads the
 * pending events; a waker sets the event by a locked OR and then reads the state.
 * One of them sees the other's write (both are full fences).
 */
#include "sched/sched.h"
#include "lib/trace.h"
#include "xen/xen.h"

enum { SLICE_NS = 10 * 1000 * 1000 };
/* ns; from here on it is never.  To Xen a time of 2^63 or more is long past. */
#define DEADLINE_END (1ull << 62)

struct vcpu vcpus[VCPU_MAX];
uint32_t vcpu_count = 1;

static struct space *root_space[VCPU_MAX]; /* whose root is loaded; by that vCPU */

struct thread *thread_current(void)
{
    return atomic_load_explicit(&vcpu_self()->current, memory_order_relaxed);
}

/* ---- states and queues, under v->lock ----------------------------------- */

/* The time since the last change belongs to the state that is left.  Counters of
 * two processors may be apart: a thread's never goes back. */
static void time_charge(struct thread *t, enum thread_state left)
{
    uint64_t now = rdtsc();
    if (now <= t->since)
        return;
    t->spent[left] += now - t->since;
    t->since = now;
}

static void state_set(struct thread *t, enum thread_state next)
{
    time_charge(t, atomic_load(&t->state));
    atomic_store(&t->state, next);
}

static void run_push(struct vcpu *v, struct thread *t)
{
    state_set(t, THREAD_READY);
    t->run_next = NULL;
    if (v->run_first)
        v->run_last->run_next = t;
    else
        v->run_first = t;
    v->run_last = t;
}

static struct thread *run_pop(struct vcpu *v)
{
    struct thread *t = v->run_first;
    if (t)
        v->run_first = t->run_next;
    return t;
}

static void run_remove(struct vcpu *v, struct thread *t)
{
    struct thread *before = NULL, *at = v->run_first;
    for (; at != t; at = at->run_next) {
        ASSERT(at != NULL);
        before = at;
    }
    if (before)
        before->run_next = t->run_next;
    else
        v->run_first = t->run_next;
    if (v->run_last == t)
        v->run_last = before;
}

static void timer_insert(struct vcpu *v, struct thread *t, uint64_t deadline)
{
    struct thread **link = &v->timers;
    while (*link && (*link)->deadline <= deadline)
        link = &(*link)->timer_next;
    t->deadline = deadline;
    t->timer_next = *link;
    *link = t;
}

static void timer_remove(struct vcpu *v, struct thread *t)
{
    if (t->deadline == 0)
        return;
    struct thread **link = &v->timers;
    while (*link != t)
        link = &(*link)->timer_next;
    *link = t->timer_next;
    t->deadline = 0;
}

/* A timer that fires too early costs one interrupt, less than stopping it would. */
static void timer_program(struct vcpu *v)
{
    uint64_t next = v->timers ? v->timers->deadline : 0;
    if (v->slice_end && (next == 0 || v->slice_end < next))
        next = v->slice_end;
    if (next && (v->timer_armed == 0 || next < v->timer_armed))
        timer_arm(next);
}

static void slice_update(struct vcpu *v)
{
    if (!v->run_first || !atomic_load(&v->current))
        v->slice_end = 0;
    else if (v->slice_end == 0)
        v->slice_end = time_now() + SLICE_NS;
    timer_program(v);
}

/* ---- waking ------------------------------------------------------------- */

static void vcpu_poke(struct vcpu *v)
{
    if (v == vcpu_self())
        v->resched = true;
    else
        event_send(v->port_ipi);
}

void thread_start(struct thread *t)
{
    struct vcpu *v = t->vcpu;
    trace(FOS_TRACE_start, t->space->pid, v->id);
    spin_lock(&v->lock);
    run_push(v, t);
    spin_unlock(&v->lock);
    vcpu_poke(v);
}

void thread_wake(struct thread *t)
{
    struct vcpu *v = t->vcpu;
    uint64_t pid = t->space->pid;
    if (atomic_load(&t->state) != THREAD_BLOCKED)
        return;
    spin_lock(&v->lock);
    bool woken = atomic_load(&t->state) == THREAD_BLOCKED;
    if (woken) {
        timer_remove(v, t);
        run_push(v, t);
    }
    bool mine = v == vcpu_self();
    if (mine)
        slice_update(v);
    spin_unlock(&v->lock);
    if (woken)
        trace(FOS_TRACE_wake, pid, v->id);
    if (woken && !mine)
        event_send(v->port_ipi);
}

/* A deadline in the past gives the processor to whoever else is ready here. */
long thread_wait(uint64_t deadline)
{
    struct vcpu *v = vcpu_self();
    struct thread *t = thread_current();
    bool late = deadline <= time_now();

    spin_lock(&v->lock);
    atomic_exchange(&t->state, THREAD_BLOCKED);
    /* thread_stop may have come before the lock: its interrupt would find us gone.
     */
    if (atomic_load(&t->events_page->pending) || late || t->stop) {
        atomic_store(&t->state, THREAD_RUNNING);
        v->resched = v->resched || late || t->stop;
        spin_unlock(&v->lock);
        return late ? -FOS_ETIMEDOUT : 0;
    }
    time_charge(t, THREAD_RUNNING);
    trace(FOS_TRACE_block, deadline, 0);
    if (deadline < DEADLINE_END)
        timer_insert(v, t, deadline);
    v->resched = true;
    spin_unlock(&v->lock);
    return 0;
}

void thread_stop(struct thread *t)
{
    struct vcpu *v = t->vcpu;
    spin_lock(&v->lock);
    t->stop = true;
    uint32_t state = atomic_load(&t->state);
    if (state == THREAD_READY)
        run_remove(v, t);
    if (state == THREAD_BLOCKED)
        timer_remove(v, t);
    if (state != THREAD_RUNNING)
        state_set(t, THREAD_ENDED);
    spin_unlock(&v->lock);
    if (state == THREAD_RUNNING)
        vcpu_poke(v);
}

/* ---- interrupts ---------------------------------------------------------- */

/* Another vCPU made a thread ready here, stopped one, or wants a root let go. */
void sched_ipi(void *vcpu)
{
    struct vcpu *v = vcpu;
    struct thread *t = thread_current();
    spin_lock(&v->lock);
    if (t && t->stop)
        v->resched = true;
    slice_update(v);
    spin_unlock(&v->lock);
}

static void timers_expire(struct vcpu *v, uint64_t now)
{
    while (v->timers && v->timers->deadline <= now) {
        struct thread *t = v->timers;
        timer_remove(v, t);
        if (atomic_load(&t->events_page->pending) == 0)
            t->regs.rax = (uint64_t)-FOS_ETIMEDOUT;
        trace(FOS_TRACE_wake, t->space->pid, v->id);
        run_push(v, t);
    }
}

void sched_timer(void *vcpu)
{
    struct vcpu *v = vcpu;
    uint64_t now = time_now();
    v->timer_armed = 0;
    spin_lock(&v->lock);
    timers_expire(v, now);
    if (v->slice_end && now >= v->slice_end) {
        v->resched = true;
        v->slice_end = 0;
    }
    slice_update(v);
    spin_unlock(&v->lock);
}

/* ---- switching ----------------------------------------------------------- */

static void root_load(struct vcpu *v, struct space *s)
{
    struct space *old = root_space[v->id];
    if (old == s)
        return;
    uint64_t bit = 1ull << v->id;
    /* The bit is set before the root is loaded and cleared after: who changes the
     * space's tables flushes a processor too many rather than one too few. */
    if (s)
        atomic_fetch_or(&s->vcpu_mask, bit);
    mmu_load_user(s ? pfn_to_mfn(s->root) : (mfn_t){0});
    root_space[v->id] = s;
    if (old)
        atomic_fetch_and(&old->vcpu_mask, ~bit);
}

static void idle(struct vcpu *v)
{
    struct space *s = root_space[v->id];
    if (s && !space_is_live(s))
        root_load(v, NULL);
    xen_block();
}

static void current_leave(struct vcpu *v, struct thread *t,
                          const struct regs *frame)
{
    t->regs = *frame;
    if (atomic_load(&t->state) != THREAD_RUNNING)
        return;
    if (t->stop)
        state_set(t, THREAD_ENDED);
    else
        run_push(v, t);
}

/* The next thread; blocks in Xen until there is one.  Called and left locked. */
static struct thread *next_wait(struct vcpu *v)
{
    struct thread *t;
    while (!(t = run_pop(v))) {
        if (atomic_load(&v->current))
            trace(FOS_TRACE_switch, 0, 0);
        atomic_store(&v->current, NULL);
        timer_program(v);
        spin_unlock(&v->lock);
        idle(v);
        spin_lock(&v->lock);
    }
    return t;
}

static void switch_in(struct vcpu *v, struct regs *frame)
{
    struct thread *t = next_wait(v);
    if (t != atomic_load(&v->current))
        trace(FOS_TRACE_switch, t->space->pid, 0);
    /* Full fence: a sender on this vCPU reads no doorbell before its vCPU is seen
     * to be busy (pairs with sched_busy_mask). */
    atomic_exchange(&v->current, t);
    state_set(t, THREAD_RUNNING);
    v->slice_end = 0;
    v->resched = false;
    slice_update(v);
    fpu_switch(v, t);
    spin_unlock(&v->lock);
    root_load(v, t->space);
    *frame = t->regs;
}

void sched_exit(struct regs *frame)
{
    struct vcpu *v = vcpu_self();
    if (!v->resched)
        return;
    spin_lock(&v->lock);
    struct thread *t = thread_current();
    ASSERT(t != NULL);
    current_leave(v, t, frame);
    switch_in(v, frame);
}

_Noreturn void sched_run(void)
{
    struct regs frame;
    struct vcpu *v = vcpu_self();
    spin_lock(&v->lock);
    switch_in(v, &frame);
    __asm__ volatile("mov %0, %%rsp; jmp trap_return" : : "r"(&frame) : "memory");
    __builtin_unreachable();
}

void sched_root_drop(struct space *s)
{
    uint64_t mask = atomic_load(&s->vcpu_mask);
    for (; mask; mask &= mask - 1)
        vcpu_poke(&vcpus[__builtin_ctzll(mask)]);
}

uint64_t sched_busy_mask(void)
{
    uint64_t mask = 0;
    atomic_thread_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < vcpu_count; i++)
        if (&vcpus[i] != vcpu_self() && atomic_load(&vcpus[i].current))
            mask |= 1ull << i;
    return mask;
}
