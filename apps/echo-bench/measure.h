/* SPDX-License-Identifier: MIT */
/* How echo-bench measures, and where its figures go. */
#ifndef ECHO_BENCH_MEASURE_H
#define ECHO_BENCH_MEASURE_H

#include "echo.h"

struct measurement {
    const char *suite, *name;
    double x;             /* see struct fos_figure */
    void (*once)(void);   /* what is timed */
    void (*before)(void); /* not timed, before each sample; or NULL */
    enum echo_op server;  /* what the server does meanwhile; ECHO_END: nothing */
    uint32_t batch;       /* calls of `once` timed together */
    uint32_t operations;  /* in one call of `once`; 0 means 1 */
    uint32_t samples;     /* in all rounds, at 100 percent */
    /* This many instead from 100 percent on, however long they take, with a line of
     * progress; or 0. */
    uint32_t whole;
    bool traps;
};

/* Set by main: what part of the samples is taken. */
extern uint32_t measure_percent;
extern uint64_t measure_overhead; /* of reading the counter, cycles */
extern double measure_tsc_hz;
extern bool measure_emulated;

/* Before the first measurement of the process. */
void measure_begin(void);

/* `full` at 100 percent; 1 at least. */
uint32_t measure_count(uint32_t full);

/* The minimal IPC's median now, cycles. */
double measure_yardstick(void);

/* All rounds of `m`; its figure is kept. */
void measure(const struct measurement *m);

/* The same in parts, so that several measurements can take turns: one round, `count`
 * samples between two yardsticks, to `rounds`; and the figure of all. */
void measure_round(const struct measurement *m, struct fos_rounds *rounds,
                   uint32_t count);
void measure_figure(const struct measurement *m, struct fos_rounds *rounds,
                    struct fos_figure *figure);
void measure_keep(const struct measurement *m, struct fos_rounds *rounds);

/* Its rounds now, not kept. */
void measure_now(const struct measurement *m, struct fos_figure *figure);

/* Keeps a figure that was made otherwise; `shown` in the table, too. */
void figure_keep(const struct fos_figure *figure, bool shown);

/* Prints what was kept since the last call, as a table and as JSON lines, and lets
 * the console come to rest. */
void figures_print(void);

/* A copy by plain 16-byte moves: translators take string instructions apart.
 * `bytes`: a multiple of 32; both aligned to 16. */
void plain_copy(void *to, const void *from, size_t bytes);

/* What is timed in more than one suite. */
void channel_echo(void);
void kernel_echo(void);

/* The suites. */
void suite_echo(void);
void suite_size(void);
void suite_policy(void);
void suite_clients(void);
void suite_load(void);
void suite_silent(void);
void suite_rpc(void);
void suite_name(void);
void suite_pages(void);
void suite_threads(void);

#endif
