/* SPDX-License-Identifier: MIT */
#include <sched.h>

#include <fos/park.h>

int sched_yield(void)
{
    fos_yield();
    return 0;
}
