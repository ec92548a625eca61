/* SPDX-License-Identifier: MIT */
/* Calls on descriptors: each finds the file's operation, and says what POSIX says
 * where there is none. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fos/error.h>

#include "fd.h"
#include "locks.h"

/* Runs `call` with the `file` of descriptor `fd`; gives its result as POSIX does. */
#define WITH_FILE(fd, op, missing, call)           \
    ({                                             \
        struct fos_file *file = fos_file_get(fd);  \
        long result = file ? missing : -FOS_EBADF; \
        if (file && file->ops->op)                 \
            result = call;                         \
        if (file)                                  \
            fos_file_put(file);                    \
        fos_errno(result);                         \
    })

ssize_t read(int fd, void *buffer, size_t capacity)
{
    return WITH_FILE(fd, read, -FOS_EINVAL,
                     file->ops->read(file, buffer, capacity, FOS_FILE_HERE));
}

ssize_t write(int fd, const void *from, size_t length)
{
    return WITH_FILE(fd, write, -FOS_EINVAL,
                     file->ops->write(file, from, length, FOS_FILE_HERE));
}

ssize_t pread(int fd, void *buffer, size_t capacity, off_t offset)
{
    if (offset < 0)
        return fos_errno(-FOS_EINVAL);
    return WITH_FILE(fd, read, -FOS_EINVAL,
                     file->ops->seek
                         ? file->ops->read(file, buffer, capacity, offset)
                         : -FOS_ESPIPE);
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t offset)
{
    if (offset < 0)
        return fos_errno(-FOS_EINVAL);
    return WITH_FILE(fd, write, -FOS_EINVAL,
                     file->ops->seek ? file->ops->write(file, from, length, offset)
                                     : -FOS_ESPIPE);
}

/* Until one comes up short.  `one` is read or write. */
#define EACH(one, fd, vector, count)                                 \
    ({                                                               \
        ssize_t done = 0, result = 0;                                \
        if (count < 0 || count > UIO_MAXIOV)                         \
            result = fos_errno(-FOS_EINVAL);                         \
        for (int i = 0; i < count && result >= 0; i++) {             \
            result = one(fd, vector[i].iov_base, vector[i].iov_len); \
            done += result > 0 ? result : 0;                         \
            if (result < (ssize_t)vector[i].iov_len)                 \
                break;                                               \
        }                                                            \
        done ? done : result;                                        \
    })

ssize_t readv(int fd, const struct iovec *vector, int count)
{
    return EACH(read, fd, vector, count);
}

ssize_t writev(int fd, const struct iovec *vector, int count)
{
    return EACH(write, fd, vector, count);
}

off_t lseek(int fd, off_t offset, int whence)
{
    return WITH_FILE(fd, seek, -FOS_ESPIPE, file->ops->seek(file, offset, whence));
}

int fstat(int fd, struct stat *out)
{
    return (int)WITH_FILE(fd, stat, -FOS_EINVAL, file->ops->stat(file, out));
}

int ftruncate(int fd, off_t size)
{
    return (int)WITH_FILE(fd, truncate, -FOS_EINVAL,
                          file->ops->truncate(file, size));
}

int fsync(int fd)
{
    return (int)WITH_FILE(fd, sync, -FOS_EINVAL, file->ops->sync(file));
}

int fdatasync(int fd)
{
    return fsync(fd);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;

    va_start(ap, request);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    return (int)WITH_FILE(fd, ioctl, -FOS_ENOTTY,
                          file->ops->ioctl(file, request, argument));
}

int close(int fd)
{
    return fos_fd_result(fos_fd_close(fd));
}

static int dup_from(int fd, int lowest, unsigned flags)
{
    struct fos_file *file = fos_file_get(fd);

    if (!file)
        return fos_fd_result(-FOS_EBADF);
    return fos_fd_result(fos_fd_install(file, lowest, flags));
}

int dup(int fd)
{
    return dup_from(fd, 0, 0);
}

static int dup_to(int from, int to, unsigned flags)
{
    struct fos_file *file = fos_file_get(from);

    if (!file)
        return fos_fd_result(-FOS_EBADF);
    return fos_fd_result(fos_fd_install_at(file, to, flags));
}

int dup2(int from, int to)
{
    struct fos_file *file;

    if (from != to)
        return dup_to(from, to, 0);
    file = fos_file_get(from);
    if (!file)
        return fos_fd_result(-FOS_EBADF);
    fos_file_put(file);
    return to;
}

int dup3(int from, int to, int flags)
{
    if (from == to || flags & ~O_CLOEXEC)
        return fos_fd_result(-FOS_EINVAL);
    return dup_to(from, to, flags & O_CLOEXEC ? FOS_FD_CLOEXEC : 0);
}

static int status_flags(int fd, int set)
{
    return (int)WITH_FILE(fd, flags, -FOS_EINVAL, file->ops->flags(file, set));
}

static int dup_lowest(int fd, int lowest, unsigned flags)
{
    if (lowest < 0 || lowest >= fos_fd_limit(-1))
        return fos_fd_result(-FOS_EINVAL);
    return dup_from(fd, lowest, flags);
}

static int range_lock(int fd, int command, struct flock *lock)
{
    struct fos_file *file = fos_file_get(fd);
    long result = file ? fos_file_lock(file, command, lock) : -FOS_EBADF;

    if (file)
        fos_file_put(file);
    return fos_fd_result(result);
}

int fcntl(int fd, int command, ...)
{
    va_list ap;

    va_start(ap, command);
    long argument = va_arg(ap, long);
    va_end(ap);
    switch (command) {
    case F_DUPFD:
        return dup_lowest(fd, (int)argument, 0);
    case F_DUPFD_CLOEXEC:
        return dup_lowest(fd, (int)argument, FOS_FD_CLOEXEC);
    case F_GETFD:
        return fos_fd_result(fos_fd_flags(fd, -1));
    case F_SETFD:
        argument = fos_fd_flags(fd, argument & FD_CLOEXEC ? FOS_FD_CLOEXEC : 0);
        return fos_fd_result(argument < 0 ? argument : 0);
    case F_GETFL:
        return status_flags(fd, -1);
    case F_SETFL:
        return status_flags(fd, (int)argument & (O_APPEND | O_NONBLOCK)) < 0 ? -1
                                                                             : 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return range_lock(fd, command, (struct flock *)argument);
    default:
        return fos_fd_result(-FOS_EINVAL);
    }
}
