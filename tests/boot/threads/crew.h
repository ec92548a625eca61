/* SPDX-License-Identifier: MIT */
/* Threads that do the same thing at the same time, for the cases of this test. */
#ifndef THREADS_CREW_H
#define THREADS_CREW_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "../family.h"

enum { CREW = 4, CREW_MAX = 16 };

struct hand {
    pthread_t thread;
    uintptr_t index;
};

/* Starts `count` threads with their index as the argument. */
static inline void crew_start(struct hand *hands, unsigned count,
                              void *(*body)(void *))
{
    for (unsigned i = 0; i < count; i++) {
        hands[i].index = i;
        CASE_EQUAL(
            pthread_create(&hands[i].thread, NULL, body, (void *)hands[i].index),
            0);
    }
}

/* Each gives NULL. */
static inline void crew_join(struct hand *hands, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        void *result = "none";
        CASE_EQUAL(pthread_join(hands[i].thread, &result), 0);
        CASE_CHECK(result == NULL);
    }
}

static inline void crew_run(unsigned count, void *(*body)(void *))
{
    struct hand hands[CREW_MAX];

    crew_start(hands, count, body);
    crew_join(hands, count);
}

/* A moment of a clock, `ns` from now. */
static inline struct timespec moment(clockid_t clock, uint64_t ns)
{
    uint64_t at = (clock == CLOCK_REALTIME ? fos_wall_ns() : fos_now_ns()) + ns;

    return (struct timespec){(time_t)(at / FOS_SECOND), (long)(at % FOS_SECOND)};
}

/* cases of the other files */
void test_objects(void);
void test_cancel(void);
void test_shared(void);
void test_signals(void);
void test_handing(void);
int part_fault(uint64_t how, uint64_t b);
int part_leave(uint64_t how, uint64_t b);

#endif
