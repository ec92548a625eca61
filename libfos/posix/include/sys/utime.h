/* SPDX-License-Identifier: MIT */
/* Times of a file, in seconds. */
#ifndef FOS_POSIX_SYS_UTIME_H
#define FOS_POSIX_SYS_UTIME_H

#include <sys/types.h>
#include <time.h>

struct utimbuf {
    time_t actime, modtime;
};
int utime(const char *path, const struct utimbuf *times);

#endif
