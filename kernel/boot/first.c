/* SPDX-License-Identifier: MIT */
/*
 * The first process: the archive's entry "proc", with every frame, every object and
 * all privileged capabilities.  The rest of the system is its to start.
 */
#include <fos/abi/boot.h>
#include <fos/format/cpio.h>
#include <fos/format/elf.h>

#include "boot/boot.h"
#include "msg/channel.h"
#include "msg/mailbox.h"
#include "sched/sched.h"
#include "sys/device.h"
#include "xen/xen.h"
#include "xen/hypercall.h"

enum {
    FIRST_STACK_PAGES = 16,
    RESERVE_SHARE = 16, /* one frame in so many is kept for the kernel's objects */
    RESERVE_MIN = 400,
    RESERVE_MAX = 16384,
};

#define FIRST_ARCHIVE 0x700000000000ull
#define FIRST_START   0x7fff10000000ull /* start page, then boot information */
#define FIRST_THREAD  0x7fff10010000ull /* its pages (enum fos_thread_page) */
#define FIRST_STACK   0x7fff00000000ull /* its top */

struct archive {
    const char *bytes; /* in the direct map */
    uint64_t size;
    pfn_t first;
};

static _Noreturn void refuse(const char *what, const char *why)
{
    print("fos: %s: %s\n", what, why);
    xen_shutdown(FOS_SHUTDOWN_CRASH);
}

static struct archive archive_find(void)
{
    uint64_t start = xen_start->mod_start, size = xen_start->mod_len;
    if (size == 0)
        refuse("boot archive", "none was given (ramdisk=)");
    if (!(xen_start->flags & SIF_MOD_START_PFN))
        start = (start - KERNEL_BASE) >> PAGE_SHIFT;
    ASSERT(start + (size + PAGE_SIZE - 1) / PAGE_SIZE <= frame_count);
    pfn_t first = {start};
    return (struct archive){frame_address(first), size, first};
}

static void must(int result, const char *what)
{
    if (result)
        refuse(what, result == -FOS_ENOMEM || result == -FOS_EDQUOT
                         ? "too little memory"
                         : "cannot be set up");
}

static void archive_map(struct space *s, const struct archive *a)
{
    uint64_t pages = (a->size + PAGE_SIZE - 1) / PAGE_SIZE;
    for (uint64_t i = 0; i < pages; i++) {
        pfn_t f = {a->first.n + i};
        frames[f.n].type = FRAME_BOOT;
        must(space_map_frames(s, FIRST_ARCHIVE + i * PAGE_SIZE, &f, 1,
                              FOS_PROT_READ, 0),
             "boot archive");
    }
}

/* Into pages just mapped, whatever their protection. */
static void fill(struct space *s, uint64_t va, const void *from, uint64_t n)
{
    for (uint64_t done = 0, room; done < n; done += room) {
        uint64_t at = va + done, offset = at % PAGE_SIZE;
        room = min_u64(PAGE_SIZE - offset, n - done);
        memcpy((char *)frame_address(pte_frame(table_entry(s, at))) + offset,
               (const char *)from + done, room);
    }
}

static void pages_map(struct space *s, uint64_t va, uint64_t pages, uint32_t prot)
{
    for (uint64_t done = 0, n; done < pages; done += n) {
        n = min_u64(pages - done, FOS_MAP_PAGES_MAX);
        must(space_map(s, va + done * PAGE_SIZE, n, prot, s), "first process");
    }
}

static struct elf_plan program_load(struct space *s, const struct archive *a)
{
    struct cpio_entry e;
    struct elf_plan plan;
    const char *why = "holds no program \"proc\"";
    if (cpio_find(a->bytes, a->size, "proc", &e))
        refuse("boot archive", why);
    if (elf_check(e.data, e.size, &plan, &why))
        refuse("proc", why);
    for (uint32_t i = 0; i < plan.count; i++) {
        const struct elf_segment *g = &plan.segments[i];
        pages_map(s, g->first_page, (g->end_page - g->first_page) / PAGE_SIZE,
                  g->prot);
        fill(s, g->va, (const char *)e.data + g->file_offset, g->file_size);
    }
    return plan;
}

static void boot_info_fill(struct space *s, const struct archive *a)
{
    static struct fos_boot_info info;
    info.archive = FIRST_ARCHIVE;
    info.archive_size = a->size;
    devices_init(&info);
    memcpy(info.cmdline, xen_start->cmd_line, sizeof info.cmdline - 1);
    fill(s, FIRST_START + PAGE_SIZE, &info, sizeof info);
}

static void start_page_fill(struct space *s, const struct thread *t, uint64_t heap)
{
    static struct fos_start start;
    start = (struct fos_start){
        .pid = s->pid,
        .vcpus = vcpu_count,
        .doorbell = FIRST_THREAD,
        .events = FIRST_THREAD + FOS_PAGE_EVENTS * PAGE_SIZE,
        .trace = FIRST_THREAD + FOS_PAGE_TRACE * PAGE_SIZE,
        .heap_start = heap,
        .caps = {[FOS_START_SPACE] = object_cap(&s->object),
                 [FOS_START_THREAD] = object_cap(&t->object)},
        .name = "proc",
    };
    fill(s, FIRST_START, &start, sizeof start);
}

static uint64_t reserve_frames(void)
{
    uint64_t n = min_u64(frames_free / RESERVE_SHARE, RESERVE_MAX);
    return n < RESERVE_MIN ? RESERVE_MIN : n;
}

/* Pools only grow, each for itself: every object may at its time have been of any
 * kind, and all of them fit the reserve. */
static uint32_t reserve_objects(uint64_t frames_n)
{
    uint64_t each = sizeof(struct space) + sizeof(struct thread) +
                    sizeof(struct mailbox) + sizeof(struct channel) +
                    sizeof(struct object *);
    return (uint32_t)(frames_n * PAGE_SIZE / each);
}

void first_process_start(void)
{
    struct archive archive = archive_find();
    struct space *s;
    struct thread *t;
    if (frames_free < 2 * RESERVE_MIN)
        refuse("memory", "too little is left for the first process");
    uint64_t reserve = reserve_frames();
    spin_lock(&kernel_lock);
    must(space_new(NULL, (uint32_t)(frames_free - reserve),
                   reserve_objects(reserve), &s),
         "first process");
    archive_map(s, &archive);
    struct elf_plan plan = program_load(s, &archive);
    pages_map(s, FIRST_START, 2, FOS_PROT_READ | FOS_PROT_WRITE);
    pages_map(s, FIRST_STACK - FIRST_STACK_PAGES * PAGE_SIZE, FIRST_STACK_PAGES,
              FOS_PROT_READ | FOS_PROT_WRITE);
    struct fos_thread_args args = {
        .entry = plan.entry,
        .stack = FIRST_STACK,
        .arg = FIRST_START,
        .pages = FIRST_THREAD,
    };
    must(thread_new(s, &args, &t), "first process");
    boot_info_fill(s, &archive);
    start_page_fill(s, t, plan.image_end);
    spin_unlock(&kernel_lock);
    thread_start(t);
}
