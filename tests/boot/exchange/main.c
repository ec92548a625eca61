/* SPDX-License-Identifier: MIT */
/*
 * Messages by pages: the system call that exchanges pages, and libfos's use of it.
 *
 *     test-exchange [SEED]
 */
#include "exchange.h"
#include "puppet.h"

struct dice exchange_dice;

int main(int argc, char **argv)
{
    uint64_t seed =
        argc > 1 ? strtoull(argv[1], NULL, 0) : fos_wall_ns() % 1000000000;

    family_program = argv[0];
    exchange_dice = dice_of(seed);
    printf("exchange: seed %llu\n", (unsigned long long)seed);
    raw_warm();
    case_begin("");
    test_calls();
    return cases_status();
}
