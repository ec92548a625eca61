/* SPDX-License-Identifier: MIT */
/*
 * Signals and exceptions on their way to user code (struct fos_events in fos/abi/types.h).
 * As with scheduler activations (Anderson et al., SOSP 1991), the kernel leaves the
 * interrupted state with the process, which goes back by itself.
 *
 * The words it reads of the event page are the process's own to spoil: each is read
 * once, and no value of them does more than end the process.
 */
#include "lib/trace.h"
#include "msg/capability.h"
#include "sched/sched.h"

enum { USER_RFLAGS_CLEAN = 0x202, STACK_ALIGN = 16 };

/* The space ends, unless it has already, and its watcher reads what happened with space_status. */
static void exception_end(struct thread *t, const struct regs *regs,
                          const struct exception *e)
{
    struct space *s = t->space;
    spin_lock(&kernel_lock);
    if (space_is_live(s)) {
        s->info.vector = (uint32_t)e->vector;
        s->info.error_code = (uint32_t)e->error;
        s->info.address = e->address;
        s->info.instruction = regs->rip;
        s->info.stack = regs->rsp;
        if (!s->parent)
            print("the first process faulted: vector %lu, error %lx, address %lx, "
                  "instruction %lx\n",
                  e->vector, e->error, e->address, regs->rip);
        space_end(s, FOS_SPACE_FAULTED);
    }
    ASSERT(t->stop); /* by whoever ended or resets the space */
    vcpu_self()->resched = true;
    spin_unlock(&kernel_lock);
}

/* The pager has said so.  False: the space has ended. */
static bool fault_conclude(struct thread *t, struct regs *regs)
{
    t->real = false;
    switch (t->kind) {
    case FAULT_CALL:
        fault_call_fails(regs);
        return true;
    case FAULT_CODE:
        t->exception = t->fault;
        return true;
    default: /* the stack takes no frame */
        exception_end(t, regs, &t->fault);
        return false;
    }
}

/* struct regs and struct fos_frame begin alike. */
enum { GENERAL = offsetof(struct regs, vector) };
_Static_assert(offsetof(struct fos_frame, rip) == GENERAL, "the general registers");

static struct fos_frame frame_make(const struct thread *t, const struct regs *r)
{
    struct fos_frame f = {
        .rip = r->rip,
        .rflags = r->rflags,
        .rsp = r->rsp,
        .vector = t->exception.vector,
        .error = t->exception.error,
        .address = t->exception.address,
    };
    memcpy(&f, r, GENERAL);
    return f;
}

/* Below the red zone, or on the stack set apart, unless it is in use. */
static uint64_t frame_place(struct fos_events *e, uint64_t rsp)
{
    uint64_t top = __atomic_load_n(&e->upcall_stack, __ATOMIC_RELAXED);
    uint64_t size = __atomic_load_n(&e->upcall_stack_size, __ATOMIC_RELAXED);
    bool apart = size != 0 && top - rsp >= size;
    uint64_t at = apart ? top : rsp - FOS_RED_ZONE;
    return (at - sizeof(struct fos_frame)) & ~(uint64_t)(STACK_ALIGN - 1);
}

static int frame_push(struct thread *t, const struct regs *regs, uint64_t at)
{
    struct fos_frame frame = frame_make(t, regs);
    vcpu_self()->miss.address = 0;
    reader_enter();
    int r = copy_to_user(t->space, at, &frame, sizeof frame);
    reader_exit();
    return r;
}

/* Goes to the upcall.  False: it cannot, and the thread does not run on. */
static bool upcall_enter(struct thread *t, struct regs *regs, uint64_t entry)
{
    struct fos_events *e = t->events_page;
    uint64_t at = frame_place(e, regs->rsp);
    if (frame_push(t, regs, at)) {
        struct miss miss = vcpu_self()->miss;
        if (miss.address)
            fault_raise(regs, FAULT_UPCALL, &miss);
        else
            exception_end(t, regs, &t->exception);
        return false;
    }
    trace(FOS_TRACE_signal, t->exception.vector, atomic_load(&e->signals));
    atomic_store(&e->hold, 1);
    t->exception.vector = FOS_VECTOR_NONE;
    regs->rdi = at;
    regs->rsi = t->pages + FOS_PAGE_EVENTS * PAGE_SIZE;
    regs->rsp = at - sizeof(uint64_t);
    regs->rip = entry;
    regs->rflags = USER_RFLAGS_CLEAN;
    return true;
}

bool upcall_prepare(struct regs *regs)
{
    struct thread *t = thread_current();
    struct fos_events *e = t->events_page;
    if (t->real && !fault_conclude(t, regs))
        return true;
    bool exception = t->exception.vector != FOS_VECTOR_NONE;
    if (!exception && !(atomic_load_explicit(&e->signals, memory_order_relaxed) &
                        ~atomic_load_explicit(&e->blocked, memory_order_relaxed)))
        return false;
    uint64_t entry = __atomic_load_n(&e->upcall, __ATOMIC_RELAXED);
    if (atomic_load(&e->hold) || user_range_check(entry, 1)) {
        if (exception)
            exception_end(t, regs, &t->exception);
        return exception;
    }
    return !upcall_enter(t, regs, entry);
}
