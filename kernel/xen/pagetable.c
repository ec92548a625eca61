/* SPDX-License-Identifier: MIT */
/* Page-table updates.  One queue for all vCPUs: the kernel lock owns it. */
#include "xen/xen.h"
#include "xen/hypercall.h"

enum { QUEUE = 512 };

static struct mmu_update queue[QUEUE];
static uint32_t queued;

void mmu_flush(void)
{
    if (queued == 0)
        return;
    long r = HYPERVISOR_mmu_update(queue, queued);
    if (r != 0) {
        print("mmu_update: %ld, first of %u: %lx = %lx\n", r, queued, queue[0].ptr,
              queue[0].val);
        BUG("Xen refused a page-table update");
    }
    queued = 0;
}

void mmu_queue(mfn_t table, uint32_t index, uint64_t entry)
{
    ASSERT(index < 512);
    if (queued == QUEUE)
        mmu_flush();
    queue[queued].ptr = (table.n << PAGE_SHIFT) + index * 8 + MMU_NORMAL_PT_UPDATE;
    queue[queued].val = entry;
    queued++;
}

static void ext_op(struct mmuext_op *op, uint32_t n, const char *what)
{
    if (HYPERVISOR_mmuext_op(op, n) != 0)
        BUG(what);
}

void mmu_pin_root(mfn_t root)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = root.n};
    ext_op(&op, 1, "Xen refused to pin a root table");
}

void mmu_unpin(mfn_t root)
{
    struct mmuext_op op = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = root.n};
    ext_op(&op, 1, "Xen refused to unpin a table");
}

void mmu_set(uint64_t va, uint64_t entry)
{
    long r = HYPERVISOR_update_va_mapping(va, entry, UVMF_INVLPG | UVMF_LOCAL);
    if (r != 0) {
        print("update_va_mapping %lx = %lx: %ld\n", va, entry, r);
        BUG("Xen refused a kernel mapping");
    }
}

bool mmu_unset(uint64_t va)
{
    return HYPERVISOR_update_va_mapping(va, 0, UVMF_INVLPG | UVMF_LOCAL) == 0;
}

/* User mappings are global for the processor: a new user root alone would leave
 * those of the old one in the TLB. */
void mmu_load_user(mfn_t root, const uint64_t *tls)
{
    struct mmuext_op ops[] = {
        {.cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = root.n},
        {.cmd = MMUEXT_TLB_FLUSH_LOCAL},
    };
    if (!tls) {
        ext_op(ops, 2, "Xen refused a user root");
        return;
    }
    struct multicall_entry calls[] = {
        {.op = __HYPERVISOR_mmuext_op, .args = {(uintptr_t)ops, 2, 0, DOMID_SELF}},
        {.op = __HYPERVISOR_set_segment_base, .args = {SEGBASE_FS, *tls}},
    };
    if (HYPERVISOR_multicall(calls, ARRAY_SIZE(calls)) || calls[0].result ||
        calls[1].result)
        BUG("Xen refused a user root with its fs base");
}

static void multi_op(uint32_t cmd, uint64_t address, uint64_t mask)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.linear_addr = address};
    set_xen_guest_handle(op.arg2.vcpumask, &mask);
    ext_op(&op, 1, "Xen refused a remote TLB flush");
}

static uint32_t flush_command(uint64_t vcpu_mask)
{
    return vcpu_mask == 1ull << vcpu_self()->id ? MMUEXT_TLB_FLUSH_LOCAL
                                                : MMUEXT_TLB_FLUSH_MULTI;
}

/* One trap into Xen for both. */
static void multicall(uint64_t vcpu_mask)
{
    struct mmuext_op op = {.cmd = flush_command(vcpu_mask)};
    set_xen_guest_handle(op.arg2.vcpumask, &vcpu_mask);
    struct multicall_entry calls[] = {
        {.op = __HYPERVISOR_mmu_update,
         .args = {(uintptr_t)queue, queued, 0, DOMID_SELF}},
        {.op = __HYPERVISOR_mmuext_op, .args = {(uintptr_t)&op, 1, 0, DOMID_SELF}},
    };
    if (HYPERVISOR_multicall(calls, ARRAY_SIZE(calls)) || calls[0].result ||
        calls[1].result)
        BUG("Xen refused page-table updates with a flush");
    queued = 0;
}

void mmu_flush_with_tlb(uint64_t vcpu_mask)
{
    if (queued && vcpu_mask) {
        multicall(vcpu_mask);
    } else {
        mmu_flush();
        if (vcpu_mask)
            multi_op(flush_command(vcpu_mask), 0, vcpu_mask);
    }
}

/*
 * Xen answers this by an interrupt to each physical processor that runs one of
 * those vCPUs and waits for its acknowledgement; a vCPU that does not run has been
 * through a context switch.  Either way its earlier stores have reached memory.
 */
void mmu_serialize(uint64_t vcpu_mask)
{
    if (vcpu_mask)
        multi_op(MMUEXT_INVLPG_MULTI, FOS_USER_BASE, vcpu_mask);
}
