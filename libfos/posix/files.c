/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of the file system fleet's files.  file->word[0] is the kind (enum
 * fs_kind), word[1] the fleet's instance: a file of one that has died is no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <fos/fs.h>

#include "fd.h"
#include "files.h"

enum {
    WRITE_PIECE = 8192,     /* bytes in one message */
    TRANSFER_LEAST = 32768, /* from here on the kernel copies, of files */
    TRANSFER_PIECE = 65536,
};

static bool is_stream(const struct fos_file *file)
{
    return file->word[0] == FS_KIND_STREAM;
}

static long file_check(const struct fos_file *file)
{
    uint64_t now = fos_fs_instance();

    return now && file->word[1] && now != file->word[1] ? -FOS_EIO : 0;
}

/* What came of a call during which the fleet may have ended: there is none, or the next
 * one, which does not know the handle. */
static long outcome(const struct fos_file *file, long result)
{
    if (result == -FOS_ENOSYS && file->word[1])
        return -FOS_EIO;
    return result == -FOS_EBADF && file_check(file) ? -FOS_EIO : result;
}

/* ---- contents by the kernel ---- */

/* Pages that were never touched are absent; a wrong address faults here, as a wrong
 * address does. */
static void pages_touch(const void *address, size_t length, bool write)
{
    volatile char *at = (volatile char *)(uintptr_t)address;

    for (size_t i = 0; i < length;
         i += FOS_PAGE_SIZE - ((uintptr_t)at + i) % FOS_PAGE_SIZE) {
        char c = at[i];
        if (write)
            at[i] = c;
    }
}

static long transfer(struct fos_file *file, void *address, size_t length,
                     int64_t offset, bool write)
{
    struct fs_transfer_req req = {
        .handle = file->handle,
        .length = (uint32_t)(length < TRANSFER_PIECE ? length : TRANSFER_PIECE),
        .offset = offset,
        .address = (uint64_t)address,
        .write = write,
    };
    struct fs_transfer_rep rep;
    long result = FOS_FS_CALL(transfer, &req, &rep);

    if (result == -FOS_EFAULT) {
        pages_touch(address, req.length, !write);
        result = FOS_FS_CALL(transfer, &req, &rep);
    }
    return result;
}

/* ---- contents in messages ---- */

static long piece_read(struct fos_file *file, void *to, size_t length,
                       int64_t offset)
{
    struct fs_read_req req = {
        .head.tag = FOS_TAG(fs, read),
        .handle = file->handle,
        .length = (uint32_t)(length < FS_READ_MAX ? length : FS_READ_MAX),
        .offset = offset};
    struct fs_read_rep rep;
    uint32_t room = (uint32_t)sizeof rep.head + req.length;
    long got;

    if (is_stream(file)) {
        got = fos_stream_read(file, to, length);
        if (got != -FOS_EAGAIN)
            return got;
        got = fos_fs_call_waiting(&req, sizeof req, &rep, room | FOS_REPLY_UPTO);
        fos_stream_asked(file, got);
    } else {
        got = fos_fs_call(&req, sizeof req, &rep, room | FOS_REPLY_UPTO);
    }
    if (got > (long)req.length)
        return -FOS_EIO;
    if (got > 0)
        memcpy(to, rep.data, (size_t)got);
    return got;
}

static long message_write(struct fos_file *file, const void *from, size_t length,
                          int64_t offset)
{
    struct {
        struct fs_write_req req;
        uint8_t data[WRITE_PIECE];
    } message;
    struct fs_write_rep rep;
    size_t piece = length < WRITE_PIECE ? length : WRITE_PIECE;
    uint32_t size = (uint32_t)(sizeof message.req + piece);

    message.req = (struct fs_write_req){
        .head.tag = FOS_TAG(fs, write), .handle = file->handle, .offset = offset};
    memcpy(message.data, from, piece);
    return is_stream(file) ? fos_fs_call_waiting(&message, size, &rep, sizeof rep)
                           : fos_fs_call(&message, size, &rep, sizeof rep);
}

static long piece_write(struct fos_file *file, const void *from, size_t length,
                        int64_t offset)
{
    long put = -FOS_EAGAIN;

    if (!is_stream(file))
        return message_write(file, from, length, offset);
    if (length)
        put = fos_stream_write(file, from, length);
    if (put == -FOS_EAGAIN) {
        put = message_write(file, from, length, offset);
        fos_stream_asked(file, put);
    }
    return put;
}

static bool by_kernel(const struct fos_file *file, size_t length)
{
    return length >= TRANSFER_LEAST && file->word[0] == FS_KIND_FILE;
}

/* A stream gives what it has; of a file as much as there is, of a device all that is asked. */
static long file_read(struct fos_file *file, void *to, size_t capacity,
                      int64_t offset)
{
    size_t done = 0;
    long got = file_check(file);

    while (!got && done < capacity) {
        int64_t at = offset == FS_HERE ? FS_HERE : offset + (int64_t)done;
        size_t left = capacity - done;
        got = by_kernel(file, left)
                  ? transfer(file, (char *)to + done, left, at, false)
                  : piece_read(file, (char *)to + done, left, at);
        if (got <= 0)
            break;
        done += (size_t)got;
        if (is_stream(file))
            break;
        got = 0;
    }
    return done ? (long)done : outcome(file, got);
}

static long file_write(struct fos_file *file, const void *from, size_t length,
                       int64_t offset)
{
    size_t done = 0;
    long put = file_check(file);

    if (put == 0 && length == 0)
        return outcome(file, piece_write(file, from, 0, offset));
    while (put == 0 && done < length) {
        int64_t at = offset == FS_HERE ? FS_HERE : offset + (int64_t)done;
        char *next = (char *)(uintptr_t)from + done;
        put = by_kernel(file, length - done)
                  ? transfer(file, next, length - done, at, true)
                  : piece_write(file, next, length - done, at);
        if (put <= 0)
            break;
        done += (size_t)put;
        put = 0;
    }
    if (put == -FOS_EPIPE)
        raise(SIGPIPE);
    return done ? (long)done : outcome(file, put);
}

/* ---- the rest ---- */

static long file_seek(struct fos_file *file, int64_t offset, int whence)
{
    struct fs_seek_req req = {
        .handle = file->handle, .whence = (uint32_t)whence, .offset = offset};
    struct fs_seek_rep rep = {0};
    long error = file_check(file);

    if (!error)
        error = whence < 0 ? -FOS_EINVAL : FOS_FS_CALL(seek, &req, &rep);
    return error ? outcome(file, error) : rep.offset;
}

static struct timespec time_of(int64_t ns)
{
    const int64_t second = 1000000000;
    int64_t rest = ns % second, whole = ns / second;

    if (rest < 0) {
        rest += second;
        whole--;
    }
    return (struct timespec){.tv_sec = whole, .tv_nsec = (long)rest};
}

void fos_stat_fill(struct stat *out, const struct fs_stat *from)
{
    memset(out, 0, sizeof *out);
    out->st_dev = (dev_t)from->dev;
    out->st_ino = (ino_t)from->ino;
    out->st_mode = from->mode;
    out->st_nlink = (nlink_t)from->links;
    out->st_uid = (uid_t)from->uid;
    out->st_gid = (gid_t)from->gid;
    out->st_rdev = (dev_t)from->rdev;
    out->st_size = (off_t)from->size;
    out->st_blksize = 4096;
    out->st_blocks = (blkcnt_t)from->blocks;
    out->st_atim = time_of(from->atime_ns);
    out->st_mtim = time_of(from->mtime_ns);
    out->st_ctim = time_of(from->ctime_ns);
}

static long file_stat(struct fos_file *file, struct stat *out)
{
    struct fs_stat_req req = {.dir = file->handle};
    struct fs_stat_rep rep = {0};
    long error = file_check(file);

    if (!error)
        error = FOS_FS_CALL(stat, &req, &rep);
    if (!error)
        fos_stat_fill(out, &rep.stat);
    return outcome(file, error);
}

static long file_truncate(struct fos_file *file, int64_t size)
{
    struct fs_change_req req = {
        .dir = file->handle, .what = FS_CHANGE_SIZE, .size = (uint64_t)size};
    struct fs_change_rep rep;
    long error = file_check(file);

    if (!error)
        error = size < 0 ? -FOS_EINVAL : FOS_FS_CALL(change, &req, &rep);
    return outcome(file, error);
}

/* In memory nothing is ever behind. */
static long file_sync(struct fos_file *file)
{
    return is_stream(file) ? -FOS_EINVAL : file_check(file);
}

static long control(struct fos_file *file, uint32_t what, uint64_t argument)
{
    struct fs_control_req req = {
        .handle = file->handle, .what = what, .argument = argument};
    struct fs_control_rep rep;
    long error = file_check(file);

    return error ? error : outcome(file, FOS_FS_CALL(control, &req, &rep));
}

static long file_flags(struct fos_file *file, int set)
{
    long now;

    if (set != -1)
        return control(file, FS_SET_FLAGS,
                       (set & O_APPEND ? FS_APPEND : 0u) |
                           (set & O_NONBLOCK ? FS_NONBLOCK : 0u));
    now = control(file, FS_GET_FLAGS, 0);
    if (now < 0)
        return now;
    return (now & FS_WRITE ? (now & FS_READ ? O_RDWR : O_WRONLY) : O_RDONLY) |
           (now & FS_APPEND ? O_APPEND : 0) | (now & FS_NONBLOCK ? O_NONBLOCK : 0);
}

static long file_ioctl(struct fos_file *file, unsigned long request, void *argument)
{
    long result;

    if (request == FIONBIO) {
        long flags = file_flags(file, -1);
        if (flags < 0)
            return flags;
        return file_flags(file, *(int *)argument ? (int)flags | O_NONBLOCK
                                                 : (int)flags & ~O_NONBLOCK);
    }
    if (request != FIONREAD)
        return -FOS_ENOTTY;
    result = control(file, FS_AVAILABLE, 0);
    if (result < 0)
        return result;
    *(int *)argument = (int)result;
    return 0;
}

static long file_map(struct fos_file *file, int prot, int shared,
                     struct fos_map_handle *out)
{
    struct fs_map_req req = {
        .handle = file->handle, .prot = (uint32_t)prot, .shared = shared != 0};
    struct fs_map_rep rep = {0};
    long error = file_check(file);

    if (!error)
        error = FOS_FS_CALL(map, &req, &rep);
    *out = (struct fos_map_handle){{rep.word[0], rep.word[1]}};
    return outcome(file, error);
}

/* ---- poll ---- */

static uint32_t poll_room(unsigned count)
{
    return (uint32_t)(offsetof(struct fs_poll_rep, revents) +
                      count * sizeof(uint16_t) + 7) &
           ~7u;
}

static long file_poll_start(struct fos_poll_set *set)
{
    struct {
        struct fs_poll_req req;
        struct fs_poll_item items[FOS_FD_MAX];
    } message;
    struct fos_peer *peer;
    uint64_t session;
    long error = fos_fs_way(&peer, &session);

    if (error)
        return error;
    message.req = (struct fs_poll_req){.head.tag = FOS_TAG(fs, poll),
                                       .session = session,
                                       .count = set->count,
                                       .wait = set->wait};
    for (unsigned i = 0; i < set->count; i++)
        message.items[i] = (struct fs_poll_item){set->items[i]->file->handle,
                                                 (uint16_t)set->items[i]->events};
    uint32_t length =
        (uint32_t)(sizeof message.req + set->count * sizeof message.items[0]);
    return fos_call_start(&set->call, peer, &message, length, set->reply,
                          poll_room(set->count));
}

static long file_poll_end(struct fos_poll_set *set, long result)
{
    const struct fs_poll_rep *rep = (const void *)set->reply;
    long ready = 0;

    if (result < 0)
        return fs_result(result);
    for (unsigned i = 0; i < set->count; i++) {
        set->items[i]->revents = (short)rep->revents[i];
        ready += set->items[i]->revents != 0;
    }
    return ready;
}

static void file_close(struct fos_file *file)
{
    struct fs_close_req req = {.handle = file->handle};
    struct fs_close_rep rep;

    fos_stream_close(file);
    if (file_check(file) == 0)
        FOS_FS_CALL(close, &req, &rep);
}

const struct fos_file_ops fos_fs_ops = {
    .kind = FOS_FILE_FS,
    .read = file_read,
    .write = file_write,
    .seek = file_seek,
    .stat = file_stat,
    .truncate = file_truncate,
    .sync = file_sync,
    .flags = file_flags,
    .ioctl = file_ioctl,
    .map = file_map,
    .poll_start = file_poll_start,
    .poll_end = file_poll_end,
    .close = file_close,
};

int fos_file_install(uint32_t handle, enum fs_kind kind, unsigned flags)
{
    struct fos_file *file = fos_file_make(&fos_fs_ops, handle);

    if (!file) {
        struct fos_file none = {.handle = handle};
        file_close(&none);
        return -FOS_EMFILE;
    }
    file->word[0] = kind;
    file->word[1] = fos_fs_instance();
    return fos_fd_install(file, 0, flags);
}
