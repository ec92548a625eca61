/* SPDX-License-Identifier: MIT */
/*
 * The C heap: [heap_start, limit) may be used, [heap_start, brk) is.  It grows and
 * shrinks in steps of GRAIN: of a process that the memory fleet looks after by its
 * brk, of others by their own mappings.
 */
#include <errno.h>
#include <unistd.h>

#include <fos/error.h>
#include <fos/lock.h>
#include <fos/mem.h>
#include <fos/memory.h>
#include <fos/start.h>
#include <fos/syscall.h>

#define GRAIN       65536ull
#define GRAIN_PAGED (4 * GRAIN) /* costs addresses and quota, not pages */

static struct fos_lock lock; /* of these two */
static uint64_t brk_now, limit;

static uint64_t grain_up(uint64_t length)
{
    uint64_t grain = fos_mem_paged() ? GRAIN_PAGED : GRAIN;

    return (length + grain - 1) & ~(grain - 1);
}

static long mappings_resize(uint64_t next)
{
    if (next > limit)
        return fos_range_map(limit, (next - limit) / FOS_PAGE_SIZE,
                             FOS_PROT_READ | FOS_PROT_WRITE);
    return fos_range_unmap(next, (limit - next) / FOS_PAGE_SIZE);
}

static long heap_resize(uint64_t wanted)
{
    uint64_t start = fos_start_page->heap_start, end;
    uint64_t next = start + grain_up(wanted - start);
    long error;

    if (next == limit)
        return 0;
    error = fos_mem_paged() ? fos_mem_brk(next, &end) : mappings_resize(next);
    if (!error)
        limit = next;
    return error;
}

/* Gives where the end was. */
static long heap_move(ptrdiff_t increment, uint64_t *before)
{
    if (!brk_now)
        brk_now = limit = fos_start_page->heap_start;
    *before = brk_now;
    uint64_t wanted = brk_now + (uint64_t)increment;
    if (increment > 0 ? wanted < brk_now || wanted > FOS_HEAP_END
                      : wanted > brk_now || wanted < fos_start_page->heap_start)
        return -FOS_ENOMEM;
    long error = heap_resize(wanted);
    if (!error)
        brk_now = wanted;
    return error;
}

void *sbrk(ptrdiff_t increment)
{
    uint64_t before;

    fos_lock_take(&lock);
    long error = heap_move(increment, &before);
    fos_lock_release(&lock);
    if (error) {
        errno = error == -FOS_EDQUOT ? ENOMEM : (int)-error;
        return (void *)-1;
    }
    return (void *)before;
}
