/* SPDX-License-Identifier: MIT */
/* Clocks.  Deadlines are absolute values of the monotonic one. */
#ifndef FOS_CLOCK_H
#define FOS_CLOCK_H

#include <stdint.h>

#define FOS_SECOND      1000000000ull /* in nanoseconds */
#define FOS_MILLISECOND 1000000ull

/* Nanoseconds since boot, and since 1970. */
uint64_t fos_now_ns(void);
uint64_t fos_wall_ns(void);

/* Sleeps until the deadline; other events of this thread stay pending. */
void fos_clock_sleep(uint64_t deadline);

#endif
