/* SPDX-License-Identifier: MIT */
/* What one virtual processor has: its registers at a trap, its private data. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "arch/x86_64/layout.h"
#include "lib/lib.h"

enum { VCPU_MAX = 64, TRAP_PAGE_FAULT = 14 };

/* The frame entry.S builds; the top five words are Xen's. */
struct regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi,
        rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

struct thread;

/* A user address that does not permit what the kernel wanted to do there. */
struct miss {
    uint64_t address; /* 0: none */
    uint32_t error;   /* enum fos_fault_error */
};

/*
 * Data of one vCPU, found through %gs.
 *   by this vCPU only: self .. miss; fpu_owner under lock too
 *   lock (spin, leaf): run queue and timers, see sched/sched.c
 *   reading: written by this vCPU, read by quiesce(), see msg/capability.c
 */
struct vcpu {
    struct vcpu *self;
    uint32_t id;
    bool resched; /* look at the run queue before going back to user code */
    uint32_t port_timer, port_ipi;
    uint64_t timer_armed;     /* ns, 0 none */
    uint64_t slice_end;       /* ns, 0 when the vCPU is not shared */
    struct thread *fpu_owner; /* whose state the vector registers hold */
    uint64_t tls_owner; /* id of the thread whose fs base is loaded; 0: it is 0 */
    struct miss miss;   /* that the present system call met; see mm/usercopy.c */
    void *stack_top;

    struct thread *_Atomic current; /* NULL while idle */
    spinlock_t lock;
    struct thread *run_first, *run_last;
    bool polling;          /* looks at run_first itself: needs no interrupt */
    uint64_t poll_cycles;  /* how long, see pager_await */
    struct thread *timers; /* with a deadline, soonest first */

    _Atomic uint32_t reading;
    _Atomic bool called; /* counted in fos_trace_control.called */
} __attribute__((aligned(128)));

extern struct vcpu vcpus[VCPU_MAX];
extern uint32_t vcpu_count;

static inline struct vcpu *vcpu_self(void)
{
    struct vcpu *v;
    __asm__ volatile("mov %%gs:0, %0" : "=r"(v));
    return v;
}

static inline uint64_t rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

void fpu_init(void);
void fpu_thread_init(struct thread *t);
void fpu_switch(struct vcpu *v, struct thread *next);
void fpu_leave(struct vcpu *v, struct thread *t); /* saves t's, if v holds it */
bool cpu_random(uint64_t *out);                   /* RDRAND, where there is one */

void trap_handler(struct regs *regs);
void trap_return(void);
void syscall_entry(void);
void upcall_entry(void);
void failsafe_entry(void);
void secondary_start(void);
_Noreturn void stack_switch_call(void *stack_top, void (*function)(void));
_Noreturn void secondary_main(void);
const void *traps_table(void);

#endif
