/* SPDX-License-Identifier: MIT */
/* Reading and writing several buffers at once. */
#ifndef FOS_POSIX_SYS_UIO_H
#define FOS_POSIX_SYS_UIO_H

#include <sys/types.h>

struct iovec {
    void *iov_base;
    size_t iov_len;
};
#define UIO_MAXIOV 1024
ssize_t readv(int fd, const struct iovec *vector, int count);
ssize_t writev(int fd, const struct iovec *vector, int count);

#endif
