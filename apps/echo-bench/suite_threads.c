/* SPDX-License-Identifier: MIT */
/* Threads of one process: made and joined; a mutex by itself; one wakes the other. */
#include "measure.h"

#include <pthread.h>
#include <semaphore.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static sem_t there, back;
static uint32_t turn;
static bool leave;

static void *nothing(void *argument)
{
    return argument;
}

static void create_join(void)
{
    pthread_t thread;

    must(-pthread_create(&thread, NULL, nothing, NULL), "thread");
    must(-pthread_join(thread, NULL), "join");
}

static void lock_unlock(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

/* ---- there and back ---- */

static void *semaphore_partner(void *argument)
{
    for (;;) {
        sem_wait(&there);
        if (leave)
            return argument;
        sem_post(&back);
    }
}

static void semaphore_trip(void)
{
    sem_post(&there);
    sem_wait(&back);
}

/* Gives the turn to the other side, and waits until it is here again. */
static void turn_give(uint32_t mine)
{
    pthread_mutex_lock(&mutex);
    turn = !mine;
    pthread_cond_signal(&turned);
    while (turn != mine && !leave)
        pthread_cond_wait(&turned, &mutex);
    pthread_mutex_unlock(&mutex);
}

static void *turn_partner(void *argument)
{
    while (!leave)
        turn_give(1);
    return argument;
}

static void turn_trip(void)
{
    turn_give(0);
}

static void with_partner(const struct measurement *m, void *(*partner)(void *))
{
    pthread_t thread;

    leave = false;
    turn = 0;
    must(-pthread_create(&thread, NULL, partner, NULL), "partner");
    measure(m);
    pthread_mutex_lock(&mutex);
    leave = true;
    pthread_cond_broadcast(&turned);
    pthread_mutex_unlock(&mutex);
    sem_post(&there);
    must(-pthread_join(thread, NULL), "partner's end");
}

void suite_threads(void)
{
    struct measurement m = {.suite = "threads", .server = ECHO_END, .batch = 1};

    pair_open(ECHO_SLOTS);
    sem_init(&there, 0, 0);
    sem_init(&back, 0, 0);
    m.name = "mutex, nobody else wants it";
    m.once = lock_unlock;
    m.batch = FOS_BENCH_BATCH;
    m.samples = 1600;
    measure(&m);
    m.batch = 1;
    m.samples = 320;
    m.traps = true;
    m.name = "thread made and joined";
    m.once = create_join;
    measure(&m);
    m.name = "semaphores, there and back";
    m.once = semaphore_trip;
    with_partner(&m, semaphore_partner);
    sem_init(&there, 0, 0);
    m.name = "mutex and condition, there and back";
    m.once = turn_trip;
    with_partner(&m, turn_partner);
    pair_close();
}
