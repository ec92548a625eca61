/* SPDX-License-Identifier: MIT */
/*
 * The file system fleet's protocol.
 *
 * A process attaches with its ticket and gets a session number, which it puts into
 * each request.  The fleet keeps of each process: working directory, file creation
 * mask, user, and handles, numbers of open file descriptions.  Descriptions (place,
 * status flags) are shared by the processes that inherit them.
 *
 * A path follows the request's struct, without a NUL; `dir` is the handle of the
 * directory where a relative one begins, or FS_CWD.  An empty path stands for `dir`
 * itself where that is said.
 *
 * The fleet's own errors are answered as FS_ERROR minus the error, so that "broken
 * pipe" is not mistaken for "the fleet is gone"; fs_result() gives them back.
 *
 * Requests that may wait (read, write, open of a FIFO, lock, poll) are answered later;
 * one that is cancelled is answered with EINTR, or has been answered.
 */
#ifndef FOS_PROTO_FS_H
#define FOS_PROTO_FS_H

#include <fos/abi/errors.h>
#include <fos/abi/syscalls.h>
#include <fos/proto/rpc.h>

enum {
    FS_PATH_MAX = 1024, /* with its NUL */
    FS_NAME_MAX = 255,
    FS_PIPE_BUF = 4096,   /* a write of no more is not torn */
    FS_READ_MAX = 4032,   /* bytes in one reply */
    FS_WRITE_MAX = 57344, /* bytes behind one request */
    FS_POLL_MAX = 256,
    FS_HANDLES_MAX = 512, /* of a process */
    FS_LINKS_MAX = 32,    /* symbolic links in one look-up */
};

#define FS_OPS(OP)                    \
    OP(1, fs, attach)                 \
    OP(2, fs, open, FS_PATH_MAX)      \
    OP(3, fs, close)                  \
    OP(4, fs, read)                   \
    OP(5, fs, write, FS_WRITE_MAX)    \
    OP(6, fs, seek)                   \
    OP(7, fs, stat, FS_PATH_MAX)      \
    OP(8, fs, control)                \
    OP(9, fs, entries)                \
    OP(10, fs, unlink, FS_PATH_MAX)   \
    OP(11, fs, make, FS_PATH_MAX)     \
    OP(12, fs, link, 2 * FS_PATH_MAX) \
    OP(13, fs, text, FS_PATH_MAX)     \
    OP(14, fs, change, FS_PATH_MAX)   \
    OP(15, fs, pipe)                  \
    OP(16, fs, process, FS_PATH_MAX)  \
    OP(17, fs, lock)                  \
    OP(18, fs, poll, FS_POLL_MAX * 8) \
    OP(19, fs, statvfs, FS_PATH_MAX)  \
    OP(20, fs, access, FS_PATH_MAX)   \
    OP(21, fs, transfer)              \
    OP(22, fs, page)                  \
    OP(23, fs, inherit)               \
    OP(24, fs, map)                   \
    OP(25, fs, share)                 \
    OP(26, fs, kick)
FOS_PROTOCOL(fs, 1, FS_OPS)

#define FS_ERROR (-1000l)
#define FS_CWD   0xffffffffu

/* What a call's result means to POSIX: the fleet's error; FOS_EIO when the fleet
 * itself was not reached. */
static inline long fs_result(long result)
{
    if (result >= 0)
        return result;
    return result <= FS_ERROR ? result - FS_ERROR : -FOS_EIO;
}

/* File types and permissions are st_mode's, as everywhere. */
enum fs_mode {
    FS_IFMT = 0170000,
    FS_IFDIR = 0040000,
    FS_IFCHR = 0020000,
    FS_IFREG = 0100000,
    FS_IFLNK = 0120000,
    FS_IFIFO = 0010000,
    FS_MODE_BITS = 07777,
};

/* Flags of open, and the status flags of a description. */
enum fs_open_flag {
    FS_READ = 1,
    FS_WRITE = 2,
    FS_APPEND = 4,
    FS_NONBLOCK = 8,
    FS_STATUS = FS_APPEND | FS_NONBLOCK, /* those that can be changed later */
    FS_CREATE = 16,
    FS_EXCLUSIVE = 32,
    FS_TRUNCATE = 64,
    FS_NOFOLLOW = 128,
    FS_DIRECTORY = 256,
    FS_PATH_ONLY = 512, /* needs no permission, gives none: for dir */
};

/* What an open file is to libfos. */
enum fs_kind {
    FS_KIND_FILE = 1, /* data at places */
    FS_KIND_DIRECTORY = 2,
    FS_KIND_STREAM = 3,   /* pipe, FIFO */
    FS_KIND_DEVICE = 4,   /* null, zero, full, random: no place */
    FS_KIND_TERMINAL = 5, /* none is open: it is the console fleet's */
};

/* rdev of the nodes in /dev. */
enum fs_device {
    FS_DEVICE_NULL = 0x103,
    FS_DEVICE_ZERO = 0x105,
    FS_DEVICE_FULL = 0x107,
    FS_DEVICE_RANDOM = 0x108,
    FS_DEVICE_URANDOM = 0x109,
    FS_DEVICE_TTY = 0x500,
    FS_DEVICE_CONSOLE = 0x501,
};

/* Says who calls.  `space`: the right to copy to and from the caller's memory, for
 * transfer.  A process has one session; attaching again, after exec, ends the calls
 * of the old one and keeps the rest.  EACCES: the ticket is not good. */
struct fs_attach_req {
    struct fos_request head;
    struct fos_cap ticket;
    struct fos_cap space;
};

struct fs_attach_rep {
    struct fos_reply head;
    uint64_t session;
};

struct fs_open_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t flags; /* enum fs_open_flag */
    uint32_t mode;
    uint32_t reserved;
};

struct fs_open_rep {
    struct fos_reply head;
    uint32_t handle;
    uint32_t kind; /* enum fs_kind */
    uint64_t rdev;
};

struct fs_close_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t reserved;
};

struct fs_close_rep {
    struct fos_reply head;
};

/* offset: the description's own place, which moves on. */
#define FS_HERE (-1)

/* Up to `length` bytes, FS_READ_MAX at most; the result says how many follow the
 * reply's head.  0: end of the file. */
struct fs_read_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t length;
    int64_t offset;
};

struct fs_read_rep {
    struct fos_reply head;
    uint8_t data[FS_READ_MAX];
};

/* The bytes follow the struct.  The result: how many were taken. */
struct fs_write_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t reserved;
    int64_t offset;
};

struct fs_write_rep {
    struct fos_reply head;
};

/* As read or write, to or from the caller's memory, by the kernel.  EFAULT: a page is
 * absent or does not allow it. */
struct fs_transfer_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t length; /* 65536 at most */
    int64_t offset;
    uint64_t address;
    uint32_t write; /* 1: from the caller to the file */
    uint32_t reserved;
};

struct fs_transfer_rep {
    struct fos_reply head;
};

enum fs_whence { FS_SEEK_SET = 0, FS_SEEK_CUR = 1, FS_SEEK_END = 2 };

struct fs_seek_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t whence; /* enum fs_whence */
    int64_t offset;
};

struct fs_seek_rep {
    struct fos_reply head;
    int64_t offset;
};

struct fs_stat {
    uint64_t dev, ino, rdev, size;
    uint32_t mode, links, uid, gid;
    uint64_t blocks;                      /* of 512 bytes */
    int64_t atime_ns, mtime_ns, ctime_ns; /* since 1970 */
};

/* Of the path, or with an empty one of the handle `dir`. */
struct fs_stat_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t flags; /* FS_NOFOLLOW */
};

struct fs_stat_rep {
    struct fos_reply head;
    struct fs_stat stat;
};

enum fs_control {
    FS_GET_FLAGS = 1, /* result: FS_READ, FS_WRITE and status flags */
    FS_SET_FLAGS = 2, /* argument: status flags */
    FS_AVAILABLE = 3, /* result: bytes that can be read at once */
};

struct fs_control_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t what; /* enum fs_control */
    uint64_t argument;
};

struct fs_control_rep {
    struct fos_reply head;
};

/* What follows the head of the reply to entries: one after the other, each at a
 * multiple of eight; `next` is the place of the entry behind it (seek with
 * FS_SEEK_SET). */
struct fs_entry {
    uint64_t ino;
    int64_t next;
    uint16_t size;   /* of this record */
    uint16_t mode;   /* the type */
    uint32_t length; /* of the name, which follows and has a NUL behind it */
};

/* The result: bytes of records that follow the reply's head; 0: no more. */
struct fs_entries_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t length;
};

struct fs_entries_rep {
    struct fos_reply head;
    uint8_t data[FS_READ_MAX];
};

struct fs_unlink_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t directory; /* 1: rmdir */
};

struct fs_unlink_rep {
    struct fos_reply head;
};

/* A directory, FIFO, character device or empty file. */
struct fs_make_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t mode; /* type and permissions */
    uint64_t rdev;
};

struct fs_make_rep {
    struct fos_reply head;
};

enum fs_link {
    FS_LINK_HARD = 1,     /* of the file that `from` names */
    FS_LINK_SYMBOLIC = 2, /* with the text `from` */
    FS_LINK_RENAME = 3,
};

/* Two paths follow: `from_length` bytes, and the rest. */
struct fs_link_req {
    struct fos_request head;
    uint64_t session;
    uint32_t from_dir, to_dir;
    uint32_t from_length;
    uint16_t what;   /* enum fs_link */
    uint16_t follow; /* 1: HARD goes through a link that `from` names */
};

struct fs_link_rep {
    struct fos_reply head;
};

enum fs_text {
    FS_TEXT_LINK = 1, /* what a symbolic link says */
    FS_TEXT_REAL = 2, /* the path from the root, without links; all must exist */
};

/* The result: length of the text that follows the reply's head. */
struct fs_text_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t what; /* enum fs_text; an empty path: `dir` itself */
};

struct fs_text_rep {
    struct fos_reply head;
    char text[FS_PATH_MAX];
};

enum fs_change {
    FS_CHANGE_MODE = 1,
    FS_CHANGE_OWNER = 2, /* ~0: left as it is */
    FS_CHANGE_TIMES = 4,
    FS_CHANGE_SIZE = 8,
};

#define FS_TIME_NOW  INT64_MAX
#define FS_TIME_OMIT INT64_MIN

/* Of the path, or with an empty one of the handle `dir`. */
struct fs_change_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t flags; /* FS_NOFOLLOW */
    uint32_t what;  /* enum fs_change */
    uint32_t mode, uid, gid;
    uint64_t size;
    int64_t atime_ns, mtime_ns;
};

struct fs_change_rep {
    struct fos_reply head;
};

struct fs_pipe_req {
    struct fos_request head;
    uint64_t session;
    uint32_t flags; /* FS_NONBLOCK */
    uint32_t reserved;
};

struct fs_pipe_rep {
    struct fos_reply head;
    uint32_t reader, writer; /* handles */
};

/* Maps the pipe of a handle, struct fos_pipe (fos/pipe.h), at `address` of the memory
 * for which attach gave the right: FOS_PIPE_PAGES pages, nothing mapped there yet.  The
 * result: FS_READ or FS_WRITE, what the handle is open for.  EINVAL: not a pipe, or one
 * with a name; ENOMEM: no room here or there for that, or this process has too many;
 * EAGAIN: others are writing to it, so later. */
struct fs_share_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t reserved;
    uint64_t address;
};

struct fs_share_rep {
    struct fos_reply head;
};

/* The caller has changed a pipe in shared memory, and others wait: invariant P3 of
 * fos/pipe.h.  It is not answered. */
struct fs_kick_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t reserved;
};

struct fs_kick_rep {
    struct fos_reply head;
};

/* st_dev of the boot archive's files. */
enum { FS_DEV_BOOT = 2 };

enum fs_process {
    FS_PROCESS_CHDIR = 1, /* to the path, or with an empty one to `dir` */
    FS_PROCESS_UMASK = 2, /* result: the one before */
    FS_PROCESS_USER = 3,  /* value: uid << 32 | gid; by user 0 only */
};

struct fs_process_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t what; /* enum fs_process */
    uint64_t value;
};

struct fs_process_rep {
    struct fos_reply head;
};

enum fs_lock {
    FS_LOCK_NONE = 0,
    FS_LOCK_SHARED = 1,
    FS_LOCK_EXCLUSIVE = 2,
};
enum fs_lock_how { FS_LOCK_TRY = 0, FS_LOCK_WAIT = 1, FS_LOCK_TEST = 2 };

/* Bytes start .. start + length - 1; length 0: to the end of all files.  EAGAIN
 * somebody else has it; EDEADLK.  TEST: the reply tells of a lock in the way. */
struct fs_lock_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint16_t type; /* enum fs_lock */
    uint16_t how;  /* enum fs_lock_how */
    int64_t start, length;
};

struct fs_lock_rep {
    struct fos_reply head;
    uint32_t type; /* FS_LOCK_NONE: nothing is in the way */
    uint32_t reserved;
    uint64_t pid;
    int64_t start, length;
};

/* Values of poll.h. */
enum fs_poll {
    FS_POLL_IN = 1,
    FS_POLL_OUT = 4,
    FS_POLL_ERR = 8,
    FS_POLL_HUP = 16,
    FS_POLL_NVAL = 32,
};

struct fs_poll_item {
    uint32_t handle;
    uint32_t events;
};

/* `count` items follow.  Answers when one of them is ready; without `wait` at once. */
struct fs_poll_req {
    struct fos_request head;
    uint64_t session;
    uint32_t count;
    uint32_t wait;
};

/* The result: how many are ready. */
struct fs_poll_rep {
    struct fos_reply head;
    uint16_t revents[FS_POLL_MAX]; /* `count` of them are sent */
};

struct fs_statvfs_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t reserved;
};

struct fs_statvfs_rep {
    struct fos_reply head;
    uint64_t dev;
    uint64_t pages, pages_free; /* of 4096 bytes */
    uint64_t files, files_free;
    uint64_t read_only;
};

enum fs_access { FS_MAY_EXECUTE = 1, FS_MAY_WRITE = 2, FS_MAY_READ = 4 };

struct fs_access_req {
    struct fos_request head;
    uint64_t session;
    uint32_t dir;
    uint32_t flags; /* FS_NOFOLLOW */
    uint32_t what;  /* enum fs_access, or 0: whether it exists */
    uint32_t reserved;
};

struct fs_access_rep {
    struct fos_reply head;
};

/* A name for the open file, for who maps it: stays good, and keeps the file, until
 * it is given back by a map request with `release`. */
struct fs_map_req {
    struct fos_request head;
    uint64_t session;
    uint32_t handle;
    uint32_t prot;   /* FOS_PROT_... that the mapping may get */
    uint32_t shared; /* 1: writes go to the file */
    uint32_t reserved;
};

struct fs_map_rep {
    struct fos_reply head;
    uint64_t word[2];
};

/* From memory fleet's members: page `index` of the file that map named, to be
 * mapped at `to` of `space`; with `to` 0 the name is given up.  ENXIO: behind the
 * end of the file. */
struct fs_page_req {
    struct fos_request head;
    struct fos_cap ticket; /* a fleet's */
    uint64_t word[2];
    uint64_t index;
    struct fos_cap space;
    uint64_t to;
    uint32_t prot;
    uint32_t how; /* FOS_SHARE_... */
};

struct fs_page_rep {
    struct fos_reply head;
};

/* From the process fleet: `child` gets all that `parent` has. */
struct fs_inherit_req {
    struct fos_request head;
    struct fos_cap control;
    uint64_t parent, child; /* pids */
};

struct fs_inherit_rep {
    struct fos_reply head;
};

_Static_assert(sizeof(struct fs_read_rep) <= FOS_REPLY_MAX, "one reply");
_Static_assert(sizeof(struct fs_write_req) + FS_WRITE_MAX <= FOS_MESSAGE_MAX,
               "one message");
_Static_assert(sizeof(struct fs_entry) == 24, "no padding");

#endif
