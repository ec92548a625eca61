/* SPDX-License-Identifier: MIT */
/* Calls with paths.  Each plain one is the *at one from the working directory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fos/fs.h>

#include "files.h"

long fos_dir_handle(int fd, const char *path, uint32_t *handle)
{
    struct fos_file *file;
    long error = 0;

    *handle = FS_CWD;
    if (fd == AT_FDCWD || path[0] == '/')
        return 0;
    file = fos_file_get(fd);
    if (!file)
        return -FOS_EBADF;
    if (file->ops != &fos_fs_ops || file->word[0] != FS_KIND_DIRECTORY)
        error = -FOS_ENOTDIR;
    *handle = file->handle;
    fos_file_put(file);
    return error;
}

/* ---- open ---- */

static uint32_t open_flags(int flags)
{
    static const struct {
        int posix;
        uint32_t fs;
    } map[] = {
        {O_APPEND, FS_APPEND},       {O_NONBLOCK, FS_NONBLOCK},
        {O_CREAT, FS_CREATE},        {O_EXCL, FS_EXCLUSIVE},
        {O_TRUNC, FS_TRUNCATE},      {O_NOFOLLOW, FS_NOFOLLOW},
        {O_DIRECTORY, FS_DIRECTORY},
    };
    int mode = flags & O_ACCMODE;
    uint32_t result = mode == O_RDONLY   ? FS_READ
                      : mode == O_WRONLY ? FS_WRITE
                                         : FS_READ | FS_WRITE;

    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (flags & map[i].posix)
            result |= map[i].fs;
    return result;
}

/* /dev/fd/N, /dev/stdin and its kin are this process's own: -1, or N. */
static int descriptor_named(const char *path)
{
    static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};

    for (int i = 0; i < 3; i++)
        if (!strcmp(path, names[i]))
            return i;
    if (strncmp(path, "/dev/fd/", 8) || path[8] < '0' || path[8] > '9')
        return -1;
    return (int)strtol(path + 8, NULL, 10);
}

static long open_at(int dir, const char *path, int flags, mode_t mode)
{
    struct fs_open_req req = {.flags = open_flags(flags), .mode = mode};
    struct fs_open_rep rep = {0};
    unsigned fd_flags = flags & O_CLOEXEC ? FOS_FD_CLOEXEC : 0;
    int own = descriptor_named(path);
    long error;

    if (own >= 0) {
        struct fos_file *file = fos_file_get(own);
        return file ? fos_fd_install(file, 0, fd_flags) : -FOS_ENOENT;
    }
    error = fos_dir_handle(dir, path, &req.dir);
    if (!error)
        error = fos_fs_open(&req, path, &rep);
    if (error)
        return error;
    if (rep.kind == FS_KIND_TERMINAL)
        return fos_tty_open(rep.rdev, flags, fd_flags);
    return fos_file_install(rep.handle, (enum fs_kind)rep.kind, fd_flags);
}

int open(const char *path, int flags, ...)
{
    va_list ap;

    va_start(ap, flags);
    mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return fos_fd_result(open_at(AT_FDCWD, path, flags, mode));
}

int openat(int dir, const char *path, int flags, ...)
{
    va_list ap;

    va_start(ap, flags);
    mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return fos_fd_result(open_at(dir, path, flags, mode));
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* ---- stat, access ---- */

int fstatat(int dir, const char *restrict path, struct stat *restrict out,
            int flags)
{
    struct fs_stat_req req = {.flags =
                                  flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0};
    struct fs_stat_rep rep = {0};
    long error = fos_dir_handle(dir, path, &req.dir);

    if (!error && !*path)
        error = -FOS_ENOENT;
    if (!error)
        error = FOS_FS_CALL_PATH(stat, &req, path, &rep);
    if (!error)
        fos_stat_fill(out, &rep.stat);
    return fos_fd_result(error);
}

int stat(const char *restrict path, struct stat *restrict out)
{
    return fstatat(AT_FDCWD, path, out, 0);
}

int lstat(const char *restrict path, struct stat *restrict out)
{
    return fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
    struct fs_access_req req = {.flags =
                                    flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0,
                                .what = (mode & R_OK ? FS_MAY_READ : 0u) |
                                        (mode & W_OK ? FS_MAY_WRITE : 0u) |
                                        (mode & X_OK ? FS_MAY_EXECUTE : 0u)};
    struct fs_access_rep rep;
    long error = fos_dir_handle(dir, path, &req.dir);

    if (!error && mode & ~(R_OK | W_OK | X_OK))
        error = -FOS_EINVAL;
    if (!error && !*path)
        error = -FOS_ENOENT;
    if (!error)
        error = FOS_FS_CALL_PATH(access, &req, path, &rep);
    return fos_fd_result(error);
}

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

/* ---- making ---- */

static int node_make(int dir, const char *path, mode_t mode, dev_t rdev)
{
    struct fs_make_req req = {.mode = mode, .rdev = (uint64_t)rdev};
    struct fs_make_rep rep;
    long error = fos_dir_handle(dir, path, &req.dir);

    if (!error)
        error = FOS_FS_CALL_PATH(make, &req, path, &rep);
    return fos_fd_result(error);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    return node_make(dir, path, S_IFDIR | (mode & 07777), 0);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int mkfifoat(int dir, const char *path, mode_t mode)
{
    return node_make(dir, path, S_IFIFO | (mode & 07777), 0);
}

int mkfifo(const char *path, mode_t mode)
{
    return mkfifoat(AT_FDCWD, path, mode);
}

int mknodat(int dir, const char *path, mode_t mode, dev_t rdev)
{
    if (!(mode & S_IFMT))
        mode |= S_IFREG;
    return node_make(dir, path, mode, rdev);
}

int mknod(const char *path, mode_t mode, dev_t rdev)
{
    return mknodat(AT_FDCWD, path, mode, rdev);
}

/* ---- links ---- */

static int link_make(int from_dir, const char *from, int to_dir, const char *to,
                     enum fs_link what, bool follow)
{
    struct fs_link_req req = {.head.tag = FOS_TAG(fs, link),
                              .from_length = (uint32_t)strlen(from),
                              .what = (uint16_t)what,
                              .follow = follow};
    struct fs_link_rep rep;
    long error = 0;

    if (what != FS_LINK_SYMBOLIC)
        error = fos_dir_handle(from_dir, from, &req.from_dir);
    if (!error && what != FS_LINK_SYMBOLIC && !*from)
        error = -FOS_ENOENT;
    if (!error)
        error = fos_dir_handle(to_dir, to, &req.to_dir);
    if (!error)
        error = fos_fs_call_path(&req, sizeof req, from, to, &rep, sizeof rep);
    return fos_fd_result(error);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return link_make(from_dir, from, to_dir, to, FS_LINK_HARD,
                     flags & AT_SYMLINK_FOLLOW);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *text, int dir, const char *path)
{
    return link_make(AT_FDCWD, text, dir, path, FS_LINK_SYMBOLIC, false);
}

int symlink(const char *text, const char *path)
{
    return symlinkat(text, AT_FDCWD, path);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return link_make(from_dir, from, to_dir, to, FS_LINK_RENAME, false);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int dir, const char *path, int flags)
{
    struct fs_unlink_req req = {.directory = flags & AT_REMOVEDIR ? 1 : 0};
    struct fs_unlink_rep rep;
    long error = fos_dir_handle(dir, path, &req.dir);

    if (!error)
        error = FOS_FS_CALL_PATH(unlink, &req, path, &rep);
    return fos_fd_result(error);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
    struct stat st = {0};

    if (lstat(path, &st))
        return -1;
    return S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path);
}

/* ---- texts ---- */

static long text_get(int dir, const char *path, enum fs_text what,
                     struct fs_text_rep *rep)
{
    struct fs_text_req req = {.head.tag = FOS_TAG(fs, text), .what = what};
    long length = fos_dir_handle(dir, path, &req.dir);

    if (!length)
        length = fos_fs_call_path(&req, sizeof req, path, NULL, rep,
                                  sizeof *rep | FOS_REPLY_UPTO);
    return length > (long)sizeof rep->text ? -FOS_EIO : length;
}

ssize_t readlinkat(int dir, const char *restrict path, char *restrict to,
                   size_t capacity)
{
    struct fs_text_rep rep;
    long length = *path ? text_get(dir, path, FS_TEXT_LINK, &rep) : -FOS_ENOENT;

    if (capacity == 0 && length >= 0)
        length = -FOS_EINVAL;
    if (length > (long)capacity)
        length = (long)capacity;
    if (length > 0)
        memcpy(to, rep.text, (size_t)length);
    return fos_fd_result(length);
}

ssize_t readlink(const char *restrict path, char *restrict to, size_t capacity)
{
    return readlinkat(AT_FDCWD, path, to, capacity);
}

/* Into `to`, or memory of malloc. */
static char *text_give(const struct fs_text_rep *rep, long length, char *to,
                       size_t capacity)
{
    if (length >= 0 && to && (size_t)length >= capacity)
        length = -FOS_ERANGE;
    if (fos_fd_result(length) < 0)
        return NULL;
    if (!to) {
        if (capacity <= (size_t)length)
            capacity = (size_t)length + 1;
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): length is not -1 any more
        to = malloc(capacity);
        if (!to)
            return NULL;
    }
    memcpy(to, rep->text, (size_t)length);
    to[length] = '\0';
    return to;
}

char *getcwd(char *to, size_t capacity)
{
    struct fs_text_rep rep;
    long length = to && capacity == 0 ? -FOS_EINVAL
                                      : text_get(AT_FDCWD, "", FS_TEXT_REAL, &rep);

    return text_give(&rep, length, to, capacity);
}

char *realpath(const char *restrict path, char *restrict to)
{
    struct fs_text_rep rep;
    long length = !path    ? -FOS_EINVAL
                  : !*path ? -FOS_ENOENT
                           : text_get(AT_FDCWD, path, FS_TEXT_REAL, &rep);

    return text_give(&rep, length, to, to ? FS_PATH_MAX : 0);
}
