/* SPDX-License-Identifier: MIT */
#include "space.h"

#include <fos/syscall.h>

static uint64_t piece(uint64_t pages)
{
    return pages < FOS_MAP_PAGES_MAX ? pages : FOS_MAP_PAGES_MAX;
}

static long range_do(struct fos_cap space, uint64_t start, uint64_t end,
                     unsigned prot)
{
    long pages = 0;

    while (start < end) {
        uint64_t now = piece((end - start) / FOS_PAGE_SIZE);
        long result =
            fos_sys_space_protect(space, start, now, prot | FOS_MAP_SPARSE);
        if (result < 0)
            return result;
        pages += result;
        start += now * FOS_PAGE_SIZE;
    }
    return pages;
}

long range_unmap(struct fos_cap space, uint64_t start, uint64_t end)
{
    return range_do(space, start, end, 0);
}

long range_protect(struct fos_cap space, uint64_t start, uint64_t end,
                   unsigned prot)
{
    long result = range_do(space, start, end, prot);

    return result < 0 ? result : 0;
}

long range_share(struct fos_share what, uint64_t pages)
{
    long shared = 0;

    what.how |= FOS_SHARE_SPARSE;
    while (pages) {
        what.pages = (uint32_t)piece(pages);
        long result = fos_sys_space_share(&what);
        if (result < 0)
            return result;
        shared += result;
        pages -= what.pages;
        what.to += what.pages * FOS_PAGE_SIZE;
        what.from += what.pages * FOS_PAGE_SIZE;
    }
    return shared;
}
