/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/cpu.h"
#include "lib/trace.h"
#include "msg/capability.h"
#include "sched/sched.h"
#include "sys/table.h"
#include "xen/xen.h"
#include "xen/hypercall.h"

enum { USER_LEVEL = 3, MASK_EVENTS = 4, BREAKPOINT = 3, OVERFLOW = 4 };

/* clang-format off */
#define TRAPS(T)                                                                \
    T(0) T(1) T(2) T(3) T(4) T(5) T(6) T(7) T(8) T(9) T(10) T(11) T(12) T(13)   \
    T(14) T(15) T(16) T(17) T(18) T(19)
/* clang-format on */

#define DECLARE(n) void trap_##n(void);
TRAPS(DECLARE)
#undef DECLARE

const void *traps_table(void)
{
    static struct trap_info table[TRAP_COUNT + 1];
    static void (*const entries[TRAP_COUNT])(void) = {
#define ENTRY(n) trap_##n,
        TRAPS(ENTRY)
#undef ENTRY
    };
    for (int i = 0; i < TRAP_COUNT; i++)
        table[i] = (struct trap_info){
            .vector = (uint8_t)i,
            .flags =
                MASK_EVENTS | (i == BREAKPOINT || i == OVERFLOW ? USER_LEVEL : 0),
            .cs = FLAT_KERNEL_CS,
            .address = (uintptr_t)entries[i],
        };
    return table;
}

/* Told to the pager, or to the process itself (upcall_prepare). */
static void fault_user(const struct regs *regs)
{
    bool page = regs->vector == TRAP_PAGE_FAULT;
    if (page && fault_page(regs))
        return;
    struct exception e = {
        .vector = regs->vector,
        .error = regs->error,
        .address = page ? xen_fault_address() : 0,
    };
    trace(FOS_TRACE_fault, e.vector, page ? e.address : regs->rip);
    thread_current()->exception = e;
}

static void fault_kernel(const struct regs *regs)
{
    if (regs->vector == TRAP_PAGE_FAULT &&
        fault_is_spurious(xen_fault_address(), regs->error))
        return;
    bug_trap(regs, "unexpected exception in the kernel");
}

void trap_handler(struct regs *regs)
{
    bool user = regs->cs & USER_LEVEL;
    if (user)
        trace_collect(thread_current());
    if (regs->vector == VECTOR_SYSCALL) {
        syscall_dispatch(regs);
    } else if (regs->vector == VECTOR_UPCALL) {
        reader_enter();
        events_deliver();
        reader_exit();
    } else if (user) {
        fault_user(regs);
    } else {
        fault_kernel(regs);
    }
    if (user)
        do
            sched_exit(regs);
        while (upcall_prepare(regs));
}
