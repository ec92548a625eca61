/* SPDX-License-Identifier: MIT */
/* Two threads of one process register one name, each for a mailbox of its own. */
#include "names.h"

#include <pthread.h>

enum { ROUNDS = 500 };

static const char path[] = "/test/race";

/* The round that each is ready for, and has done; one begins when both are ready. */
static struct racer {
    _Atomic uint32_t ready, done;
    long result;
    struct fos_registration made;
} racers[2];

static _Atomic uint32_t begun;

static void until(_Atomic uint32_t *word, uint32_t value)
{
    while (atomic_load(word) < value)
        fos_pause();
}

static void *racer_run(void *argument)
{
    struct racer *me = argument;
    struct fos_cap mailbox = {(uint64_t)(me - racers) + 1,
                              1}; /* of none there is */

    for (uint32_t round = 1; round <= ROUNDS; round++) {
        atomic_store(&me->ready, round);
        until(&begun, round);
        me->result = fos_name_register(path, mailbox, 0, 0, &me->made);
        atomic_store(&me->done, round);
    }
    fos_name_close();
    return NULL;
}

/* The name stands for the mailbox of who was told that it has it. */
static void round_judge(uint32_t round)
{
    struct racer *won = &racers[racers[0].result != 0],
                 *lost = &racers[racers[0].result == 0];
    struct name_value value = {0};

    if (won->result || lost->result != -FOS_EEXIST)
        case_fail("round %u: %ld and %ld", (unsigned)round, racers[0].result,
                  racers[1].result);
    CASE_EQUAL(fos_name_lookup(fos_alias(path), &value), 0);
    CASE_EQUAL(value.word[1], won - racers + 1);
    CASE_EQUAL(fos_name_unregister(&won->made, NULL), 0);
}

int test_race(void)
{
    pthread_t threads[2];

    case_begin("of two threads that register one name, one has it");
    for (int i = 0; i < 2; i++)
        CASE_EQUAL(pthread_create(&threads[i], NULL, racer_run, &racers[i]), 0);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        until(&racers[0].ready, round);
        until(&racers[1].ready, round);
        atomic_store(&begun, round);
        until(&racers[0].done, round);
        until(&racers[1].done, round);
        round_judge(round);
    }
    for (int i = 0; i < 2; i++)
        CASE_EQUAL(pthread_join(threads[i], NULL), 0);
    names_case_end();
    return cases_status();
}
