/* SPDX-License-Identifier: MIT */
/*
 * Descriptors 0, 1 and 2 are the terminal; there are no others yet, and no files:
 * what POSIX names and this system lacks fails with ENOSYS.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fos/console.h>
#include <fos/error.h>

static int terminal(int fd)
{
    if (fd >= 0 && fd <= 2)
        return 1;
    errno = EBADF;
    return 0;
}

static int missing(void)
{
    errno = ENOSYS;
    return -1;
}

ssize_t write(int fd, const void *text, size_t length)
{
    if (!terminal(fd))
        return -1;
    long error = fos_console_write(text, length);
    if (error < 0) {
        errno = error == -FOS_EPERM ? EIO : (int)-error;
        return -1;
    }
    return (ssize_t)length;
}

ssize_t read(int fd, void *buffer, size_t capacity)
{
    if (!terminal(fd))
        return -1;
    return fos_errno(fos_console_read(buffer, capacity));
}

int close(int fd)
{
    return terminal(fd) ? missing() : -1;
}

int isatty(int fd)
{
    return terminal(fd);
}

int fstat(int fd, struct stat *out)
{
    if (!terminal(fd))
        return -1;
    memset(out, 0, sizeof *out);
    out->st_mode = S_IFCHR | 0620;
    out->st_blksize = 1024;
    return 0;
}

off_t lseek(int fd, off_t offset, int whence)
{
    (void)offset, (void)whence;
    if (terminal(fd))
        errno = ESPIPE;
    return -1;
}

int open(const char *path, int flags, ...)
{
    (void)path, (void)flags;
    return missing();
}

int stat(const char *restrict path, struct stat *restrict out)
{
    (void)path, (void)out;
    return missing();
}

int link(const char *from, const char *to)
{
    (void)from, (void)to;
    return missing();
}

int unlink(const char *path)
{
    (void)path;
    return missing();
}
