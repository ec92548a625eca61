/* SPDX-License-Identifier: MIT */
#include "promises.h"

uint64_t promises_sum(const struct promises *promises)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < PROC_MEMBERS_MAX; i++)
        sum += promises->held[i];
    return sum;
}

uint64_t promises_change(struct promises *promises, unsigned holder, uint64_t held,
                         uint64_t wanted)
{
    promises->held[holder] = held;
    uint64_t sum = promises_sum(promises);
    uint64_t left = sum < promises->limit ? promises->limit - sum : 0;

    if (wanted > held && wanted - held > left)
        wanted = held + left;
    promises->held[holder] = wanted;
    return wanted;
}
