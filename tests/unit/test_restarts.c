/* SPDX-License-Identifier: MIT */
/* How often the process fleet starts anew what ends. */
#include "fleets/proc/restarts.h"

#include "unit.h"

enum { MANY = 1000 };

CASE("what ends often is started a few times at once, then at a steady rate")
{
    struct restarts r = {.credit = RESTARTS_AT_ONCE};
    uint64_t now = 5 * FOS_SECOND, begin = now;

    for (unsigned i = 0; i < RESTARTS_AT_ONCE; i++)
        CHECK_EQ(restart_take(&r, now), 0);
    for (unsigned i = 0; i < MANY; i++) {
        uint64_t at = restart_take(&r, now);
        REQUIRE(at > now);
        now = at;
        REQUIRE(restart_take(&r, now) == 0);
    }
    CHECK_EQ(now - begin, MANY * RESTART_NS);
}

CASE("what ends seldom is started at once, however often")
{
    struct restarts r = {.credit = RESTARTS_AT_ONCE};
    uint64_t now = FOS_SECOND;

    for (unsigned i = 0; i < MANY; i++, now += RESTART_NS)
        CHECK_EQ(restart_take(&r, now), 0);
}

CASE("a long quiet time earns no more than the few at once")
{
    struct restarts r = {.credit = RESTARTS_AT_ONCE};
    uint64_t now = FOS_SECOND;

    while (restart_take(&r, now) == 0)
        continue;
    now += MANY * RESTART_NS;
    for (unsigned i = 0; i < RESTARTS_AT_ONCE; i++)
        CHECK_EQ(restart_take(&r, now), 0);
    CHECK(restart_take(&r, now) > now);
}

CASE("more members than restarts at once may begin together")
{
    struct restarts r = {.credit = RESTARTS_AT_ONCE + 3};

    for (unsigned i = 0; i < RESTARTS_AT_ONCE + 3; i++)
        CHECK_EQ(restart_take(&r, FOS_SECOND), 0);
    CHECK_EQ(restart_take(&r, FOS_SECOND), FOS_SECOND + RESTART_NS);
}
