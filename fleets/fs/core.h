/* SPDX-License-Identifier: MIT */
/*
 * The RAM file system: what there is, and what the parts do.
 *
 *     pages.c     pages for contents          node.c   files and their refs; directories
 *     data.c      bytes of regular files      walk.c   paths
 *     pipe.c      pipes, FIFOs, who waits     tree.c   make, link, unlink, rename, change
 *     shared.c    pipes in shared memory      stat.c   what stat tells
 *     process.c   what each process has       open.c   open, read, write, seek, close
 *     lock.c      byte-range locks            poll.c   readiness
 *     wait.c      requests answered later     map.c    files mapped into memory
 *     request.c   requests, checked           boot.c   the first tree, the boot archive
 *
 * One thread, no waiting: what cannot be answered now becomes a struct waiter.
 *
 * Invariants
 *  F1. A node lives while it has refs: one for each entry that names it, each
 *      description, each working directory, each map, and the root's own.
 *  F2. node->links counts the entries that name it, and for a directory also "." and
 *      the ".." of its subdirectories; a removed directory has 0.
 *  F3. A directory that is linked has a parent, and following parents leads to the
 *      root: a rename that would close a circle is refused.
 *  F4. A waiter is in exactly one queue, and in its process's list; who takes it out
 *      answers it.  It holds a ref of its description.
 *  F5. What a process has (handles, locks, waiters, directory) goes when it ends, and
 *      nothing of it is made afterwards.
 *  F6. pages.used is the number of pages in files and pipes, with those that were in
 *      a file and are still mapped elsewhere; files leave PAGES_RESERVE to pipes.
 *      Pipes in shared memory have pages of their own, SHARED_PART of all: each of
 *      fs.shared counts until nobody else has it mapped, who ever ended.  One process
 *      has no more than half of those.
 *  F7. Processes that have HANDLES_FEW handles and more leave DESCRIPTIONS_RESERVE
 *      descriptions to the others: whoever has few open can open more.
 */
#ifndef FS_CORE_H
#define FS_CORE_H

#include <stdbool.h>
#include <stddef.h>

#include <fos/pipe.h>
#include <fos/proto/fs.h>
#include <fos/service.h>
#include <fos/siphash.h>

enum {
    PAGE = 4096,
    PROCESSES_MAX = 160,
    NODES_MAX = 65536,
    DESCRIPTIONS_MAX = 8192,
    HANDLES_FEW = 16,
    DESCRIPTIONS_RESERVE = PROCESSES_MAX * HANDLES_FEW, /* F7 */
    LOCKS_MAX = 4096,                                   /* in all */
    LOCKS_OF_ONE = 512,                                 /* of a process */
    WAITERS_OF_ONE = 64,                                /* of a process */
    MAPS_MAX = 512,
    ENDED_LOG = 256, /* processes that ended, remembered: F5 */
    PIPE_PAGES = 16,
    PIPE_SIZE = PIPE_PAGES * PAGE,
    PAGES_RESERVE = 64, /* F6 */
    SHARED_PART = 8,    /* of all pages, that pipes in shared memory have: F6 */
    SHARED_MAX = 96,    /* of such pipes */
    LINKS_MAX = 32767,  /* names of one file */
};

#define FILE_MAX (1ull << 32) /* bytes of the longest file */

/* ---- pages ---- */

struct pages {
    uint32_t limit, used; /* that may be, and are, given out */
    void *free;           /* linked by their first word */
    uint8_t *fresh, *fresh_end;
    void **lent; /* in no file any more, but mapped elsewhere */
    uint32_t lent_count, lent_size, lent_next;
    bool lent_vain; /* none had come back at the last look */
};

void pages_init(struct pages *pages, uint32_t limit);
void pages_end(struct pages *pages);
/* A zeroed page; with `reserve`, only while that many would be left.  NULL. */
void *page_take(struct pages *pages, uint32_t reserve);
void page_give(struct pages *pages, void *page);
/* One that other processes may have mapped: it is not used again while they have. */
void page_forget(struct pages *pages, void *page);

/* ---- nodes ---- */

struct queue {
    struct waiter *first, *last;
};

struct entry {
    struct node *parent, *node;
    struct entry *same_hash;
    struct entry *next, *previous; /* in the directory, by place */
    int64_t place;
    uint32_t hash;
    uint8_t length;
    char name[];
};

struct directory {
    struct node *parent; /* NULL: removed */
    struct entry *name;  /* in there; NULL: the root, or removed */
    struct entry *first, *last;
    int64_t next_place;
};

enum { CHUNK_PAGES = 512, CHUNKS_MAX = (int)(FILE_MAX / PAGE / CHUNK_PAGES) };

/* Bit 0 of a page's address: others may have mapped it. */
struct chunk {
    uintptr_t page[CHUNK_PAGES];
};

struct content {
    const uint8_t *rom;    /* the bytes, of a file of the archive */
    struct chunk **chunks; /* NULL, or CHUNKS_MAX of them */
    uint64_t pages;
};

struct node {
    uint64_t ino;
    uint32_t refs, links; /* F1, F2 */
    uint32_t mode, uid, gid;
    uint32_t dev;
    uint64_t rdev;
    uint64_t size;
    int64_t atime, mtime, ctime;
    struct lock *locks; /* by start */
    struct queue lock_waiters;
    union {
        struct directory dir;
        struct content data;
        char *target;      /* of a symbolic link; `size` bytes, NUL-terminated */
        struct pipe *pipe; /* of a FIFO: while it is open */
    };
};

enum fs_dev { DEV_ROOT = 1, DEV_BOOT = 2, DEV_DEV = 3 };

/* ---- processes ---- */

struct description {
    uint32_t refs;
    uint32_t flags; /* enum fs_open_flag */
    enum fs_kind kind;
    struct node *node; /* NULL: a pipe without a name */
    struct pipe *pipe;
    int64_t offset;
};

struct process {
    uint64_t pid;     /* 0: a free place */
    uint64_t session; /* 0: it has not attached */
    struct fos_cap space;
    struct node *cwd;
    uint32_t umask, uid, gid;
    uint32_t handles_size;
    struct description **handles;
    struct waiter *waiters;
    uint32_t waiters_count, locks_count;
};

struct lock {
    struct lock *next;
    uint64_t pid;
    uint64_t start, end; /* bytes start .. end, inclusive */
    bool exclusive;
};

/* ---- pipes, and waiting ---- */

struct pipe {
    uint8_t *page[PIPE_PAGES];
    uint64_t taken, put;              /* bytes so far; put - taken are in it */
    uint32_t readers, writers;        /* descriptions */
    uint32_t refs;                    /* descriptions, and opens under way */
    uint64_t read_opens, write_opens; /* so far */
    struct node *node;                /* of a FIFO */
    struct queue reading, writing, opening;
    uint32_t polls;   /* items of waiters that look at it */
    uint32_t changes; /* of which pipe_changed has to know; 0: it is not running */
    struct fos_pipe *shared; /* where its bytes are then; NULL: in the pages */
    uint32_t shared_place;   /* in fs.shared */
};

/* Memory that was made for a pipe. */
struct shared {
    struct fos_pipe *words; /* NULL: a free place */
    struct pipe *pipe;      /* NULL: it is no more, but others have this mapped */
    uint64_t mapped[(PROCESSES_MAX + 63) / 64]; /* who has asked for it, by place */
};

enum waiter_kind { WAIT_READ, WAIT_WRITE, WAIT_OPEN, WAIT_LOCK, WAIT_POLL };

struct waiter {
    enum waiter_kind kind;
    struct fos_caller caller;
    struct process *process;
    struct waiter *of_process, **of_process_link;
    struct waiter *next, *previous; /* in `queue` */
    struct queue *queue;
    struct description *description;
    uint32_t length; /* READ: wanted; WRITE: bytes of data; POLL: items */
    uint64_t seen;   /* OPEN: opens of the other side before */
    struct fs_lock_req lock;
    uint8_t data[]; /* WRITE: bytes; POLL: struct poll_item */
};

struct poll_item {
    struct description *description; /* NULL: no such handle */
    uint32_t events;
};

/* ---- maps ---- */

/* A file that processes have mapped: a ref of its node. */
struct map {
    struct node *node; /* NULL: a free place */
    uint64_t secret;
    uint32_t count; /* times that it was asked for and not given back */
    bool writable;
};

/* ---- the whole ---- */

struct fs_io {
    void (*answer)(const struct fos_caller *caller, long result, void *reply,
                   size_t length);
    int64_t (*now)(void); /* nanoseconds since 1970 */
    /* Zeroed pages in one piece. */
    void *(*pages_map)(uint32_t count);
    /* Whether nobody else has any of them mapped. */
    bool (*pages_sole)(void *pages, uint32_t count);
    uint32_t (*threads)(struct fos_cap space); /* in there; 0: it is no more */
    void (*random)(void *to, size_t length);
    /* To (write false) or from the memory of a caller; 0 or -FOS_EFAULT. */
    long (*copy)(struct fos_cap space, uint64_t address, void *here, size_t length,
                 bool write);
    long (*share)(struct fos_cap space, uint64_t to, const void *pages,
                  uint32_t count, uint32_t prot, uint32_t how);
    /* Gives pages_map's back, all of one call. */
    void (*pages_unmap)(void *pages, uint32_t count);
};

struct fs {
    struct fs_io io;
    struct pages pages;
    struct node *root;
    uint64_t next_ino;
    uint32_t nodes, descriptions, locks;
    struct entry **buckets;
    uint32_t buckets_count, entries;
    struct process processes[PROCESSES_MAX];
    uint64_t ended[ENDED_LOG];
    uint64_t ends;
    struct queue polls;
    struct fos_siphash_key tickets;
    struct fos_cap control; /* by which the process fleet proves who it is */
    struct fos_siphash_key secrets; /* sessions and map words are drawn by it */
    uint64_t drawn;
    uint64_t boot_size; /* bytes of the archive's files */
    struct map maps[MAPS_MAX];
    struct shared shared[SHARED_MAX];
    uint32_t shared_count, shared_limit; /* places taken, and that may be: F6 */
};

extern struct fs fs;

/* Made by the test or main before anything else; the root and no more.  False: no
 * memory. */
bool fs_init(const struct fs_io *io, uint32_t pages);

/* node.c */
struct node *node_make(uint32_t mode, uint32_t dev, const struct process *owner);
struct node *node_get(struct node *node);
void node_put(struct node *node);
bool entries_init(void);
struct entry *entry_find(const struct node *dir, const char *name, size_t length);
/* Names the node there; 0 or -FOS_ENOSPC. */
long entry_add(struct node *dir, const char *name, size_t length,
               struct node *node);
void entry_remove(struct entry *entry);
void node_touch(struct node *node); /* contents changed now */
static inline bool is_type(const struct node *node, uint32_t type)
{
    return (node->mode & FS_IFMT) == type;
}
static inline bool is_dir(const struct node *node)
{
    return is_type(node, FS_IFDIR);
}

/* data.c: bytes of regular files.  Results: bytes, or an error. */
long data_read(struct node *node, uint64_t offset, void *to, size_t length);
long data_write(struct node *node, uint64_t offset, const void *from,
                size_t length);
long data_resize(struct node *node, uint64_t size);
/* The page's address, made if there is none and marked as mapped.  NULL: no room. */
void *data_page(struct node *node, uint64_t index);
void data_free(struct node *node);

/* walk.c */
struct walk {
    struct process *process;
    struct node *start;
    const char *path;
    size_t length;
    bool follow;  /* a symbolic link at the end */
    bool missing; /* the last name need not exist */
    bool
        keep; /* the name is to be made or taken away: a slash does not go through */
    /* Found: */
    struct node *node;   /* NULL: missing */
    struct node *parent; /* NULL: the path ends in a slash only, "." or ".." */
    char name[FS_NAME_MAX + 1];
    size_t name_length;
    bool slash;   /* the path ends in one */
    bool dot_dot; /* or in "..", or "." */
    bool dot;
};
long walk(struct walk *w);
bool may(const struct process *p, const struct node *node, uint32_t what);
static inline bool read_only(const struct node *node)
{
    return node->dev == DEV_BOOT;
}

/* stat.c */
void node_stat(struct fs_stat *s, const struct node *node);
void pipe_stat(struct fs_stat *s, const struct process *p, const struct pipe *pipe);

/* tree.c */
long tree_make(struct walk *at, uint32_t mode, uint64_t rdev, struct node **made);
long tree_link(struct node *from, struct walk *to);
long tree_symlink(const char *text, size_t length, struct walk *to);
long tree_unlink(struct walk *at, bool directory);
long tree_rename(struct walk *from, struct walk *to);
long tree_change(struct process *p, struct node *node,
                 const struct fs_change_req *req, bool writable);
/* The path of a directory, or of the entry `name` of it. */
long tree_path(const struct node *dir, const char *name, char *to, size_t capacity);

/* process.c */
struct process *process_of(uint64_t session);
struct process *process_find(uint64_t pid);
struct process *process_attach(uint64_t pid, struct fos_cap space);
long process_inherit(uint64_t parent, uint64_t child);
void process_ended(uint64_t pid);
struct description *description_of(const struct process *p, uint32_t handle);
/* Takes over the caller's ref, also when it fails: -FOS_EMFILE. */
long handle_add(struct process *p, struct description *d);
long handle_close(struct process *p, uint32_t handle);
struct description *description_make(struct node *node, enum fs_kind kind,
                                     uint32_t flags);
void description_put(struct description *d);

/* pipe.c */
struct pipe *pipe_make(struct node *node);
void pipe_opened(struct pipe *pipe, uint32_t flags);
void pipe_closed(struct pipe *pipe, uint32_t flags);
void pipe_put(struct pipe *pipe);
/* Answer `caller` now or later. */
void pipe_read(struct process *p, const struct fos_caller *caller,
               struct description *d, uint32_t length);
void pipe_write(struct process *p, const struct fos_caller *caller,
                struct description *d, const void *from, uint32_t length);
/* `asking`: for whose request, that is not a waiter; NULL: for one that is. */
long pipe_take(struct pipe *pipe, const struct process *asking, void *to,
               uint32_t length);
/* `whole`: all or nothing, which is -FOS_EAGAIN. */
long pipe_add(struct pipe *pipe, const struct process *asking, const void *from,
              uint32_t length, bool whole);
void pipe_pages_give(struct pipe *pipe);
/* Both ends, as handles of the process. */
long pipe_pair(struct process *p, uint32_t flags, struct fs_pipe_rep *rep);
void pipe_changed(struct pipe *pipe);
uint32_t pipe_ready(const struct pipe *pipe, uint32_t flags);
static inline uint32_t pipe_held(const struct pipe *pipe)
{
    return pipe->shared ? fos_pipe_held(pipe->shared)
                        : (uint32_t)(pipe->put - pipe->taken);
}

/* shared.c: fos/pipe.h */
/* Maps the pipe of the description into the caller's memory.  Its status flags, or an
 * error: -FOS_EAGAIN while others are at it. */
long shared_map(struct process *p, struct description *d, uint64_t address);
void shared_end(struct pipe *pipe);
/* As pipe_take and pipe_add.  -FOS_EAGAIN: a process is at it, and will tell. */
long shared_take(struct pipe *pipe, const struct process *asking, void *to,
                 uint32_t length);
long shared_add(struct pipe *pipe, const struct process *asking, const void *from,
                uint32_t length, bool whole);
/* Says who waits, and who is there. */
void shared_tell(const struct pipe *pipe);
/* The process is no more, or is another program: breaks its locks, and looks after
 * those it has not told. */
void shared_left(uint64_t pid);
/* It is no more, as is what it had mapped. */
void shared_ended(const struct process *p);

/* wait.c */
struct waiter *waiter_make(struct process *p, const struct fos_caller *caller,
                           enum waiter_kind kind, struct description *d,
                           const void *data, uint32_t length);
void waiter_queue(struct waiter *w, struct queue *queue);
/* Takes it out of its queue and answers it; `reply` as in fos_answer. */
void waiter_answer(struct waiter *w, long result, void *reply, size_t length);
void waiters_cancel(const struct fos_caller *caller);

/* open.c */
void open_begin(struct process *p, const struct fos_caller *caller, struct walk *w,
                uint32_t flags, uint32_t mode);
void open_settle(struct pipe *pipe); /* FIFO opens whose other side has come */
void file_read(struct process *p, const struct fos_caller *caller,
               struct description *d, uint32_t length, int64_t offset);
void file_write(struct process *p, const struct fos_caller *caller,
                struct description *d, const void *from, uint32_t length,
                int64_t offset);
long file_seek(struct description *d, int64_t offset, uint32_t whence);
long file_entries(struct description *d, void *to, uint32_t capacity);
/* Contents to or from anywhere, now: bytes or an error.  Not for pipes. */
long file_get(struct description *d, void *to, uint32_t length, int64_t offset);
long file_put(struct description *d, const void *from, uint32_t length,
              int64_t offset);

/* lock.c */
void lock_ask(struct process *p, const struct fos_caller *caller,
              struct description *d, const struct fs_lock_req *req);
void locks_drop(struct process *p, struct node *node);

/* poll.c */
void poll_ask(struct process *p, const struct fos_caller *caller,
              const struct fs_poll_item *items, uint32_t count, bool wait);
void polls_review(const struct pipe *pipe);
void poll_ends(struct waiter *w);

/* map.c */
long map_open(struct description *d, uint32_t prot, bool shared, uint64_t word[2]);
long map_page(const struct fs_page_req *req);

/* A number that nobody can guess. */
uint64_t secret_draw(uint64_t about);

/* boot.c */
bool tree_begin(const void *archive, uint64_t size);

/* request.c */
extern struct fos_service fs_service;

static inline void answer(const struct fos_caller *caller, long result)
{
    fs.io.answer(caller, result < 0 ? FS_ERROR + result : result, NULL, 0);
}

#endif
