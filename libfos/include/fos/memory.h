/* SPDX-License-Identifier: MIT */
/*
 * Pages of the process's own space, outside the C heap.
 *
 *     0x400000            the program
 *     heap_start          C heap (sbrk), up to FOS_HEAP_END
 *     FOS_PAGES_BASE      given out by fos_pages_reserve: mailboxes, channels, devices
 *     FOS_STACK_TOP       first thread's stack below it, its shared pages above
 *     FOS_START_BLOCK     arguments, environment (struct fos_start)
 *
 * The first pages of the stack and all that is above it lie under one page table.
 */
#ifndef FOS_MEMORY_H
#define FOS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <fos/abi/types.h>

#define FOS_HEAP_END   0x0000000800000000ull
#define FOS_PAGES_BASE 0x0000001000000000ull
#define FOS_PAGES_END  0x0000700000000000ull
#define FOS_STACK_TOP  0x00007ff000100000ull

#define FOS_START_BLOCK (FOS_STACK_TOP + 0x10000)

_Static_assert((FOS_START_BLOCK + FOS_START_BLOCK_MAX - 1) >> 21 ==
                   (FOS_STACK_TOP - 1) >> 21,
               "one page table");

/* Addresses for `pages` pages, followed by one that stays unmapped; never given out
 * again before fos_pages_release.  NULL: none left. */
void *fos_pages_reserve(size_t pages);
void fos_pages_release(void *address, size_t pages);

/* In a child of fork, where nothing is mapped there. */
void fos_pages_forked(void);

/* Reserves and maps zeroed pages, readable and writable.  NULL: FOS_EDQUOT or
 * FOS_ENOMEM by the kernel. */
void *fos_pages_map(size_t pages);
void fos_pages_unmap(void *address, size_t pages);

/* Maps or unmaps a range of any number of pages of the own space, in calls as large
 * as the kernel takes.  0, or an error after which nothing of it is mapped. */
long fos_range_map(uint64_t address, uint64_t pages, unsigned protection);
long fos_range_unmap(uint64_t address, uint64_t pages);

#endif
