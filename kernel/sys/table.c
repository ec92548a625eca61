/* SPDX-License-Identifier: MIT */
#include "sys/table.h"
#include "lib/trace.h"
#include "msg/capability.h"

/* How a call is protected while it runs (msg/capability.h). */
enum mode {
    LOCKED, /* holds the kernel lock */
    READER, /* looks objects up without it */
    FREE,   /* touches only its own thread and vCPU, or takes what it needs */
};

static const uint8_t modes[FOS_SYS_COUNT] = {
    [FOS_SYS_null] = FREE,           [FOS_SYS_wait] = FREE,
    [FOS_SYS_serialize] = FREE,      [FOS_SYS_thread_control] = FREE,
    [FOS_SYS_notify] = READER,       [FOS_SYS_mailbox_send] = READER,
    [FOS_SYS_device_control] = FREE,
};

#define CALL0(f) f()
#define CALL1(f) f(r->rdi)
#define CALL2(f) f(r->rdi, r->rsi)
#define CALL3(f) f(r->rdi, r->rsi, r->rdx)
#define CALL4(f) f(r->rdi, r->rsi, r->rdx, r->r10)
#define CALL5(f) f(r->rdi, r->rsi, r->rdx, r->r10, r->r8)

static long call(const struct regs *r)
{
    switch (r->rax) {
#define SYSCALL(number, name, args, sentence) \
    case number:                              \
        return CALL##args(sys_##name);
#include <fos/abi/syscalls.def>
#undef SYSCALL
    default:
        return -FOS_ENOSYS;
    }
}

void syscall_dispatch(struct regs *r)
{
    struct thread *t = thread_current();
    uint64_t number = r->rax;
    uint8_t mode = number < FOS_SYS_COUNT ? modes[number] : FREE;
    vcpu_self()->miss.address = 0;
    trace(FOS_TRACE_syscall_enter, number, r->rdi);
    atomic_fetch_add_explicit(&t->space->syscalls, 1, memory_order_relaxed);
    if (mode == LOCKED)
        spin_lock(&kernel_lock);
    else if (mode == READER)
        reader_enter();
    r->rax = (uint64_t)call(r);
    if (mode == LOCKED)
        spin_unlock(&kernel_lock);
    else if (mode == READER)
        reader_exit();
    if (r->rax == (uint64_t)-FOS_EFAULT && vcpu_self()->miss.address)
        fault_call(r, number);
    else if (atomic_load_explicit(&t->state, memory_order_relaxed) ==
             THREAD_RUNNING)
        trace(FOS_TRACE_syscall_exit, number, r->rax);
}

int out_check(uint64_t va, size_t n)
{
    return user_mapped_check(space_current(), va, n, true);
}

/* Under the kernel lock since out_check: the pages are still there, unless this
 * very call unmapped them. */
void out_write(uint64_t va, const void *from, size_t n)
{
    (void)copy_to_user(space_current(), va, from, n);
}
