/* SPDX-License-Identifier: MIT */
/*
 * Address ranges are cut off a cursor; ranges given back wait in a table for a
 * request of their size.  When the table is full they are forgotten: addresses, of
 * which there are 2^46, and the page tables they had.
 */
#include <fos/memory.h>

#include <fos/lock.h>
#include <fos/start.h>
#include <fos/syscall.h>

/* Room for the windows of all channels a thread may accept (FOS_CHANNELS_MAX), and as
 * many it may open. */
enum { RELEASED_MAX = 640 };

static struct fos_lock lock; /* of all below */
static uint64_t cursor = FOS_PAGES_BASE;
static struct {
    uint64_t address, pages;
} released[RELEASED_MAX];

void fos_pages_forked(void)
{
    lock = (struct fos_lock){0};
    cursor = FOS_PAGES_BASE;
    for (int i = 0; i < RELEASED_MAX; i++)
        released[i].pages = 0;
}

static uint64_t reuse(uint64_t pages)
{
    for (int i = 0; i < RELEASED_MAX; i++) {
        if (released[i].pages == pages) {
            released[i].pages = 0;
            return released[i].address;
        }
    }
    return 0;
}

void *fos_pages_reserve(size_t pages)
{
    uint64_t address = 0;

    fos_lock_take(&lock);
    if (pages && pages < (FOS_PAGES_END - cursor) / FOS_PAGE_SIZE) {
        address = reuse(pages);
        if (!address) {
            address = cursor;
            cursor += (pages + 1) * FOS_PAGE_SIZE;
        }
    }
    fos_lock_release(&lock);
    return (void *)address;
}

void fos_pages_release(void *address, size_t pages)
{
    int i = 0;

    fos_lock_take(&lock);
    while (i < RELEASED_MAX && released[i].pages)
        i++;
    if (i < RELEASED_MAX) {
        released[i].address = (uint64_t)address;
        released[i].pages = pages;
    }
    fos_lock_release(&lock);
}

static uint64_t batch(uint64_t pages)
{
    return pages < FOS_MAP_PAGES_MAX ? pages : FOS_MAP_PAGES_MAX;
}

long fos_range_unmap(uint64_t address, uint64_t pages)
{
    while (pages) {
        uint64_t now = batch(pages);
        long error = fos_sys_space_unmap(fos_own_space(), address, now);
        if (error < 0)
            return error;
        address += now * FOS_PAGE_SIZE;
        pages -= now;
    }
    return 0;
}

long fos_range_map(uint64_t address, uint64_t pages, unsigned protection)
{
    uint64_t done = 0;

    while (done < pages) {
        uint64_t now = batch(pages - done);
        long error = fos_sys_space_map(
            fos_own_space(), address + done * FOS_PAGE_SIZE, now, protection);
        if (error < 0) {
            fos_range_unmap(address, done);
            return error;
        }
        done += now;
    }
    return 0;
}

void *fos_pages_map(size_t pages)
{
    void *address = fos_pages_reserve(pages);

    if (!address)
        return NULL;
    if (fos_range_map((uint64_t)address, pages, FOS_PROT_READ | FOS_PROT_WRITE) <
        0) {
        fos_pages_release(address, pages);
        return NULL;
    }
    return address;
}

void fos_pages_unmap(void *address, size_t pages)
{
    if (fos_range_unmap((uint64_t)address, pages) == 0)
        fos_pages_release(address, pages);
}
