/* SPDX-License-Identifier: MIT */
/* Mutexes, condition variables and the other objects, between threads of several vCPUs. */
#include "crew.h"

enum { ROUNDS = 2000, HANDOVERS = 300, MEETINGS = 30 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER,
                      emptied = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t items, places;
static uint64_t counter, other;

static void *mutex_body(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *spin_body(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_spin_lock(&spin);
        counter++;
        pthread_spin_unlock(&spin);
    }
    return NULL;
}

static void test_exclusion(void)
{
    case_begin("a mutex is held by one of 2, 3 and 4 threads at a time");
    for (unsigned crew = 2; crew <= CREW; crew++) {
        counter = 0;
        crew_run(crew, mutex_body);
        CASE_EQUAL(counter, crew * ROUNDS);
    }
    case_end();
    case_begin("so is a spin lock");
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    counter = 0;
    crew_run(CREW, spin_body);
    CASE_EQUAL(counter, CREW * ROUNDS);
    case_end();
}

static void mutex_of_type(pthread_mutex_t *made, int type, int robust)
{
    pthread_mutexattr_t attr;

    CASE_EQUAL(pthread_mutexattr_init(&attr), 0);
    CASE_EQUAL(pthread_mutexattr_settype(&attr, type), 0);
    CASE_EQUAL(pthread_mutexattr_setrobust(&attr, robust), 0);
    CASE_EQUAL(pthread_mutex_init(made, &attr), 0);
    CASE_EQUAL(pthread_mutexattr_destroy(&attr), 0);
}

static pthread_mutex_t robust;

static void *robust_die(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&robust);
    return NULL;
}

static void test_types(void)
{
    pthread_mutex_t m;

    case_begin("mutexes of each type do what their type says");
    mutex_of_type(&m, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
    CASE_EQUAL(pthread_mutex_lock(&m), 0);
    CASE_EQUAL(pthread_mutex_lock(&m), 0);
    CASE_EQUAL(pthread_mutex_unlock(&m), 0);
    CASE_EQUAL(pthread_mutex_unlock(&m), 0);
    CASE_EQUAL(pthread_mutex_unlock(&m), EPERM);
    mutex_of_type(&m, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
    CASE_EQUAL(pthread_mutex_lock(&m), 0);
    CASE_EQUAL(pthread_mutex_lock(&m), EDEADLK);
    CASE_EQUAL(pthread_mutex_unlock(&m), 0);
    mutex_of_type(&robust, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
    crew_run(1, robust_die);
    CASE_EQUAL(pthread_mutex_lock(&robust), EOWNERDEAD);
    CASE_EQUAL(pthread_mutex_consistent(&robust), 0);
    CASE_EQUAL(pthread_mutex_unlock(&robust), 0);
    case_end();
}

static void *put_body(void *argument)
{
    (void)argument;
    for (int i = 0; i < HANDOVERS; i++) {
        pthread_mutex_lock(&mutex);
        while (counter)
            pthread_cond_wait(&emptied, &mutex);
        counter = 1;
        pthread_cond_signal(&filled);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *get_body(void *argument)
{
    (void)argument;
    for (int i = 0; i < HANDOVERS; i++) {
        pthread_mutex_lock(&mutex);
        while (!counter)
            pthread_cond_wait(&filled, &mutex);
        counter = 0;
        other++;
        pthread_mutex_unlock(&mutex);
        pthread_cond_signal(&emptied);
    }
    return NULL;
}

static void test_conds(void)
{
    struct hand hands[CREW];

    case_begin("no signal of a condition variable is lost");
    counter = other = 0;
    crew_start(hands, 2, put_body);
    crew_start(hands + 2, 2, get_body);
    crew_join(hands, CREW);
    CASE_EQUAL(other, 2 * HANDOVERS);
    case_end();
}

static void *rwlock_body(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 8) {
            pthread_rwlock_rdlock(&rwlock);
            CASE_EQUAL(counter, other);
        } else {
            pthread_rwlock_wrlock(&rwlock);
            counter++;
            other++;
        }
        pthread_rwlock_unlock(&rwlock);
    }
    return NULL;
}

static void *barrier_body(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < MEETINGS; i++) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            counter++;
        pthread_barrier_wait(&barrier);
        CASE_EQUAL(counter, i + 1);
    }
    return NULL;
}

static void *sem_body(void *argument)
{
    sem_t *from = (uintptr_t)argument % 2 ? &items : &places;
    sem_t *to = (uintptr_t)argument % 2 ? &places : &items;

    for (int i = 0; i < HANDOVERS; i++) {
        CASE_EQUAL(sem_wait(from), 0);
        CASE_EQUAL(sem_post(to), 0);
    }
    return NULL;
}

static void test_meetings(void)
{
    int value = 0;

    case_begin("writers of a read-write lock are alone");
    counter = other = 0;
    crew_run(CREW, rwlock_body);
    CASE_EQUAL(counter, CREW * ROUNDS / 8);
    case_end();
    case_begin("nobody passes a barrier before all are there");
    counter = 0;
    pthread_barrier_init(&barrier, NULL, CREW);
    crew_run(CREW, barrier_body);
    CASE_EQUAL(pthread_barrier_destroy(&barrier), 0);
    case_end();
    case_begin("no post of a semaphore is lost");
    sem_init(&items, 0, 0);
    sem_init(&places, 0, 1);
    crew_run(CREW, sem_body);
    sem_getvalue(&places, &value);
    CASE_EQUAL(value, 1);
    case_end();
}

static void timed_wait(clockid_t clock)
{
    pthread_condattr_t attr;
    pthread_cond_t cond;
    struct timespec at = moment(clock, 30 * FOS_MILLISECOND);
    uint64_t begin = fos_now_ns();

    pthread_condattr_init(&attr);
    CASE_EQUAL(pthread_condattr_setclock(&attr, clock), 0);
    pthread_cond_init(&cond, &attr);
    pthread_mutex_lock(&mutex);
    CASE_EQUAL(pthread_cond_timedwait(&cond, &mutex, &at), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    CASE_CHECK(fos_now_ns() - begin >= 29 * FOS_MILLISECOND);
    CASE_CHECK(fos_now_ns() - begin < 5 * FOS_SECOND);
}

static void *too_late(void *argument)
{
    struct timespec at = moment(CLOCK_REALTIME, 20 * FOS_MILLISECOND);

    (void)argument;
    CASE_EQUAL(pthread_mutex_trylock(&mutex), EBUSY);
    CASE_EQUAL(pthread_mutex_timedlock(&mutex, &at), ETIMEDOUT);
    CASE_EQUAL(pthread_rwlock_tryrdlock(&rwlock), EBUSY);
    CASE_EQUAL(pthread_rwlock_timedrdlock(&rwlock, &at), ETIMEDOUT);
    CASE_EQUAL(pthread_rwlock_timedwrlock(&rwlock, &at), ETIMEDOUT);
    CASE_EQUAL(sem_timedwait(&items, &at), -1);
    CASE_EQUAL(errno, ETIMEDOUT);
    at.tv_nsec = 1000000000;
    CASE_EQUAL(pthread_mutex_timedlock(&mutex, &at), EINVAL);
    return NULL;
}

static void test_deadlines(void)
{
    case_begin("timed waits end at their deadlines, on either clock");
    timed_wait(CLOCK_REALTIME);
    timed_wait(CLOCK_MONOTONIC);
    sem_init(&items, 0, 0);
    pthread_mutex_lock(&mutex);
    pthread_rwlock_wrlock(&rwlock);
    crew_run(2, too_late);
    pthread_rwlock_unlock(&rwlock);
    pthread_mutex_unlock(&mutex);
    case_end();
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static _Atomic unsigned destroyed;

static void once_body(void)
{
    counter++;
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
}

static void value_destroy(void *value)
{
    destroyed += (unsigned)(uintptr_t)value;
}

static void *key_body(void *argument)
{
    (void)argument;
    pthread_once(&once, once_body);
    CASE_EQUAL(counter, 1);
    CASE_CHECK(pthread_getspecific(key) == NULL);
    CASE_EQUAL(pthread_setspecific(key, (void *)3), 0);
    CASE_EQUAL((uintptr_t)pthread_getspecific(key), 3);
    return NULL;
}

static void test_keys(void)
{
    case_begin("routines run once, and values of threads are destroyed with these");
    counter = 0;
    destroyed = 0;
    CASE_EQUAL(pthread_key_create(&key, value_destroy), 0);
    crew_run(CREW, key_body);
    CASE_EQUAL(destroyed, 3 * CREW);
    CASE_EQUAL(pthread_key_delete(key), 0);
    CASE_EQUAL(pthread_setspecific(key, NULL), EINVAL);
    case_end();
}

void test_objects(void)
{
    test_exclusion();
    test_types();
    test_conds();
    test_meetings();
    test_deadlines();
    test_keys();
}
