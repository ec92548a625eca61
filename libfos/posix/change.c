/* SPDX-License-Identifier: MIT */
/* Calls that change what a file is: its mode, owner, times, length; and what belongs
 * to the process: its directory and creation mask. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include <fos/fs.h>

#include "files.h"

static long change_at(int dir, const char *path, int flags,
                      struct fs_change_req *req)
{
    struct fs_change_rep rep;
    long error = fos_dir_handle(dir, path, &req->dir);

    req->flags = flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0;
    if (!error && !*path)
        error = -FOS_ENOENT;
    if (!error)
        error = FOS_FS_CALL_PATH(change, req, path, &rep);
    return error;
}

static long change_open(int fd, struct fs_change_req *req)
{
    struct fos_file *file = fos_file_get(fd);
    struct fs_change_rep rep;
    long error = file ? -FOS_EINVAL : -FOS_EBADF;

    if (file && file->ops == &fos_fs_ops) {
        req->dir = file->handle;
        error = FOS_FS_CALL(change, req, &rep);
    }
    if (file)
        fos_file_put(file);
    return error;
}

int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
    struct fs_change_req req = {.what = FS_CHANGE_MODE, .mode = mode};

    return fos_fd_result(change_at(dir, path, flags, &req));
}

int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

int fchmod(int fd, mode_t mode)
{
    struct fs_change_req req = {.what = FS_CHANGE_MODE, .mode = mode};

    return fos_fd_result(change_open(fd, &req));
}

int fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
    struct fs_change_req req = {
        .what = FS_CHANGE_OWNER, .uid = (uint32_t)uid, .gid = (uint32_t)gid};

    return fos_fd_result(change_at(dir, path, flags, &req));
}

int chown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, 0);
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
    struct fs_change_req req = {
        .what = FS_CHANGE_OWNER, .uid = (uint32_t)uid, .gid = (uint32_t)gid};

    return fos_fd_result(change_open(fd, &req));
}

int truncate(const char *path, off_t size)
{
    struct fs_change_req req = {.what = FS_CHANGE_SIZE, .size = (uint64_t)size};

    return fos_fd_result(size < 0 ? -FOS_EINVAL
                                  : change_at(AT_FDCWD, path, 0, &req));
}

/* ---- times ---- */

static bool time_take(const struct timespec *from, int64_t *to)
{
    if (from->tv_nsec == UTIME_NOW) {
        *to = FS_TIME_NOW;
        return true;
    }
    if (from->tv_nsec == UTIME_OMIT) {
        *to = FS_TIME_OMIT;
        return true;
    }
    *to = from->tv_sec * 1000000000ll + from->tv_nsec;
    return from->tv_nsec >= 0 && from->tv_nsec < 1000000000;
}

static long times_fill(struct fs_change_req *req, const struct timespec times[2])
{
    *req = (struct fs_change_req){
        .what = FS_CHANGE_TIMES, .atime_ns = FS_TIME_NOW, .mtime_ns = FS_TIME_NOW};
    if (times && (!time_take(&times[0], &req->atime_ns) ||
                  !time_take(&times[1], &req->mtime_ns)))
        return -FOS_EINVAL;
    return 0;
}

int utimensat(int dir, const char *path, const struct timespec *times, int flags)
{
    struct fs_change_req req;
    long error = times_fill(&req, times);

    return fos_fd_result(error ? error : change_at(dir, path, flags, &req));
}

int futimens(int fd, const struct timespec *times)
{
    struct fs_change_req req;
    long error = times_fill(&req, times);

    return fos_fd_result(error ? error : change_open(fd, &req));
}

int utimes(const char *path, const struct timeval *times)
{
    struct timespec exact[2];

    for (int i = 0; times && i < 2; i++)
        exact[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    return utimensat(AT_FDCWD, path, times ? exact : NULL, 0);
}

int utime(const char *path, const struct utimbuf *times)
{
    struct timespec exact[2];

    if (times) {
        exact[0] = (struct timespec){times->actime, 0};
        exact[1] = (struct timespec){times->modtime, 0};
    }
    return utimensat(AT_FDCWD, path, times ? exact : NULL, 0);
}

/* ---- the process's ---- */

static long process_set(uint32_t what, uint64_t value, uint32_t dir,
                        const char *path)
{
    struct fs_process_req req = {.dir = dir, .what = what, .value = value};
    struct fs_process_rep rep;

    return FOS_FS_CALL_PATH(process, &req, path, &rep);
}

int chdir(const char *path)
{
    return fos_fd_result(*path ? process_set(FS_PROCESS_CHDIR, 0, FS_CWD, path)
                               : -FOS_ENOENT);
}

int fchdir(int fd)
{
    uint32_t handle;
    long error = fos_dir_handle(fd, "", &handle);

    if (!error)
        error = process_set(FS_PROCESS_CHDIR, 0, handle, "");
    return fos_fd_result(error);
}

/* Never fails, says POSIX. */
mode_t umask(mode_t mask)
{
    long before = process_set(FS_PROCESS_UMASK, mask, FS_CWD, "");

    return before < 0 ? 022 : (mode_t)before;
}

/* ---- the file system ---- */

static long statvfs_get(uint32_t dir, const char *path, struct statvfs *out)
{
    struct fs_statvfs_req req = {.dir = dir};
    struct fs_statvfs_rep rep = {0};
    long error = FOS_FS_CALL_PATH(statvfs, &req, path, &rep);

    if (error)
        return error;
    *out = (struct statvfs){
        .f_bsize = FOS_PAGE_SIZE,
        .f_frsize = FOS_PAGE_SIZE,
        .f_blocks = (fsblkcnt_t)rep.pages,
        .f_bfree = (fsblkcnt_t)rep.pages_free,
        .f_bavail = (fsblkcnt_t)rep.pages_free,
        .f_files = (fsfilcnt_t)rep.files,
        .f_ffree = (fsfilcnt_t)rep.files_free,
        .f_favail = (fsfilcnt_t)rep.files_free,
        .f_fsid = rep.dev,
        .f_flag = rep.read_only ? ST_RDONLY : 0,
        .f_namemax = FS_NAME_MAX,
    };
    return 0;
}

int statvfs(const char *restrict path, struct statvfs *restrict out)
{
    return fos_fd_result(*path ? statvfs_get(FS_CWD, path, out) : -FOS_ENOENT);
}

int fstatvfs(int fd, struct statvfs *out)
{
    struct fos_file *file = fos_file_get(fd);
    long error = file ? -FOS_ENOSYS : -FOS_EBADF;

    if (file && file->ops == &fos_fs_ops)
        error = statvfs_get(file->handle, "", out);
    if (file)
        fos_file_put(file);
    return fos_fd_result(error);
}
