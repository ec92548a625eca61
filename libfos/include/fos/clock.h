/* SPDX-License-Identifier: MIT */
/* Clocks.  Deadlines are absolute values of the monotonic one. */
#ifndef FOS_CLOCK_H
#define FOS_CLOCK_H

#include <stdint.h>

#define FOS_SECOND      1000000000ull /* in nanoseconds */
#define FOS_MILLISECOND 1000000ull

/*
 * Nanoseconds since boot.  Carried on by the TSC, and set by the kernel's clock once a
 * second: no system call between.  It is off that clock by what the TSC drifts in a second
 * and half the time of a system call, and never goes back; two threads differ by no more
 * than twice that.
 */
uint64_t fos_now_ns(void);

/* Nanoseconds since 1970, by a system call. */
uint64_t fos_wall_ns(void);

/* Sleeps until the deadline; other events of this thread stay pending. */
void fos_clock_sleep(uint64_t deadline);

#endif
