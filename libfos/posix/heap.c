/* SPDX-License-Identifier: MIT */
/*
 * The C heap: [heap_start, limit) is mapped, [heap_start, brk) is in use.  It grows
 * and shrinks in steps of GRAIN.
 */
#include <errno.h>
#include <unistd.h>

#include <fos/error.h>
#include <fos/memory.h>
#include <fos/start.h>
#include <fos/syscall.h>

#define GRAIN 65536ull

static uint64_t brk_now, limit;

static uint64_t grain_up(uint64_t address)
{
    return (address + GRAIN - 1) & ~(GRAIN - 1);
}

static long heap_resize(uint64_t wanted)
{
    uint64_t next =
        grain_up(wanted - fos_start_page->heap_start) + fos_start_page->heap_start;
    long error = 0;

    if (next > limit)
        error = fos_range_map(limit, (next - limit) / FOS_PAGE_SIZE,
                              FOS_PROT_READ | FOS_PROT_WRITE);
    else if (next < limit)
        error = fos_range_unmap(next, (limit - next) / FOS_PAGE_SIZE);
    if (!error)
        limit = next;
    return error;
}

void *sbrk(ptrdiff_t increment)
{
    if (!brk_now)
        brk_now = limit = fos_start_page->heap_start;
    uint64_t before = brk_now, wanted = before + (uint64_t)increment;
    if (increment > 0 ? wanted < before || wanted > FOS_HEAP_END
                      : wanted > before || wanted < fos_start_page->heap_start) {
        errno = ENOMEM;
        return (void *)-1;
    }
    long error = heap_resize(wanted);
    if (error) {
        errno = error == -FOS_EDQUOT ? ENOMEM : (int)-error;
        return (void *)-1;
    }
    brk_now = wanted;
    return (void *)before;
}
