/* SPDX-License-Identifier: MIT */
/*
 * mmap and its kin.  Where no member of the memory fleet looks after the process
 * there is private memory without a file and nothing else, from the process's own
 * quota.
 */
#include <sys/mman.h>

#include <errno.h>

#include <fos/error.h>
#include <fos/mem.h>
#include <fos/memory.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "fd.h"

_Static_assert(PROT_READ == FOS_PROT_READ && PROT_WRITE == FOS_PROT_WRITE &&
                   PROT_EXEC == FOS_PROT_EXEC,
               "one encoding");
_Static_assert(MADV_NORMAL == (int)MEM_NORMAL && MADV_RANDOM == (int)MEM_RANDOM &&
                   MADV_SEQUENTIAL == (int)MEM_SEQUENTIAL &&
                   MADV_WILLNEED == (int)MEM_WILLNEED &&
                   MADV_DONTNEED == (int)MEM_DONTNEED,
               "one encoding");

enum {
    FLAGS_KNOWN = MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS |
                  MAP_NORESERVE | MAP_POPULATE | MAP_STACK | MAP_FIXED_NOREPLACE,
    PROT_KNOWN = PROT_READ | PROT_WRITE | PROT_EXEC,
};

static int failed(long error)
{
    errno = error == -FOS_EDQUOT ? ENOMEM : (int)-error;
    return -1;
}

static size_t page_up(size_t length)
{
    return (length + FOS_PAGE_SIZE - 1) & ~(size_t)(FOS_PAGE_SIZE - 1);
}

/* Pages that can be written or executed can be read.  Never both of those. */
static long prot_check(int prot, unsigned *to)
{
    if (prot & ~PROT_KNOWN)
        return -EINVAL;
    if ((prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC))
        return -ENOTSUP;
    *to = (unsigned)prot | (prot ? FOS_PROT_READ : 0);
    return 0;
}

static unsigned flags_of(int flags)
{
    return (flags & MAP_SHARED ? MEM_SHARED : MEM_PRIVATE) |
           (flags & MAP_FIXED ? MEM_FIXED : 0) |
           (flags & MAP_FIXED_NOREPLACE ? MEM_FIXED | MEM_NOREPLACE : 0) |
           (flags & MAP_NORESERVE ? MEM_NORESERVE : 0) |
           (flags & MAP_POPULATE ? MEM_POPULATE : 0);
}

static long map_direct(const struct fos_mem_map *what, void **at)
{
    if (what->flags & (MEM_SHARED | MEM_FIXED))
        return -ENOSYS;
    void *address = fos_pages_map(page_up(what->length) / FOS_PAGE_SIZE);
    if (!address)
        return -ENOMEM;
    if (what->prot != (FOS_PROT_READ | FOS_PROT_WRITE)) {
        long error = mprotect(address, what->length, (int)what->prot) ? -errno : 0;
        if (error) {
            fos_pages_unmap(address, page_up(what->length) / FOS_PAGE_SIZE);
            return error;
        }
    }
    *at = address;
    return 0;
}

/* What a descriptor's file is called between filesystem and memory fleet. */
static long file_name(int fd, int flags, struct fos_mem_map *what)
{
    struct fos_map_handle handle;
    long error;

    if (flags & MAP_ANONYMOUS)
        return 0;
    if (!fos_mem_paged())
        return -ENODEV;
    error = fos_fd_map(fd, (int)what->prot, (flags & MAP_SHARED) != 0, &handle);
    if (error < 0)
        return error;
    what->flags |= MEM_FILE;
    what->handle[0] = handle.word[0];
    what->handle[1] = handle.word[1];
    return 0;
}

static long request_check(int flags, off_t offset, size_t length)
{
    int kind = flags & (MAP_SHARED | MAP_PRIVATE);

    if (flags & ~FLAGS_KNOWN || (kind != MAP_SHARED && kind != MAP_PRIVATE) ||
        length == 0 || offset < 0 || (uint64_t)offset % FOS_PAGE_SIZE)
        return -EINVAL;
    if (length > MEM_END || page_up(length) < length)
        return -ENOMEM;
    return 0;
}

void *mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
    struct fos_mem_map what = {
        .address = address, .length = length, .offset = (uint64_t)offset};
    void *at = MAP_FAILED;
    long error = request_check(flags, offset, length);

    if (!error)
        error = prot_check(prot, &what.prot);
    what.flags = flags_of(flags);
    if (!error)
        error = file_name(fd, flags, &what);
    if (!error) {
        error = fos_mem_paged() ? fos_mem_map(&what, &at) : map_direct(&what, &at);
    }
    if (error)
        failed(error);
    return error ? MAP_FAILED : at;
}

static long range_check(const void *address, size_t length)
{
    if ((uint64_t)address % FOS_PAGE_SIZE)
        return -EINVAL;
    return page_up(length) < length ? -ENOMEM : 0;
}

int munmap(void *address, size_t length)
{
    long error = range_check(address, length);

    if (!error && length == 0)
        error = -EINVAL;
    if (!error)
        error = fos_mem_paged() ? fos_mem_unmap(address, length)
                                : fos_range_unmap((uint64_t)address,
                                                  page_up(length) / FOS_PAGE_SIZE);
    return error ? failed(error) : 0;
}

static long protect_direct(uint64_t address, uint64_t pages, unsigned prot)
{
    if (prot == 0) /* the kernel would forget what the pages hold */
        return -ENOSYS;
    while (pages) {
        uint64_t now = pages < FOS_MAP_PAGES_MAX ? pages : FOS_MAP_PAGES_MAX;
        long error = fos_sys_space_protect(fos_own_space(), address, now, prot);
        if (error < 0)
            return error == -FOS_EFAULT ? -ENOMEM : error;
        address += now * FOS_PAGE_SIZE;
        pages -= now;
    }
    return 0;
}

int mprotect(void *address, size_t length, int prot)
{
    unsigned wanted = 0;
    long error = range_check(address, length);

    if (!error)
        error = prot_check(prot, &wanted);
    if (!error && length)
        error = fos_mem_paged()
                    ? fos_mem_protect(address, length, wanted)
                    : protect_direct((uint64_t)address,
                                     page_up(length) / FOS_PAGE_SIZE, wanted);
    return error ? failed(error) : 0;
}

int msync(void *address, size_t length, int flags)
{
    long error = range_check(address, length);

    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        error = -EINVAL;
    if (!error && length)
        error = fos_mem_sync(address, length);
    return error ? failed(error) : 0;
}

static long advise(void *address, size_t length, int advice)
{
    long error = range_check(address, length);

    if (!error && (advice < MADV_NORMAL || advice > MADV_DONTNEED))
        error = -EINVAL;
    if (!error && length)
        error = fos_mem_advise(address, length, (enum mem_advice)advice);
    return error;
}

int madvise(void *address, size_t length, int advice)
{
    long error = advise(address, length, advice);

    return error ? failed(error) : 0;
}

/* Nothing may change by POSIX's advice, so contents are not dropped. */
int posix_madvise(void *address, size_t length, int advice)
{
    if (advice == POSIX_MADV_DONTNEED)
        advice = MADV_NORMAL;
    return (int)-advise(address, length, advice);
}

/* Pages are never taken away from a process, so what is touched is locked. */
int mlock(const void *address, size_t length)
{
    uint64_t first = (uint64_t)address & ~(FOS_PAGE_SIZE - 1);
    size_t all = length + ((uint64_t)address - first);
    long error = all < length ? -EINVAL : advise((void *)first, all, MADV_WILLNEED);

    return error ? failed(error) : 0;
}

int munlock(const void *address, size_t length)
{
    uint64_t first = (uint64_t)address & ~(FOS_PAGE_SIZE - 1);
    long error =
        advise((void *)first, length + ((uint64_t)address - first), MADV_NORMAL);

    return error ? failed(error) : 0;
}

int mlockall(int flags)
{
    errno = flags & ~(MCL_CURRENT | MCL_FUTURE) || !flags ? EINVAL : ENOSYS;
    return -1;
}

int munlockall(void)
{
    errno = ENOSYS;
    return -1;
}
