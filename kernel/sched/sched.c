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
#include "msg/capability.h"
#include "xen/xen.h"

enum {
    SLICE_NS = 10 * 1000 * 1000,
    PAGER_RETRY_NS = 1000 * 1000, /* until a pager that could not be told is told */
    POLL_MIN = 2000,              /* cycles: see pager_await */
    POLL_MAX = 300000,
    POLL_YIELD = 5000,
};
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

/* Where a thread belongs that is neither running nor on the queue. */
static void thread_settle(struct vcpu *v, struct thread *t)
{
    ASSERT(t->deadline == 0);
    if (t->stop) {
        state_set(t, THREAD_ENDED);
    } else if (t->held & HOLD_FAULT) {
        state_set(t, THREAD_FAULTING);
        if (t->again)
            timer_insert(v, t, time_now() + PAGER_RETRY_NS);
    } else if (t->held) {
        state_set(t, THREAD_STOPPED);
    } else {
        run_push(v, t);
    }
}

/* Twice as long as this answer took, if that was not too long. */
static void pager_learn(struct vcpu *v, const struct thread *t)
{
    uint64_t took = rdtsc() - t->since;
    if (took < POLL_MAX)
        v->poll_cycles = min_u64(POLL_MAX, 2 * took + POLL_MIN);
}

/* What `held` says has changed.  True: it is ready now. */
static bool thread_resettle(struct vcpu *v, struct thread *t)
{
    uint32_t state = atomic_load(&t->state);
    if (state != THREAD_STOPPED && state != THREAD_FAULTING)
        return false;
    if (state == THREAD_FAULTING)
        pager_learn(v, t);
    timer_remove(v, t);
    thread_settle(v, t);
    return atomic_load(&t->state) == THREAD_READY;
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
    struct thread *t = atomic_load(&v->current);
    if (t)
        fos_store_relaxed(&t->events_page->crowded, v->run_first != NULL);
    if (!v->run_first || !t)
        v->slice_end = 0;
    else if (v->slice_end == 0)
        v->slice_end = time_now() + SLICE_NS;
    timer_program(v);
}

/* ---- waking ------------------------------------------------------------- */

/* Counted until it comes (sched_ipi). */
static void vcpu_call(struct vcpu *v)
{
    if (!atomic_exchange(&v->called, true))
        atomic_fetch_add(&trace_control.control.called, 1);
    event_send(v->port_ipi);
}

static void vcpu_poke(struct vcpu *v)
{
    if (v == vcpu_self())
        v->resched = true;
    else
        vcpu_call(v);
}

struct vcpu *thread_lock(struct thread *t)
{
    for (;;) {
        struct vcpu *v = atomic_load(&t->vcpu);
        spin_lock(&v->lock);
        if (atomic_load(&t->vcpu) == v)
            return v;
        spin_unlock(&v->lock);
    }
}

/* `t` has become ready on `v`, which is locked. */
static void ready_unlock(struct vcpu *v, bool ready)
{
    bool mine = v == vcpu_self(), sees = v->polling;
    if (ready && mine)
        slice_update(v);
    spin_unlock(&v->lock);
    if (ready && !mine && !sees)
        vcpu_call(v);
}

void thread_start(struct thread *t)
{
    trace(FOS_TRACE_start, t->space->pid, atomic_load(&t->vcpu)->id);
    struct vcpu *v = thread_lock(t);
    thread_settle(v, t);
    spin_unlock(&v->lock);
    vcpu_poke(v);
}

void thread_wake(struct thread *t)
{
    uint64_t pid = t->space->pid;
    if (atomic_load(&t->state) != THREAD_BLOCKED)
        return;
    struct vcpu *v = thread_lock(t);
    bool woken = atomic_load(&t->state) == THREAD_BLOCKED;
    if (woken) {
        timer_remove(v, t);
        thread_settle(v, t);
    }
    ready_unlock(v, woken);
    if (woken)
        trace(FOS_TRACE_wake, pid, v->id);
}

static bool signals_due(const struct thread *t)
{
    return atomic_load(&t->events_page->signals) &
           ~atomic_load(&t->events_page->blocked);
}

/* A deadline in the past gives the processor to whoever else is ready here, or, if
 * there is nobody, to another vCPU that waits for it. */
long thread_wait(uint64_t deadline)
{
    struct vcpu *v = vcpu_self();
    struct thread *t = thread_current();
    bool late = deadline <= time_now();

    if (late && !__atomic_load_n(&v->run_first, __ATOMIC_RELAXED))
        xen_yield();
    spin_lock(&v->lock);
    atomic_exchange(&t->state, THREAD_BLOCKED);
    /* thread_stop may have come before the lock: its interrupt finds us gone. */
    bool signalled = signals_due(t);
    if (atomic_load(&t->events_page->pending) || signalled || late || t->stop) {
        atomic_store(&t->state, THREAD_RUNNING);
        v->resched = v->resched || late || t->stop;
        spin_unlock(&v->lock);
        return signalled ? -FOS_EINTR : late ? -FOS_ETIMEDOUT : 0;
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
    struct vcpu *v = thread_lock(t);
    t->stop = true;
    uint32_t state = atomic_load(&t->state);
    if (state == THREAD_READY)
        run_remove(v, t);
    timer_remove(v, t);
    if (state != THREAD_RUNNING)
        state_set(t, THREAD_ENDED);
    spin_unlock(&v->lock);
    if (state == THREAD_RUNNING)
        vcpu_poke(v);
}

/* ---- control ------------------------------------------------------------- */

void thread_hold(struct thread *t)
{
    struct vcpu *v = thread_lock(t);
    uint32_t state = atomic_load(&t->state);
    t->held |= HOLD_STOP;
    if (state == THREAD_READY) {
        run_remove(v, t);
        thread_settle(v, t);
    }
    spin_unlock(&v->lock);
    if (state == THREAD_RUNNING)
        vcpu_poke(v);
}

static void fault_clear(struct thread *t)
{
    t->held &= ~(uint32_t)HOLD_FAULT;
    t->again = false;
}

void thread_release(struct thread *t, uint32_t holds)
{
    struct vcpu *v = thread_lock(t);
    if (holds == 0)
        holds = t->held & HOLD_FAULT ? HOLD_FAULT : HOLD_STOP;
    t->held &= ~holds;
    t->again = t->again && t->held & HOLD_FAULT;
    ready_unlock(v, thread_resettle(v, t));
}

int thread_fault_is_real(struct thread *t)
{
    struct vcpu *v = thread_lock(t);
    bool waits = t->held & HOLD_FAULT;
    if (waits) {
        fault_clear(t);
        t->real = true;
    }
    ready_unlock(v, waits && thread_resettle(v, t));
    return waits ? 0 : -FOS_EINVAL;
}

/* The bits are set before the state is looked at; thread_wait does it the other way
 * round.  Who runs elsewhere is interrupted, so that it looks (upcall_prepare). */
void thread_signal(struct thread *t, uint64_t bits)
{
    fos_fetch_or(&t->events_page->signals, bits);
    struct vcpu *v = thread_lock(t);
    uint32_t state = atomic_load(&t->state);
    bool due = signals_due(t), woken = due && state == THREAD_BLOCKED;
    if (woken) {
        timer_remove(v, t);
        t->regs.rax = (uint64_t)-FOS_EINTR;
        thread_settle(v, t);
    }
    ready_unlock(v, woken);
    if (due && state == THREAD_RUNNING && v != vcpu_self())
        vcpu_call(v);
}

/* It changes over when its present vCPU would next run it (handover). */
void thread_move(struct thread *t, struct vcpu *to)
{
    struct vcpu *v = thread_lock(t);
    t->target = to;
    bool running = atomic_load(&t->state) == THREAD_RUNNING;
    spin_unlock(&v->lock);
    if (running && to != v)
        vcpu_poke(v);
}

int thread_tls_set(struct thread *t, uint64_t base)
{
    if (base >= FOS_USER_END)
        return -FOS_EINVAL;
    struct vcpu *v = thread_lock(t);
    bool own = t == thread_current();
    bool busy = !own && atomic_load(&t->state) == THREAD_RUNNING;
    if (!busy) {
        t->tls = base;
        t->tls_changed = !own;
    }
    spin_unlock(&v->lock);
    if (own) {
        xen_tls_load(base);
        v->tls_owner = base ? t->object.id : 0;
    }
    return busy ? -FOS_EBUSY : 0;
}

/* ---- interrupts ---------------------------------------------------------- */

/* Another vCPU made a thread ready here, stopped or signalled one, or wants a root let
 * go. */
void sched_ipi(void *vcpu)
{
    struct vcpu *v = vcpu;
    struct thread *t = thread_current();
    if (atomic_exchange(&v->called, false))
        atomic_fetch_sub(&trace_control.control.called, 1);
    spin_lock(&v->lock);
    if (t && (t->stop || t->held || t->target != v))
        v->resched = true;
    slice_update(v);
    spin_unlock(&v->lock);
}

static void timers_expire(struct vcpu *v, uint64_t now)
{
    while (v->timers && v->timers->deadline <= now) {
        struct thread *t = v->timers;
        timer_remove(v, t);
        if (t->again)
            fault_clear(t);
        else if (atomic_load(&t->events_page->pending) == 0)
            t->regs.rax = (uint64_t)-FOS_ETIMEDOUT;
        trace(FOS_TRACE_wake, t->space->pid, v->id);
        thread_settle(v, t);
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

/* Loads what user code of `t` sees: its space's tables and its fs base; NULL: nothing.
 * User code can make its fs base 0 by itself, so another thread's is never taken for
 * one's own. */
static void user_load(struct vcpu *v, struct thread *t)
{
    struct space *s = t ? t->space : NULL, *old = root_space[v->id];
    bool tls = t && (t->tls_changed ||
                     (v->tls_owner != t->object.id && (t->tls || v->tls_owner)));
    uint64_t bit = 1ull << v->id;
    if (tls) {
        t->tls_changed = false;
        v->tls_owner = t->tls ? t->object.id : 0;
    }
    if (old == s) {
        if (tls)
            xen_tls_load(t->tls);
        return;
    }
    /* The bit is set before the root is loaded and cleared after: who changes the
     * space's tables flushes a processor too many rather than one too few. */
    if (s)
        atomic_fetch_or(&s->vcpu_mask, bit);
    mfn_t root = s ? pfn_to_mfn(s->root) : (mfn_t){0};
    mmu_load_user(root, tls ? &t->tls : NULL);
    root_space[v->id] = s;
    if (old)
        atomic_fetch_and(&old->vcpu_mask, ~bit);
}

static void idle(struct vcpu *v)
{
    struct space *s = root_space[v->id];
    if (s && !space_is_live(s))
        user_load(v, NULL);
    xen_block();
}

static void current_leave(struct vcpu *v, struct thread *t,
                          const struct regs *frame)
{
    t->regs = *frame;
    if (atomic_load(&t->state) == THREAD_RUNNING)
        thread_settle(v, t);
}

/* Puts `t`, just taken off the queue, on another vCPU's if it is to run there.  `v` is
 * locked, but not all the time: meanwhile HOLD_MOVE keeps the thread where it is, and
 * quiesce() its memory. */
static bool handover(struct vcpu *v, struct thread *t)
{
    struct vcpu *to = t->target;
    if (to == v)
        return false;
    fpu_leave(v, t);
    if (atomic_load(&v->current) == t)
        atomic_store(&v->current, NULL);
    t->tls_changed = true;
    t->held |= HOLD_MOVE;
    state_set(t, THREAD_STOPPED);
    reader_enter();
    atomic_store(&t->vcpu, to);
    spin_unlock(&v->lock);
    spin_lock(&to->lock);
    t->held &= ~(uint32_t)HOLD_MOVE;
    thread_resettle(to, t);
    spin_unlock(&to->lock);
    reader_exit();
    vcpu_call(to);
    spin_lock(&v->lock);
    return true;
}

/*
 * The thread that ran here waits for its pager, which is most likely at work on another
 * vCPU: to sleep and be woken would take longer than the answer.  How long to look
 * follows from how long the last answers took.  `v` is locked, but not all the time.
 */
static void pager_await(struct vcpu *v)
{
    uint64_t then = rdtsc(), limit = v->poll_cycles;
    v->polling = true;
    spin_unlock(&v->lock);
    uint64_t yielded = then, now = then;
    while (!__atomic_load_n(&v->run_first, __ATOMIC_RELAXED) &&
           !xen_event_waits() && now - then < limit) {
        cpu_pause();
        now = rdtsc();
        if (now - yielded < POLL_YIELD)
            continue;
        xen_yield(); /* the pager may wait for this very processor */
        yielded = now = rdtsc();
    }
    spin_lock(&v->lock);
    v->polling = false;
    if (!v->run_first && limit > 2 * POLL_MIN)
        v->poll_cycles = limit / 2;
}

/* The next thread; blocks in Xen until there is one.  Called and left locked. */
static struct thread *next_wait(struct vcpu *v)
{
    struct thread *t;
    while (!(t = run_pop(v)) || handover(v, t)) {
        struct thread *last = atomic_load(&v->current);
        if (last && !t)
            trace(FOS_TRACE_switch, 0, 0); /* of the one that leaves */
        atomic_exchange(&v->current, NULL);
        if (t)
            continue;
        if (last && atomic_load(&last->state) == THREAD_FAULTING) {
            pager_await(v);
            continue;
        }
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
    user_load(v, t);
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
    while (upcall_prepare(&frame))
        sched_exit(&frame);
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
