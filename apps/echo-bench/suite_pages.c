/* SPDX-License-Identifier: MIT */
/*
 * Whether to move pages instead of bytes.  A move is one system call: pages are
 * unmapped where they are and mapped elsewhere, here at other addresses of the own
 * space, so that telling another processor costs nothing.  The sender then needs
 * other pages for its next message: fresh ones are mapped, and zeroed, for that.
 * Beside it: the same bytes streamed through a ring, sent by pages that change places with the
 * receiver's (fos_msg_send_pages; the size below FOS_MSG_PAGES_LEAST is streamed by that,
 * too), and copied within one process.
 */
#include "measure.h"

#include <fos/memory.h>
#include <fos/start.h>

enum { PAGES_MAX = 256, RUNS = 16, STREAM = 16 /* messages of a run */ };

static uint32_t pages;
static uint8_t *area, *other, *from; /* PAGES_MAX pages; `other` is not mapped */
static uint8_t *own;                 /* so many, to be sent */

static void map_and_unmap(void)
{
    must(fos_range_map((uint64_t)area, pages, FOS_PROT_READ | FOS_PROT_WRITE),
         "mapping");
    must(fos_range_unmap((uint64_t)area, pages), "unmapping");
}

/* What is at `area` is mapped at `other`, and nothing at `area`; they change names. */
static void move_one_way(void)
{
    struct fos_share share = {.to_space = fos_own_space(),
                              .from_space = fos_own_space(),
                              .prot = FOS_PROT_READ | FOS_PROT_WRITE,
                              .how = FOS_SHARE_MOVE};
    uint8_t *to = other;

    for (uint32_t done = 0; done < pages; done += share.pages) {
        share.from = (uint64_t)area + done * FOS_PAGE_SIZE;
        share.to = (uint64_t)to + done * FOS_PAGE_SIZE;
        share.pages =
            pages - done < FOS_MAP_PAGES_MAX ? pages - done : FOS_MAP_PAGES_MAX;
        must(fos_sys_space_share(&share), "moving");
    }
    other = area;
    area = to;
}

static void copy(void)
{
    plain_copy(area, from, pages * FOS_PAGE_SIZE);
}

static void send_streamed(void)
{
    must(fos_msg_send(&pair.by_channel, from, (uint32_t)(pages * FOS_PAGE_SIZE)),
         "streaming");
}

static void send_pages(void)
{
    must(fos_msg_send_pages(&pair.by_channel, own,
                            (uint32_t)(pages * FOS_PAGE_SIZE), FOS_NEVER),
         "sending by pages");
}

/* Messages follow each other; the time of one. */
static void stream(const char *name, enum echo_op op, void (*send)(void))
{
    struct fos_figure f = {.suite = "pages",
                           .name = name,
                           .unit = "cycles",
                           .x = (double)(pages * FOS_PAGE_SIZE)};
    uint32_t runs = measure_count(RUNS);
    double cycles[RUNS];

    runs = runs < RUNS ? runs : RUNS;
    for (uint32_t r = 0; r < runs; r++) {
        uint64_t begin;
        pair_command(op, STREAM);
        begin = fos_bench_tsc();
        for (uint32_t i = 0; i < STREAM; i++)
            send();
        pair_receive(0);
        cycles[r] =
            fos_bench_each(fos_bench_tsc() - begin, measure_overhead, STREAM);
    }
    f.summary = fos_bench_summary(cycles, runs, STREAM);
    f.emulated = measure_emulated && op == ECHO_TAKE_PAGES;
    figure_keep(&f, true);
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
    area = fos_pages_reserve(pages);
    other = fos_pages_reserve(pages);
    must(area && other ? 0 : -FOS_ENOMEM, "addresses");
    measure_own("map and unmap", map_and_unmap, true);
    must(fos_range_map((uint64_t)area, pages, FOS_PROT_READ | FOS_PROT_WRITE),
         "mapping");
    measure_own("moved", move_one_way, true);
    measure_own("copy in memory", copy, false);
    must(fos_range_unmap((uint64_t)area, pages), "unmapping");
    fos_pages_release(area, pages);
    fos_pages_release(other, pages);
    stream("through the ring", ECHO_TAKE, send_streamed);
}

/* Once, so that the receiver has posted pages. */
static void measure_sent(void)
{
    pair_command(ECHO_TAKE_PAGES, 1);
    send_pages();
    pair_receive(0);
    stream("by pages", ECHO_TAKE_PAGES, send_pages);
}

void suite_pages(void)
{
    from = room(PAGES_MAX * FOS_PAGE_SIZE);
    pair_open(ECHO_SLOTS);
    for (pages = 1; pages <= PAGES_MAX; pages *= 4)
        measure_size();
    own = fos_pages_map(PAGES_MAX);
    must(own ? 0 : -FOS_ENOMEM, "pages to send");
    for (pages = FOS_MSG_PAGES_LEAST / FOS_PAGE_SIZE; pages <= PAGES_MAX;
         pages *= 2)
        measure_sent();
    fos_pages_unmap(own, PAGES_MAX);
    pair_close();
    free(from);
}
