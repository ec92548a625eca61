/* SPDX-License-Identifier: MIT */
/* Locks of threads (libfos/thread) between real threads, under ThreadSanitizer. */
#include "unit.h"

#include <pthread.h>
#include <unistd.h>

#include <fos/msg.h>
#include <fos/sync.h>

#include "tests/bench/host.h"

enum { THREADS = 4, ROUNDS = 5000 };

static uint64_t soon(uint64_t ns)
{
    struct fos_kernel_info info;

    fos_sys_kernel_info(&info);
    return info.monotonic_ns + ns;
}

static void *begin(void *body)
{
    host_thread_begin();
    ((void (*)(void))body)();
    return NULL;
}

static void together(void (*const bodies[])(void), unsigned count)
{
    pthread_t threads[16];

    for (unsigned i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, begin, (void *)bodies[i]);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < FOS_LOT_BUCKETS; i++)
        CHECK(fos_lot->buckets[i].count == 0 && !fos_lot->buckets[i].first);
}

static void all(void (*body)(void))
{
    void (*const bodies[THREADS])(void) = {body, body, body, body};

    together(bodies, THREADS);
}

/* What the objects under test guard: a race here is theirs. */
static struct {
    struct fos_lock lock;
    struct fos_mutex mutex;
    struct fos_cond filled, emptied;
    struct fos_rwlock rwlock;
    struct fos_barrier barrier;
    struct fos_semaphore items, places;
    uint64_t counter, other, taken;
    _Atomic uint32_t serial, woken;
} shared;

static void reset(void)
{
    static bool begun;

    if (!begun) {
        host_init();
        host_thread_begin();
        begun = true;
    }
    memset(&shared, 0, sizeof shared);
}

static void lock_body(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        fos_lock_take(&shared.lock);
        shared.counter++;
        fos_lock_release(&shared.lock);
    }
}

CASE("one thread at a time holds a lock")
{
    reset();
    all(lock_body);
    CHECK_EQ(shared.counter, THREADS * ROUNDS);
}

static void mutex_body(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), 0);
        CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), 0);
        shared.counter++;
        CHECK_EQ(fos_mutex_unlock(&shared.mutex), 0);
        if (i % 64 == 0)
            sched_yield();
        shared.other++;
        CHECK_EQ(fos_mutex_unlock(&shared.mutex), 0);
    }
}

CASE("a recursive mutex is held until its last unlock")
{
    reset();
    shared.mutex.kind = FOS_MUTEX_RECURSIVE;
    all(mutex_body);
    CHECK_EQ(shared.counter, THREADS * ROUNDS);
    CHECK_EQ(shared.other, THREADS * ROUNDS);
    CHECK_EQ(fos_mutex_unlock(&shared.mutex), -FOS_EPERM);
}

CASE("an error-checking mutex tells its owner")
{
    reset();
    shared.mutex.kind = FOS_MUTEX_ERRORCHECK;
    CHECK_EQ(fos_mutex_unlock(&shared.mutex), -FOS_EPERM);
    CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), 0);
    CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), -FOS_EDEADLK);
    CHECK_EQ(fos_mutex_try(&shared.mutex), -FOS_EBUSY);
    CHECK_EQ(fos_mutex_unlock(&shared.mutex), 0);
}

static void mutex_late(void)
{
    uint64_t deadline = soon(20000000);

    CHECK_EQ(fos_mutex_try(&shared.mutex), -FOS_EBUSY);
    CHECK_EQ(fos_mutex_lock(&shared.mutex, deadline), -FOS_ETIMEDOUT);
    CHECK(soon(0) >= deadline);
}

CASE("a timed lock gives up at its deadline")
{
    void (*const bodies[])(void) = {mutex_late, mutex_late};

    reset();
    CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), 0);
    together(bodies, 2);
    CHECK_EQ(fos_mutex_unlock(&shared.mutex), 0);
    CHECK_EQ(fos_mutex_try(&shared.mutex), 0);
}

static void owner_dies(void)
{
    CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), 0);
    fos_mutex_orphan_all();
}

CASE("a robust mutex says that its owner has died, once made consistent no more")
{
    void (*const bodies[])(void) = {owner_dies};

    reset();
    shared.mutex.kind = FOS_MUTEX_ROBUST;
    together(bodies, 1);
    CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), -FOS_EOWNERDEAD);
    CHECK_EQ(fos_mutex_consistent(&shared.mutex), 0);
    CHECK_EQ(fos_mutex_unlock(&shared.mutex), 0);
    together(bodies, 1);
    CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), -FOS_EOWNERDEAD);
    CHECK_EQ(fos_mutex_unlock(&shared.mutex), 0);
    CHECK_EQ(fos_mutex_lock(&shared.mutex, FOS_NEVER), -FOS_ENOTRECOVERABLE);
}

/* A buffer of one place. */
static void put_body(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        fos_mutex_lock(&shared.mutex, FOS_NEVER);
        while (shared.counter)
            fos_cond_wait(&shared.emptied, &shared.mutex, FOS_NEVER, 0);
        shared.counter = 1;
        fos_mutex_unlock(&shared.mutex);
        fos_cond_wake(&shared.filled, 1);
    }
}

static void get_body(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        fos_mutex_lock(&shared.mutex, FOS_NEVER);
        while (!shared.counter)
            fos_cond_wait(&shared.filled, &shared.mutex, FOS_NEVER, 0);
        shared.counter = 0;
        shared.taken++;
        fos_cond_wake(&shared.emptied, 1);
        fos_mutex_unlock(&shared.mutex);
    }
}

CASE("no signal of a condition variable is lost")
{
    void (*const bodies[])(void) = {put_body, get_body, put_body, get_body};

    reset();
    together(bodies, 4);
    CHECK_EQ(shared.taken, 2 * ROUNDS);
}

static void cond_late(void)
{
    uint64_t deadline = soon(20000000);
    int error;

    fos_mutex_lock(&shared.mutex, FOS_NEVER);
    while ((error = fos_cond_wait(&shared.filled, &shared.mutex, deadline, 0)) == 0)
        continue;
    CHECK_EQ(error, -FOS_ETIMEDOUT);
    shared.counter++;
    fos_mutex_unlock(&shared.mutex);
}

CASE("a timed wait ends at its deadline and holds the mutex again")
{
    reset();
    all(cond_late);
    CHECK_EQ(shared.counter, THREADS);
}

static void rwlock_body(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 8 == 0) {
            CHECK_EQ(fos_rwlock_write(&shared.rwlock, FOS_NEVER), 0);
            shared.counter++;
            shared.other++;
        } else {
            CHECK_EQ(fos_rwlock_read(&shared.rwlock, FOS_NEVER), 0);
            CHECK(shared.counter == shared.other);
        }
        CHECK_EQ(fos_rwlock_unlock(&shared.rwlock), 0);
    }
}

CASE("writers of a read-write lock are alone")
{
    reset();
    all(rwlock_body);
    CHECK_EQ(shared.counter, THREADS * ROUNDS / 8);
    CHECK_EQ(fos_rwlock_unlock(&shared.rwlock), -FOS_EPERM);
}

CASE("a writer that locks again is told of the deadlock")
{
    reset();
    CHECK_EQ(fos_rwlock_write(&shared.rwlock, FOS_NEVER), 0);
    CHECK_EQ(fos_rwlock_write(&shared.rwlock, FOS_NEVER), -FOS_EDEADLK);
    CHECK_EQ(fos_rwlock_read(&shared.rwlock, FOS_NEVER), -FOS_EDEADLK);
    CHECK_EQ(fos_rwlock_read(&shared.rwlock, 0), -FOS_EBUSY);
    CHECK_EQ(fos_rwlock_unlock(&shared.rwlock), 0);
}

static void barrier_body(void)
{
    for (uint32_t i = 0; i < 500; i++) {
        if (fos_barrier_wait(&shared.barrier)) {
            CHECK_EQ(shared.counter, i);
            shared.counter++;
        }
        fos_barrier_wait(&shared.barrier);
        CHECK_EQ(shared.counter, i + 1);
    }
}

CASE("nobody passes a barrier before all are there")
{
    reset();
    shared.barrier.count = THREADS;
    all(barrier_body);
    CHECK_EQ(shared.counter, 500);
    CHECK_EQ(fos_barrier_destroy(&shared.barrier), 0);
}

static void give_body(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(fos_semaphore_wait(&shared.places, FOS_NEVER, 0), 0);
        fos_semaphore_post(&shared.items);
    }
}

static void take_body(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(fos_semaphore_wait(&shared.items, FOS_NEVER, 0), 0);
        fos_semaphore_post(&shared.places);
    }
}

CASE("no post of a semaphore is lost")
{
    void (*const bodies[])(void) = {give_body, take_body, give_body, take_body};

    reset();
    shared.places.value = 2;
    together(bodies, 4);
    CHECK_EQ(shared.places.value, 2);
    CHECK_EQ(shared.items.value, 0);
}

CASE("a semaphore has a greatest value, and a wait a deadline")
{
    reset();
    CHECK_EQ(fos_semaphore_wait(&shared.items, 0, 0), -FOS_EAGAIN);
    CHECK_EQ(fos_semaphore_wait(&shared.items, soon(1000000), 0), -FOS_ETIMEDOUT);
    shared.items.value = FOS_SEMAPHORE_MAX;
    CHECK_EQ(fos_semaphore_post(&shared.items), -FOS_EOVERFLOW);
}
