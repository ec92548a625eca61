/* SPDX-License-Identifier: MIT */
#ifndef FOS_POSIX_USAGE_H
#define FOS_POSIX_USAGE_H

#include <sys/resource.h>

#include <fos/proto/proc.h>

/* Nanoseconds the process's threads have run; asked for once in a millisecond. */
uint64_t usage_running_ns(void);

void usage_convert(struct rusage *to, const struct proc_usage *from);

#endif
