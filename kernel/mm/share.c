/* SPDX-License-Identifier: MIT */
/*
 * Frames mapped at more than one place (struct fos_share in fos/abi/syscalls.h).  Copies made
 * on the first write, by whoever decides it, are Mach's (Rashid et al., ASPLOS 1987); moving
 * pages instead of bytes is the fbufs' (Druschel and Peterson, SOSP 1993).
 *
 * Everything is checked before anything changes.  What loses a right or a frame is
 * flushed from the TLBs, and the kernel's readers are waited for, before a frame is given up
 * and before the call returns: from then on nobody writes by an older mapping.
 */
#include "mm/space.h"
#include "msg/capability.h"
#include "xen/xen.h"

struct share {
    struct space *to, *from; /* from NULL: OWN without pages of its own */
    struct space *payer;
    const struct fos_share *a;
    uint32_t prot;
    bool sparse, replace;
    bool from_lowered, to_lowered; /* some mapping has lost something */
    struct leaf to_leaf, from_leaf;
};

static pfn_t
    gone[FOS_MAP_PAGES_MAX]; /* frames to give up; the kernel lock owns it */
static uint32_t gone_count;

static uint64_t to_entry(struct share *s, uint64_t i)
{
    return leaf_entry(&s->to_leaf, s->to, s->a->to + i * PAGE_SIZE);
}

static void to_set(struct share *s, uint64_t i, uint64_t entry)
{
    leaf_set(&s->to_leaf, s->to, s->a->to + i * PAGE_SIZE, entry);
}

static uint64_t from_entry(struct share *s, uint64_t i)
{
    return leaf_entry(&s->from_leaf, s->from, s->a->from + i * PAGE_SIZE);
}

static void from_set(struct share *s, uint64_t i, uint64_t entry)
{
    leaf_set(&s->from_leaf, s->from, s->a->from + i * PAGE_SIZE, entry);
}

static bool is_sole(const struct frame *f)
{
    return f->type == FRAME_USER && f->refs == 1;
}

/* 0, or why the frame mapped by `entry` cannot be mapped elsewhere with `prot`. */
static int source_check(uint64_t entry, uint32_t prot)
{
    const struct frame *f = &frames[pte_frame(entry).n];
    if (f->type != FRAME_USER && f->type != FRAME_BOOT)
        return -FOS_EPERM;
    if (prot & FOS_PROT_WRITE && !(entry & PTE_WRITE) && !is_sole(f))
        return -FOS_EPERM;
    return f->refs >= FRAME_REFS_MAX ? -FOS_EDQUOT : 0;
}

/* Makes the table only where something will be mapped. */
static int destination_check(struct share *s, uint64_t i)
{
    if (to_entry(s, i) & PTE_PRESENT && !s->replace)
        return -FOS_EEXIST;
    if (s->to_leaf.table)
        return 0;
    s->to_leaf = (struct leaf){0};
    return table_prepare(s->to, s->a->to + i * PAGE_SIZE, 1);
}

static int lend_check(struct share *s, uint64_t i)
{
    uint64_t entry = from_entry(s, i);
    if (!(entry & PTE_PRESENT))
        return s->sparse ? 0 : -FOS_EFAULT;
    int r = source_check(entry, s->prot);
    return r ? r : destination_check(s, i);
}

/* Maps `f`, whose reference is the mapping's from here on. */
static void destination_set(struct share *s, uint64_t i, pfn_t f)
{
    uint64_t old = to_entry(s, i);
    if (old & PTE_PRESENT) {
        gone[gone_count++] = pte_frame(old);
        s->to_lowered = true;
    }
    to_set(s, i, pte_make(f, s->prot));
}

static void source_clear(struct share *s, uint64_t i)
{
    from_set(s, i, 0);
    s->from_lowered = true;
}

static bool lend(struct share *s, uint64_t i, uint32_t kind)
{
    uint64_t entry = from_entry(s, i);
    if (!(entry & PTE_PRESENT))
        return false;
    pfn_t f = pte_frame(entry);
    if (kind == FOS_SHARE_MOVE) {
        source_clear(s, i);
    } else {
        frame_get(f);
        if (kind == FOS_SHARE_COW && entry & PTE_WRITE) {
            from_set(s, i, entry & ~PTE_WRITE);
            s->from_lowered = true;
        }
    }
    destination_set(s, i, f);
    return true;
}

static void finish(struct share *s)
{
    uint64_t mask = 0;
    if (s->from_lowered)
        mask |= atomic_load(&s->from->vcpu_mask);
    if (s->to_lowered)
        mask |= atomic_load(&s->to->vcpu_mask);
    mmu_flush_with_tlb(mask);
    if (s->from_lowered || s->to_lowered)
        quiesce();
    while (gone_count > 0)
        frame_put(gone[--gone_count]);
}

static long lend_all(struct share *s, uint32_t kind)
{
    long n = 0;
    for (uint32_t i = 0; i < s->a->pages; i++)
        n += lend(s, i, kind);
    finish(s);
    return n;
}

/* ---- breaking copy-on-write ----------------------------------------------- */

/* The `n`-th page that takes a copy must be the caller's to give. */
static int spare_check(struct share *s, uint64_t n)
{
    if (!s->from)
        return 0;
    uint64_t entry = from_entry(s, n);
    if (!(entry & PTE_PRESENT))
        return -FOS_EFAULT;
    return is_sole(&frames[pte_frame(entry).n]) ? 0 : -FOS_EPERM;
}

/* How many of the pages need a copy, or an error. */
static long own_check(struct share *s)
{
    long n = 0;
    for (uint32_t i = 0; i < s->a->pages; i++) {
        uint64_t entry = to_entry(s, i);
        int r = 0;
        if (!(entry & PTE_PRESENT)) {
            r = s->sparse ? 0 : -FOS_EFAULT;
        } else if (!is_sole(&frames[pte_frame(entry).n])) {
            r = source_check(entry, 0);
            if (r == 0)
                r = spare_check(s, (uint64_t)n++);
        }
        if (r)
            return r;
    }
    return n;
}

static pfn_t spare_take(struct share *s, uint64_t n)
{
    pfn_t f;
    if (!s->from) {
        int r = frame_alloc(s->payer, FRAME_USER, &f);
        ASSERT(r == 0);
        return f;
    }
    f = pte_frame(from_entry(s, n));
    source_clear(s, n);
    return f;
}

static void own_one(struct share *s, uint64_t i, uint64_t *copies)
{
    uint64_t entry = to_entry(s, i);
    if (!(entry & PTE_PRESENT))
        return;
    pfn_t f = pte_frame(entry);
    if (is_sole(&frames[f.n])) {
        s->to_lowered = s->to_lowered || !(s->prot & FOS_PROT_WRITE);
        to_set(s, i, pte_make(f, s->prot));
        return;
    }
    pfn_t copy = spare_take(s, (*copies)++);
    memcpy(frame_address(copy), frame_address(f), PAGE_SIZE);
    destination_set(s, i, copy);
}

static long own_all(struct share *s)
{
    uint64_t copies = 0;
    long n = own_check(s);
    if (n < 0)
        return n;
    if (!s->from && (uint64_t)n > frames_free)
        return -FOS_ENOMEM;
    if (!s->from && (s->payer->frames_used > s->payer->frames_quota ||
                     (uint64_t)n > s->payer->frames_quota - s->payer->frames_used))
        return -FOS_EDQUOT;
    for (uint32_t i = 0; i < s->a->pages; i++)
        own_one(s, i, &copies);
    ASSERT(copies == (uint64_t)n);
    finish(s);
    return n;
}

/* ---- */

static bool ranges_meet(const struct share *s)
{
    uint64_t bytes = s->a->pages * PAGE_SIZE;
    return s->from == s->to && s->a->to < s->a->from + bytes &&
           s->a->from < s->a->to + bytes;
}

static int args_check(const struct share *s)
{
    const uint32_t known = FOS_SHARE_KIND | FOS_SHARE_SPARSE | FOS_SHARE_REPLACE;
    if (s->a->how & ~known || s->a->reserved)
        return -FOS_EINVAL;
    int r = space_range_check(s->a->to, s->a->pages);
    if (r == 0)
        r = space_prot_check(s->prot);
    if (r == 0 && s->from)
        r = space_range_check(s->a->from, s->a->pages);
    return r == 0 && s->from && ranges_meet(s) ? -FOS_EINVAL : r;
}

long space_share(struct space *to, struct space *from, struct space *payer,
                 const struct fos_share *a)
{
    uint32_t kind = a->how & FOS_SHARE_KIND;
    struct share s = {
        .to = to,
        .from = from,
        .payer = payer,
        .a = a,
        .prot = a->prot,
        .sparse = a->how & FOS_SHARE_SPARSE,
        .replace = a->how & FOS_SHARE_REPLACE,
    };
    ASSERT(gone_count == 0 && (from || kind == FOS_SHARE_OWN));
    int r = args_check(&s);
    if (r)
        return r;
    if (kind == FOS_SHARE_OWN)
        return own_all(&s);
    if (kind == FOS_SHARE_COW)
        s.prot &= ~(uint32_t)FOS_PROT_WRITE;
    for (uint32_t i = 0; r == 0 && i < a->pages; i++)
        r = lend_check(&s, i);
    return r ? r : lend_all(&s, kind);
}
