/* SPDX-License-Identifier: MIT */
/*
 * Latency under load: requests of 32 bytes leave at random moments at a given mean
 * rate, whether or not earlier ones have been answered (an open loop).  A request's
 * latency counts from the moment at which it was due, so that waiting to be sent is
 * part of it.  Loads are percentages of what the pair carries in a closed loop with
 * 64 requests under way, measured just before.
 */
#include "measure.h"

#include <math.h>

enum { RUN = 1000 /* requests */, RUNS = 60, WINDOW = 64 };

static const uint32_t loads[] = {10, 30, 50, 70, 80, 90};
enum { LOADS = sizeof loads / sizeof *loads };

struct request {
    uint64_t due; /* TSC value */
    uint8_t rest[FOS_BENCH_MESSAGE - 8];
};

static double *latency[LOADS];

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators" (2016). */
static double uniform(void)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return ((double)(state * 2685821657736338717ull >> 11) + 1) /
           9007199254740993.0;
}

/* An answer, if there is one. */
static bool poll_answer(struct request *answer)
{
    uint32_t length;
    int error = fos_msg_recv(&pair.inbox, answer, sizeof *answer, &length, 0);

    if (error == -FOS_ETIMEDOUT || error == -FOS_EINTR)
        return false;
    must(error, "receiving");
    return true;
}

static bool send(const struct request *request)
{
    int error = fos_msg_try_send(&pair.by_channel, request, sizeof *request);

    if (error == -FOS_EAGAIN)
        return false;
    must(error, "sending");
    return true;
}

/* Cycles to a request when WINDOW are always under way. */
static double run_full(void)
{
    struct request request = {0};
    uint32_t sent = 0, answered = 0;
    uint64_t begin;

    pair_command(ECHO_BY_CHANNEL, RUN);
    begin = fos_bench_tsc();
    while (answered < RUN) {
        if (sent < RUN && sent - answered < WINDOW && send(&request))
            sent++;
        answered += poll_answer(&request);
    }
    return (double)(fos_bench_tsc() - begin) / RUN;
}

/* One request every `interval` cycles in the mean; latencies to `into`. */
static void run_open(double interval, double *into)
{
    struct request request = {0};
    uint32_t sent = 0, answered = 0;
    double due;

    pair_command(ECHO_BY_CHANNEL, RUN);
    due = (double)fos_bench_tsc();
    while (answered < RUN) {
        uint64_t now = fos_bench_tsc();
        if (sent < RUN && (double)now >= due) {
            request.due = (uint64_t)due;
            if (send(&request)) {
                sent++;
                due -= log(uniform()) * interval;
            }
        }
        if (poll_answer(&request))
            into[answered++] = (double)(fos_bench_tsc() - request.due);
    }
}

static void keep(const char *name, double x, double *samples, uint64_t n)
{
    struct fos_figure f = {.suite = "load", .name = name, .unit = "cycles", .x = x};

    f.summary = fos_bench_summary(samples, n, 1);
    figure_keep(&f, true);
}

/* The runs of all loads take turns, each after one at full rate: so they meet the
 * same moments, and a moment without a processor spoils one run. */
static void measure_loads(uint32_t runs)
{
    double *full = room(runs * sizeof *full);

    for (uint32_t r = 0; r < runs; r++) {
        full[r] = run_full();
        for (uint32_t i = 0; i < LOADS; i++)
            run_open(full[r] * 100 / loads[i], latency[i] + r * RUN);
    }
    for (uint32_t i = 0; i < LOADS; i++)
        keep("user channel", loads[i], latency[i], (uint64_t)runs * RUN);
    keep("a request at full rate", 0, full, runs);
    free(full);
}

void suite_load(void)
{
    uint32_t runs = measure_count(RUNS);

    if (runs > RUNS)
        runs = RUNS;
    for (uint32_t i = 0; i < LOADS; i++)
        latency[i] = room(runs * RUN * sizeof *latency[i]);
    pair_open(ECHO_SLOTS);
    measure_loads(runs);
    pair_close();
    for (uint32_t i = 0; i < LOADS; i++)
        free(latency[i]);
}
