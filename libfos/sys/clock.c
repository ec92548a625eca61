/* SPDX-License-Identifier: MIT */
#include <fos/clock.h>

#include <fos/syscall.h>

uint64_t fos_now_ns(void)
{
    struct fos_kernel_info info = {0};

    fos_sys_kernel_info(&info);
    return info.monotonic_ns;
}

uint64_t fos_wall_ns(void)
{
    struct fos_kernel_info info = {0};

    fos_sys_kernel_info(&info);
    return info.wall_ns;
}
