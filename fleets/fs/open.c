/* SPDX-License-Identifier: MIT */
/* Opening files, and reading and writing what is open. */
#include <string.h>

#include "core.h"

static enum fs_kind kind_of(const struct node *node)
{
    switch (node->mode & FS_IFMT) {
    case FS_IFDIR:
        return FS_KIND_DIRECTORY;
    case FS_IFIFO:
        return FS_KIND_STREAM;
    case FS_IFCHR:
        return node->rdev == FS_DEVICE_TTY || node->rdev == FS_DEVICE_CONSOLE
                   ? FS_KIND_TERMINAL
                   : FS_KIND_DEVICE;
    default:
        return FS_KIND_FILE;
    }
}

static long open_check(const struct walk *w, uint32_t flags)
{
    const struct node *node = w->node;
    bool writes = flags & (FS_WRITE | FS_TRUNCATE);

    if (flags & FS_CREATE && flags & FS_EXCLUSIVE)
        return -FOS_EEXIST;
    if (is_type(node, FS_IFLNK))
        return flags & FS_PATH_ONLY ? 0 : -FOS_ELOOP;
    if (flags & FS_DIRECTORY && !is_dir(node))
        return -FOS_ENOTDIR;
    if (is_dir(node) && (writes || flags & FS_CREATE))
        return -FOS_EISDIR;
    if (flags & FS_PATH_ONLY)
        return 0;
    if (writes && read_only(node))
        return -FOS_EROFS;
    if ((flags & FS_READ && !may(w->process, node, FS_MAY_READ)) ||
        (writes && !may(w->process, node, FS_MAY_WRITE)))
        return -FOS_EACCES;
    return 0;
}

static void open_answer(const struct fos_caller *caller, struct waiter *w,
                        uint32_t handle, enum fs_kind kind, uint64_t rdev)
{
    struct fs_open_rep rep = {.handle = handle, .kind = kind, .rdev = rdev};

    if (w)
        waiter_answer(w, 0, &rep, sizeof rep);
    else
        fs.io.answer(caller, 0, &rep, sizeof rep);
}

/* The other side of a FIFO is there, or has been since this one began to wait. */
static bool other_side(const struct pipe *pipe, uint32_t flags, uint64_t seen)
{
    if ((flags & (FS_READ | FS_WRITE)) == (FS_READ | FS_WRITE))
        return true;
    if (flags & FS_READ)
        return pipe->writers || pipe->write_opens > seen;
    return pipe->readers || pipe->read_opens > seen;
}

static void open_done(struct process *p, const struct fos_caller *caller,
                      struct waiter *w, struct description *d)
{
    enum fs_kind kind = d->kind;
    long handle = handle_add(p, d);

    if (handle >= 0)
        open_answer(caller, w, (uint32_t)handle, kind, 0);
    else if (w)
        waiter_answer(w, FS_ERROR + handle, NULL, 0);
    else
        answer(caller, handle);
}

void open_settle(struct pipe *pipe)
{
    struct waiter *w = pipe->opening.first;

    while (w) {
        struct description *d = w->description;
        if (!other_side(pipe, d->flags, w->seen)) {
            w = w->next;
            continue;
        }
        d->refs++;
        open_done(w->process, &w->caller, w, d);
        w = pipe->opening.first;
    }
}

static void fifo_wait(struct process *p, const struct fos_caller *caller,
                      struct description *d)
{
    struct pipe *pipe = d->pipe;
    uint64_t seen = d->flags & FS_READ ? pipe->write_opens : pipe->read_opens;

    if (d->flags & FS_NONBLOCK || other_side(pipe, d->flags, seen)) {
        open_done(p, caller, NULL, d);
    } else {
        struct waiter *w = waiter_make(p, caller, WAIT_OPEN, d, NULL, 0);
        if (w) {
            w->seen = seen;
            waiter_queue(w, &pipe->opening);
        } else {
            answer(caller, -FOS_ENOMEM);
        }
        description_put(d);
    }
}

static void fifo_open(struct process *p, const struct fos_caller *caller,
                      struct description *d)
{
    struct pipe *pipe = d->node->pipe;
    bool made = !pipe;

    if (made)
        pipe = pipe_make(d->node);
    if (!pipe) {
        description_put(d);
        answer(caller, -FOS_ENOMEM);
        return;
    }
    if ((d->flags & (FS_READ | FS_WRITE | FS_NONBLOCK)) ==
            (FS_WRITE | FS_NONBLOCK) &&
        !pipe->readers) {
        if (made)
            pipe_put(pipe);
        description_put(d);
        answer(caller, -FOS_ENXIO);
        return;
    }
    d->pipe = pipe;
    pipe_opened(pipe, d->flags);
    if (made)
        pipe_put(pipe); /* the description has it now */
    pipe->refs++;
    fifo_wait(p, caller, d);
    pipe_changed(pipe);
    pipe_put(pipe);
}

static void node_open(struct process *p, const struct fos_caller *caller,
                      struct node *node, uint32_t flags)
{
    enum fs_kind kind = kind_of(node);
    struct description *d;

    if (kind == FS_KIND_TERMINAL && !(flags & FS_PATH_ONLY)) {
        open_answer(caller, NULL, FS_CWD, kind, node->rdev);
        return;
    }
    d = description_make(node, kind,
                         flags & (FS_READ | FS_WRITE | FS_STATUS | FS_PATH_ONLY));
    if (!d)
        answer(caller, -FOS_ENFILE);
    else if (kind == FS_KIND_STREAM && !(flags & FS_PATH_ONLY))
        fifo_open(p, caller, d);
    else
        open_done(p, caller, NULL, d);
}

static long missing_make(struct walk *w, uint32_t flags, uint32_t mode)
{
    if (!(flags & FS_CREATE))
        return -FOS_ENOENT;
    mode = FS_IFREG | (mode & FS_MODE_BITS & ~w->process->umask);
    return w->slash ? -FOS_EISDIR : tree_make(w, mode, 0, &w->node);
}

void open_begin(struct process *p, const struct fos_caller *caller, struct walk *w,
                uint32_t flags, uint32_t mode)
{
    bool made = !w->node;
    long error = made ? missing_make(w, flags, mode) : open_check(w, flags);

    if (!error && !made && flags & FS_TRUNCATE && is_type(w->node, FS_IFREG))
        error = data_resize(w->node, 0);
    if (error)
        answer(caller, error);
    else
        node_open(p, caller, w->node, flags);
}

/* ---- devices ---- */

static long device_get(const struct node *node, void *to, uint32_t length)
{
    switch (node->rdev) {
    case FS_DEVICE_NULL:
        return 0;
    case FS_DEVICE_ZERO:
    case FS_DEVICE_FULL:
        memset(to, 0, length);
        return length;
    case FS_DEVICE_RANDOM:
    case FS_DEVICE_URANDOM:
        fs.io.random(to, length);
        return length;
    default:
        return -FOS_ENXIO;
    }
}

static long device_put(const struct node *node, uint32_t length)
{
    switch (node->rdev) {
    case FS_DEVICE_NULL:
    case FS_DEVICE_ZERO:
    case FS_DEVICE_RANDOM:
    case FS_DEVICE_URANDOM:
        return length;
    case FS_DEVICE_FULL:
        return -FOS_ENOSPC;
    default:
        return -FOS_ENXIO;
    }
}

/* ---- contents ---- */

long file_get(struct description *d, void *to, uint32_t length, int64_t offset)
{
    uint64_t at = (uint64_t)(offset == FS_HERE ? d->offset : offset);

    if (!(d->flags & FS_READ))
        return -FOS_EBADF;
    if (d->kind == FS_KIND_DIRECTORY)
        return -FOS_EISDIR;
    if (offset < FS_HERE)
        return -FOS_EINVAL;
    if (d->kind == FS_KIND_DEVICE)
        return device_get(d->node, to, length);
    long got = data_read(d->node, at, to, length);
    if (got > 0 && offset == FS_HERE)
        d->offset += got;
    return got;
}

long file_put(struct description *d, const void *from, uint32_t length,
              int64_t offset)
{
    uint64_t at = (uint64_t)(offset == FS_HERE ? d->offset : offset);

    if (!(d->flags & FS_WRITE))
        return -FOS_EBADF;
    if (offset < FS_HERE)
        return -FOS_EINVAL;
    if (d->kind == FS_KIND_DEVICE)
        return device_put(d->node, length);
    if (d->flags & FS_APPEND)
        at = d->node->size;
    long put = data_write(d->node, at, from, length);
    if (put > 0 && offset == FS_HERE)
        d->offset = (int64_t)at + put;
    return put;
}

void file_read(struct process *p, const struct fos_caller *caller,
               struct description *d, uint32_t length, int64_t offset)
{
    static struct fs_read_rep rep;

    if (d->kind == FS_KIND_STREAM && d->flags & FS_READ) {
        pipe_read(p, caller, d, length);
        return;
    }
    if (length > FS_READ_MAX)
        length = FS_READ_MAX;
    long got = file_get(d, rep.data, length, offset);
    if (got < 0)
        answer(caller, got);
    else
        fs.io.answer(caller, got, &rep, sizeof rep.head + (size_t)got);
}

void file_write(struct process *p, const struct fos_caller *caller,
                struct description *d, const void *from, uint32_t length,
                int64_t offset)
{
    struct fs_write_rep rep;

    if (d->kind == FS_KIND_STREAM && d->flags & FS_WRITE) {
        pipe_write(p, caller, d, from, length);
        return;
    }
    long put = file_put(d, from, length, offset);
    if (put < 0)
        answer(caller, put);
    else
        fs.io.answer(caller, put, &rep, sizeof rep);
}

long file_seek(struct description *d, int64_t offset, uint32_t whence)
{
    if (d->kind == FS_KIND_STREAM) /* a pipe has no node */
        return -FOS_ESPIPE;
    int64_t base = whence == FS_SEEK_CUR   ? d->offset
                   : whence == FS_SEEK_END ? (int64_t)d->node->size
                                           : 0;

    if (whence > FS_SEEK_END ||
        (d->kind == FS_KIND_DIRECTORY && whence == FS_SEEK_END))
        return -FOS_EINVAL;
    if (d->kind == FS_KIND_DEVICE)
        return 0;
    if (__builtin_add_overflow(base, offset, &offset))
        return -FOS_EOVERFLOW;
    if (offset < 0)
        return -FOS_EINVAL;
    d->offset = offset;
    return 0;
}

/* ---- directories ---- */

static bool entry_put(uint8_t *to, uint32_t capacity, uint32_t *used,
                      const struct node *node, const char *name, uint32_t length,
                      int64_t next)
{
    uint32_t size = (uint32_t)(sizeof(struct fs_entry) + length + 1 + 7) & ~7u;
    struct fs_entry head = {.ino = node->ino,
                            .next = next,
                            .size = (uint16_t)size,
                            .mode = (uint16_t)(node->mode & FS_IFMT),
                            .length = length};

    if (size > capacity - *used)
        return false;
    memcpy(to + *used, &head, sizeof head);
    memcpy(to + *used + sizeof head, name, length);
    memset(to + *used + sizeof head + length, 0, size - sizeof head - length);
    *used += size;
    return true;
}

long file_entries(struct description *d, void *to, uint32_t capacity)
{
    const struct node *dir = d->node;
    uint32_t used = 0;

    if (d->kind != FS_KIND_DIRECTORY)
        return -FOS_ENOTDIR;
    if (!(d->flags & FS_READ))
        return -FOS_EBADF;
    if (dir->links == 0)
        return 0;
    if (d->offset == 0 && entry_put(to, capacity, &used, dir, ".", 1, 1))
        d->offset = 1;
    if (d->offset == 1 &&
        entry_put(to, capacity, &used, dir->dir.parent, "..", 2, 2))
        d->offset = 2;
    const struct entry *e = dir->dir.first;
    for (; e && e->place < d->offset; e = e->next)
        continue;
    for (; e && d->offset >= 2; e = e->next) {
        if (!entry_put(to, capacity, &used, e->node, e->name, e->length,
                       e->place + 1))
            return used ? (long)used : -FOS_EINVAL;
        d->offset = e->place + 1;
    }
    return used;
}
