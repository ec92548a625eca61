/* SPDX-License-Identifier: MIT */
/* The list of what is mounted. */
#ifndef FOS_POSIX_MNTENT_H
#define FOS_POSIX_MNTENT_H

#include <stdio.h>

#define MOUNTED "/etc/mtab"
struct mntent {
    char *mnt_fsname, *mnt_dir, *mnt_type, *mnt_opts;
    int mnt_freq, mnt_passno;
};
FILE *setmntent(const char *path, const char *mode);
struct mntent *getmntent(FILE *file);
int endmntent(FILE *file);
char *hasmntopt(const struct mntent *entry, const char *option);

#endif
