/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks in the guest (apps/echo-bench) and on the host (tests/bench)
 * share: the clock, the summary of samples, the yardstick, the output.
 *
 * Samples are in TSC cycles.  The counter steps coarsely on some machines: fast
 * things are timed FOS_BENCH_BATCH at once, and what two reads of the counter cost
 * is subtracted once from each.
 */
#ifndef FOS_BENCH_H
#define FOS_BENCH_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <fos/abi/atomic.h>

enum { FOS_BENCH_BATCH = 64, FOS_BENCH_MESSAGE = 32 };

struct fos_summary {
    uint64_t n; /* operations timed */
    double min, median, p99;
};

struct fos_figure {
    const char *name, *unit;
    struct fos_summary summary;
    double ratio;  /* to the minimal IPC, per the same moments; 0: does not apply */
    bool emulated; /* traps under an emulator: not the hardware's cost */
};

/* ---- clock and samples ---- */

static inline uint64_t fos_bench_tsc(void)
{
    uint32_t low, high;

    __asm__ __volatile__("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* The mean cost of reading the counter: its minimum would be an artefact of its
 * step. */
static inline uint64_t fos_bench_overhead(void)
{
    enum { READS = 10000 };
    uint64_t first = fos_bench_tsc(), last = first;

    for (int i = 0; i < READS; i++)
        last = fos_bench_tsc();
    return (last - first) / READS;
}

static inline int fos_bench_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts the samples; `batch` operations were timed in each. */
static inline struct fos_summary fos_bench_summary(double *samples, uint64_t count,
                                                   uint64_t batch)
{
    struct fos_summary s = {.n = count * batch};

    if (!count)
        return s;
    qsort(samples, count, sizeof *samples, fos_bench_order);
    s.min = samples[0];
    s.median = samples[count / 2];
    s.p99 = samples[count * 99 / 100];
    return s;
}

static inline double fos_bench_median(double *samples, uint64_t count)
{
    return fos_bench_summary(samples, count, 1).median;
}

/* Cycles to one operation, of a batch that took `cycles`. */
static inline double fos_bench_each(uint64_t cycles, uint64_t overhead,
                                    uint64_t batch)
{
    return cycles > overhead ? (double)(cycles - overhead) / (double)batch : 0;
}

/* ---- the yardstick ---- */

/*
 * Minimal IPC after appendix A of Belay's thesis: one cache line carries request
 * and answer; three words of arguments, one of result, a control word that says
 * whose turn it is.  Nothing less can be called a message.
 */
struct fos_minimal {
    uint64_t words[7];
    _Atomic uint64_t control; /* 1: the request waits */
} __attribute__((aligned(64)));

/*
 * The line for call number `calls`: another after every batch.  How long a line
 * takes from processor to processor depends on where its home is (which slice of
 * the cache), and the luck of a single one would be in every ratio.  `base` has
 * FOS_MINIMAL_BYTES.
 */
enum { FOS_MINIMAL_LINES = 16, FOS_MINIMAL_BYTES = FOS_MINIMAL_LINES * 128 };

static inline struct fos_minimal *fos_minimal_line(void *base, uint64_t calls)
{
    return (void *)((char *)base +
                    calls / FOS_BENCH_BATCH % FOS_MINIMAL_LINES * 128);
}

static inline void fos_minimal_request(struct fos_minimal *line, uint64_t a,
                                       uint64_t b)
{
    line->words[0] = 1;
    line->words[1] = a;
    line->words[2] = b;
    fos_store_release(&line->control, 1);
}

static inline bool fos_minimal_answer(struct fos_minimal *line)
{
    uint64_t operation = line->words[0];

    line->words[0] = line->words[1] + line->words[2];
    fos_store_release(&line->control, 0);
    return operation == 1;
}

static inline bool fos_minimal_call(struct fos_minimal *line, uint64_t a,
                                    uint64_t b)
{
    fos_minimal_request(line, a, b);
    while (fos_load_acquire(&line->control) != 0)
        fos_pause();
    return line->words[0] == a + b;
}

static inline bool fos_minimal_serve(struct fos_minimal *line)
{
    while (fos_load_acquire(&line->control) != 1)
        fos_pause();
    return fos_minimal_answer(line);
}

/* The same without a pause between looks: slower on processors, faster where the
 * pause is emulated.  Not the yardstick. */
static inline bool fos_minimal_call_tight(struct fos_minimal *line, uint64_t a,
                                          uint64_t b)
{
    fos_minimal_request(line, a, b);
    while (fos_load_acquire(&line->control) != 0)
        ;
    return line->words[0] == a + b;
}

static inline bool fos_minimal_serve_tight(struct fos_minimal *line)
{
    while (fos_load_acquire(&line->control) != 1)
        ;
    return fos_minimal_answer(line);
}

/* ---- output ---- */

static inline void fos_bench_head(void)
{
    printf("%-34s %-8s %10s %10s %10s %10s %9s\n", "what", "unit", "n", "min",
           "median", "p99", "x minimal");
}

static inline void fos_bench_row(const struct fos_figure *f)
{
    printf("%-34s %-8s %10" PRIu64 " %10.1f %10.1f %10.1f ", f->name, f->unit,
           f->summary.n, f->summary.min, f->summary.median, f->summary.p99);
    if (f->ratio > 0)
        printf("%9.2f", f->ratio);
    else
        printf("%9s", "-");
    printf("%s\n", f->emulated ? "  emulated" : "");
}

/* One JSON object on a line of `to`, without a line end. */
static inline void fos_bench_json(FILE *to, const struct fos_figure *f,
                                  const char *machine, const char *date)
{
    fprintf(to,
            "{\"name\": \"%s\", \"unit\": \"%s\", \"n\": %" PRIu64
            ", \"min\": %.2f, \"median\": %.2f, \"p99\": %.2f, "
            "\"ratio_to_minimal\": ",
            f->name, f->unit, f->summary.n, f->summary.min, f->summary.median,
            f->summary.p99);
    if (f->ratio > 0)
        fprintf(to, "%.3f", f->ratio);
    else
        fprintf(to, "null");
    fprintf(to, ", \"emulated\": %s, \"machine\": \"%s\", \"date\": \"%s\"}",
            f->emulated ? "true" : "false", machine, date);
}

#endif
