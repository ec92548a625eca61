/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>

#include <fos/park.h>

int sched_yield(void)
{
    fos_yield();
    return 0;
}

/* There is one policy, of one priority. */
static int priority_of(int policy)
{
    if (policy == SCHED_OTHER)
        return 0;
    errno = EINVAL;
    return -1;
}

int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);

int sched_get_priority_max(int policy)
{
    return priority_of(policy);
}

int sched_get_priority_min(int policy)
{
    return priority_of(policy);
}
