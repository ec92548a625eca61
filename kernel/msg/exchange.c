/* SPDX-License-Identifier: MIT */
/*
 * Pages of a channel's two sides change places (abi/syscalls.h, channel_exchange).  Pages
 * instead of bytes: fbufs (Druschel and Peterson, SOSP 1993); here each side gets as many as it
 * gives, with who is charged for them.  All is checked before anything changes.
 */
#include "mm/space.h"
#include "msg/channel.h"
#include "xen/xen.h"

struct side {
    struct space *space;
    uint64_t va;
    struct leaf leaf;
};

/* The entry of its page i; 0: that may not be exchanged. */
static uint64_t side_entry(struct side *s, uint64_t i)
{
    const uint64_t both = PTE_PRESENT | PTE_WRITE;
    uint64_t entry = leaf_entry(&s->leaf, s->space, s->va + i * PAGE_SIZE);
    bool own = (entry & both) == both && frame_is_own(pte_frame(entry), s->space);
    return own ? entry : 0;
}

static void side_set(struct side *s, uint64_t i, pfn_t f)
{
    uint64_t entry = pte_make(f, FOS_PROT_READ | FOS_PROT_WRITE);
    leaf_set(&s->leaf, s->space, s->va + i * PAGE_SIZE, entry);
}

static void pages_swap(struct side *a, struct side *b, uint64_t i)
{
    pfn_t of_a = pte_frame(side_entry(a, i)), of_b = pte_frame(side_entry(b, i));
    uint32_t owner = frames[of_a.n].owner;
    frames[of_a.n].owner = frames[of_b.n].owner;
    frames[of_b.n].owner = owner;
    side_set(a, i, of_b);
    side_set(b, i, of_a);
}

long channel_post(struct channel *c, uint64_t va, uint64_t pages)
{
    uint32_t exchanged = c->exchanged;
    if (va % PAGE_SIZE || pages > UINT32_MAX)
        return -FOS_EINVAL;
    if (pages && user_range_check(va, pages * PAGE_SIZE))
        return -FOS_EFAULT;
    c->posted_va = va;
    c->posted = (uint32_t)pages;
    c->exchanged = 0;
    return exchanged;
}

long channel_swap(struct channel *c, uint64_t va, uint64_t pages)
{
    struct side from = {c->sides[SENDER].space, va, {0}};
    struct side to = {
        c->sides[RECEIVER].space, c->posted_va + c->exchanged * PAGE_SIZE, {0}};
    int r = space_range_check(va, pages);
    if (r)
        return r;
    if (atomic_load(&c->closed))
        return -FOS_EPIPE;
    if (pages > c->posted - c->exchanged)
        return -FOS_EAGAIN;
    ASSERT(to.space && to.space != from.space); /* who posts has accepted */
    for (uint64_t i = 0; i < pages; i++)
        if (!side_entry(&from, i) || !side_entry(&to, i))
            return -FOS_EPERM;
    for (uint64_t i = 0; i < pages; i++)
        pages_swap(&from, &to, i);
    /* From here on neither side writes what the other has got. */
    mmu_flush_with_tlb(atomic_load(&from.space->vcpu_mask) |
                       atomic_load(&to.space->vcpu_mask));
    quiesce();
    c->exchanged += (uint32_t)pages;
    return 0;
}
