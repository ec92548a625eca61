/* SPDX-License-Identifier: MIT */
/* newlib's, and what it shows to no embedded system. */
#ifndef FOS_POSIX_SYS_STAT_H
#define FOS_POSIX_SYS_STAT_H

#include_next <sys/stat.h>

#define UTIME_NOW  (-2L)
#define UTIME_OMIT (-1L)
#undef S_BLKSIZE
#define S_BLKSIZE 512

int lstat(const char *__restrict path, struct stat *__restrict out);
int mknod(const char *path, mode_t mode, dev_t device);
int futimens(int fd, const struct timespec times[2]);

#endif
