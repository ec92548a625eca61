/* SPDX-License-Identifier: MIT */
/* What is mapped in a space. */
#include "arch/x86_64/cpu.h"
#include "mm/space.h"
#include "xen/xen.h"

int space_range_check(uint64_t va, uint64_t pages)
{
    if (va % PAGE_SIZE || pages == 0 || pages > FOS_MAP_PAGES_MAX)
        return -FOS_EINVAL;
    return user_range_check(va, pages * PAGE_SIZE);
}

int space_prot_check(uint32_t prot)
{
    const uint32_t both = FOS_PROT_WRITE | FOS_PROT_EXEC;
    if (prot & ~(both | FOS_PROT_READ) || !(prot & FOS_PROT_READ) ||
        (prot & both) == both)
        return -FOS_EINVAL;
    return 0;
}

int space_range_free(const struct space *s, uint64_t va, uint64_t pages)
{
    struct leaf l = {0};
    for (uint64_t i = 0; i < pages; i++)
        if (leaf_entry(&l, s, va + i * PAGE_SIZE) & PTE_PRESENT)
            return -FOS_EEXIST;
    return 0;
}

static int range_prepare(struct space *s, uint64_t va, uint64_t pages,
                         uint32_t prot)
{
    int r = space_range_check(va, pages);
    if (r == 0)
        r = space_prot_check(prot);
    if (r == 0)
        r = space_range_free(s, va, pages);
    return r ? r : table_prepare(s, va, pages);
}

int space_map(struct space *s, uint64_t va, uint64_t pages, uint32_t prot,
              struct space *payer)
{
    int r = range_prepare(s, va, pages, prot);
    if (r)
        return r;
    if (pages > frames_free)
        return -FOS_ENOMEM;
    if (payer->frames_used > payer->frames_quota ||
        pages > payer->frames_quota - payer->frames_used)
        return -FOS_EDQUOT;
    struct leaf l = {0};
    for (uint64_t i = 0; i < pages; i++) {
        pfn_t f;
        r = frame_alloc(payer, FRAME_USER, &f);
        ASSERT(r == 0);
        leaf_set(&l, s, va + i * PAGE_SIZE, pte_make(f, prot));
    }
    mmu_flush();
    return 0;
}

int space_queue_frames(struct space *s, uint64_t va, const pfn_t *f, uint64_t n,
                       uint32_t first, uint32_t rest)
{
    int r = range_prepare(s, va, n, first);
    if (r)
        return r;
    struct leaf l = {0};
    for (uint64_t i = 0; i < n; i++) {
        frame_get(f[i]);
        leaf_set(&l, s, va + i * PAGE_SIZE, pte_make(f[i], i ? rest : first));
    }
    return 0;
}

int space_map_frames(struct space *s, uint64_t va, const pfn_t *f, uint64_t n,
                     uint32_t first, uint32_t rest)
{
    int r = space_queue_frames(s, va, f, n, first, rest);
    mmu_flush();
    return r;
}

/* Unmaps what is mapped in the range; how many pages.  A frame is given up only when no processor
 * can reach it through a stale translation and no reader in the kernel holds its
 * address. */
int space_unmap(struct space *s, uint64_t va, uint64_t pages)
{
    static pfn_t gone[FOS_MAP_PAGES_MAX]; /* the kernel lock owns it */
    struct leaf l = {0};
    uint64_t n = 0;
    int r = space_range_check(va, pages);
    if (r)
        return r;
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t entry = leaf_entry(&l, s, va + i * PAGE_SIZE);
        if (!(entry & PTE_PRESENT))
            continue;
        gone[n++] = pte_frame(entry);
        leaf_set(&l, s, va + i * PAGE_SIZE, 0);
    }
    if (n == 0)
        return 0;
    mmu_flush_with_tlb(atomic_load(&s->vcpu_mask));
    quiesce();
    for (uint64_t i = 0; i < n; i++)
        frame_put(gone[i]);
    return (int)n;
}

static bool entry_is_private(uint64_t entry)
{
    const struct frame *f = &frames[pte_frame(entry).n];
    return f->type == FRAME_USER && f->refs == 1;
}

static uint32_t entry_prot(uint64_t entry)
{
    return FOS_PROT_READ | (entry & PTE_WRITE ? FOS_PROT_WRITE : 0) |
           (entry & PTE_NX ? 0 : FOS_PROT_EXEC);
}

/* Frames shared with a peer or with Xen keep the protection they came with.  Rights to
 * other shared frames may be taken, but WRITE not given, even to what had it once. */
static int protect_check(uint64_t entry, uint32_t prot)
{
    const struct frame *f = &frames[pte_frame(entry).n];
    if (entry_is_private(entry))
        return 0;
    if (f->type != FRAME_USER && f->type != FRAME_BOOT)
        return -FOS_EPERM;
    return prot & ~entry_prot(entry) & FOS_PROT_WRITE ? -FOS_EPERM : 0;
}

long space_protect(struct space *s, uint64_t va, uint64_t pages, uint32_t prot,
                   bool sparse)
{
    bool lowered = false;
    struct leaf l = {0};
    uint64_t n = 0;
    int r = space_range_check(va, pages);
    if (r == 0)
        r = space_prot_check(prot);
    for (uint64_t i = 0; r == 0 && i < pages; i++) {
        uint64_t entry = leaf_entry(&l, s, va + i * PAGE_SIZE);
        if (entry & PTE_PRESENT)
            r = protect_check(entry, prot);
        else if (!sparse)
            r = -FOS_EFAULT;
    }
    if (r)
        return r;
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t at = va + i * PAGE_SIZE, entry = leaf_entry(&l, s, at);
        if (!(entry & PTE_PRESENT))
            continue;
        lowered = lowered || (entry_prot(entry) & ~prot);
        leaf_set(&l, s, at, pte_make(pte_frame(entry), prot));
        n++;
    }
    /* Stale translations that permit less only cause a fault. */
    mmu_flush_with_tlb(lowered ? atomic_load(&s->vcpu_mask) : 0);
    return sparse ? (long)n : 0;
}

void space_swap_frame(struct space *s, uint64_t va, pfn_t from, pfn_t to)
{
    struct leaf l = {0};
    uint64_t entry = leaf_entry(&l, s, va);
    if (!(entry & PTE_PRESENT) || pte_frame(entry).n != from.n)
        return;
    frame_get(to);
    leaf_set(&l, s, va, pte_make(to, FOS_PROT_READ));
    mmu_flush_with_tlb(atomic_load(&s->vcpu_mask));
    quiesce();
    frame_put(from);
}

static bool entry_takes_copies(uint64_t entry)
{
    return (entry & PTE_PRESENT) && (entry & PTE_WRITE || entry_is_private(entry));
}

/* The destination may be read-only to its own space: this is how programs are
 * loaded. */
int space_copy(struct space *s, uint64_t va, const struct space *from,
               uint64_t from_va, uint64_t n)
{
    if (n > FOS_COPY_MAX)
        return -FOS_EMSGSIZE;
    if (user_range_check(va, n) || user_mapped_check(from, from_va, n, false))
        return -FOS_EFAULT;
    for (uint64_t at = va & ~(PAGE_SIZE - 1); at < va + n; at += PAGE_SIZE)
        if (!entry_takes_copies(table_entry(s, at)))
            return -FOS_EFAULT;
    for (uint64_t done = 0, room; done < n; done += room) {
        uint64_t at = va + done, offset = at % PAGE_SIZE;
        room = min_u64(PAGE_SIZE - offset, n - done);
        char *to = (char *)frame_address(pte_frame(table_entry(s, at))) + offset;
        int r = copy_from_user(from, to, from_va + done, room);
        ASSERT(r == 0);
    }
    return 0;
}
