/* SPDX-License-Identifier: MIT */
/* Stacks and thread-local storage; some are kept for threads to come. */
#include "inside.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <fos/fork.h>
#include <fos/mem.h>
#include <fos/memory.h>
#include <fos/thread.h>

/* Of a process that is not paged every page of a stack is paid at once. */
enum {
    STACK_PAGED = 1 << 20,
    STACK_DIRECT = 1 << 16,
    KEPT_MAX = 8,
};

static struct fos_lock lock; /* of all below */
static struct thread_memory kept[KEPT_MAX];
static unsigned kept_count;

FOS_FORK_LOCK(lock);

static size_t page_up(size_t bytes)
{
    return (bytes + FOS_PAGE_SIZE - 1) & ~(size_t)(FOS_PAGE_SIZE - 1);
}

size_t fos_thread_stack_default(void)
{
    return fos_mem_paged() ? STACK_PAGED : STACK_DIRECT;
}

static bool kept_take(struct thread_memory *memory)
{
    bool found = false;

    fos_lock_take(&lock);
    for (unsigned i = 0; i < kept_count && !found; i++) {
        if (kept[i].size != memory->size ||
            kept[i].guard_size != memory->guard_size ||
            kept[i].stack_size != memory->stack_size)
            continue;
        *memory = kept[i];
        kept[i] = kept[--kept_count];
        found = true;
    }
    fos_lock_release(&lock);
    if (found)
        memset((uint8_t *)memory->base + memory->tls_offset, 0,
               memory->size - memory->tls_offset);
    return found;
}

static bool kept_put(const struct thread_memory *memory)
{
    bool room;

    fos_lock_take(&lock);
    room = kept_count < KEPT_MAX;
    if (room)
        kept[kept_count++] = *memory;
    fos_lock_release(&lock);
    return room;
}

/* In memory that nobody pages, the page below a mapping is never mapped. */
static void *range_map(size_t size, size_t guard)
{
    void *base;

    if (!fos_mem_paged())
        return fos_pages_map(size / FOS_PAGE_SIZE);
    base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (guard && mprotect(base, guard, PROT_NONE)) {
        munmap(base, size);
        return NULL;
    }
    return base;
}

static void range_unmap(void *base, size_t size)
{
    if (fos_mem_paged())
        munmap(base, size);
    else
        fos_pages_unmap(base, size / FOS_PAGE_SIZE);
}

int fos_thread_memory_get(struct thread_memory *memory, const pthread_attr_t *attr)
{
    size_t tls = page_up(fos_tls_size());
    *memory = (struct thread_memory){.size = tls};
    if (attr->__stack) {
        memory->given_size = attr->__stack_size;
    } else {
        memory->stack_size = page_up(
            attr->__stack_size ? attr->__stack_size : fos_thread_stack_default());
        memory->guard_size = fos_mem_paged() ? page_up(attr->__guard_size) : 0;
        memory->tls_offset = memory->guard_size + memory->stack_size;
        memory->size += memory->tls_offset;
    }
    if (!kept_take(memory)) {
        memory->base = range_map(memory->size, memory->guard_size);
        if (!memory->base)
            return EAGAIN;
    }
    memory->stack_end = attr->__stack ? (uint64_t)attr->__stack + attr->__stack_size
                                      : (uint64_t)memory->base + memory->tls_offset;
    memory->pages = fos_pages_reserve(FOS_THREAD_PAGES);
    if (memory->pages)
        return 0;
    fos_thread_memory_put(memory);
    return EAGAIN;
}

void fos_thread_memory_put(const struct thread_memory *memory)
{
    struct thread_memory copy = *memory; /* it may lie in what goes */

    if (copy.pages)
        fos_pages_release(copy.pages, FOS_THREAD_PAGES);
    if (copy.stack_size != page_up(fos_thread_stack_default()) || !kept_put(&copy))
        range_unmap(copy.base, copy.size);
}

void fos_thread_memory_orphan(const struct thread_memory *memory)
{
    if (memory->stack_size == page_up(fos_thread_stack_default()) &&
        kept_count < KEPT_MAX)
        kept[kept_count++] = *memory;
}
