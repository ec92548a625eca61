/* SPDX-License-Identifier: MIT */
#include <fos/error.h>
#include <fos/start.h>

#include "member.h"
#include "pages.h"
#include "space.h"

static struct fos_share way_in(const struct process *p, const struct region *r)
{
    return (struct fos_share){.to_space = fos_own_space(),
                              .from_space = p->space,
                              .to = r->stash,
                              .from = r->start,
                              .prot = FOS_PROT_READ,
                              .how = FOS_SHARE_MOVE};
}

/* Writes find out whether a page is shared. */
static struct fos_share way_out(const struct process *p, const struct region *r,
                                uint32_t prot)
{
    return (struct fos_share){.to_space = p->space,
                              .from_space = fos_own_space(),
                              .to = r->start,
                              .from = r->stash,
                              .prot = prot & ~FOS_PROT_WRITE,
                              .how = FOS_SHARE_MOVE};
}

/* Page tables here are paid by this member: more is got once. */
static long share_patiently(const struct fos_share *share, uint64_t pages)
{
    long moved = range_share(*share, pages);

    if (moved != -FOS_EDQUOT || quota_more() < 0)
        return moved;
    return range_share(*share, pages);
}

long stash_drop(struct region *r)
{
    long pages = r->stash ? window_give(r->stash, region_pages(r)) : 0;

    r->stash = 0;
    return pages;
}

/* The way back needs no page table that is not there already. */
long stash_put(struct process *p, struct region *r)
{
    uint64_t pages = region_pages(r);

    r->stash = window_take(pages);
    if (!r->stash)
        return -FOS_ENOMEM;
    struct fos_share in = way_in(p, r);
    long moved = share_patiently(&in, pages);
    if (moved < 0)
        range_share(way_out(p, r, r->prot), pages);
    if (moved <= 0)
        stash_drop(r);
    return moved < 0 ? moved : 0;
}

long stash_get(struct process *p, struct region *r, uint32_t prot)
{
    uint64_t pages = region_pages(r);

    if (!r->stash)
        return 0;
    long moved = range_share(way_out(p, r, prot), pages);
    if (moved < 0)
        range_share(way_in(p, r), pages);
    else
        stash_drop(r);
    return moved < 0 ? moved : 0;
}

long stash_copy(const struct region *from, struct region *to)
{
    struct fos_share share = {.to_space = fos_own_space(),
                              .from_space = fos_own_space(),
                              .from = from->stash,
                              .prot = FOS_PROT_READ,
                              .how = FOS_SHARE_COW};

    to->stash = window_take(region_pages(to));
    if (!to->stash)
        return -FOS_ENOMEM;
    share.to = to->stash;
    long shared = share_patiently(&share, region_pages(to));
    if (shared <= 0)
        stash_drop(to);
    return shared;
}
