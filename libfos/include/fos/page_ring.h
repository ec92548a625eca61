/* SPDX-License-Identifier: MIT */
/*
 * A ring of mapped pages: which of the page-sized places of a range of addresses
 * hold a page.  Pages are put behind the last and taken from the first, in runs of
 * neighbours.  Pure bookkeeping: the caller maps and unmaps.
 *
 * Invariant: the places [taken, put) modulo `places` hold a page, the others none;
 * put - taken <= places.
 */
#ifndef FOS_PAGE_RING_H
#define FOS_PAGE_RING_H

#include <assert.h>
#include <stdint.h>

#include <fos/abi/types.h>

struct fos_page_ring {
    uint64_t base;   /* address of the first place */
    uint32_t places; /* a power of two */
    uint32_t taken, put;
};

static inline uint32_t fos_page_ring_count(const struct fos_page_ring *ring)
{
    return ring->put - ring->taken;
}

static inline uint64_t fos_page_ring_place(const struct fos_page_ring *ring,
                                           uint32_t n)
{
    return ring->base + (uint64_t)(n & (ring->places - 1)) * FOS_PAGE_SIZE;
}

/* Neighbours from the n-th place on, at most `wanted`. */
static inline uint32_t fos_page_ring_run(const struct fos_page_ring *ring,
                                         uint32_t n, uint32_t wanted)
{
    uint32_t straight = ring->places - (n & (ring->places - 1));

    return wanted < straight ? wanted : straight;
}

/* Where the first page is, and how many of the next `wanted` are its neighbours; 0
 * when the ring is empty.  They stay until fos_page_ring_take. */
static inline uint32_t fos_page_ring_first(const struct fos_page_ring *ring,
                                           uint32_t wanted, uint64_t *address)
{
    uint32_t count = fos_page_ring_count(ring);

    *address = fos_page_ring_place(ring, ring->taken);
    return fos_page_ring_run(ring, ring->taken, wanted < count ? wanted : count);
}

static inline void fos_page_ring_take(struct fos_page_ring *ring, uint32_t pages)
{
    assert(pages <= fos_page_ring_count(ring));
    ring->taken += pages;
}

/* Where the next pages belong, and how many of `wanted` fit there in a row. */
static inline uint32_t fos_page_ring_room(const struct fos_page_ring *ring,
                                          uint32_t wanted, uint64_t *address)
{
    uint32_t room = ring->places - fos_page_ring_count(ring);

    *address = fos_page_ring_place(ring, ring->put);
    return fos_page_ring_run(ring, ring->put, wanted < room ? wanted : room);
}

static inline void fos_page_ring_put(struct fos_page_ring *ring, uint32_t pages)
{
    assert(pages <= ring->places - fos_page_ring_count(ring));
    ring->put += pages;
}

#endif
