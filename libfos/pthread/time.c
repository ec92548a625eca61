/* SPDX-License-Identifier: MIT */
#include "inside.h"

#include <errno.h>

#include <fos/clock.h>

enum { SECOND_NS = 1000000000, LOOK_NS = 2000000 };

/* The realtime clock stands where it does over the monotonic one; 0 means something
 * else to the callers. */
long long fos_deadline(const struct timespec *at, clockid_t clock)
{
    struct fos_kernel_info info = {0};
    int64_t ns;

    if (at->tv_nsec < 0 || at->tv_nsec >= SECOND_NS)
        return -1;
    if (at->tv_sec < 0)
        return 1;
    if (__builtin_mul_overflow(at->tv_sec, (int64_t)SECOND_NS, &ns) ||
        __builtin_add_overflow(ns, at->tv_nsec, &ns))
        return INT64_MAX;
    if (clock == CLOCK_REALTIME) {
        fos_sys_kernel_info(&info);
        ns -= (int64_t)(info.wall_ns - info.monotonic_ns);
    }
    return ns > 0 ? ns : 1;
}

uint64_t fos_look_until(bool shared, uint64_t deadline)
{
    uint64_t look = shared ? fos_now_ns() + LOOK_NS : deadline;

    return look < deadline ? look : deadline;
}
