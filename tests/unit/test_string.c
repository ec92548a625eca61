/* SPDX-License-Identifier: MIT */
/* libfos's memcpy, memmove, memset and memcmp (renamed tested_... by their
 * module.mk), against byte loops. */
#include "unit.h"

enum { SIZE = 2048, ROUNDS = 60000 };

static uint8_t a[SIZE], b[SIZE];

static void model_move(uint8_t *to, const uint8_t *from, size_t n)
{
    uint8_t copy[SIZE];

    for (size_t i = 0; i < n; i++)
        copy[i] = from[i];
    for (size_t i = 0; i < n; i++)
        to[i] = copy[i];
}

static void fill(uint64_t *state)
{
    for (size_t i = 0; i < SIZE; i++)
        a[i] = b[i] = (uint8_t)unit_random(state);
}

static bool same(void)
{
    for (size_t i = 0; i < SIZE; i++)
        if (a[i] != b[i])
            return FAIL("byte %zu differs", i);
    return true;
}

/* Mostly short ones; every length up to 129 is tried with many alignments. */
static size_t length_draw(uint64_t *state, int round)
{
    return round % 3 ? (size_t)round / 3 % 130 : unit_random(state) % 700;
}

CASE("memmove copies every length, overlapping or not, and nothing else")
{
    uint64_t state = 1;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 100 == 0)
            fill(&state);
        size_t n = length_draw(&state, i), to = unit_random(&state) % 600,
               from = unit_random(&state) % 600;
        CHECK(memmove(a + to, a + from, n) == a + to);
        model_move(b + to, b + from, n);
        if (i % 100 == 99)
            REQUIRE(same());
    }
}

CASE("memcpy copies every length and nothing else")
{
    uint64_t state = 2;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 100 == 0)
            fill(&state);
        size_t n = length_draw(&state, i), to = unit_random(&state) % 300,
               from = 1024 + unit_random(&state) % 300;
        CHECK(memcpy(a + to, a + from, n) == a + to);
        model_move(b + to, b + from, n);
        if (i % 100 == 99)
            REQUIRE(same());
    }
}

CASE("memset fills every length and nothing else")
{
    uint64_t state = 3;
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = length_draw(&state, i), to = unit_random(&state) % 600;
        CHECK(memset(a + to, i, n) == a + to);
        for (size_t k = 0; k < n; k++)
            b[to + k] = (uint8_t)i;
        if (i % 100 == 99)
            REQUIRE(same());
    }
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

CASE("memcmp orders by the first byte that differs")
{
    uint64_t state = 4;
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = length_draw(&state, i), to = unit_random(&state) % 600, at;
        if (i % 100 == 0)
            fill(&state);
        CHECK_EQ(memcmp(a + to, b + to, n), 0);
        if (n == 0)
            continue;
        at = unit_random(&state) % n;
        uint8_t kept = b[to + at];
        b[to + at] ^= (uint8_t)(1 << unit_random(&state) % 8);
        if (at + 1 < n)
            b[to + n - 1]++;
        CHECK_EQ(sign(memcmp(a + to, b + to, n)), sign(a[to + at] - b[to + at]));
        if (at + 1 < n)
            b[to + n - 1]--;
        b[to + at] = kept;
    }
}
