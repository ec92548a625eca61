/* SPDX-License-Identifier: MIT */
/* Two threads of one process register one name, each for a mailbox of its own. */
#include "names.h"

#include <pthread.h>

enum { ROUNDS = 200 };

static const char path[] = "/test/race";

static struct racer {
    long result;
    struct fos_registration made;
} racers[2];

static pthread_barrier_t
    turn; /* of both and the judge: before a round, and after */

static void *racer_run(void *argument)
{
    struct racer *me = argument;
    struct fos_cap mailbox = {(uint64_t)(me - racers) + 1,
                              1}; /* of none there is */

    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&turn);
        me->result = fos_name_register(path, mailbox, 0, 0, &me->made);
        pthread_barrier_wait(&turn);
    }
    fos_name_close();
    return NULL;
}

/* The name stands for the mailbox of who was told that it has it. */
static void round_judge(void)
{
    struct racer *won = &racers[racers[0].result != 0],
                 *lost = &racers[racers[0].result == 0];
    struct name_value value = {0};

    CASE_EQUAL(won->result, 0);
    CASE_EQUAL(lost->result, -FOS_EEXIST);
    CASE_EQUAL(fos_name_lookup(fos_alias(path), &value), 0);
    CASE_EQUAL(value.word[1], won - racers + 1);
    CASE_EQUAL(fos_name_unregister(&won->made, NULL), 0);
}

static void race(void)
{
    pthread_t threads[2];

    pthread_barrier_init(&turn, NULL, 3);
    for (int i = 0; i < 2; i++)
        CASE_EQUAL(pthread_create(&threads[i], NULL, racer_run, &racers[i]), 0);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&turn);
        pthread_barrier_wait(&turn);
        round_judge();
    }
    for (int i = 0; i < 2; i++)
        CASE_EQUAL(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&turn);
}

int test_race(void)
{
    race(); /* stacks are made, and kept */
    case_begin("of two threads that register one name, one has it");
    race();
    names_case_end();
    return cases_status();
}
