/* SPDX-License-Identifier: MIT */
/* The table of descriptors.  Invariants: see fd.h. */
#include "fd.h"

#include <errno.h>
#include <string.h>

#include <fos/error.h>

/* Files closed while an operation is under way keep their place a little longer. */
enum { FILES_MAX = FOS_FD_MAX + 64 };

struct descriptor {
    struct fos_file *file; /* NULL: free */
    unsigned flags;
};

static struct fos_file files[FILES_MAX];
static struct descriptor table[FOS_FD_MAX];
static bool begun;

/* There are no sockets yet. */
#pragma weak fos_socket_ops

const struct fos_file_ops *fos_file_ops_of(enum fos_file_kind kind)
{
    switch (kind) {
    case FOS_FILE_TTY:
        return &fos_tty_ops;
    case FOS_FILE_SOCKET:
        return &fos_socket_ops;
    default:
        return NULL;
    }
}

static void file_open(int fd, struct fos_file *file, unsigned flags)
{
    table[fd] = (struct descriptor){file, flags};
}

/* A program that was given no descriptors has the terminal. */
static void begin(void)
{
    begun = true;
    files[0] = (struct fos_file){.ops = &fos_tty_ops, .refs = 3};
    for (int fd = 0; fd < 3; fd++)
        file_open(fd, &files[0], 0);
}

static struct fos_file *file_at(int fd)
{
    if (!begun)
        begin();
    return fd >= 0 && fd < FOS_FD_MAX ? table[fd].file : NULL;
}

struct fos_file *fos_file_make(const struct fos_file_ops *ops, uint32_t handle)
{
    if (!begun)
        begin();
    for (struct fos_file *file = files; file < files + FILES_MAX; file++) {
        if (file->refs)
            continue;
        *file = (struct fos_file){.ops = ops, .refs = 1, .handle = handle};
        return file;
    }
    return NULL;
}

struct fos_file *fos_file_get(int fd)
{
    struct fos_file *file = file_at(fd);

    if (file)
        file->refs++;
    return file;
}

void fos_file_put(struct fos_file *file)
{
    struct fos_file last = *file;

    if (file->refs > 1) {
        file->refs--;
        return;
    }
    if (last.ops->close)
        last.ops->close(&last);
    file->refs = 0;
}

int fos_fd_install(struct fos_file *file, int lowest, unsigned flags)
{
    if (!begun)
        begin();
    for (int fd = lowest; fd < FOS_FD_MAX; fd++) {
        if (table[fd].file)
            continue;
        file_open(fd, file, flags);
        return fd;
    }
    fos_file_put(file);
    return -FOS_EMFILE;
}

int fos_fd_install_at(struct fos_file *file, int fd, unsigned flags)
{
    struct fos_file *before = file_at(fd);

    if (fd < 0 || fd >= FOS_FD_MAX) {
        fos_file_put(file);
        return -FOS_EBADF;
    }
    file_open(fd, file, flags);
    if (before)
        fos_file_put(before);
    return fd;
}

long fos_fd_close(int fd)
{
    struct fos_file *file = file_at(fd);

    if (!file)
        return -FOS_EBADF;
    file_open(fd, NULL, 0);
    fos_file_put(file);
    return 0;
}

int fos_fd_flags(int fd, int set)
{
    if (!file_at(fd))
        return -FOS_EBADF;
    if (set != -1)
        table[fd].flags = (unsigned)set & FOS_FD_CLOEXEC;
    return (int)table[fd].flags;
}

void fos_fd_close_on_exec(void)
{
    for (int fd = 0; fd < FOS_FD_MAX; fd++)
        if (table[fd].file && table[fd].flags & FOS_FD_CLOEXEC)
            fos_fd_close(fd);
}

long fos_fd_map(int fd, int prot, int shared, struct fos_map_handle *out)
{
    struct fos_file *file = fos_file_get(fd);
    long result = -FOS_ENODEV;

    if (!file)
        return -FOS_EBADF;
    if (file->ops->map)
        result = file->ops->map(file, prot, shared, out);
    fos_file_put(file);
    return result;
}

int fos_fd_result(long result)
{
    return (int)fos_errno(result);
}

/* ---- handing on ---- */

long fos_fd_put(void *to, size_t capacity)
{
    struct fos_fd_record *record = to;
    size_t used = 0;

    if (!begun)
        begin();
    for (uint32_t fd = 0; fd < FOS_FD_MAX; fd++) {
        const struct fos_file *file = table[fd].file;
        if (!file)
            continue;
        if (used + sizeof *record > capacity)
            return -FOS_E2BIG;
        *record++ = (struct fos_fd_record){.fd = fd,
                                           .kind = (uint16_t)file->ops->kind,
                                           .flags = (uint16_t)table[fd].flags,
                                           .file = (uint32_t)(file - files),
                                           .handle = file->handle,
                                           .word = {file->word[0], file->word[1]}};
        used += sizeof *record;
    }
    return (long)used;
}

static long record_take(const struct fos_fd_record *record)
{
    const struct fos_file_ops *ops = fos_file_ops_of(record->kind);
    struct fos_file *file = &files[record->file % FILES_MAX];

    if (!ops || record->fd >= FOS_FD_MAX || record->file >= FILES_MAX ||
        table[record->fd].file)
        return -FOS_EINVAL;
    if (file->refs == 0)
        *file = (struct fos_file){.ops = ops,
                                  .handle = record->handle,
                                  .word = {record->word[0], record->word[1]}};
    file->refs++;
    file_open((int)record->fd, file, record->flags & FOS_FD_CLOEXEC);
    return 0;
}

long fos_fd_take(const void *from, size_t length)
{
    const struct fos_fd_record *records = from;
    long error = 0;

    begun = true;
    memset(files, 0, sizeof files);
    memset(table, 0, sizeof table);
    for (size_t i = 0; i < length / sizeof *records && !error; i++)
        error = record_take(&records[i]);
    return length % sizeof *records ? -FOS_EINVAL : error;
}
