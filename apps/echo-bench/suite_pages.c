/* SPDX-License-Identifier: MIT */
/*
 * Whether to move pages instead of bytes.  Moving takes at least a change of the
 * sender's mapping and one of the receiver's, each a system call with a flush of
 * the TLB; what that costs is measured by changes to mappings of our own.  Beside
 * it: the same bytes streamed through a ring, and copied within one process.
 */
#include "measure.h"

#include <fos/memory.h>
#include <fos/start.h>

enum { PAGES_MAX = 256, RUNS = 16, STREAM = 16 /* messages of a run */ };

static uint32_t pages;
static uint8_t *area, *from; /* PAGES_MAX pages */

static void map_and_unmap(void)
{
    must(fos_range_map((uint64_t)area, pages, FOS_PROT_READ | FOS_PROT_WRITE),
         "mapping");
    must(fos_range_unmap((uint64_t)area, pages), "unmapping");
}

static void protect(unsigned protection)
{
    must(fos_sys_space_protect(fos_own_space(), (uint64_t)area, pages, protection),
         "protecting");
}

static void protect_twice(void)
{
    protect(FOS_PROT_READ);
    protect(FOS_PROT_READ | FOS_PROT_WRITE);
}

static void copy(void)
{
    plain_copy(area, from, pages * FOS_PAGE_SIZE);
}

/* Messages follow each other; the time of one. */
static void stream(struct fos_figure *f)
{
    uint32_t runs = measure_count(RUNS);
    double cycles[RUNS];

    runs = runs < RUNS ? runs : RUNS;
    for (uint32_t r = 0; r < runs; r++) {
        uint64_t begin;
        pair_command(ECHO_TAKE, STREAM);
        begin = fos_bench_tsc();
        for (uint32_t i = 0; i < STREAM; i++)
            must(fos_msg_send(&pair.by_channel, from,
                              (uint32_t)(pages * FOS_PAGE_SIZE)),
                 "streaming");
        pair_receive(0);
        cycles[r] =
            fos_bench_each(fos_bench_tsc() - begin, measure_overhead, STREAM);
    }
    f->summary = fos_bench_summary(cycles, runs, STREAM);
}

static void measure_own(const char *name, void (*once)(void), bool traps)
{
    struct measurement m = {.suite = "pages",
                            .name = name,
                            .x = (double)(pages * FOS_PAGE_SIZE),
                            .once = once,
                            .server = ECHO_END,
                            .batch = 1,
                            .samples = 160,
                            .traps = traps};

    measure(&m);
}

static void measure_size(void)
{
    struct fos_figure f = {.suite = "pages",
                           .name = "through the ring",
                           .unit = "cycles",
                           .x = (double)(pages * FOS_PAGE_SIZE)};

    area = fos_pages_reserve(pages);
    must(area ? 0 : -FOS_ENOMEM, "addresses");
    measure_own("map and unmap", map_and_unmap, true);
    must(fos_range_map((uint64_t)area, pages, FOS_PROT_READ | FOS_PROT_WRITE),
         "mapping");
    measure_own("protect twice", protect_twice, true);
    measure_own("copy in memory", copy, false);
    must(fos_range_unmap((uint64_t)area, pages), "unmapping");
    fos_pages_release(area, pages);
    stream(&f);
    figure_keep(&f, true);
}

void suite_pages(void)
{
    from = room(PAGES_MAX * FOS_PAGE_SIZE);
    pair_open(ECHO_SLOTS);
    for (pages = 1; pages <= PAGES_MAX; pages *= 4)
        measure_size();
    pair_close();
    free(from);
}
