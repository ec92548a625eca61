/* SPDX-License-Identifier: MIT */
/*
 * A pool of pages to give away: a part of a space's quota of frames lies mapped in a ring,
 * zeroed, ready to be moved to whoever asks; the rest are free frames of the kernel's.
 * One thread at a time: a member of the page fleet has its own (fleets/page).
 *
 * Invariants
 *  F1. A page in the ring is mapped in that space alone.
 *  F2. What was given stays charged to that space until its last mapping goes: the
 *      kernel counts, so nothing is given twice or lost with a message.
 *  F3. KEEP frames of the quota are never used: the space's own page tables and mailbox
 *      have room.
 */
#ifndef FOS_PAGE_POOL_H
#define FOS_PAGE_POOL_H

#include <stdbool.h>

#include <fos/page_ring.h>

enum {
    FOS_PAGE_POOL_STEP = 64, /* pages mapped at once: who waits, waits no longer */
    FOS_PAGE_POOL_KEEP = 64, /* F3 */
};

struct fos_page_pool {
    struct fos_cap space; /* whose quota, and where the ring is: the own one */
    struct fos_page_ring ring;
    uint32_t full;  /* pages in the ring when nobody asks */
    uint64_t given; /* pages, so far */
};

/* Of that space, with a full ring, of 512 pages or an eighth of the frames there are.  0 or
 * -FOS_ENOMEM: no addresses. */
long fos_page_pool_open(struct fos_page_pool *pool, struct fos_cap space);

/* Frames beside those in the ring that may still be given. */
uint32_t fos_page_pool_free(const struct fos_page_pool *pool);

/* Maps a step more.  False: the ring is full, or no frame is left. */
bool fos_page_pool_fill(struct fos_page_pool *pool);

/* Moves up to `pages` pages to `address` of the space, where nothing may be mapped: how
 * many came, 1 at least.  -FOS_EINVAL none are wanted, or more than FOS_MAP_PAGES_MAX;
 * -FOS_ENOMEM there are none; or the kernel's error. */
long fos_page_pool_give(struct fos_page_pool *pool, struct fos_cap space,
                        uint64_t address, uint32_t pages);

#endif
