/* SPDX-License-Identifier: MIT */
/* See kernel.h. */
#include "kernel.h"

#include <stdlib.h>

#include <fos/abi/atomic.h>
#include <fos/syscall.h>

#include "explore.h"

long fos_sys_serialize(void)
{
    explore_serialize();
    return 0;
}

long fos_sys_wait(uint64_t deadline)
{
    if (deadline != FOS_NEVER)
        return -FOS_ETIMEDOUT;
    explore_wait_nonzero((const void *)&model_events(explore_self())->pending, 8);
    return 0;
}

void model_event(int thread, enum fos_event event)
{
    fos_fetch_or(&model_events((uint32_t)thread)->pending, 1ull << event);
}

#ifndef MODEL_OWN_NOTIFY
long fos_sys_notify(struct fos_cap channel)
{
    model_event((int)channel.id, FOS_EVENT_NOTIFY);
    return 0;
}
#endif

long fos_sys_kernel_info(struct fos_kernel_info *out)
{
    (void)out;
    abort();
}
