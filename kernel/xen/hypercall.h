/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls the kernel makes, typed.  Only kernel/xen may say HYPERVISOR_; the
 * rest of the kernel calls the verbs of xen.h.  Numbers and structs are Xen's
 * public interface (xen/include/public), from the distribution's libxen-dev.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

extern char hypercall_page[];

/* Arguments in rdi rsi rdx r10, result in rax; rcx and r11 are lost. */
static inline long hypercall4(unsigned number, uint64_t a, uint64_t b, uint64_t c,
                              uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    long result;
    void *entry = hypercall_page + number * 32;
    __asm__ volatile("call *%[entry]"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                     : [entry] "0"(entry)
                     : "rcx", "r11", "r8", "r9", "memory");
    return result;
}

#define HYPERVISOR_set_trap_table(t) \
    hypercall4(__HYPERVISOR_set_trap_table, (uintptr_t)(t), 0, 0, 0)
#define HYPERVISOR_mmu_update(req, n) \
    hypercall4(__HYPERVISOR_mmu_update, (uintptr_t)(req), (n), 0, DOMID_SELF)
#define HYPERVISOR_mmuext_op(op, n) \
    hypercall4(__HYPERVISOR_mmuext_op, (uintptr_t)(op), (n), 0, DOMID_SELF)
#define HYPERVISOR_multicall(calls, n) \
    hypercall4(__HYPERVISOR_multicall, (uintptr_t)(calls), (n), 0, 0)
#define HYPERVISOR_update_va_mapping(va, pte, flags) \
    hypercall4(__HYPERVISOR_update_va_mapping, (va), (pte), (flags), 0)
#define HYPERVISOR_stack_switch(ss, sp) \
    hypercall4(__HYPERVISOR_stack_switch, (ss), (sp), 0, 0)
#define HYPERVISOR_set_segment_base(which, base) \
    hypercall4(__HYPERVISOR_set_segment_base, (which), (base), 0, 0)
#define HYPERVISOR_callback_op(cmd, arg) \
    hypercall4(__HYPERVISOR_callback_op, (cmd), (uintptr_t)(arg), 0, 0)
#define HYPERVISOR_console_io(cmd, n, p) \
    hypercall4(__HYPERVISOR_console_io, (cmd), (n), (uintptr_t)(p), 0)
#define HYPERVISOR_event_channel_op(cmd, arg) \
    hypercall4(__HYPERVISOR_event_channel_op, (cmd), (uintptr_t)(arg), 0, 0)
#define HYPERVISOR_sched_op(cmd, arg) \
    hypercall4(__HYPERVISOR_sched_op, (cmd), (uintptr_t)(arg), 0, 0)
#define HYPERVISOR_vcpu_op(cmd, vcpu, arg) \
    hypercall4(__HYPERVISOR_vcpu_op, (cmd), (vcpu), (uintptr_t)(arg), 0)

#endif
