/* SPDX-License-Identifier: MIT */
/*
 * Pools of pages on the real processor: the page fleet's pool (fos/page_pool.h) with the
 * kernel played as in its unit test.  1, 2, ... threads each take a page or a batch and
 * give it back: each of a pool of its own, as members of the page fleet have, and of the
 * others' when that is empty; or all of one pool that has a lock.  What is timed is the
 * bookkeeping: no page is zeroed.
 *
 *     pool-bench [ROUNDS]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include <fos/bench.h>

#include "tests/unit/page_kernel.h"

enum { THREADS_MAX = PK_OWNERS, ROUNDS_MAX = 63, OPERATIONS = 200000, BATCH = 64 };

static struct setting {
    uint32_t threads, pools, batch, operations;
} setting;
static pthread_barrier_t start, done;
static uint32_t processors[THREADS_MAX];
static uint64_t began[THREADS_MAX], ended[THREADS_MAX];

static uint32_t processors_find(void)
{
    uint32_t found = 0;
    cpu_set_t set;

    sched_getaffinity(0, sizeof set, &set);
    for (uint32_t i = 0; i < CPU_SETSIZE && found < THREADS_MAX; i++)
        if (CPU_ISSET(i, &set))
            processors[found++] = i;
    return found;
}

static void pin(uint32_t n)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(processors[n], &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void work(uint32_t own)
{
    uint32_t at[BATCH] = {0};

    for (uint32_t i = 0; i < setting.operations;) {
        long came = pk_take(setting.pools, own % setting.pools, at, setting.batch);
        if (came < 0)
            continue;
        pk_unmap(at, (uint32_t)came);
        i += (uint32_t)came;
    }
}

static void *thread_run(void *number)
{
    uint32_t own = (uint32_t)(uintptr_t)number;

    for (;;) {
        pthread_barrier_wait(&start);
        if (!setting.operations)
            return NULL;
        pin(own);
        began[own] = fos_bench_tsc();
        if (own < setting.threads)
            work(own);
        ended[own] = fos_bench_tsc();
        pthread_barrier_wait(&done);
    }
}

/* From the first thread's beginning to the last one's end, cycles. */
static double took(void)
{
    uint64_t first = began[0], last = ended[0];

    for (uint32_t i = 1; i < setting.threads; i++) {
        first = began[i] < first ? began[i] : first;
        last = ended[i] > last ? ended[i] : last;
    }
    return (double)(last - first);
}

/* Millions of pages a second, taken and given back, of all threads. */
static double rate(const struct setting *what, double tsc_hz)
{
    setting = *what;
    for (uint32_t i = 0; i < what->pools; i++)
        pk_open(i, PK_FRAMES);
    pthread_barrier_wait(&start);
    pthread_barrier_wait(&done);
    return (double)what->threads * what->operations / (took() / tsc_hz) / 1e6;
}

static const struct {
    const char *name;
    bool own;
    uint32_t batch;
} ways[] = {{"a pool each, 1 page", true, 1},
            {"one pool, a lock, 1 page", false, 1},
            {"a pool each, 64 pages", true, BATCH},
            {"one pool, a lock, 64 pages", false, BATCH}};
enum { WAYS = sizeof ways / sizeof *ways };

/* The ways take turns, so that all see the same moments. */
static void measure(uint32_t threads, uint32_t rounds, double tsc_hz,
                    struct fos_figure *figures)
{
    static double rates[WAYS][ROUNDS_MAX];

    for (uint32_t r = 0; r < rounds; r++)
        for (uint32_t w = 0; w < WAYS; w++) {
            struct setting s = {threads, ways[w].own ? threads : 1, ways[w].batch,
                                OPERATIONS};
            rates[w][r] = rate(&s, tsc_hz);
        }
    for (uint32_t w = 0; w < WAYS; w++) {
        figures[w] = (struct fos_figure){
            .suite = "pool", .name = ways[w].name, .unit = "M/s", .x = threads};
        figures[w].summary = fos_bench_summary(rates[w], rounds, OPERATIONS);
    }
}

static void measure_all(uint32_t most, uint32_t rounds)
{
    struct fos_figure figures[THREADS_MAX][WAYS];
    char machine[FOS_MACHINE_NAME], date[32];
    double tsc_hz = fos_bench_tsc_hz();
    struct fos_bench_run about = {machine, date, tsc_hz / 1e6};
    time_t now = time(NULL);

    fos_machine_name(machine);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    printf("pools of pages, threads on processors of their own\n");
    fos_bench_head();
    for (uint32_t n = 1; n <= most; n++) {
        measure(n, rounds, tsc_hz, figures[n - 1]);
        for (uint32_t w = 0; w < WAYS; w++)
            fos_bench_row(&figures[n - 1][w]);
    }
    for (uint32_t n = 1; n <= most; n++)
        for (uint32_t w = 0; w < WAYS; w++) {
            printf("[json] ");
            fos_bench_json(stdout, &figures[n - 1][w], &about);
            printf("\n");
        }
}

int main(int argc, char **argv)
{
    uint32_t most = processors_find(),
             rounds = argc > 1 ? (uint32_t)atoi(argv[1]) : 15;
    pthread_t threads[THREADS_MAX];

    if (rounds < 1 || rounds > ROUNDS_MAX || !most)
        return 2;
    pthread_barrier_init(&start, NULL, most + 1);
    pthread_barrier_init(&done, NULL, most + 1);
    for (uintptr_t i = 0; i < most; i++)
        if (pthread_create(&threads[i], NULL, thread_run, (void *)i))
            return 1;
    measure_all(most, rounds);
    setting.operations = 0;
    pthread_barrier_wait(&start);
    for (uint32_t i = 0; i < most; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
