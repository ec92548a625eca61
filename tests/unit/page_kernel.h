/* SPDX-License-Identifier: MIT */
/*
 * The kernel's part of pools of pages (fos/page_pool.h), played on the host, for the
 * unit test and the benchmark: owners with a quota of frames, as members of the page
 * fleet are.  A frame is a number and one word; whom a page is given to has an array of
 * numbers for address space.  Each owner's frames have a lock, as the kernel's do.
 */
#ifndef PAGE_KERNEL_H
#define PAGE_KERNEL_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <fos/error.h>
#include <fos/memory.h>
#include <fos/page_pool.h>
#include <fos/syscall.h>

enum { PK_OWNERS = 8, PK_FRAMES = 4096, PK_PLACES = 1024 };

/* A pool, and what keeps all but one out of it: the mailbox of a member. */
struct pk_owner {
    struct fos_page_pool pool;
    _Atomic uint32_t busy;
    uint32_t quota, used;
    uint32_t free_count;
    uint32_t free[PK_FRAMES];   /* frames of the quota that nobody has */
    uint32_t mapped[PK_PLACES]; /* in the ring: frame plus one; 0: none */
    _Atomic uint32_t lock;      /* of these */
} __attribute__((aligned(128)));

static struct pk_owner pk_owners[PK_OWNERS];
static uint64_t pk_words[PK_OWNERS * PK_FRAMES];
static uint64_t pk_reserved = PK_PLACES * FOS_PAGE_SIZE;

static inline void pk_enter(_Atomic uint32_t *lock)
{
    while (atomic_exchange_explicit(lock, 1, memory_order_acquire))
        __builtin_ia32_pause(); /* partner: the release in pk_leave */
}

static inline void pk_leave(_Atomic uint32_t *lock)
{
    atomic_store_explicit(lock, 0, memory_order_release);
}

static inline struct pk_owner *pk_owner_of(struct fos_cap space)
{
    return &pk_owners[space.id - 1];
}

static inline uint32_t *pk_place(struct pk_owner *o, uint64_t address)
{
    return &o->mapped[address / FOS_PAGE_SIZE % PK_PLACES];
}

void *fos_pages_reserve(size_t pages)
{
    uint64_t at = pk_reserved;

    pk_reserved += pages * FOS_PAGE_SIZE;
    return (void *)at;
}

long fos_sys_space_status(struct fos_cap space, struct fos_space_info *out)
{
    struct pk_owner *o = pk_owner_of(space);

    pk_enter(&o->lock);
    out->frames_quota = o->quota;
    out->frames_used = o->used;
    pk_leave(&o->lock);
    return 0;
}

long fos_sys_space_map(struct fos_cap space, uint64_t address, uint64_t pages,
                       unsigned prot)
{
    struct pk_owner *o = pk_owner_of(space);
    long error = 0;

    (void)prot;
    pk_enter(&o->lock);
    if (o->free_count < pages)
        error = -FOS_EDQUOT;
    for (uint64_t i = 0; i < pages && !error; i++)
        if (*pk_place(o, address + i * FOS_PAGE_SIZE))
            error = -FOS_EEXIST;
    for (uint64_t i = 0; i < pages && !error; i++) {
        uint32_t frame = o->free[--o->free_count];
        pk_words[frame] = 0;
        *pk_place(o, address + i * FOS_PAGE_SIZE) = frame + 1;
        o->used++;
    }
    pk_leave(&o->lock);
    return error;
}

/* Moves pages from a ring to an array, in which nothing may be. */
long fos_sys_space_share(const struct fos_share *s)
{
    struct pk_owner *o = pk_owner_of(s->from_space);
    uint32_t *to = (uint32_t *)(uintptr_t)s->to;

    for (uint32_t i = 0; i < s->pages; i++)
        if (to[i])
            return -FOS_EEXIST;
    for (uint32_t i = 0; i < s->pages; i++) {
        uint32_t *from = pk_place(o, s->from + i * FOS_PAGE_SIZE);
        if (!*from)
            return -FOS_EFAULT;
        to[i] = *from;
        *from = 0;
    }
    return s->pages;
}

/* Unmaps what an array holds: its frames are their owners' again. */
static inline void pk_unmap(uint32_t *at, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        struct pk_owner *o = &pk_owners[(at[i] - 1) / PK_FRAMES];
        pk_enter(&o->lock);
        o->free[o->free_count++] = at[i] - 1;
        o->used--;
        pk_leave(&o->lock);
        at[i] = 0;
    }
}

/* Owner `n` begins, with so many frames. */
static inline long pk_open(unsigned n, uint32_t frames)
{
    struct pk_owner *o = &pk_owners[n];

    memset(o, 0, sizeof *o);
    o->quota = o->free_count = frames;
    for (uint32_t i = 0; i < frames; i++)
        o->free[i] = n * PK_FRAMES + i;
    return fos_page_pool_open(&o->pool, (struct fos_cap){n + 1, 0});
}

/* Takes of pool `own` of the first `count`, or, if that has none, of the next that has
 * some, which is filled afterwards, as a member does: as fos_page_pool_give. */
static inline long pk_take(unsigned count, unsigned own, uint32_t *to,
                           uint32_t pages)
{
    long came = -FOS_ENOMEM;

    for (unsigned n = 0; n < count && came == -FOS_ENOMEM; n++) {
        struct pk_owner *o = &pk_owners[(own + n) % count];
        pk_enter(&o->busy);
        came =
            fos_page_pool_give(&o->pool, (struct fos_cap){0}, (uintptr_t)to, pages);
        fos_page_pool_fill(&o->pool);
        pk_leave(&o->busy);
    }
    return came;
}

#endif
