/* SPDX-License-Identifier: MIT */
/* Locks on ranges of files (fcntl, lockf). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <fos/fs.h>

#include "files.h"
#include "locks.h"

/* From the beginning of the file on. */
static long range_absolute(struct fos_file *file, const struct flock *from,
                           int64_t *start, int64_t *length)
{
    int64_t base = 0;

    if (from->l_whence == SEEK_CUR) {
        base = file->ops->seek(file, 0, SEEK_CUR);
    } else if (from->l_whence == SEEK_END) {
        struct fs_stat_req req = {.dir = file->handle};
        struct fs_stat_rep rep = {0};
        long error = FOS_FS_CALL(stat, &req, &rep);
        base = error ? error : (int64_t)rep.stat.size;
    } else if (from->l_whence != SEEK_SET) {
        base = -FOS_EINVAL;
    }
    if (base < 0)
        return base;
    if (__builtin_add_overflow(base, from->l_start, start))
        return -FOS_EOVERFLOW;
    *length = from->l_len;
    if (*length < 0) {
        *start += *length;
        *length = -*length;
    }
    return *start < 0 ? -FOS_EINVAL : 0;
}

static long type_of(short type)
{
    switch (type) {
    case F_RDLCK:
        return FS_LOCK_SHARED;
    case F_WRLCK:
        return FS_LOCK_EXCLUSIVE;
    case F_UNLCK:
        return FS_LOCK_NONE;
    default:
        return -FOS_EINVAL;
    }
}

static void found_tell(const struct fs_lock_rep *rep, struct flock *lock)
{
    if (rep->type == FS_LOCK_NONE) {
        lock->l_type = F_UNLCK;
        return;
    }
    lock->l_type = rep->type == FS_LOCK_SHARED ? F_RDLCK : F_WRLCK;
    lock->l_whence = SEEK_SET;
    lock->l_start = (long)rep->start;
    lock->l_len = (long)rep->length;
    lock->l_pid = (short)rep->pid;
}

long fos_file_lock(struct fos_file *file, int command, struct flock *lock)
{
    struct fs_lock_req req = {.head.tag = FOS_TAG(fs, lock),
                              .handle = file->handle};
    struct fs_lock_rep rep = {0};
    long type = type_of(lock->l_type), error;

    if (file->ops != &fos_fs_ops)
        return -FOS_EINVAL;
    error = type < 0 ? type : range_absolute(file, lock, &req.start, &req.length);
    if (error)
        return error;
    req.type = (uint16_t)type;
    req.how = command == F_GETLK    ? FS_LOCK_TEST
              : command == F_SETLKW ? FS_LOCK_WAIT
                                    : FS_LOCK_TRY;
    error = fos_fs_call_waiting(&req, sizeof req, &rep, sizeof rep);
    if (!error && command == F_GETLK)
        found_tell(&rep, lock);
    return error;
}

int lockf(int fd, int how, off_t length)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = (long)length};

    switch (how) {
    case F_ULOCK:
        lock.l_type = F_UNLCK;
        return fcntl(fd, F_SETLK, &lock);
    case F_LOCK:
        return fcntl(fd, F_SETLKW, &lock);
    case F_TLOCK:
        return fcntl(fd, F_SETLK, &lock);
    case F_TEST:
        if (fcntl(fd, F_GETLK, &lock))
            return -1;
        return lock.l_type == F_UNLCK ? 0 : fos_fd_result(-FOS_EACCES);
    default:
        return fos_fd_result(-FOS_EINVAL);
    }
}
