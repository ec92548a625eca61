/* SPDX-License-Identifier: MIT */
#ifndef FOS_POSIX_USAGE_H
#define FOS_POSIX_USAGE_H

#include <sys/resource.h>

#include <fos/proto/proc.h>

void usage_convert(struct rusage *to, const struct proc_usage *from);

#endif
