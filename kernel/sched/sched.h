/* SPDX-License-Identifier: MIT */
/*
 * Threads, each pinned to one vCPU, and that vCPU's run queue.
 *
 * State, changed under the lock of the thread's vCPU only (thread_lock):
 *   READY     on the run queue            (thread_settle; end of a slice)
 *   RUNNING   in user code or in a call   (switch_in)
 *   BLOCKED   in wait                     (thread_wait)
 *   FAULTING  waits for its pager         (thread_settle, after fault_raise)
 *   STOPPED   by a control call, or made so, or on its way to another vCPU
 *   ENDED     its space has ended, or it has (thread_stop, thread_settle)
 * thread_settle puts a thread that could run, but for `held`, where it belongs.
 * A thread may still be `current` of its vCPU for a moment after it left RUNNING; its
 * memory may go only when it is ENDED and not current.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "arch/x86_64/cpu.h"
#include "mm/space.h"

enum thread_state {
    THREAD_RUNNING = FOS_THREAD_RUNNING,
    THREAD_READY = FOS_THREAD_READY,
    THREAD_BLOCKED = FOS_THREAD_WAITING,
    THREAD_FAULTING = FOS_THREAD_FAULTING,
    THREAD_STOPPED = FOS_THREAD_STOPPED,
    THREAD_ENDED = FOS_THREAD_ENDED,
    THREAD_STATES
};

enum thread_hold { HOLD_STOP = 1, HOLD_FAULT = 2, HOLD_MOVE = 4 };

/* What the fault that a pager was told of interrupted. */
enum fault_kind { FAULT_NONE, FAULT_CODE, FAULT_CALL, FAULT_UPCALL };

/* A fault of the processor, as an upcall or the end of a space tells it. */
struct exception {
    uint64_t vector; /* FOS_VECTOR_NONE: none */
    uint64_t error, address;
};

struct thread {
    struct object object;
    struct space *space;
    struct thread *space_next;
    struct vcpu *_Atomic vcpu;
    uint64_t pages; /* address of enum fos_thread_page */
    pfn_t doorbell, events;
    struct fos_doorbell *doorbell_page;
    struct fos_events *events_page; /* user code writes it too: only its own loss */
    void *fpu;                      /* one page, XSAVE layout */

    /* by its vCPU while it runs */
    uint64_t trace_taken;       /* of its own trace events */
    struct exception exception; /* met, but not yet told */

    /* the kernel lock; see msg/channel.h */
    struct channel *pending, **pending_last; /* to it, not yet accepted */
    uint32_t pending_count, orphan_pages;
    uint64_t offer;    /* where the next may be accepted for it; 0: nowhere */
    uint32_t channels; /* to it, accepted or not */

    /* the vCPU's lock */
    _Atomic uint32_t state;
    _Atomic bool stop;
    uint32_t held;        /* enum thread_hold */
    enum fault_kind kind; /* not NONE: fault is for the pager */
    bool real;            /* the pager says that the fault is */
    bool again;           /* the pager could not be told */
    struct exception fault;
    struct regs regs;    /* valid while not RUNNING */
    uint64_t tls;        /* fs base */
    bool tls_changed;    /* what its vCPU has loaded for it is old */
    struct vcpu *target; /* where it will run next */
    struct thread *run_next, *timer_next;
    uint64_t deadline;             /* 0: not on the timer list */
    uint64_t since;                /* TSC value when it came into its state */
    uint64_t spent[THREAD_STATES]; /* cycles in each before that */
};

/* thread.c; under the kernel lock but thread_event */
int thread_new(struct space *s, const struct fos_thread_args *args,
               struct thread **out);
void thread_destroy(struct thread *t);
void threads_stop(struct space *s);
bool threads_stopped(const struct space *s);
/* Ends one thread with all that names it; -FOS_EAGAIN until it is gone. */
int thread_end_step(struct thread *t);
uint64_t thread_time(struct thread *t); /* ns running */
void thread_event(struct thread *t,
                  uint32_t slot); /* set a bit, wake; no lock held */
/* Adds what is known about its threads to `info`, zeroed in this part. */
void threads_tell(const struct space *s, struct fos_space_info *info);

/* sched.c */
struct thread *thread_current(void);

/* The calling thread's space. */
static inline struct space *space_current(void)
{
    return thread_current()->space;
}

void thread_start(struct thread *t);
void thread_wake(struct thread *t);
long thread_wait(uint64_t deadline);
void thread_stop(struct thread *t);
/* As readers or under the kernel lock. */
void thread_hold(struct thread *t); /* FOS_THREAD_STOP */
/* Lets go of these holds; of 0: as FOS_THREAD_GO does. */
void thread_release(struct thread *t, uint32_t holds);
int thread_fault_is_real(struct thread *t);          /* FOS_THREAD_FAULT */
void thread_signal(struct thread *t, uint64_t bits); /* FOS_THREAD_SIGNAL */
void thread_move(struct thread *t, struct vcpu *to); /* FOS_THREAD_MOVE */
int thread_tls_set(struct thread *t, uint64_t base); /* FOS_THREAD_TLS */
/* Locks the vCPU that `t` is on, and stays on meanwhile. */
struct vcpu *thread_lock(struct thread *t);
void sched_exit(
    struct regs *frame);        /* last before user code: switches if need be */
_Noreturn void sched_run(void); /* a vCPU's life begins here */
void sched_ipi(void *vcpu);
void sched_timer(void *vcpu);
void sched_root_drop(struct space *s); /* asks the vCPUs to let go of its tables */
uint64_t sched_busy_mask(void);        /* the other vCPUs that run a thread */

/* fault.c: the current thread's faults. */
/* A page fault in user code.  False: no pager is to be asked. */
bool fault_page(const struct regs *regs);
/* The system call that `regs` came from has met vcpu_self()->miss: it will be made anew,
 * or, if the pager says that the fault is real, fail. */
void fault_call(struct regs *regs, uint64_t number);
void fault_call_fails(struct regs *regs);
void fault_raise(const struct regs *regs, enum fault_kind kind,
                 const struct miss *miss);

/* upcall.c: what is due before the current thread runs user code again.  True: it does
 * not, look for another. */
bool upcall_prepare(struct regs *regs);

#endif
