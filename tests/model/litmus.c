/* SPDX-License-Identifier: MIT */
/*
 * The explorer on small programs whose possible outcomes under x86-TSO are known:
 * it must find every allowed one and no forbidden one (Owens, Sarkar, Sewell: "A
 * better x86 memory model: x86-TSO", 2009; Sewell et al., CACM 7/2010, section 2).
 */
#include <fos/abi/atomic.h>

#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "verdict.h"

/* Registers r hold what the threads loaded. */
static struct {
    _Atomic uint32_t x, y;
    uint32_t r[EXPLORE_THREADS][2];
    uint64_t data;
} __attribute__((aligned(64))) memory;

static const struct explore_place places[] = {{"x", 0}, {"y", 4}, {"r", 8}, {0, 0}};

static void memory_reset(void)
{
    memset(&memory, 0, sizeof memory);
}

/* Outcomes seen, one bit for each; lies outside the model: it only grows. */
static uint64_t outcomes;

static unsigned outcome_of(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return a | b << 1 | c << 2 | d << 3;
}

static void outcome_note(void)
{
    outcomes |= 1ull << outcome_of(memory.r[0][0], memory.r[1][0], memory.r[0][1],
                                   memory.r[1][1]);
}

static struct explore_model litmus(void (*a)(void), void (*b)(void))
{
    return (struct explore_model){
        .memory = &memory,
        .size = sizeof memory,
        .shared = sizeof memory,
        .reset = memory_reset,
        .thread = {a, b},
        .finish = outcome_note,
        .places = places,
    };
}

static void outcomes_are(const char *sentence, struct explore_model model,
                         uint64_t expected)
{
    struct explore_result result;
    char why[400];
    outcomes = 0;
    explore(&model, &result);
    snprintf(why, sizeof why, "outcomes %#llx, not %#llx; %s",
             (unsigned long long)outcomes, (unsigned long long)expected,
             result.violation);
    verdict_is(sentence, outcomes == expected && !result.violation[0], why);
}

/* Sets of outcomes of two registers (r0 of thread 0, r0 of thread 1). */
#define SET(a, b) (1ull << ((a) | (b) << 1))
#define ALL4      (SET(0, 0) | SET(0, 1) | SET(1, 0) | SET(1, 1))

static void x_then_read_y(void)
{
    fos_store_relaxed(&memory.x, 1);
    memory.r[0][0] = fos_load_relaxed(&memory.y);
}

static void y_then_read_x(void)
{
    fos_store_relaxed(&memory.y, 1);
    memory.r[1][0] = fos_load_relaxed(&memory.x);
}

static void x_fence_read_y(void)
{
    fos_store_relaxed(&memory.x, 1);
    fos_fence();
    memory.r[0][0] = fos_load_relaxed(&memory.y);
}

static void y_fence_read_x(void)
{
    fos_store_relaxed(&memory.y, 1);
    fos_fence();
    memory.r[1][0] = fos_load_relaxed(&memory.x);
}

static void y_serialize_read_x(void)
{
    fos_store_relaxed(&memory.y, 1);
    explore_serialize();
    memory.r[1][0] = fos_load_relaxed(&memory.x);
}

static void x_locked_read_y(void)
{
    fos_exchange(&memory.x, 1);
    memory.r[0][0] = fos_load_relaxed(&memory.y);
}

static void y_locked_read_x(void)
{
    fos_exchange(&memory.y, 1);
    memory.r[1][0] = fos_load_relaxed(&memory.x);
}

static void read_y_then_x(void)
{
    memory.r[0][0] = fos_load_relaxed(&memory.y);
    fos_store_relaxed(&memory.x, 1);
}

static void read_x_then_y(void)
{
    memory.r[1][0] = fos_load_relaxed(&memory.x);
    fos_store_relaxed(&memory.y, 1);
}

static void store_buffering(void)
{
    outcomes_are("store buffering shows all four outcomes",
                 litmus(x_then_read_y, y_then_read_x), ALL4);
    outcomes_are("a fence on one side only still shows all four",
                 litmus(x_then_read_y, y_fence_read_x), ALL4);
    outcomes_are("fences on both sides forbid 0, 0",
                 litmus(x_fence_read_y, y_fence_read_x), ALL4 & ~SET(0, 0));
    outcomes_are("locked exchanges on both sides forbid 0, 0",
                 litmus(x_locked_read_y, y_locked_read_x), ALL4 & ~SET(0, 0));
    outcomes_are("serialize on one side and nothing on the other forbid 0, 0",
                 litmus(x_then_read_y, y_serialize_read_x), ALL4 & ~SET(0, 0));
    outcomes_are("load buffering never shows 1, 1",
                 litmus(read_y_then_x, read_x_then_y), ALL4 & ~SET(1, 1));
}

static void write_x_then_y(void)
{
    fos_store_relaxed(&memory.x, 1);
    fos_store_relaxed(&memory.y, 1);
}

static void read_both(void)
{
    int self = explore_self() != 0;
    memory.r[self][0] = fos_load_relaxed(&memory.y);
    memory.r[self][1] = fos_load_relaxed(&memory.x);
}

/* n6 of the papers: forwarding makes x = 1 and y read 0 while x ends as 1. */
static void n6_left(void)
{
    fos_store_relaxed(&memory.x, 1);
    memory.r[0][0] = fos_load_relaxed(&memory.x);
    memory.r[0][1] = fos_load_relaxed(&memory.y);
}

static void n6_right(void)
{
    fos_store_relaxed(&memory.y, 1);
    fos_store_relaxed(&memory.x, 0);
}

static void n6_finish(void)
{
    memory.r[1][0] = memory.x;
    outcome_note();
}

static void other_orders(void)
{
    outcomes_are("stores reach memory in their order (message passing)",
                 litmus(write_x_then_y, read_both),
                 1ull << outcome_of(0, 0, 0, 0) | 1ull << outcome_of(0, 0, 0, 1) |
                     1ull << outcome_of(0, 1, 0, 1));
    struct explore_model n6 = litmus(n6_left, n6_right);
    n6.finish = n6_finish;
    n6.reset = memory_reset;
    uint64_t n6_all = 0;
    for (uint32_t x = 0; x < 2; x++)
        for (uint32_t y = 0; y < 2; y++)
            n6_all |= 1ull << outcome_of(1, x, y, 0);
    n6_all |= 1ull << outcome_of(0, 0, 1, 0);
    outcomes_are("a thread sees its own store before others do (n6)", n6, n6_all);
}

/* Four threads: two writers, two readers that read in opposite orders. */
static void write_x(void)
{
    fos_store_relaxed(&memory.x, 1);
}

static void write_y(void)
{
    fos_store_relaxed(&memory.y, 1);
}

static void read_x_y(void)
{
    memory.r[0][0] = fos_load_relaxed(&memory.x);
    memory.r[0][1] = fos_load_relaxed(&memory.y);
}

static void read_y_x(void)
{
    memory.r[1][0] = fos_load_relaxed(&memory.y);
    memory.r[1][1] = fos_load_relaxed(&memory.x);
}

static void independent_reads(void)
{
    struct explore_model model = litmus(write_x, write_y);
    model.thread[2] = read_x_y;
    model.thread[3] = read_y_x;
    uint64_t all = 0xffff, forbidden = 1ull << outcome_of(1, 1, 0, 0);
    outcomes_are("two readers agree on the order of two independent stores", model,
                 all & ~forbidden);
}

/* ---- Races, waiting ---- */

static void publish_release(void)
{
    fos_payload_write(&memory.data, &(uint64_t){42}, 8);
    fos_store_release(&memory.x, 1);
}

static void publish_relaxed(void)
{
    fos_payload_write(&memory.data, &(uint64_t){42}, 8);
    fos_store_relaxed(&memory.x, 1);
}

static void publish_first(void)
{
    fos_store_release(&memory.x, 1);
    fos_payload_write(&memory.data, &(uint64_t){42}, 8);
}

static void take_acquire(void)
{
    uint64_t data;
    while (!fos_load_acquire(&memory.x))
        fos_pause();
    fos_payload_read(&data, &memory.data, 8);
    EXPLORE_CHECK(data == 42);
}

static void take_relaxed(void)
{
    uint64_t data;
    while (!fos_load_relaxed(&memory.x))
        fos_pause();
    fos_payload_read(&data, &memory.data, 8);
}

static void take_unasked(void)
{
    uint64_t data;
    fos_payload_read(&data, &memory.data, 8);
}

static void races(void)
{
    struct explore_model model = litmus(publish_release, take_acquire);
    model.finish = 0;
    verdict_holds("release and acquire order payload", &model);
    model.thread[1] = take_relaxed;
    verdict_finds("a relaxed load of the tag is found", &model, "data race");
    model.thread[1] = take_acquire;
    model.thread[0] = publish_relaxed;
    verdict_finds("a relaxed store of the tag is found", &model, "data race");
    model.thread[0] = publish_first;
    verdict_finds("a tag stored before its payload is found", &model, "data race");
    model.thread[0] = publish_release;
    model.thread[1] = take_unasked;
    verdict_finds("a payload read without looking at the tag is found", &model,
                  "data race");
}

static void wait_for_x(void)
{
    explore_wait_nonzero((const void *)&memory.x, 4);
}

static void wait_unless_x(void)
{
    if (!fos_load_acquire(&memory.x))
        explore_wait_nonzero((const void *)&memory.y, 4);
}

static void swap_in_y(void)
{
    uint32_t none = 0;
    EXPLORE_CHECK(fos_compare_exchange(&memory.y, &none, 5) && none == 0);
    EXPLORE_CHECK(!fos_compare_exchange(&memory.y, &none, 6) && none == 5);
    EXPLORE_CHECK(fos_fetch_or(&memory.y, 2) == 5 &&
                  fos_exchange(&memory.y, 9) == 7);
}

static void spin_for_y(void)
{
    while (fos_load_relaxed(&memory.y) != 9)
        fos_pause();
}

static void add_ten_times(void)
{
    for (int i = 0; i < 10; i++)
        fos_fetch_add(&memory.x, 1);
}

static void add_torn(void)
{
    for (int i = 0; i < 3; i++)
        fos_store_relaxed(&memory.x, fos_load_relaxed(&memory.x) + 1);
}

static void sum_is_20(void)
{
    EXPLORE_CHECK(memory.x == 20);
}

static void sum_is_6(void)
{
    EXPLORE_CHECK(memory.x == 6);
}

static void spin_without_pause(void)
{
    while (fos_load_relaxed(&memory.y) != 9)
        ;
}

static void waiting(void)
{
    struct explore_model model = litmus(write_x, wait_for_x);
    model.finish = 0;
    verdict_holds("a waiter is woken by a store", &model);
    model.thread[1] = wait_unless_x;
    verdict_finds("a waiter nobody wakes is found", &model, "waits for ever");
    model.thread[0] = swap_in_y;
    model.thread[1] = spin_for_y;
    verdict_holds("a poll loop ends when its word comes", &model);
    model.thread[0] = write_y;
    verdict_finds("a poll loop whose word never comes is found", &model,
                  "waits for ever");
    model.thread[1] = spin_without_pause;
    verdict_finds("a loop nothing can end is found", &model, "in circles");
    model.thread[0] = model.thread[1] = add_ten_times;
    model.finish = sum_is_20;
    verdict_holds("locked additions lose nothing", &model);
    model.thread[0] = model.thread[1] = add_torn;
    model.finish = sum_is_6;
    verdict_finds("a lost update is found", &model, "does not hold");
}

int main(void)
{
    store_buffering();
    other_orders();
    independent_reads();
    races();
    waiting();
    return verdict_status();
}
