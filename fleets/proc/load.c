/* SPDX-License-Identifier: MIT */
#include "load.h"

#include <string.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/msg.h>
#include <fos/start.h>
#include <fos/syscall.h>
#include <fos/ticket.h>

#include "files.h"
#include "fleet.h"
#include "pager.h"
#include "tell.h"

enum { READ_WRITE = FOS_PROT_READ | FOS_PROT_WRITE };

static uint64_t page_up(uint64_t address)
{
    return (address + FOS_PAGE_SIZE - 1) & ~(FOS_PAGE_SIZE - 1);
}

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

static long bytes_copy(struct fos_cap to_space, uint64_t to,
                       struct fos_cap from_space, uint64_t from, uint64_t length)
{
    while (length) {
        uint64_t piece = length < FOS_COPY_MAX ? length : FOS_COPY_MAX;
        struct fos_copy copy = {to_space, to, from_space, from, piece};
        long error = fos_sys_space_copy(&copy);
        if (error < 0)
            return error;
        to += piece;
        from += piece;
        length -= piece;
    }
    return 0;
}

/* ---- the image ---- */

static bool in_archive(const struct load *what)
{
    uint64_t at = (uint64_t)what->image, archive = fleet.boot->archive;

    return at >= archive && at - archive < fleet.boot->archive_size;
}

/* The archive's pages can be the segment's: whatever stands behind its bytes in the
 * last one is in the archive for everybody to see. */
static bool is_shareable(const struct load *what, const struct elf_segment *s)
{
    return in_archive(what) && !(s->prot & FOS_PROT_WRITE) &&
           s->mem_size == s->file_size &&
           ((uint64_t)what->image + s->file_offset - s->va) % FOS_PAGE_SIZE == 0;
}

/* Pages of this fleet become the other's too. */
static long pages_share(struct fos_cap space, uint64_t to, uint64_t from,
                        uint64_t count, unsigned prot)
{
    for (uint64_t done = 0; done < count;) {
        uint64_t left = count - done;
        struct fos_share share = {
            .to_space = space,
            .from_space = fos_own_space(),
            .to = to + done * FOS_PAGE_SIZE,
            .from = from + done * FOS_PAGE_SIZE,
            .pages = left < FOS_MAP_PAGES_MAX ? (uint32_t)left : FOS_MAP_PAGES_MAX,
            .prot = prot,
            .how = FOS_SHARE_KEEP};
        long error = fos_sys_space_share(&share);
        if (error < 0)
            return error;
        done += share.pages;
    }
    return 0;
}

static long segment_share(struct fos_cap space, const struct elf_segment *s,
                          const char *image)
{
    uint64_t from = (uint64_t)image + s->file_offset - (s->va - s->first_page);

    return pages_share(space, s->first_page, from,
                       (s->end_page - s->first_page) / FOS_PAGE_SIZE, s->prot);
}

static long archive_share(struct fos_cap space)
{
    return pages_share(space, LOAD_ARCHIVE, fleet.boot->archive,
                       page_up(fleet.boot->archive_size) / FOS_PAGE_SIZE,
                       FOS_PROT_READ);
}

/* Mapped writable, filled, then given its own protection: never written and executed.
 * Pages of which nothing is in the file are the pager's to bring, if there is one. */
static long segment_copy(const struct process *p, const struct elf_segment *s,
                         const char *image)
{
    uint64_t end = p->paged ? page_up(s->va + s->file_size) : s->end_page;
    long error = 0;

    if (!s->file_size && p->paged)
        return 0;
    error = range_do(fos_sys_space_map, p->space, s->first_page, end, READ_WRITE);
    if (!error)
        error = bytes_copy(p->space, s->va, fos_own_space(),
                           (uint64_t)image + s->file_offset, s->file_size);
    if (!error && s->prot != READ_WRITE)
        error =
            range_do(fos_sys_space_protect, p->space, s->first_page, end, s->prot);
    return error;
}

static long image_load(const struct process *p, const struct load *what)
{
    for (uint32_t i = 0; i < what->plan.count; i++) {
        const struct elf_segment *s = &what->plan.segments[i];
        long error = is_shareable(what, s) ? segment_share(p->space, s, what->image)
                                           : segment_copy(p, s, what->image);
        if (error < 0)
            return error;
    }
    return 0;
}

static long stack_map(struct fos_cap space)
{
    return range_do(fos_sys_space_map, space,
                    FOS_STACK_TOP - STACK_PAGES * FOS_PAGE_SIZE, FOS_STACK_TOP,
                    READ_WRITE);
}

/* ---- what stands above the stack ---- */

static struct fos_cap ticket_of(const struct process *p,
                                const struct fos_siphash_key *key)
{
    bool system = p->account == &system_account;

    return fos_ticket_make(key, p->pid | (system ? FOS_TICKET_SYSTEM : 0));
}

static void page_caps_fill(struct fos_start *page, const struct process *p,
                           const struct load *what)
{
    page->caps[FOS_START_SPACE] = p->space;
    page->caps[FOS_START_THREAD] = p->thread;
    page->caps[FOS_START_PROC] = what->proc;
    page->caps[FOS_START_CONSOLE] = what->console;
    page->caps[FOS_START_FS] = what->fs;
    page->caps[FOS_START_MEM] = what->mem;
    page->caps[FOS_START_TICKET] = ticket_of(p, what->tickets);
    if (what->control.id) {
        page->caps[FOS_START_CONTROL] = what->control;
        page->caps[FOS_START_TICKETS] =
            (struct fos_cap){what->tickets->word[0], what->tickets->word[1]};
    }
    if (what->extra)
        memcpy(page->caps + FOS_START_EXTRA, what->caps,
               what->extra * sizeof *what->caps);
}

/* So that nobody has to measure it again. */
static void page_clock_fill(struct fos_start *page)
{
    const struct fos_sleeper *own = &fos_thread_self()->sleeper;

    fos_now_ns(); /* which sets it now and then */
    page->tsc_hz = own->tsc_hz;
    page->tsc_then = own->tsc_then;
    page->ns_then = own->ns_then;
    page->spin_cycles = own->spin_cycles;
}

static long start_page_write(struct process *p, const struct load *what)
{
    static struct fos_start page;

    page = (struct fos_start){
        .pid = p->pid,
        .vcpu = p->vcpu,
        .vcpus = table_vcpus(),
        .argc = p->argc,
        .envc = p->envc,
        .extra = what->extra,
        .block = FOS_START_BLOCK,
        .text_size = p->text_size,
        .inherit_size = p->inherit_size,
        .parent = p->parent,
        .group = p->group,
        .session = p->session,
        .doorbell = THREAD_PAGES,
        .events = THREAD_PAGES + FOS_PAGE_EVENTS * FOS_PAGE_SIZE,
        .trace = THREAD_PAGES + FOS_PAGE_TRACE * FOS_PAGE_SIZE,
        .heap_start = p->heap_start,
    };
    page_caps_fill(&page, p, what);
    page_clock_fill(&page);
    memcpy(page.name, p->name, sizeof page.name);
    long error = fos_sys_space_map(p->space, START_PAGE, 1, READ_WRITE);
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
    uint64_t size = block_size(p->text_size, p->inherit_size);
    long error = range_do(fos_sys_space_map, p->space, FOS_START_BLOCK,
                          page_up(FOS_START_BLOCK + size), READ_WRITE);

    if (!error)
        error = bytes_copy(p->space, FOS_START_BLOCK, what->block_space,
                           what->block, size);
    return error;
}

static long thread_make(struct process *p, const struct load_thread *thread)
{
    struct fos_thread_args args = {.entry = thread->entry,
                                   .stack = thread->stack,
                                   .arg = thread->argument,
                                   .pages = THREAD_PAGES,
                                   .vcpu = p->vcpu,
                                   .flags = FOS_THREAD_CREATE_STOPPED,
                                   .tls = thread->tls};

    return fos_sys_thread_create(p->space, &args, &p->thread);
}

long child_place(struct process *p, const struct load *what,
                 const struct load_thread *thread)
{
    long error = thread_make(p, thread);

    if (!error)
        error = start_page_write(p, what);
    if (!error)
        error = block_write(p, what);
    return error;
}

/* ---- the whole ---- */

long load_check(struct load *what, const char **why)
{
    return elf_check(what->image, what->image_size, &what->plan, why);
}

long space_open(struct process *p)
{
    struct fos_space_info info;
    long error = fos_sys_space_create(p->frames, p->objects, &p->space);

    if (error)
        return error;
    error = fos_sys_space_status(p->space, &info);
    if (!error)
        error = fos_sys_space_watch(p->space, process_event(p));
    if (error) {
        space_end(p->space);
        return error;
    }
    p->pid = info.pid;
    if (!p->group)
        p->group = p->pid;
    if (!p->session)
        p->session = p->pid;
    return 0;
}

long program_place(struct process *p, const struct load *what)
{
    struct load_thread thread = {
        .entry = what->plan.entry, .stack = FOS_STACK_TOP, .argument = START_PAGE};
    struct pager_call memory = {0};
    long error, attached;

    p->paged = what->mem.id != 0;
    p->heap_start = what->plan.image_end;
    p->argc = what->argc;
    p->envc = what->envc;
    p->text_size = what->text_size;
    p->inherit_size = what->inherit_size;
    p->extra = what->extra;
    if (p->paged)
        pager_attach(&memory, p, &what->plan);
    error = image_load(p, what);
    if (!error && !p->paged)
        error = stack_map(p->space);
    if (!error && what->archive)
        error = archive_share(p->space);
    if (!error)
        error = child_place(p, what, &thread);
    attached = pager_finish(&memory);
    return error ? error : attached;
}

long program_go(const struct process *p)
{
    return fos_sys_thread_control(p->thread, FOS_THREAD_GO, 0);
}

void space_end(struct fos_cap space)
{
    while (fos_sys_space_destroy(space) == -FOS_EAGAIN)
        fos_sys_wait(0); /* its vCPU may wait for this processor */
}

void space_discard(const struct process *p)
{
    space_end(p->space);
    tell_end(p);
}

long process_load(struct process *p, struct load *what, const char **why)
{
    struct files_inherit files = {0};
    long error = space_open(p);

    if (!error) {
        if (what->inherit_size)
            files_inherit_begin(&files, p->parent, p->pid);
        error = program_place(p, what);
        long inherited = files_inherit_end(&files);
        if (!error)
            error = inherited;
        if (!error)
            error = program_go(p);
        if (error)
            space_discard(p);
    }
    if (error)
        *why = fos_strerror(error);
    return error;
}
