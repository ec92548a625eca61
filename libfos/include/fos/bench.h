/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks in the guest (apps/echo-bench), in the Linux guest beside it
 * (tests/bench/guest) and on the host (tests/bench) share: the clock, the summary
 * of samples, the yardstick, the output.
 *
 * Samples are in TSC cycles.  The counter steps coarsely on some machines: fast
 * things are timed FOS_BENCH_BATCH at once, and what two reads of the counter cost
 * is subtracted once from each.
 *
 * Virtual processors are moved by their host, which changes the way of a cache line
 * between them.  So a measurement is made in rounds, each between two runs of the
 * yardstick, and a round around which these differ is left out (struct fos_rounds).
 */
#ifndef FOS_BENCH_H
#define FOS_BENCH_H

#include <cpuid.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fos/abi/atomic.h>

enum { FOS_BENCH_BATCH = 64, FOS_BENCH_MESSAGE = 32 };

struct fos_summary {
    uint64_t n; /* operations timed */
    double min, median, p99, p999;
};

/* One result.  Those of one `suite` and `name` that differ in `x` are a curve. */
struct fos_figure {
    const char *name, *unit;
    const char *suite; /* NULL: none */
    const char *where; /* how the processors stood to each other; NULL: unknown */
    double x;          /* bytes, clients, ...: by the suite; 0: does not apply */
    struct fos_summary summary;
    double ratio;  /* to the minimal IPC, per the same moments; 0: does not apply */
    bool emulated; /* traps under an emulator: not the hardware's cost */
    bool unsteady; /* the yardstick differed around most rounds */
};

/* What all figures of a run have in common. */
struct fos_bench_run {
    const char *machine, *date; /* processor; UTC, ISO 8601 */
    double tsc_mhz;
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

/* The counter's steps in a second, from a twentieth of one. */
static inline double fos_bench_tsc_hz(void)
{
    struct timespec a, b;
    uint64_t begin = fos_bench_tsc(), end;

    clock_gettime(CLOCK_MONOTONIC, &a);
    usleep(50000);
    clock_gettime(CLOCK_MONOTONIC, &b);
    end = fos_bench_tsc();
    return (double)(end - begin) /
           ((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
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
    s.p999 = samples[count * 999 / 1000];
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

/* ---- rounds ---- */

enum { FOS_ROUNDS_MAX = 64 };

/* Samples of one measurement, by rounds. */
struct fos_rounds {
    double *samples; /* room for `capacity` */
    uint64_t capacity, used;
    uint32_t count;
    struct fos_round {
        uint64_t first, samples;
        double ratio;  /* median to the yardstick's */
        double change; /* of the yardstick from before to after, 1 or more */
    } round[FOS_ROUNDS_MAX];
};

/* More than this, and a processor was moved or taken away meanwhile. */
#define FOS_ROUND_CHANGE_MAX 1.25

/* Where the next round's samples go; `n` of them must fit. */
static inline double *fos_rounds_next(struct fos_rounds *rounds, uint64_t n)
{
    return rounds->count < FOS_ROUNDS_MAX && n <= rounds->capacity - rounds->used
               ? rounds->samples + rounds->used
               : NULL;
}

/* A round's `n` samples are where fos_rounds_next said; the yardstick's medians
 * before and after it. */
static inline void fos_rounds_add(struct fos_rounds *rounds, uint64_t n,
                                  double before, double after)
{
    struct fos_round *round = &rounds->round[rounds->count++];
    double *samples = rounds->samples + rounds->used;

    round->first = rounds->used;
    round->samples = n;
    round->ratio = fos_bench_median(samples, n) / ((before + after) / 2);
    round->change = before > after ? before / after : after / before;
    rounds->used += n;
}

static inline int fos_round_order(const void *a, const void *b)
{
    double x = ((const struct fos_round *)a)->change;
    double y = ((const struct fos_round *)b)->change;

    return (x > y) - (x < y);
}

/* How many rounds are used, the steadiest first: those whose yardstick stood, or, if
 * they are few, a quarter. */
static inline uint32_t fos_rounds_keep(struct fos_rounds *rounds)
{
    uint32_t least = (rounds->count + 3) / 4, steady = 0;

    qsort(rounds->round, rounds->count, sizeof *rounds->round, fos_round_order);
    while (steady < rounds->count &&
           rounds->round[steady].change <= FOS_ROUND_CHANGE_MAX)
        steady++;
    return steady > least ? steady : least;
}

/* The figure of all rounds kept; `kept` has the room of rounds->samples.  `batch`
 * operations were timed in each sample. */
static inline void fos_rounds_figure(struct fos_rounds *rounds, double *kept,
                                     uint64_t batch, struct fos_figure *figure)
{
    uint32_t keep = fos_rounds_keep(rounds);
    double ratios[FOS_ROUNDS_MAX];
    uint64_t n = 0;

    for (uint32_t r = 0; r < keep; r++) {
        const struct fos_round *round = &rounds->round[r];
        for (uint64_t i = 0; i < round->samples; i++)
            kept[n++] = rounds->samples[round->first + i];
        ratios[r] = round->ratio;
        figure->unsteady |= round->change > FOS_ROUND_CHANGE_MAX;
    }
    figure->summary = fos_bench_summary(kept, n, batch);
    figure->ratio = fos_bench_median(ratios, keep);
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

/* ---- the machine ---- */

enum { FOS_MACHINE_NAME = 96 };

/* Whether QEMU translates: the leaf of a hypervisor that stands before Xen's. */
static inline bool fos_machine_emulated(void)
{
    unsigned a, words[4] = {0};

    __cpuid(0x40000000, a, words[0], words[1], words[2]);
    return memcmp(words, "TCGTCGTCGTCG", 12) == 0;
}

/* The processor's name, fit for a JSON string.  True: QEMU translates. */
static inline bool fos_machine_name(char name[FOS_MACHINE_NAME])
{
    unsigned words[12];
    bool emulated = fos_machine_emulated();

    for (unsigned i = 0; i < 3; i++)
        __cpuid(0x80000002 + i, words[4 * i], words[4 * i + 1], words[4 * i + 2],
                words[4 * i + 3]);
    memset(name, 0, FOS_MACHINE_NAME);
    memcpy(name, words, sizeof words);
    for (char *p = name; *p; p++)
        if (*p == '"' || *p == '\\' || *p < ' ')
            *p = ' ';
    if (emulated)
        strcat(name, ", emulated by QEMU");
    return emulated;
}

/* ---- output ---- */

static inline void fos_bench_head(void)
{
    printf("%-34s %-8s %10s %10s %10s %10s %9s\n", "what", "unit", "n", "min",
           "median", "p99", "x minimal");
}

static inline void fos_bench_row(const struct fos_figure *f)
{
    char name[40];

    if (f->x > 0)
        snprintf(name, sizeof name, "%s, %.0f", f->name, f->x);
    else
        snprintf(name, sizeof name, "%s", f->name);
    printf("%-34s %-8s %10" PRIu64 " %10.1f %10.1f %10.1f ", name, f->unit,
           f->summary.n, f->summary.min, f->summary.median, f->summary.p99);
    if (f->ratio > 0)
        printf("%9.2f", f->ratio);
    else
        printf("%9s", "-");
    printf("%s\n", f->emulated ? "  emulated" : "");
}

static inline void fos_json_text(FILE *to, const char *key, const char *text)
{
    if (text)
        fprintf(to, "\"%s\": \"%s\", ", key, text);
}

/* One JSON object on a line of `to`, without a line end. */
static inline void fos_bench_json(FILE *to, const struct fos_figure *f,
                                  const struct fos_bench_run *run)
{
    fprintf(to, "{");
    fos_json_text(to, "suite", f->suite);
    fos_json_text(to, "name", f->name);
    fos_json_text(to, "where", f->where);
    fos_json_text(to, "unit", f->unit);
    if (f->x > 0)
        fprintf(to, "\"x\": %.15g, ", f->x);
    fprintf(to,
            "\"n\": %" PRIu64 ", \"min\": %.2f, \"median\": %.2f, \"p99\": %.2f, "
            "\"p999\": %.2f, ",
            f->summary.n, f->summary.min, f->summary.median, f->summary.p99,
            f->summary.p999);
    if (f->ratio > 0)
        fprintf(to, "\"ratio_to_minimal\": %.3f, ", f->ratio);
    fprintf(to,
            "\"emulated\": %s, \"unsteady\": %s, \"machine\": \"%s\", "
            "\"date\": \"%s\", \"tsc_mhz\": %.1f}",
            f->emulated ? "true" : "false", f->unsteady ? "true" : "false",
            run->machine, run->date, run->tsc_mhz);
}

#endif
