/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: small numbers that stand for open files of any kind.
 *
 * A kind (the file system fleet's files, the console fleet's terminals, sockets) is a
 * table of operations.  A descriptor leads to a struct fos_file, which dup shares; what
 * forked processes share (place, status flags) is kept by the fleet that the file is
 * of, under `handle`.
 *
 * Invariants
 *  D1. file->refs is the number of descriptors of the file plus fos_file_get's not yet
 *      put back; the file is closed when it gets 0, never while an operation is under
 *      way.
 *  D2. No lock is held while an operation runs: it may wait for another process.
 */
#ifndef FOS_POSIX_FD_H
#define FOS_POSIX_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <fos/call.h>

enum { FOS_FD_MAX = 256 };

/* Kinds, as they are handed on to other programs: never given another meaning. */
enum fos_file_kind {
    FOS_FILE_NONE = 0,
    FOS_FILE_FS = 1,
    FOS_FILE_TTY = 2,
    FOS_FILE_SOCKET = 3,
    FOS_FILE_KINDS
};

enum { FOS_FD_CLOEXEC = 1 };

/* `offset` of read and write: the file's own place. */
#define FOS_FILE_HERE (-1)

struct stat;
struct fos_file_ops;

struct fos_file {
    const struct fos_file_ops *ops;
    uint32_t refs;   /* D1 */
    uint32_t handle; /* the kind's; handed on to other programs, as are these: */
    uint64_t word[2];
    /* The kind's in this program: 0 at first, and in a child of fork. */
    _Atomic uint64_t way;
    _Atomic uint32_t tried;
};

/* One of several files to be watched. */
struct fos_poll_item {
    struct fos_file *file;
    short events; /* of poll.h; ERR and HUP are always watched for */
    short revents;
};

/* Files of one kind that are polled together by a call to their fleet. */
struct fos_poll_set {
    const struct fos_file_ops *ops;
    struct fos_poll_item *items[FOS_FD_MAX];
    unsigned count;
    bool wait; /* the fleet answers when something is ready; else at once */
    struct fos_call call;
    uint64_t reply[80]; /* room for the answer */
};

struct fos_map_handle {
    uint64_t word[2];
};

/*
 * All give 0 or more, or a negated error.  One that is NULL is refused, with ESPIPE
 * (seek), ENOTTY (ioctl), ENODEV (map), EINVAL (the others); poll: always ready.
 * The operation runs without any lock.
 */
struct fos_file_ops {
    enum fos_file_kind kind;
    long (*read)(struct fos_file *, void *to, size_t capacity, int64_t offset);
    long (*write)(struct fos_file *, const void *from, size_t length,
                  int64_t offset);
    long (*seek)(struct fos_file *, int64_t offset, int whence);
    long (*stat)(struct fos_file *, struct stat *out);
    long (*truncate)(struct fos_file *, int64_t size);
    long (*sync)(struct fos_file *);
    /* O_APPEND and O_NONBLOCK, and the access mode; set: not -1. */
    long (*flags)(struct fos_file *, int set);
    long (*ioctl)(struct fos_file *, unsigned long request, void *argument);
    long (*map)(struct fos_file *, int prot, int shared,
                struct fos_map_handle *out);
    /* Starts set->call; or answers at once: more than 0 when revents are filled in. */
    long (*poll_start)(struct fos_poll_set *set);
    /* The call was answered with `result`: fills in revents.  How many are ready. */
    long (*poll_end)(struct fos_poll_set *set, long result);
    /* The last descriptor is gone. */
    void (*close)(struct fos_file *);
};

/* The kinds' tables; a kind not linked into the program is absent. */
extern const struct fos_file_ops fos_fs_ops, fos_tty_ops, fos_socket_ops;
const struct fos_file_ops *fos_file_ops_of(enum fos_file_kind kind);

/* A file with one reference.  NULL: too many are open. */
struct fos_file *fos_file_make(const struct fos_file_ops *ops, uint32_t handle);

/* The file of a descriptor, to be put back; NULL: EBADF. */
struct fos_file *fos_file_get(int fd);
void fos_file_put(struct fos_file *file);

/*
 * Gives the file the lowest free descriptor from `lowest` on; takes over the caller's
 * reference, also when it fails.  The descriptor or -FOS_EMFILE.
 */
int fos_fd_install(struct fos_file *file, int lowest, unsigned flags);

/* The same at descriptor `fd`, whose file, if any, is closed.  fd or -FOS_EBADF. */
int fos_fd_install_at(struct fos_file *file, int fd, unsigned flags);

/* New descriptors are below this number, which `set`, unless it is negative, becomes; at
 * most FOS_FD_MAX. */
int fos_fd_limit(int set);

/* That number, guarded by the table's lock.  It is limits.c's, so that whoever has
 * descriptors takes over the limit that the process was started with. */
extern int fos_fd_most;

/* 0 or -FOS_EBADF. */
long fos_fd_close(int fd);

/* FOS_FD_CLOEXEC; `set` -1: asks only.  Gives them, or -FOS_EBADF. */
int fos_fd_flags(int fd, int set);

/* Closes those that have FOS_FD_CLOEXEC. */
void fos_fd_close_on_exec(void);

/* For mmap: -FOS_EBADF, -FOS_EACCES, -FOS_ENODEV. */
long fos_fd_map(int fd, int prot, int shared, struct fos_map_handle *out);

/* Sets errno and gives -1 for an error; else the result. */
int fos_fd_result(long result);

/* A descriptor as it is handed on to another program (FOS_INHERIT_FILES). */
struct fos_fd_record {
    uint32_t fd;
    uint16_t kind; /* enum fos_file_kind */
    uint16_t flags;
    uint32_t file; /* records with the same number share a struct fos_file */
    uint32_t handle;
    uint64_t word[2];
};

#endif
