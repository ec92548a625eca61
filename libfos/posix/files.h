/* SPDX-License-Identifier: MIT */
/* What the calls on files share. */
#ifndef FOS_POSIX_FILES_H
#define FOS_POSIX_FILES_H

#include <fos/proto/fs.h>

#include "fd.h"

struct stat;
void fos_stat_fill(struct stat *out, const struct fs_stat *from);

/* A descriptor for a handle just opened, which is closed if there is none.  `flags`:
 * FOS_FD_CLOEXEC.  The descriptor or -FOS_EMFILE. */
int fos_file_install(uint32_t handle, enum fs_kind kind, unsigned flags);

/* A descriptor of the terminal, opened by its node in /dev. */
int fos_tty_open(uint64_t rdev, int flags, unsigned fd_flags);

/* The handle of a directory descriptor, or of AT_FDCWD: for requests with a path.
 * 0, -FOS_EBADF, -FOS_ENOTDIR. */
long fos_dir_handle(int fd, const char *path, uint32_t *handle);

#endif
