/* SPDX-License-Identifier: MIT */
/*
 * Messages by pages: the system call that exchanges pages, and libfos's use of it.
 *
 *     test-exchange [SEED [calls | messages | liars]]
 */
#include "exchange.h"
#include "../raw.h"

#include <fos/memory.h>

struct dice exchange_dice;
uint8_t *exchange_buffer;

static const struct part parts[] = {
    {"mix", part_mix},     {"odd", part_odd},     {"plain", part_plain},
    {"huge", part_huge},   {"taker", part_taker}, {"liar", part_liar},
    {"crowd", part_crowd},
};

/* What is mapped once and kept, so that it is in no case's balance. */
static void exchange_memory(void)
{
    enum { BUFFERS = 6 }; /* at once, of one size */
    static const size_t sizes[] = {32, 64, 128, 256, 512, LONG_PAGES, HUGE_PAGES};
    void *at[BUFFERS];

    exchange_buffer = fos_pages_map(HUGE_PAGES);
    CASE_CHECK(exchange_buffer);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int k = 0; k < BUFFERS; k++)
            at[k] = fos_pages_map(sizes[i]);
        for (int k = 0; k < BUFFERS; k++)
            if (at[k])
                fos_pages_unmap(at[k], sizes[i]);
    }
    family_grow(&exchange_inbox, exchange_inbox.cap, 8);
}

int main(int argc, char **argv)
{
    uint64_t seed =
        argc > 1 ? strtoull(argv[1], NULL, 0) : fos_wall_ns() % 1000000000;
    const char *only = argc > 2 ? argv[2] : NULL;
    int failed = 0;

    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    exchange_dice = dice_of(seed);
    printf("exchange: seed %llu\n", (unsigned long long)seed);
    raw_warm();
    case_begin("");
    CASE_EQUAL(fos_mailbox_create_limited(&exchange_inbox, 256, 1 << 26), 0);
    fos_mailbox_take_pages(&exchange_inbox, HUGE_PAGES);
    exchange_memory();
    if (!only || !strcmp(only, "calls"))
        failed |= test_calls();
    if (!only || !strcmp(only, "messages"))
        failed |= test_messages(argv[0]);
    if (!only || !strcmp(only, "liars"))
        failed |= test_liars(argv[0]);
    fos_mailbox_close(&exchange_inbox);
    return failed | (case_why[0] != 0);
}
