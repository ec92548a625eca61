/* SPDX-License-Identifier: MIT */
/* One pool of this process's own quota, for all threads, with a lock. */
#include <pthread.h>

#include <fos/bench.h>
#include <fos/error.h>
#include <fos/page_pool.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "bench.h"

enum { THREADS_MAX = PROC_MEMBERS_MAX };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fos_page_pool pool;
static pthread_barrier_t start, done;
static pthread_t threads[THREADS_MAX];
static uint32_t work; /* batches of each in the next round; 0: the end */

/* Fills the pool as a member does: as soon as there is room. */
static uint32_t pages_take(uint64_t place)
{
    pthread_mutex_lock(&lock);
    long came = fos_page_pool_give(&pool, fos_own_space(), place, BATCH);
    fos_page_pool_fill(&pool);
    pthread_mutex_unlock(&lock);
    must(came == -FOS_ENOMEM ? 0 : came, "taking pages");
    return came < 0 ? 0 : (uint32_t)came;
}

static void *thread_run(void *unused)
{
    uint64_t place = place_take();

    (void)unused;
    for (pthread_barrier_wait(&start); work; pthread_barrier_wait(&start)) {
        for (uint64_t pages = (uint64_t)work * BATCH; pages;) {
            uint32_t came = pages_take(place);
            must(place_clear(place) == came ? 0 : -FOS_EPROTO, "pages that came");
            pages -= came < pages ? came : pages;
        }
        pthread_barrier_wait(&done);
    }
    return NULL;
}

static void begin(uint32_t count)
{
    if (!pool.ring.base)
        must(fos_page_pool_open(&pool, fos_own_space()), "a pool");
    must(-pthread_barrier_init(&start, NULL, count + 1), "barrier");
    must(-pthread_barrier_init(&done, NULL, count + 1), "barrier");
    for (uint32_t i = 0; i < count; i++)
        must(-pthread_create(&threads[i], NULL, thread_run, NULL), "thread");
}

static double round_once(uint32_t count, uint32_t batches)
{
    uint64_t then = fos_bench_tsc();

    (void)count;
    work = batches;
    pthread_barrier_wait(&start);
    pthread_barrier_wait(&done);
    return (double)(fos_bench_tsc() - then);
}

static void end(uint32_t count)
{
    work = 0;
    pthread_barrier_wait(&start);
    for (uint32_t i = 0; i < count; i++)
        must(-pthread_join(threads[i], NULL), "join");
    pthread_barrier_destroy(&start);
    pthread_barrier_destroy(&done);
}

const struct way way_locked = {"one pool, a lock, threads", begin, round_once, end};
