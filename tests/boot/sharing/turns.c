/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include <stddef.h>

#include <fos/start.h>

enum { LINGER_GAPS = 40 };

void turns_watch(struct turns *turns, uint64_t until, uint64_t gap)
{
    uint64_t from = turns_clock(), last = from;

    turns->pid = fos_pid();
    turns->count = 0;
    while (last < until && turns->count < TURNS_MAX - 1) {
        uint64_t now = turns_clock();
        if (now - last > gap) {
            turns->turn[turns->count++] = (struct turn){from, last};
            from = now;
        }
        last = now;
    }
    turns->turn[turns->count++] = (struct turn){from, last};
    /* Who ended at once would cut its slice short, and the others, still watching,
     * would see no gap. */
    while (turns_clock() < until + LINGER_GAPS * gap)
        continue;
}

/* The taker whose next turn begins first; `takers` when there is none. */
static unsigned next_taker(const struct turns *all, unsigned takers,
                           const uint32_t *at)
{
    unsigned best = takers;

    for (unsigned i = 0; i < takers; i++)
        if (at[i] < all[i].count &&
            (best == takers ||
             all[i].turn[at[i]].from < all[best].turn[at[best]].from))
            best = i;
    return best;
}

static const char *shares_judge(const uint64_t *had, unsigned takers)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < takers; i++)
        sum += had[i];
    for (unsigned i = 0; i < takers; i++)
        if (had[i] < sum / 10)
            return "one had less than a tenth of the time";
    return NULL;
}

const char *turns_judge(const struct turns *all, unsigned takers, unsigned least)
{
    uint32_t at[TURN_TAKERS_MAX] = {0};
    uint64_t had[TURN_TAKERS_MAX] = {0}, end = 0;
    unsigned before[2] = {takers, takers}, who, changes = 0, ordered = 0;

    while ((who = next_taker(all, takers, at)) < takers) {
        struct turn turn = all[who].turn[at[who]++];
        if (turn.from < end)
            return "two ran at the same time on one vCPU";
        end = turn.to;
        had[who] += turn.to - turn.from;
        if (who == before[0])
            continue;
        changes++;
        ordered += takers == 2 || who != before[1];
        before[1] = before[0];
        before[0] = who;
    }
    if (changes < least)
        return "they took turns too seldom";
    if (ordered * 4 < changes * 3)
        return "they took turns in no order";
    return shares_judge(had, takers);
}
