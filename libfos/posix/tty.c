/* SPDX-License-Identifier: MIT */
/* Descriptors of the terminal. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fos/console.h>
#include <fos/error.h>

#include "fd.h"

static long tty_read(struct fos_file *file, void *to, size_t capacity,
                     int64_t offset)
{
    (void)file, (void)offset;
    return fos_console_read(to, capacity);
}

static long tty_write(struct fos_file *file, const void *from, size_t length,
                      int64_t offset)
{
    long error = fos_console_write(from, length);

    (void)file, (void)offset;
    if (error < 0)
        return error == -FOS_EPERM ? -FOS_EIO : error;
    return (long)length;
}

static long tty_stat(struct fos_file *file, struct stat *out)
{
    (void)file;
    memset(out, 0, sizeof *out);
    out->st_mode = S_IFCHR | 0620;
    out->st_blksize = 1024;
    return 0;
}

const struct fos_file_ops fos_tty_ops = {
    .kind = FOS_FILE_TTY, .read = tty_read, .write = tty_write, .stat = tty_stat};

int isatty(int fd)
{
    struct fos_file *file = fos_file_get(fd);
    bool terminal = file && file->ops == &fos_tty_ops;

    if (!terminal)
        fos_fd_result(file ? -FOS_ENOTTY : -FOS_EBADF);
    if (file)
        fos_file_put(file);
    return terminal;
}
