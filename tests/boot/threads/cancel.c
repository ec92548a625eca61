/* SPDX-License-Identifier: MIT */
/* Cancellation; processes that end in a thread of theirs. */
#include "crew.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t nothing, begun;
static _Atomic unsigned cleaned;

static void clean(void *argument)
{
    cleaned += (unsigned)(uintptr_t)argument;
}

static void unlock(void *argument)
{
    CASE_EQUAL(pthread_mutex_unlock(argument), 0);
    cleaned++;
}

static void *in_cond(void *argument)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    sem_post(&begun);
    for (;;)
        pthread_cond_wait(&never, &mutex);
    pthread_cleanup_pop(1);
    return argument;
}

static void *in_semaphore(void *argument)
{
    pthread_cleanup_push(clean, (void *)10);
    pthread_cleanup_push(clean, (void *)100);
    sem_post(&begun);
    sem_wait(&nothing);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return argument;
}

static void *in_loop(void *argument)
{
    pthread_cleanup_push(clean, (void *)1000);
    sem_post(&begun);
    for (;;)
        pthread_testcancel();
    pthread_cleanup_pop(0);
    return argument;
}

static void *forbids(void *argument)
{
    int before = -1;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    CASE_EQUAL(before, PTHREAD_CANCEL_ENABLE);
    sem_post(&begun);
    sem_wait(&nothing);
    pthread_testcancel();
    cleaned += 10000;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    cleaned += 100000;
    return argument;
}

static void cancelled(void *(*body)(void *), unsigned expected)
{
    pthread_t thread;
    void *result = NULL;

    cleaned = 0;
    CASE_EQUAL(pthread_create(&thread, NULL, body, NULL), 0);
    sem_wait(&begun);
    CASE_EQUAL(pthread_cancel(thread), 0);
    if (body == forbids)
        sem_post(&nothing);
    CASE_EQUAL(pthread_join(thread, &result), 0);
    CASE_CHECK(result == PTHREAD_CANCELED);
    CASE_EQUAL(cleaned, expected);
}

static void *in_join(void *argument)
{
    sem_post(&begun);
    pthread_join(*(pthread_t *)argument, NULL);
    return NULL;
}

static void join_cancelled(void)
{
    pthread_t joined, joiner;
    void *result = NULL;

    CASE_EQUAL(pthread_create(&joined, NULL, in_semaphore, NULL), 0);
    sem_wait(&begun);
    CASE_EQUAL(pthread_create(&joiner, NULL, in_join, &joined), 0);
    sem_wait(&begun);
    CASE_EQUAL(pthread_cancel(joiner), 0);
    CASE_EQUAL(pthread_join(joiner, &result), 0);
    CASE_CHECK(result == PTHREAD_CANCELED);
    sem_post(&nothing);
    CASE_EQUAL(pthread_join(joined, NULL), 0);
}

void test_cancel(void)
{
    sem_init(&nothing, 0, 0);
    sem_init(&begun, 0, 0);
    case_begin("a cancelled thread leaves its wait and cleans up");
    cancelled(in_cond, 1);
    CASE_EQUAL(pthread_mutex_trylock(&mutex), 0);
    pthread_mutex_unlock(&mutex);
    cancelled(in_semaphore, 110);
    cancelled(in_loop, 1000);
    case_end();
    case_begin(
        "a thread that forbids cancellation is cancelled when it permits it");
    cancelled(forbids, 10000);
    case_end();
    case_begin("a thread whose joiner was cancelled can be joined");
    join_cancelled();
    case_end();
}

/* ---- parts ---- */

static void *fault(void *argument)
{
    (void)argument;
    *(volatile int *)0x123000 = 1;
    return NULL;
}

__attribute__((noinline)) static int deeper(int n)
{
    volatile char room[1024];

    room[0] = (char)n;
    return n < 1000000 ? deeper(n + 1) + room[0] : 0;
}

static void *overflow(void *argument)
{
    return (char *)argument + deeper(0);
}

int part_fault(uint64_t how, uint64_t b)
{
    pthread_t thread;

    CHILD_EQUAL(pthread_create(&thread, NULL, how ? overflow : fault, NULL), 0);
    pthread_join(thread, NULL);
    return (int)b;
}

static void *linger(void *argument)
{
    fos_clock_sleep(fos_now_ns() + 50 * FOS_MILLISECOND);
    if (argument)
        exit(9);
    return NULL;
}

int part_leave(uint64_t how, uint64_t b)
{
    pthread_t thread;

    CHILD_EQUAL(pthread_create(&thread, NULL, linger, (void *)how), 0);
    if (how)
        pthread_join(thread, NULL);
    pthread_exit((void *)b);
}
