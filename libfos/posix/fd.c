/* SPDX-License-Identifier: MIT */
/*
 * The table of descriptors.  Invariants: see fd.h.  The lock guards all of it, and the
 * refs of files; no operation of a file runs under it (D2).
 */
#include "fd.h"

#include <errno.h>
#include <string.h>

#include <fos/error.h>
#include <fos/fork.h>
#include <fos/lock.h>
#include <fos/part.h>

/* Files closed while an operation is under way keep their place a little longer. */
enum { FILES_MAX = FOS_FD_MAX + 64 };

struct descriptor {
    struct fos_file *file; /* NULL: free */
    unsigned flags;
};

static struct fos_file files[FILES_MAX];
static struct descriptor table[FOS_FD_MAX];
static bool begun;
static struct fos_lock lock;

FOS_FORK_LOCK(lock);

/* There are no sockets yet. */
#pragma weak fos_socket_ops

const struct fos_file_ops *fos_file_ops_of(enum fos_file_kind kind)
{
    switch (kind) {
    case FOS_FILE_FS:
        return &fos_fs_ops;
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

static void table_lock(void)
{
    fos_lock_take(&lock);
    if (!begun)
        begin();
}

static void table_unlock(void)
{
    fos_lock_release(&lock);
}

static struct fos_file *file_at(int fd)
{
    return fd >= 0 && fd < FOS_FD_MAX ? table[fd].file : NULL;
}

static struct fos_file *file_free(void)
{
    for (struct fos_file *file = files; file < files + FILES_MAX; file++)
        if (!file->refs)
            return file;
    return NULL;
}

struct fos_file *fos_file_make(const struct fos_file_ops *ops, uint32_t handle)
{
    table_lock();
    struct fos_file *file = file_free();
    if (file)
        *file = (struct fos_file){.ops = ops, .refs = 1, .handle = handle};
    table_unlock();
    return file;
}

struct fos_file *fos_file_get(int fd)
{
    table_lock();
    struct fos_file *file = file_at(fd);
    if (file)
        file->refs++;
    table_unlock();
    return file;
}

void fos_file_put(struct fos_file *file)
{
    table_lock();
    struct fos_file last = *file;
    if (last.refs > 1)
        file->refs--;
    table_unlock();
    if (last.refs > 1)
        return;
    /* Nobody else can find it any more; its place is kept until it is closed. */
    if (last.ops->close)
        last.ops->close(&last);
    table_lock();
    file->refs = 0;
    table_unlock();
}

static int lowest_free(int from)
{
    while (from < fos_fd_most && table[from].file)
        from++;
    return from;
}

int fos_fd_install(struct fos_file *file, int lowest, unsigned flags)
{
    table_lock();
    int fd = lowest_free(lowest);
    bool found = fd < fos_fd_most;
    if (found)
        file_open(fd, file, flags);
    table_unlock();
    if (found)
        return fd;
    fos_file_put(file);
    return -FOS_EMFILE;
}

int fos_fd_limit(int set)
{
    table_lock();
    if (set >= 0)
        fos_fd_most = set;
    int now = fos_fd_most;
    table_unlock();
    return now;
}

int fos_fd_install_at(struct fos_file *file, int fd, unsigned flags)
{
    if (fd < 0 || fd >= FOS_FD_MAX || fd >= fos_fd_limit(-1)) {
        fos_file_put(file);
        return -FOS_EBADF;
    }
    table_lock();
    struct fos_file *before = file_at(fd);
    file_open(fd, file, flags);
    table_unlock();
    if (before)
        fos_file_put(before);
    return fd;
}

long fos_fd_close(int fd)
{
    table_lock();
    struct fos_file *file = file_at(fd);
    if (file)
        file_open(fd, NULL, 0);
    table_unlock();
    if (!file)
        return -FOS_EBADF;
    fos_file_put(file);
    return 0;
}

int fos_fd_flags(int fd, int set)
{
    int flags = -FOS_EBADF;

    table_lock();
    if (file_at(fd)) {
        if (set != -1)
            table[fd].flags = (unsigned)set & FOS_FD_CLOEXEC;
        flags = (int)table[fd].flags;
    }
    table_unlock();
    return flags;
}

void fos_fd_close_on_exec(void)
{
    for (int fd = 0; fd < FOS_FD_MAX; fd++) {
        int flags = fos_fd_flags(fd, -1);
        if (flags > 0 && flags & FOS_FD_CLOEXEC)
            fos_fd_close(fd);
    }
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

static struct fos_fd_record record_of(uint32_t fd)
{
    const struct fos_file *file = table[fd].file;

    return (struct fos_fd_record){.fd = fd,
                                  .kind = (uint16_t)file->ops->kind,
                                  .flags = (uint16_t)table[fd].flags,
                                  .file = (uint32_t)(file - files),
                                  .handle = file->handle,
                                  .word = {file->word[0], file->word[1]}};
}

static long records_put(struct fos_inherit *to)
{
    struct fos_fd_record records[FOS_FD_MAX];
    uint32_t count = 0;

    table_lock();
    for (uint32_t fd = 0; fd < FOS_FD_MAX; fd++)
        if (table[fd].file)
            records[count++] = record_of(fd);
    table_unlock();
    return fos_inherit_put(to, FOS_INHERIT_FILES, records,
                           count * (uint32_t)sizeof *records);
}

static void record_take(const struct fos_fd_record *record)
{
    const struct fos_file_ops *ops =
        fos_file_ops_of((enum fos_file_kind)record->kind);
    struct fos_file *file = &files[record->file % FILES_MAX];

    if (!ops || record->fd >= FOS_FD_MAX || table[record->fd].file)
        return;
    if (file->refs == 0)
        *file = (struct fos_file){.ops = ops,
                                  .handle = record->handle,
                                  .word = {record->word[0], record->word[1]}};
    file->refs++;
    file_open((int)record->fd, file, record->flags & FOS_FD_CLOEXEC);
}

static void records_take(const void *data, uint32_t size)
{
    const struct fos_fd_record *records = data;

    begun = true;
    for (uint32_t i = 0; i < size / sizeof *records; i++)
        record_take(&records[i]);
}

/* Another thread may have held it when its process was copied. */
static void forked(void)
{
    lock = (struct fos_lock){0};
    for (struct fos_file *file = files; file < files + FILES_MAX; file++) {
        file->way = 0;
        file->tried = 0;
    }
}

FOS_PART(files_part, .kind = FOS_INHERIT_FILES, .put = records_put,
         .get = records_take, .forked = forked);
