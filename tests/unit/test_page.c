/* SPDX-License-Identifier: MIT */
/*
 * The page fleet's pools, over a kernel played here, and its account of promises:
 * nothing twice, nothing lost, no more than there is; then the pools between threads,
 * under ThreadSanitizer, each taking from the others' when its own is empty.
 */
#include "unit.h"

#include <pthread.h>

#include "fleets/page/promises.h"
#include "page_kernel.h"

enum { FRAMES = 700, USABLE = FRAMES - FOS_PAGE_POOL_KEEP };

/* Zeroed, and from now on stamped. */
static void fresh_check(const uint32_t *at, long pages, uint64_t stamp)
{
    for (long i = 0; i < pages; i++) {
        REQUIRE(at[i] != 0);
        CHECK_EQ(pk_words[at[i] - 1], 0);
        pk_words[at[i] - 1] = stamp + (uint64_t)i;
    }
}

CASE("pages come zeroed, each once, until the quota but for its reserve is given")
{
    static uint32_t at[FRAMES];
    uint32_t got = 0;
    long came;

    REQUIRE(pk_open(0, FRAMES) == 0);
    while ((came = pk_take(1, 0, at + got, 50)) > 0) {
        fresh_check(at + got, came, 1000 + got);
        got += (uint32_t)came;
    }
    CHECK_EQ(came, -FOS_ENOMEM);
    CHECK_EQ(got, USABLE);
    CHECK_EQ(pk_owners[0].pool.given, USABLE);
    for (uint32_t i = 0; i < got; i++)
        CHECK_EQ(pk_words[at[i] - 1] >= 1000, 1);
    CHECK_EQ(pk_owners[0].used, USABLE); /* F2: charged while somebody has them */
    pk_unmap(at, got);
    CHECK_EQ(pk_owners[0].used, 0);
    came = pk_take(1, 0, at, 50);
    CHECK_EQ(came, 50);
    fresh_check(at, came, 1);
}

CASE("a request that makes no sense, or cannot be met, takes nothing")
{
    static uint32_t at[FRAMES];
    struct fos_page_pool *pool = &pk_owners[0].pool;

    REQUIRE(pk_open(0, FRAMES) == 0);
    uint32_t ready = fos_page_ring_count(&pool->ring);
    CHECK_EQ(fos_page_pool_give(pool, pool->space, (uintptr_t)at, 0), -FOS_EINVAL);
    CHECK_EQ(
        fos_page_pool_give(pool, pool->space, (uintptr_t)at, FOS_MAP_PAGES_MAX + 1),
        -FOS_EINVAL);
    CHECK_EQ(fos_page_pool_give(pool, pool->space, (uintptr_t)at, UINT32_MAX),
             -FOS_EINVAL);
    at[3] = 1; /* something is there */
    CHECK_EQ(fos_page_pool_give(pool, pool->space, (uintptr_t)at, 8), -FOS_EEXIST);
    at[3] = 0;
    CHECK_EQ(fos_page_ring_count(&pool->ring), ready);
    CHECK_EQ(pool->given, 0);
    CHECK_EQ(fos_page_pool_give(pool, pool->space, (uintptr_t)at, 8), 8);
    pk_unmap(at, 8);
    CHECK_EQ(pk_open(1, FOS_PAGE_POOL_KEEP), 0); /* one that has nothing to give */
    CHECK_EQ(pk_take(1, 0, at, 1), 1);
    pk_unmap(at, 1);
    pool = &pk_owners[1].pool;
    CHECK_EQ(fos_page_pool_give(pool, pool->space, (uintptr_t)at, 1), -FOS_ENOMEM);
}

CASE(
    "who finds its own pool empty takes from the next, and back from its own later")
{
    static uint32_t mine[FRAMES], more[FRAMES];
    uint32_t got = 0;
    long came;

    REQUIRE(pk_open(0, FRAMES) == 0 && pk_open(1, FRAMES) == 0);
    while (got < USABLE && (came = pk_take(2, 0, mine + got, 53)) > 0)
        got += (uint32_t)came;
    CHECK_EQ(pk_owners[0].pool.given, USABLE);
    CHECK_EQ(pk_owners[1].pool.given, 0);
    came = pk_take(2, 0, more, 10);
    CHECK_EQ(came, 10);
    CHECK_EQ(pk_owners[1].pool.given, 10);
    CHECK_EQ((more[0] - 1) / PK_FRAMES, 1);
    pk_unmap(mine, got);
    CHECK_EQ(pk_take(2, 0, mine, 10), 10);
    CHECK_EQ((mine[0] - 1) / PK_FRAMES, 0);
    pk_unmap(mine, 10);
    pk_unmap(more, 10);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 2000, MOST = 200 };
static _Atomic uint32_t holder[PK_OWNERS * PK_FRAMES]; /* thread plus one */

static uint32_t claim(uint32_t *at, long came, uint32_t self)
{
    for (long i = 0; i < came; i++) {
        CHECK_EQ(atomic_exchange(&holder[at[i] - 1], self), 0);
        CHECK_EQ(pk_words[at[i] - 1], 0);
        pk_words[at[i] - 1] = self;
    }
    return came > 0 ? (uint32_t)came : 0;
}

static void disclaim(uint32_t *at, uint32_t pages, uint32_t self)
{
    for (uint32_t i = 0; i < pages; i++) {
        CHECK_EQ(pk_words[at[i] - 1], self);
        CHECK_EQ(atomic_exchange(&holder[at[i] - 1], 0), self);
    }
    pk_unmap(at, pages);
}

static void *taker(void *number)
{
    unsigned own = (unsigned)(uintptr_t)number;
    uint64_t seed = own + 1;
    uint32_t at[MOST] = {0}, got;

    for (int i = 0; i < ROUNDS; i++) {
        uint32_t wanted = 1 + (uint32_t)(unit_random(&seed) % (MOST / 2));
        got = claim(at, pk_take(THREADS, own, at, wanted), own + 1);
        got += claim(at + got, pk_take(THREADS, own, at + got, wanted), own + 1);
        disclaim(at, got, own + 1);
    }
    return NULL;
}

CASE("no page is two threads' at once, and all are back, though each takes of all "
     "pools")
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        REQUIRE(pk_open(i, 64 + 100 + 40 * i) == 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, taker, (void *)i) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    uint64_t given = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK_EQ(pk_owners[i].used, fos_page_ring_count(&pk_owners[i].pool.ring));
        CHECK_EQ(pk_owners[i].used + pk_owners[i].free_count, pk_owners[i].quota);
        CHECK(pk_owners[i].pool.given > 0);
        given += pk_owners[i].pool.given;
    }
    CHECK(given >= (uint64_t)THREADS * ROUNDS);
}

/* ---- promises ---- */

CASE("what is promised to all together is never more than the limit, whoever asks")
{
    struct promises p = {.limit = 10000};
    uint64_t held[PROC_MEMBERS_MAX] = {0}, seed = unit_setting("SEED", 1);

    unit_seed_is(seed);
    for (int i = 0; i < 100000; i++) {
        unsigned who = (unsigned)(unit_random(&seed) % PROC_MEMBERS_MAX);
        uint64_t wanted = unit_random(&seed) % 4000;
        uint64_t before = held[who], left = p.limit - promises_sum(&p);
        held[who] = promises_change(&p, who, held[who], wanted);
        if (wanted <= before)
            CHECK_EQ(held[who], wanted);
        else
            CHECK_EQ(held[who], wanted - before < left ? wanted : before + left);
        CHECK(promises_sum(&p) <= p.limit);
    }
}

CASE(
    "a page member that begins anew believes what is held, and grants what is left")
{
    struct promises p = {.limit = 1000};

    CHECK_EQ(promises_change(&p, 0, 700, 700), 700);
    CHECK_EQ(promises_change(&p, 1, 600, 600), 600); /* more than there is */
    CHECK_EQ(promises_change(&p, 1, 600, 601), 600);
    CHECK_EQ(promises_change(&p, 0, 700, 100), 100);
    CHECK_EQ(promises_change(&p, 1, 600, 2000), 900);
    CHECK_EQ(promises_change(&p, 1, 0, 0), 0); /* it has begun anew itself */
    CHECK_EQ(promises_sum(&p), 100);
}
