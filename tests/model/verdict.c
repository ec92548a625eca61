/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int failures;
static struct explore_result result;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void run(const struct explore_model *model)
{
    double start = seconds();
    explore(model, &result);
    printf("# %llu states, %llu transitions, %llu ends, %.1f s%s\n",
           (unsigned long long)result.states,
           (unsigned long long)result.transitions,
           (unsigned long long)result.finals, seconds() - start,
           result.buffer_filled ? ", a store buffer was full" : "");
}

void verdict_is(const char *sentence, bool holds, const char *why_not)
{
    if (holds)
        printf("ok %s\n", sentence);
    else
        printf("FAIL %s: %s\n", sentence, why_not);
    failures += !holds;
    fflush(stdout);
}

void verdict_holds(const char *sentence, const struct explore_model *model)
{
    run(model);
    if (result.violation[0])
        printf("# the steps that lead there:\n%s", result.trace);
    verdict_is(sentence, !result.violation[0] && result.finals > 0,
               result.violation[0] ? result.violation : "no end was reached");
}

void verdict_finds(const char *sentence, const struct explore_model *model,
                   const char *expected)
{
    run(model);
    if (getenv("FOS_TRACE"))
        printf("# %s\n%s", result.violation, result.trace);
    verdict_is(sentence, strstr(result.violation, expected) && result.violation[0],
               result.violation[0] ? result.violation : "no violation was found");
}

int verdict_status(void)
{
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
