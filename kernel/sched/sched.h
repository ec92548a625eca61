/* SPDX-License-Identifier: MIT */
/*
 * Threads, each pinned to one vCPU, and that vCPU's run queue.
 *
 * State, changed under the vCPU's lock only:
 *   READY    on the run queue           (thread_start, thread_wake, end of a slice)
 *   RUNNING  in user code or in a call  (switch_in)
 *   BLOCKED  in wait                    (thread_wait)
 *   ENDED    its space has ended        (thread_stop, current_leave)
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
    THREAD_ENDED = FOS_THREAD_ENDED,
    THREAD_STATES
};

struct thread {
    struct object object;
    struct space *space;
    struct thread *space_next;
    struct vcpu *vcpu;
    pfn_t doorbell, events;
    struct fos_doorbell *doorbell_page;
    struct fos_events *events_page; /* user code writes it too: only its own loss */
    void *fpu;                      /* one page, XSAVE layout */
    uint64_t trace_taken;           /* of its own trace events; by its vCPU */

    /* the kernel lock; see msg/channel.h */
    struct channel *pending, **pending_last; /* to it, not yet accepted */
    uint32_t pending_count, orphan_pages;
    uint32_t channels; /* to it, accepted or not */

    /* the vCPU's lock */
    _Atomic uint32_t state;
    _Atomic bool stop;
    struct regs regs; /* valid while not RUNNING */
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
void thread_event(struct thread *t,
                  uint32_t slot); /* set a bit, wake; no lock held */
/* Adds what is known about its threads to `info`, zeroed in this part. */
void threads_tell(const struct space *s, struct fos_space_info *info);

/* sched.c */
struct thread *thread_current(void);
void thread_start(struct thread *t);
void thread_wake(struct thread *t);
long thread_wait(uint64_t deadline);
void thread_stop(struct thread *t);
void sched_exit(
    struct regs *frame);        /* last before user code: switches if need be */
_Noreturn void sched_run(void); /* a vCPU's life begins here */
void sched_ipi(void *vcpu);
void sched_timer(void *vcpu);
void sched_root_drop(struct space *s); /* asks the vCPUs to let go of its tables */
uint64_t sched_busy_mask(void);        /* the other vCPUs that run a thread */

#endif
