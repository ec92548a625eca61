/* SPDX-License-Identifier: MIT */
#include "xen/xen.h"
#include "xen/hypercall.h"
#include "xen/shared.h"

const struct start_info *xen_start;
struct shared_info *xen_shared;
struct vcpu_info *xen_vcpu_info[VCPU_MAX];

static char shared_page[PAGE_SIZE] __attribute__((aligned(4096)));
static struct vcpu_info vcpu_infos[VCPU_MAX] __attribute__((aligned(64)));

static void callback_register(uint16_t type, void (*entry)(void))
{
    struct callback_register c = {
        .type = type,
        .flags = CALLBACKF_mask_events,
        .address = (uintptr_t)entry,
    };
    long r = HYPERVISOR_callback_op(CALLBACKOP_register, &c);
    ASSERT(r == 0);
}

void xen_early(struct vcpu *v)
{
    HYPERVISOR_set_segment_base(SEGBASE_GS_KERNEL, (uintptr_t)v);
}

void xen_init(const struct start_info *info)
{
    xen_shared = (struct shared_info *)shared_page;
    mmu_set((uintptr_t)shared_page,
            info->shared_info | PTE_PRESENT | PTE_WRITE | PTE_NX);
    xen_vcpu_info[0] = &xen_shared->vcpu_info[0];
    xen_vcpu_info[0]->evtchn_upcall_mask = 1;
    long r = HYPERVISOR_set_trap_table(traps_table());
    ASSERT(r == 0);
    callback_register(CALLBACKTYPE_event, upcall_entry);
    callback_register(CALLBACKTYPE_syscall, syscall_entry);
    callback_register(CALLBACKTYPE_failsafe, failsafe_entry);
}

/* Moves this vCPU's info out of the shared page, which has room for 32 only. */
static void vcpu_info_register(uint32_t id)
{
    struct vcpu_info *info = &vcpu_infos[id];
    uint64_t va = (uintptr_t)info;
    struct vcpu_register_vcpu_info r = {
        .mfn = p2m[(va - KERNEL_BASE) >> PAGE_SHIFT],
        .offset = (uint32_t)(va & (PAGE_SIZE - 1)),
    };
    long result = HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, id, &r);
    ASSERT(result == 0);
    xen_vcpu_info[id] = info;
    info->evtchn_upcall_mask = 1;
}

void xen_vcpu_init(struct vcpu *v)
{
    vcpu_info_register(v->id);
    HYPERVISOR_stack_switch(FLAT_KERNEL_SS, (uintptr_t)v->stack_top);
    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, v->id, NULL);
}

static bool vcpu_start(uint32_t id)
{
    static struct vcpu_guest_context
        context; /* 5 KiB, used by one vCPU at a time */
    struct vcpu *v = &vcpus[id];

    v->stack_top = kernel_stack_map(id);
    ASSERT(v->stack_top != NULL);
    memset(&context, 0, sizeof context);
    /* Not VGCF_online: VCPUOP_up would then find the vCPU up and not wake it. */
    context.flags = VGCF_IN_KERNEL | VGCF_syscall_disables_events |
                    VGCF_failsafe_disables_events;
    context.user_regs.rip = (uintptr_t)secondary_start;
    context.user_regs.rsp = (uintptr_t)v->stack_top;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.user_regs.rflags = 0x202;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = (uintptr_t)v->stack_top;
    context.ctrlreg[0] = 0x80050033; /* PG AM WP NE ET MP PE */
    context.ctrlreg[3] = kernel_root.n << PAGE_SHIFT;
    context.event_callback_eip = (uintptr_t)upcall_entry;
    context.syscall_callback_eip = (uintptr_t)syscall_entry;
    context.failsafe_callback_eip = (uintptr_t)failsafe_entry;
    context.gs_base_kernel = (uintptr_t)v;
    const struct trap_info *trap = traps_table();
    for (; trap->address; trap++)
        context.trap_ctxt[trap->vector] = *trap;
    vcpu_info_register(id);
    if (HYPERVISOR_vcpu_op(VCPUOP_initialise, id, &context))
        return false;
    events_vcpu_init(v);
    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, id, NULL);
    return HYPERVISOR_vcpu_op(VCPUOP_up, id, NULL) == 0;
}

uint32_t xen_vcpus_start(void)
{
    uint32_t id = 1;
    while (id < VCPU_MAX && HYPERVISOR_vcpu_op(VCPUOP_is_up, id, NULL) >= 0) {
        vcpus[id].self = &vcpus[id];
        vcpus[id].id = id;
        if (!vcpu_start(id))
            break;
        id++;
    }
    return id;
}

/* Xen answers the privileged guest's poweroff by halting the machine for ever; a
 * reset is what an emulator ends on (-no-reboot). */
_Noreturn void xen_shutdown(uint32_t reason)
{
    if ((xen_start->flags & SIF_INITDOMAIN) && reason == FOS_SHUTDOWN_POWEROFF)
        reason = FOS_SHUTDOWN_REBOOT;
    struct sched_shutdown s = {.reason = reason};
    for (;;)
        HYPERVISOR_sched_op(SCHEDOP_shutdown, &s);
}

void xen_yield(void)
{
    HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

void xen_block(void)
{
    HYPERVISOR_sched_op(SCHEDOP_block, NULL);
}

void xen_tls_load(uint64_t base)
{
    long r = HYPERVISOR_set_segment_base(SEGBASE_FS, base);
    ASSERT(r == 0);
}

bool xen_event_waits(void)
{
    return __atomic_load_n(&xen_vcpu_info[vcpu_self()->id]->evtchn_upcall_pending,
                           __ATOMIC_RELAXED);
}

uint64_t xen_fault_address(void)
{
    return xen_vcpu_info[vcpu_self()->id]->arch.cr2;
}
