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
    (void)deadline;
    explore_wait_nonzero((const void *)&model_events(explore_self())->pending, 8);
    return 0;
}

long fos_sys_notify(struct fos_cap channel)
{
    fos_fetch_or(&model_events((uint32_t)channel.id)->pending,
                 1ull << FOS_EVENT_NOTIFY);
    return 0;
}

long fos_sys_kernel_info(struct fos_kernel_info *out)
{
    (void)out;
    abort();
}
