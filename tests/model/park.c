/* SPDX-License-Identifier: MIT */
/*
 * The parking lot (fos/park.h) and what stands on it, under every interleaving: locks
 * with two and three threads, one of which gives up; a condition variable; a semaphore.
 * A thread that sleeps while what it waits for is there is an error.
 */
#include <fos/msg.h>
#include <fos/sync.h>

#include <string.h>

#include "verdict.h"

enum { THREADS = 3 };

static struct {
    struct fos_lot lot;
    struct fos_events events[THREADS];
    struct fos_mutex mutex;
    struct fos_cond cond;
    struct fos_semaphore semaphore;
    uint64_t value; /* what the mutex guards */
    uint64_t filler[3];
    /* Private to one thread each: */
    struct fos_thread threads[THREADS] __attribute__((aligned(64)));
    bool given_up;
} __attribute__((aligned(64))) memory;

struct fos_lot *const fos_lot = &memory.lot;

static struct {
    uint32_t rounds, expected;
    bool one_gives_up;  /* thread 0 waits with a deadline */
    bool plain_release; /* a bug: a store where a locked operation belongs */
    bool early_wake;    /* a bug: wakes before it changes the word */
} setting;

/* ---- what the code stands on ---- */

struct fos_thread *fos_thread_self(void)
{
    return &memory.threads[explore_self()];
}

/* Time passes at once. */
long fos_sys_wait(uint64_t deadline)
{
    const _Atomic uint64_t *pending = &memory.events[explore_self()].pending;

    if (deadline != FOS_NEVER)
        return -FOS_ETIMEDOUT;
    explore_wait_nonzero((const void *)pending, 8);
    return 0;
}

long fos_park_sleep(uint64_t deadline)
{
    return fos_sys_wait(deadline);
}

/* A thread's id is its index and one. */
long fos_sys_thread_control(struct fos_cap thread, enum fos_thread_control what,
                            uint64_t argument)
{
    (void)what;
    fos_fetch_or(&memory.events[thread.id - 1].pending, 1ull << argument);
    return 0;
}

/* Looks once: how long a look lasts changes nothing. */
bool fos_park_spin(_Atomic uint32_t *word, uint32_t value)
{
    return fos_load_relaxed(word) != value;
}

bool fos_park_disturbed(unsigned how)
{
    (void)how;
    return false;
}

int fos_park_interrupt(unsigned how)
{
    (void)how;
    return 0;
}

void fos_signals_hold(void)
{
}

void fos_signals_release(void)
{
}

/* ---- locks ---- */

static void guarded_add(void)
{
    uint64_t value;

    fos_payload_read(&value, &memory.value, sizeof value);
    value++;
    fos_payload_write(&memory.value, &value, sizeof value);
}

static void lock_release(void)
{
    struct fos_lock *lock = &memory.mutex.lock;

    if (setting.plain_release) {
        fos_store_release(&lock->state, FOS_LOCK_FREE);
        fos_unpark(&lock->state, 1);
    } else if (setting.early_wake) {
        fos_unpark(&lock->state, 1);
        fos_exchange(&lock->state, FOS_LOCK_FREE);
    } else {
        fos_mutex_unlock(&memory.mutex);
    }
}

static void lock_main(void)
{
    bool gives_up = setting.one_gives_up && explore_self() == 0;

    for (uint32_t i = 0; i < setting.rounds; i++) {
        int error = fos_mutex_lock(&memory.mutex, gives_up ? 1 : FOS_NEVER);

        EXPLORE_CHECK(error == 0 || (gives_up && error == -FOS_ETIMEDOUT));
        if (error) {
            memory.given_up = true;
            continue;
        }
        guarded_add();
        lock_release();
    }
}

static void nobody_waits(void)
{
    for (int i = 0; i < FOS_LOT_BUCKETS; i++)
        EXPLORE_CHECK(memory.lot.buckets[i].count == 0 &&
                      !memory.lot.buckets[i].first);
}

static void lock_finish(void)
{
    nobody_waits();
    EXPLORE_CHECK(memory.mutex.lock.state == FOS_LOCK_FREE);
    EXPLORE_CHECK(memory.value == setting.expected - memory.given_up);
}

/* ---- a condition variable: one is told of a value, by another ---- */

static void cond_waiter(void)
{
    uint64_t value = 0;

    fos_mutex_lock(&memory.mutex, FOS_NEVER);
    for (;;) {
        fos_payload_read(&value, &memory.value, sizeof value);
        if (value)
            break;
        EXPLORE_CHECK(fos_cond_wait(&memory.cond, &memory.mutex, FOS_NEVER, 0) ==
                      0);
    }
    value--;
    fos_payload_write(&memory.value, &value, sizeof value);
    fos_mutex_unlock(&memory.mutex);
}

static void cond_signaller(void)
{
    for (uint32_t i = 0; i < setting.rounds; i++) {
        fos_mutex_lock(&memory.mutex, FOS_NEVER);
        guarded_add();
        fos_mutex_unlock(&memory.mutex);
        fos_cond_wake(&memory.cond, 1);
    }
}

static void cond_finish(void)
{
    nobody_waits();
    EXPLORE_CHECK(memory.value == 0);
}

/* ---- a semaphore ---- */

static void semaphore_waiter(void)
{
    EXPLORE_CHECK(fos_semaphore_wait(&memory.semaphore, FOS_NEVER, 0) == 0);
}

static void semaphore_poster(void)
{
    for (uint32_t i = 0; i < setting.rounds; i++)
        EXPLORE_CHECK(fos_semaphore_post(&memory.semaphore) == 0);
}

static void semaphore_finish(void)
{
    nobody_waits();
    EXPLORE_CHECK(memory.semaphore.value == 0);
}

/* ---- */

static void memory_reset(void)
{
    memset(&memory, 0, sizeof memory);
    for (uint32_t i = 0; i < THREADS; i++) {
        memory.threads[i].sleeper.events = &memory.events[i];
        memory.threads[i].cap = (struct fos_cap){i + 1, 0};
        memory.threads[i].number = i + 1;
    }
}

static const struct explore_place places[] = {
    {"bucket 0", 0},
    {"bucket 1", sizeof(struct fos_bucket)},
    {"events 0", offsetof(__typeof__(memory), events[0])},
    {"events 1", offsetof(__typeof__(memory), events[1])},
    {"events 2", offsetof(__typeof__(memory), events[2])},
    {"mutex", offsetof(__typeof__(memory), mutex)},
    {"cond", offsetof(__typeof__(memory), cond)},
    {"semaphore", offsetof(__typeof__(memory), semaphore)},
    {0, 0},
};

static struct explore_model model(void (*finish)(void), void (*first)(void),
                                  void (*second)(void), void (*third)(void))
{
    return (struct explore_model){
        .memory = &memory,
        .size = sizeof memory,
        .shared = offsetof(__typeof__(memory), threads),
        .reset = memory_reset,
        .thread = {first, second, third},
        .finish = finish,
        .places = places,
    };
}

static struct explore_model locks(uint32_t threads, uint32_t rounds)
{
    setting.rounds = rounds;
    setting.expected = threads * rounds;
    return model(lock_finish, lock_main, lock_main, threads > 2 ? lock_main : 0);
}

static void locks_hold(void)
{
    struct explore_model m = locks(2, 2);
    verdict_holds("a lock has one owner, and who waits for it gets it", &m);
    m = locks(3, 1);
    verdict_holds("so it has among three", &m);
    setting.one_gives_up = true;
    m = locks(2, 1);
    verdict_holds("a waiter that gives up takes no wake-up with it", &m);
    setting.one_gives_up = false;
}

static void others_hold(void)
{
    struct explore_model m;

    setting.rounds = 1;
    m = model(cond_finish, cond_waiter, cond_signaller, 0);
    verdict_holds("no signal of a condition variable is lost", &m);
    m = model(semaphore_finish, semaphore_waiter, semaphore_poster, 0);
    verdict_holds("no post of a semaphore is lost", &m);
}

static void mutants(void)
{
    struct explore_model m;

    setting.plain_release = true;
    m = locks(2, 1);
    verdict_finds("a release by a plain store loses a wake-up", &m,
                  "waits for ever");
    setting.plain_release = false;
    setting.early_wake = true;
    m = locks(2, 1);
    verdict_finds("so does a wake-up before the release", &m, "waits for ever");
    setting.early_wake = false;
}

int main(void)
{
    locks_hold();
    others_hold();
    mutants();
    return verdict_status();
}
