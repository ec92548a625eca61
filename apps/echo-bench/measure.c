/* SPDX-License-Identifier: MIT */
/* Rounds between two runs of the minimal IPC; figures kept until nothing is timed. */
#include "measure.h"

#include <time.h>

#include <fos/clock.h>

enum {
    ROUNDS = 16,
    ROUNDS_WHOLE = FOS_ROUNDS_MAX,
    YARDSTICK_SAMPLES = 20,
    WARM = 200,
    FIGURES_MAX = 480,
    REST_MS = 200, /* for those who carry the console's text away */
};

uint32_t measure_percent = 100;
uint64_t measure_overhead;
double measure_tsc_hz;
bool measure_emulated;

static struct fos_figure figures[FIGURES_MAX];
static bool in_table[FIGURES_MAX];
static uint32_t kept;
static char machine[FOS_MACHINE_NAME];

void measure_begin(void)
{
    struct fos_kernel_info info;

    must(fos_sys_kernel_info(&info), "kernel's clocks");
    measure_tsc_hz = (double)info.tsc_hz;
    measure_emulated = fos_machine_name(machine);
    measure_overhead = fos_bench_overhead();
}

uint32_t measure_count(uint32_t full)
{
    uint32_t n = (uint32_t)((uint64_t)full * measure_percent / 100);

    return n ? n : 1;
}

/* ---- one round ---- */

static uint32_t operations(const struct measurement *m)
{
    return m->operations ? m->operations : 1;
}

static void sample(const struct measurement *m, double *samples, uint32_t count)
{
    uint32_t warm = m->batch > 1 ? WARM : 1;

    if (m->server != ECHO_END)
        pair_command(m->server, (warm + count * m->batch) * operations(m));
    for (uint32_t i = 0; i < warm; i++)
        m->once();
    for (uint32_t i = 0; i < count; i++) {
        uint64_t begin;
        if (m->before)
            m->before();
        begin = fos_bench_tsc();
        for (uint32_t k = m->batch; k > 0; k--)
            m->once();
        samples[i] = fos_bench_each(fos_bench_tsc() - begin, measure_overhead,
                                    m->batch * operations(m));
    }
}

static void minimal_call(void)
{
    must(fos_minimal_call(fos_minimal_line(pair.lines, pair.calls++), 10, 20)
             ? 0
             : -FOS_EPROTO,
         "minimal IPC");
}

double measure_yardstick(void)
{
    static const struct measurement yardstick = {
        .once = minimal_call, .server = ECHO_MINIMAL, .batch = FOS_BENCH_BATCH};
    double samples[YARDSTICK_SAMPLES];

    sample(&yardstick, samples, YARDSTICK_SAMPLES);
    return fos_bench_median(samples, YARDSTICK_SAMPLES);
}

void measure_round(const struct measurement *m, struct fos_rounds *rounds,
                   uint32_t count)
{
    double *into = fos_rounds_next(rounds, count), before;

    if (!into)
        return;
    before = measure_yardstick();
    sample(m, into, count);
    fos_rounds_add(rounds, count, before, measure_yardstick());
}

void measure_figure(const struct measurement *m, struct fos_rounds *rounds,
                    struct fos_figure *figure)
{
    double *all = room(rounds->used * sizeof *all);

    *figure = (struct fos_figure){.suite = m->suite,
                                  .name = m->name,
                                  .unit = "cycles",
                                  .x = m->x,
                                  .emulated = m->traps && measure_emulated};
    fos_rounds_figure(rounds, all, m->batch * operations(m), figure);
    free(all);
}

void measure_keep(const struct measurement *m, struct fos_rounds *rounds)
{
    struct fos_figure f;

    measure_figure(m, rounds, &f);
    figure_keep(&f, true);
}

/* A line that grows while a long measurement goes on. */
static void progress(uint32_t round)
{
    if (round % 4 == 3)
        printf(".");
    if (round == ROUNDS_WHOLE - 1)
        printf("\n");
    fflush(stdout);
}

void measure_now(const struct measurement *m, struct fos_figure *figure)
{
    static struct fos_rounds rounds;
    bool whole = m->whole && measure_percent >= 100;
    uint32_t all = whole ? ROUNDS_WHOLE : ROUNDS;
    uint32_t count = whole ? m->whole / all : measure_count(m->samples / all);

    rounds = (struct fos_rounds){.samples = room(all * count * sizeof(double)),
                                 .capacity = all * count};
    if (whole)
        printf("    %s, %" PRIu32 " times ", m->name, all * count);
    for (uint32_t r = 0; r < all; r++) {
        measure_round(m, &rounds, count);
        if (whole)
            progress(r);
    }
    measure_figure(m, &rounds, figure);
    free(rounds.samples);
}

void measure(const struct measurement *m)
{
    struct fos_figure f;

    measure_now(m, &f);
    figure_keep(&f, true);
}

/* ---- a yardstick for copies ---- */

typedef uint64_t vector __attribute__((vector_size(16)));

void plain_copy(void *to, const void *from, size_t bytes)
{
    vector *t = to;
    const vector *f = from;

    for (size_t i = 0; i < bytes / sizeof *t; i += 2) {
        t[i] = f[i];
        t[i + 1] = f[i + 1];
        fos_compiler_barrier(); /* else it becomes a call of memcpy */
    }
}

/* ---- figures ---- */

void figure_keep(const struct fos_figure *figure, bool shown)
{
    must(kept < FIGURES_MAX ? 0 : -FOS_ENOMEM, "figures");
    in_table[kept] = shown;
    figures[kept++] = *figure;
}

static void figures_json(void)
{
    struct fos_bench_run run = {.machine = machine,
                                .tsc_mhz = measure_tsc_hz / 1e6};
    time_t now = (time_t)(fos_wall_ns() / FOS_SECOND);
    char date[32];
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    run.date = date;
    for (uint32_t i = 0; i < kept; i++) {
        printf("[json] ");
        fos_bench_json(stdout, &figures[i], &run);
        printf("\n");
    }
}

void figures_print(void)
{
    printf("\n");
    fos_bench_head();
    for (uint32_t i = 0; i < kept; i++)
        if (in_table[i])
            fos_bench_row(&figures[i]);
    figures_json();
    fflush(stdout);
    kept = 0;
    fos_clock_sleep(fos_now_ns() + REST_MS * FOS_MILLISECOND);
}
