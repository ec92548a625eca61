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

/*
 * Pipes in shared memory (fos/pipe.h).  read and write do at once what can be, or soon:
 * bytes, or -FOS_EAGAIN where the fleet is to be asked, whose result is then said to
 * `asked`: who asks often gets the pipe mapped.  close: before the handle is.
 */
long fos_stream_read(struct fos_file *file, void *to, size_t capacity);
long fos_stream_write(struct fos_file *file, const void *from, size_t length);
void fos_stream_asked(struct fos_file *file, long result);
void fos_stream_close(struct fos_file *file);

/* A descriptor of the terminal, opened by its node in /dev. */
int fos_tty_open(uint64_t rdev, int flags, unsigned fd_flags);

/* The handle of a directory descriptor, or of AT_FDCWD: for requests with a path.
 * 0, -FOS_EBADF, -FOS_ENOTDIR. */
long fos_dir_handle(int fd, const char *path, uint32_t *handle);

#endif
