/* SPDX-License-Identifier: MIT */
/* statvfs by its older name, for programs that know Linux. */
#ifndef FOS_POSIX_SYS_STATFS_H
#define FOS_POSIX_SYS_STATFS_H

#include <sys/types.h>

struct statfs {
    long f_type, f_bsize;
    unsigned long f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int f_fsid[2];
    long f_namelen, f_frsize;
};
int statfs(const char *path, struct statfs *out);
int fstatfs(int fd, struct statfs *out);

#endif
