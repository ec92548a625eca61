/* SPDX-License-Identifier: MIT */
#include <fos/page_pool.h>

#include <fos/error.h>
#include <fos/memory.h>
#include <fos/syscall.h>

enum { PLACES = 1024, FULL = 512, FULL_SHARE = 8 };

uint32_t fos_page_pool_free(const struct fos_page_pool *pool)
{
    struct fos_space_info own;

    if (fos_sys_space_status(pool->space, &own) < 0 ||
        own.frames_quota <= own.frames_used + FOS_PAGE_POOL_KEEP)
        return 0;
    return own.frames_quota - own.frames_used - FOS_PAGE_POOL_KEEP;
}

/* Up to a step's pages more into the ring: how many. */
static uint32_t ring_fill(struct fos_page_pool *pool)
{
    uint32_t left = fos_page_pool_free(pool);
    uint32_t wanted = left < FOS_PAGE_POOL_STEP ? left : FOS_PAGE_POOL_STEP;
    uint64_t place;

    wanted = fos_page_ring_room(&pool->ring, wanted, &place);
    if (wanted == 0 || fos_sys_space_map(pool->space, place, wanted,
                                         FOS_PROT_READ | FOS_PROT_WRITE) < 0)
        return 0;
    fos_page_ring_put(&pool->ring, wanted);
    return wanted;
}

bool fos_page_pool_fill(struct fos_page_pool *pool)
{
    return fos_page_ring_count(&pool->ring) < pool->full && ring_fill(pool);
}

long fos_page_pool_give(struct fos_page_pool *pool, struct fos_cap space,
                        uint64_t address, uint32_t pages)
{
    struct fos_share share = {.to_space = space,
                              .from_space = pool->space,
                              .to = address,
                              .prot = FOS_PROT_READ | FOS_PROT_WRITE,
                              .how = FOS_SHARE_MOVE};

    if (pages == 0 || pages > FOS_MAP_PAGES_MAX)
        return -FOS_EINVAL;
    if (fos_page_ring_count(&pool->ring) == 0)
        ring_fill(pool);
    share.pages = fos_page_ring_first(&pool->ring, pages, &share.from);
    if (share.pages == 0)
        return -FOS_ENOMEM;
    long moved = fos_sys_space_share(&share);
    if (moved < 0)
        return moved;
    fos_page_ring_take(&pool->ring, (uint32_t)moved);
    pool->given += (uint64_t)moved;
    return moved;
}

long fos_page_pool_open(struct fos_page_pool *pool, struct fos_cap space)
{
    uint64_t base = (uint64_t)fos_pages_reserve(PLACES);

    *pool = (struct fos_page_pool){.space = space,
                                   .ring = {.base = base, .places = PLACES}};
    uint32_t share = fos_page_pool_free(pool) / FULL_SHARE;
    pool->full = share < FULL ? share : FULL;
    if (!base)
        return -FOS_ENOMEM;
    while (fos_page_pool_fill(pool))
        continue;
    return 0;
}
