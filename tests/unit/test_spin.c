/* SPDX-License-Identifier: MIT */
/* The kernel's spin lock between threads of Linux, under the thread sanitizer. */
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "kernel/lib/lib.h"

enum { THREADS = 4, ROUNDS = 20000, PATIENCE_S = 60 };

void xen_yield(void);
void xen_yield(void)
{
    sched_yield();
}

_Noreturn void bug(const char *why, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, why);
    abort();
}

static spinlock_t lock;
static uint64_t counter; /* the lock's */
static _Atomic bool stop;
static _Atomic uint64_t hogged;

static void *count(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        spin_lock(&lock);
        counter++;
        spin_unlock(&lock);
    }
    return NULL;
}

/* Takes the lock again as soon as it has let go. */
static void *hog(void *unused)
{
    (void)unused;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        spin_lock(&lock);
        atomic_fetch_add_explicit(&hogged, 1, memory_order_relaxed);
        spin_unlock(&lock);
    }
    return NULL;
}

static void *take_once(void *got)
{
    spin_lock(&lock);
    atomic_store((_Atomic bool *)got, true);
    spin_unlock(&lock);
    return NULL;
}

static void start(pthread_t *threads, int n, void *(*run)(void *))
{
    for (int i = 0; i < n; i++)
        pthread_create(&threads[i], NULL, run, NULL);
}

static void join(pthread_t *threads, int n)
{
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

CASE("spin: one holder at a time, and what it wrote is seen by the next")
{
    pthread_t threads[THREADS];

    start(threads, THREADS, count);
    join(threads, THREADS);
    CHECK_EQ(counter, THREADS * ROUNDS);
    CHECK_EQ(lock.held, 0);
    CHECK_EQ(lock.claimed, 0);
    CHECK_EQ(lock.next, lock.serving);
}

CASE("spin: who waits gets it from those who take it again and again")
{
    pthread_t threads[THREADS];
    time_t deadline = time(NULL) + PATIENCE_S;
    int got = 0;

    start(threads, THREADS, hog);
    for (; got < 300 && time(NULL) < deadline; got++) {
        spin_lock(&lock);
        spin_unlock(&lock);
    }
    atomic_store(&stop, true);
    join(threads, THREADS);
    CHECK_EQ(got, 300);
    CHECK(hogged > 0);
    CHECK_EQ(lock.next, lock.serving);
}

CASE("spin: a lock that is claimed is left to the claimant, then to the queue")
{
    _Atomic bool got = false;
    pthread_t thread;

    /* Ticket 0 is being served and claims the lock, which is free at the moment. */
    lock = (spinlock_t){.claimed = 1, .next = 1};
    pthread_create(&thread, NULL, take_once, &got);
    while (atomic_load(&lock.next) == 1)
        usleep(1000);
    usleep(20000);
    CHECK(!atomic_load(&got));
    CHECK_EQ(lock.held, 0);
    atomic_store(&lock.claimed, 0);
    usleep(20000);
    CHECK(!atomic_load(&got)); /* it has a ticket now, and waits for its turn */
    atomic_store(&lock.serving, 1);
    pthread_join(thread, NULL);
    CHECK(got);
    CHECK_EQ(lock.serving, 2);
}

CASE("spin: tickets go round after 256")
{
    for (int i = 0; i < 600; i++) {
        pthread_t thread;
        _Atomic bool got = false;
        /* Keeps it so long that the other draws a ticket. */
        uint8_t before = atomic_load(&lock.next);
        spin_lock(&lock);
        pthread_create(&thread, NULL, take_once, &got);
        while (atomic_load(&lock.next) == before)
            sched_yield();
        spin_unlock(&lock);
        pthread_join(thread, NULL);
        CHECK(got);
    }
    CHECK_EQ(lock.next, lock.serving);
}
