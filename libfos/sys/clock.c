/* SPDX-License-Identifier: MIT */
#include <fos/clock.h>

#include <fos/msg.h>
#include <fos/syscall.h>

uint64_t fos_now_ns(void)
{
    static _Thread_local uint64_t latest;
    struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;
    uint64_t now;

    if (fos_tsc() - sleeper->tsc_then > sleeper->tsc_hz)
        fos_sleeper_sync(sleeper);
    now = fos_sleeper_now(sleeper);
    if (now > latest)
        latest = now;
    return latest;
}

uint64_t fos_wall_ns(void)
{
    struct fos_kernel_info info = {0};

    fos_sys_kernel_info(&info);
    return info.wall_ns;
}
