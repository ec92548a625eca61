/* SPDX-License-Identifier: MIT */
/*
 * The unit-test frame: one host program to a test_<m>.c, whose cases are sentences.
 *
 *     #include "unit.h"
 *
 *     CASE("an empty ring answers EAGAIN")
 *     {
 *         CHECK_EQ(ring_get(&ring), -FOS_EAGAIN);
 *     }
 *
 * Including this header defines main(), which runs the cases in the order of the
 * file and prints `ok <sentence>` or `FAIL <sentence>: <first reason>` for each;
 * any FAIL makes the exit status 1.  A CHECK that fails lets the case go on; a
 * REQUIRE ends it (on the main thread only).  CHECKs may be made from any thread.
 * An argument picks the cases whose sentence contains it.
 */
#ifndef FOS_UNIT_H
#define FOS_UNIT_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit_case {
    const char *sentence;
    void (*run)(void);
    struct unit_case *next;
};

static struct unit_case *unit_first, **unit_end = &unit_first;
static _Atomic unsigned unit_failures; /* of the case that runs */
static char unit_reason[512];          /* written by whoever raised it from 0 */
static jmp_buf unit_abandon;

__attribute__((format(printf, 3, 4))) static inline bool
unit_fail(const char *file, int line, const char *format, ...)
{
    if (atomic_fetch_add(&unit_failures, 1) == 0) {
        int n = snprintf(unit_reason, sizeof unit_reason, "%s:%d: ", file, line);
        va_list args;
        va_start(args, format);
        vsnprintf(unit_reason + n, sizeof unit_reason - (size_t)n, format, args);
        va_end(args);
    }
    return false;
}

static inline bool unit_equal(const char *file, int line, const char *text,
                              int64_t got, int64_t want)
{
    if (got == want)
        return true;
    return unit_fail(file, line, "%s is %" PRId64 " (%#" PRIx64 "), not %" PRId64,
                     text, got, (uint64_t)got, want);
}

static inline bool unit_same_text(const char *file, int line, const char *text,
                                  const char *got, const char *want)
{
    if (got && want && strcmp(got, want) == 0)
        return true;
    return unit_fail(file, line, "%s is \"%s\", not \"%s\"", text,
                     got ? got : "(null)", want ? want : "(null)");
}

/* Each gives true when it holds, so `if (!CHECK(x)) return;` may be written. */
#define CHECK(cond) \
    ((cond) ? true : unit_fail(__FILE__, __LINE__, "%s does not hold", #cond))
#define CHECK_EQ(got, want) \
    unit_equal(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))
#define CHECK_TEXT(got, want) unit_same_text(__FILE__, __LINE__, #got, got, want)
#define FAIL(...)             unit_fail(__FILE__, __LINE__, __VA_ARGS__)
#define REQUIRE(cond)                 \
    do {                              \
        if (!CHECK(cond))             \
            longjmp(unit_abandon, 1); \
    } while (0)

#define UNIT_PASTE_(a, b) a##b
#define UNIT_PASTE(a, b)  UNIT_PASTE_(a, b)
#define CASE(sentence)                                                             \
    UNIT_DEFINE(UNIT_PASTE(unit_case_, __LINE__), UNIT_PASTE(unit_add_, __LINE__), \
                UNIT_PASTE(unit_run_, __LINE__), sentence)
#define UNIT_DEFINE(item, add, body, text)             \
    static void body(void);                            \
    static struct unit_case item = {text, body, 0};    \
    __attribute__((constructor)) static void add(void) \
    {                                                  \
        *unit_end = &item;                             \
        unit_end = &item.next;                         \
    }                                                  \
    static void body(void)

static inline bool unit_run(const struct unit_case *c)
{
    atomic_store(&unit_failures, 0);
    if (setjmp(unit_abandon) == 0)
        c->run();
    unsigned failures = atomic_load(&unit_failures);
    if (failures == 0)
        printf("ok %s\n", c->sentence);
    else
        printf("FAIL %s: %s\n", c->sentence, unit_reason);
    return failures == 0;
}

/*
 * Random cases: unit_random() is splitmix64.  A case that draws from a seed says so
 * by unit_seed_is(), and the seed is printed should a sanitizer end the program
 * there. unit_setting() gives the number in an environment variable, for replays.
 */
static _Atomic uint64_t unit_seed;

static inline uint64_t unit_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline void unit_seed_is(uint64_t seed)
{
    atomic_store_explicit(&unit_seed, seed, memory_order_relaxed);
}

static inline uint64_t unit_setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, 0, 0) : otherwise;
}

extern void __sanitizer_set_death_callback(void (*)(void)) __attribute__((weak));

static inline void unit_say_seed(void)
{
    if (unit_seed)
        printf("FAIL a sanitizer stopped the test: seed %#" PRIx64 "\n", unit_seed);
}

int main(int argc, char **argv)
{
    bool all_ok = true;
    setvbuf(stdout, 0, _IOLBF, 0);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(unit_say_seed);
    for (const struct unit_case *c = unit_first; c; c = c->next)
        if (argc < 2 || strstr(c->sentence, argv[1]))
            all_ok &= unit_run(c);
    return all_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
