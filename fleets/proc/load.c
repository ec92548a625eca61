/* SPDX-License-Identifier: MIT */
#include "load.h"

#include <string.h>

#include <fos/abi/elf.h>
#include <fos/error.h>
#include <fos/memory.h>
#include <fos/syscall.h>
#include <fos/ticket.h>

#define START_PAGE   (FOS_STACK_TOP + FOS_PAGE_SIZE)
#define THREAD_PAGES (FOS_STACK_TOP + 3 * FOS_PAGE_SIZE)

/* space_map and space_protect, in pieces the kernel takes. */
static long range_do(long (*call)(struct fos_cap, uint64_t, uint64_t, unsigned),
                     struct fos_cap space, uint64_t address, uint64_t end,
                     unsigned protection)
{
    while (address < end) {
        uint64_t pages = (end - address) / FOS_PAGE_SIZE;
        if (pages > FOS_MAP_PAGES_MAX)
            pages = FOS_MAP_PAGES_MAX;
        long error = call(space, address, pages, protection);
        if (error < 0)
            return error;
        address += pages * FOS_PAGE_SIZE;
    }
    return 0;
}

static long bytes_write(struct fos_cap space, uint64_t address, const char *from,
                        uint64_t length)
{
    while (length) {
        uint64_t piece = length < FOS_COPY_MAX ? length : FOS_COPY_MAX;
        long error = fos_sys_space_write(space, address, from, piece);
        if (error < 0)
            return error;
        address += piece;
        from += piece;
        length -= piece;
    }
    return 0;
}

/* Mapped writable, filled, then given its own protection: never written and
 * executed. */
static long segment_load(struct fos_cap space, const struct elf_segment *s,
                         const char *image)
{
    unsigned writable = FOS_PROT_READ | FOS_PROT_WRITE;
    long error =
        range_do(fos_sys_space_map, space, s->first_page, s->end_page, writable);

    if (!error)
        error = bytes_write(space, s->va, image + s->file_offset, s->file_size);
    if (!error && s->prot != writable)
        error = range_do(fos_sys_space_protect, space, s->first_page, s->end_page,
                         s->prot);
    return error;
}

static long image_load(struct fos_cap space, const struct elf_plan *plan,
                       const void *image)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        long error = segment_load(space, &plan->segments[i], image);
        if (error < 0)
            return error;
    }
    return 0;
}

static long stack_map(struct fos_cap space)
{
    return range_do(fos_sys_space_map, space,
                    FOS_STACK_TOP - STACK_PAGES * FOS_PAGE_SIZE, FOS_STACK_TOP,
                    FOS_PROT_READ | FOS_PROT_WRITE);
}

static struct fos_cap ticket_of(const struct process *p,
                                const struct fos_siphash_key *key)
{
    bool system = p->account == &system_account;

    return fos_ticket_make(key, p->pid | (system ? FOS_TICKET_SYSTEM : 0));
}

static long start_page_write(const struct process *p, const struct load *what,
                             uint64_t heap_start)
{
    static struct fos_start page;

    memset(&page, 0, sizeof page);
    page.pid = p->pid;
    page.vcpu = p->vcpu;
    page.vcpus = table_vcpus();
    page.argc = what->argc;
    page.envc = what->envc;
    page.extra = what->extra;
    page.block = FOS_START_BLOCK;
    page.text_size = what->text_size;
    page.inherit_size = what->inherit_size;
    page.parent = p->parent;
    page.group = p->group;
    page.session = p->session;
    page.doorbell = THREAD_PAGES;
    page.events = THREAD_PAGES + FOS_PAGE_EVENTS * FOS_PAGE_SIZE;
    page.trace = THREAD_PAGES + FOS_PAGE_TRACE * FOS_PAGE_SIZE;
    page.heap_start = heap_start;
    page.caps[FOS_START_SPACE] = p->space;
    page.caps[FOS_START_PROC] = what->proc;
    page.caps[FOS_START_CONSOLE] = what->console;
    page.caps[FOS_START_FS] = what->fs;
    page.caps[FOS_START_TICKET] = ticket_of(p, what->tickets);
    if (what->control.id) {
        page.caps[FOS_START_CONTROL] = what->control;
        page.caps[FOS_START_TICKETS] =
            (struct fos_cap){what->tickets->word[0], what->tickets->word[1]};
    }
    if (what->extra)
        memcpy(page.caps + FOS_START_EXTRA, what->caps,
               what->extra * sizeof *what->caps);
    memcpy(page.name, p->name, sizeof page.name);
    long error =
        fos_sys_space_map(p->space, START_PAGE, 1, FOS_PROT_READ | FOS_PROT_WRITE);
    if (!error)
        error = fos_sys_space_write(p->space, START_PAGE, &page, sizeof page);
    return error;
}

uint64_t block_size(uint32_t text_size, uint32_t inherit_size)
{
    uint64_t text = ((uint64_t)text_size + FOS_START_ALIGN - 1) &
                    ~(uint64_t)(FOS_START_ALIGN - 1);

    return text + inherit_size;
}

static long block_write(const struct process *p, const struct load *what)
{
    uint64_t size = block_size(what->text_size, what->inherit_size);
    uint64_t end =
        (FOS_START_BLOCK + size + FOS_PAGE_SIZE - 1) & ~(FOS_PAGE_SIZE - 1);
    long error = range_do(fos_sys_space_map, p->space, FOS_START_BLOCK, end,
                          FOS_PROT_READ | FOS_PROT_WRITE);

    if (!error)
        error = bytes_write(p->space, FOS_START_BLOCK, what->block, size);
    return error;
}

static long thread_start(const struct process *p, uint64_t entry)
{
    struct fos_thread_args args = {.entry = entry,
                                   .stack = FOS_STACK_TOP,
                                   .arg = START_PAGE,
                                   .pages = THREAD_PAGES,
                                   .vcpu = p->vcpu};
    struct fos_cap thread;

    return fos_sys_thread_create(p->space, &args, &thread);
}

static long space_fill(struct process *p, const struct load *what,
                       const struct elf_plan *plan)
{
    struct fos_space_info info;
    long error = fos_sys_space_status(p->space, &info);

    if (error)
        return error;
    p->pid = info.pid;
    if (!p->group)
        p->group = p->session = p->pid;
    error = image_load(p->space, plan, what->image);
    if (!error)
        error = stack_map(p->space);
    if (!error)
        error = start_page_write(p, what, plan->image_end);
    if (!error)
        error = block_write(p, what);
    if (!error)
        error = fos_sys_space_watch(p->space, process_event(p));
    if (!error)
        error = thread_start(p, plan->entry);
    return error;
}

void space_end(struct fos_cap space)
{
    while (fos_sys_space_destroy(space) == -FOS_EAGAIN)
        continue;
}

long process_load(struct process *p, const struct load *what, const char **why)
{
    struct elf_plan plan;
    long error = elf_check(what->image, what->image_size, &plan, why);

    if (error)
        return error;
    error = fos_sys_space_create(p->frames, p->objects, &p->space);
    if (!error) {
        error = space_fill(p, what, &plan);
        if (error)
            space_end(p->space);
    }
    if (error)
        *why = fos_strerror(error);
    return error;
}
