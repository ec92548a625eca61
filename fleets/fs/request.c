/* SPDX-License-Identifier: MIT */
/* Requests: the caller is found, lengths and handles are checked, then it is done. */
#include <string.h>

#include <fos/abi/atomic.h>
#include <fos/cap.h>
#include <fos/ticket.h>

#include "core.h"

FOS_SERVICE_TABLE(table, FS_OPS)

static void ended(const uint64_t *pids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        process_ended(pids[i]);
}

struct fos_service fs_service =
    FOS_SERVICE(fs, table, .cancel = waiters_cancel, .ended = ended);

static bool ticket_good(struct fos_cap ticket)
{
    return fos_ticket_check(&fs.tickets, ticket);
}

static bool control_good(struct fos_cap shown)
{
    return fs.control.id && fos_cap_equal(shown, fs.control);
}

/* The caller, or NULL: it has been told. */
static struct process *caller_of(const struct fos_caller *caller, uint64_t session)
{
    struct process *p = process_of(session);

    if (fos_unlikely(!p))
        answer(caller, -FOS_ESRCH);
    return p;
}

static struct description *handle_of(const struct fos_caller *caller,
                                     uint64_t session, uint32_t handle,
                                     struct process **p)
{
    struct description *d;

    *p = caller_of(caller, session);
    if (!*p)
        return NULL;
    d = description_of(*p, handle);
    if (fos_unlikely(!d || d->flags & FS_PATH_ONLY)) {
        answer(caller, -FOS_EBADF);
        return NULL;
    }
    return d;
}

/* Where a path begins: 0 or EBADF, ENOTDIR (by walk). */
static long start_of(struct walk *w, struct process *p, uint32_t dir)
{
    const struct description *d = description_of(p, dir);

    w->process = p;
    w->start = p->cwd;
    if (dir == FS_CWD || (w->length && w->path[0] == '/'))
        return 0;
    if (!d || !d->node)
        return -FOS_EBADF;
    w->start = d->node;
    return 0;
}

/* The path behind a request's struct. */
#define PATH_OF(req, size)                                                  \
    (struct walk)                                                           \
    {                                                                       \
        .path = (const char *)((req) + 1), .length = (size) - sizeof *(req) \
    }

static long path_walk(struct walk *w, struct process *p, uint32_t dir)
{
    long error = start_of(w, p, dir);

    return error ? error : walk(w);
}

/* The same where an empty path is `dir` itself; *d is its description then. */
static long object_find(struct walk *w, struct process *p, uint32_t dir,
                        const struct description **d)
{
    *d = NULL;
    if (w->length)
        return path_walk(w, p, dir);
    w->process = p;
    w->node = p->cwd;
    if (dir == FS_CWD)
        return 0;
    *d = description_of(p, dir);
    if (!*d)
        return -FOS_EBADF;
    w->node = (*d)->node;
    return 0;
}

/* The caller, and what it names found; NULL: it has been told. */
static struct process *object_of(const struct fos_caller *caller, uint64_t session,
                                 uint32_t dir, struct walk *w,
                                 const struct description **d)
{
    struct process *p = caller_of(caller, session);
    long error = p ? object_find(w, p, dir, d) : 0;

    if (error)
        answer(caller, error);
    return error ? NULL : p;
}

static void fs_attach(const struct fos_caller *caller,
                      const struct fs_attach_req *req, size_t length)
{
    struct fs_attach_rep rep = {0};
    struct process *p;

    (void)length;
    if (!ticket_good(req->ticket)) {
        answer(caller, -FOS_EACCES);
        return;
    }
    p = process_attach(fos_ticket_pid(req->ticket), req->space);
    if (!p) {
        answer(caller, -FOS_ENFILE);
        return;
    }
    rep.session = p->session;
    fs.io.answer(caller, 0, &rep, sizeof rep);
}

static void fs_open(const struct fos_caller *caller, const struct fs_open_req *req,
                    size_t length)
{
    struct process *p = caller_of(caller, req->session);
    struct walk w = PATH_OF(req, length);
    bool exclusive = req->flags & FS_CREATE && req->flags & FS_EXCLUSIVE;

    if (!p)
        return;
    w.missing = req->flags & FS_CREATE;
    w.follow = !exclusive && !(req->flags & FS_NOFOLLOW);
    long error = path_walk(&w, p, req->dir);
    if (error)
        answer(caller, error);
    else
        open_begin(p, caller, &w, req->flags, req->mode);
}

static void fs_close(const struct fos_caller *caller,
                     const struct fs_close_req *req, size_t length)
{
    struct process *p = caller_of(caller, req->session);
    struct fs_close_rep rep;
    long error = p ? handle_close(p, req->handle) : 0;

    (void)length;
    if (p && error)
        answer(caller, error);
    else if (p)
        fs.io.answer(caller, 0, &rep, sizeof rep);
}

static void fs_read(const struct fos_caller *caller, const struct fs_read_req *req,
                    size_t length)
{
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);

    (void)length;
    if (d)
        file_read(p, caller, d, req->length, req->offset);
}

static void fs_write(const struct fos_caller *caller,
                     const struct fs_write_req *req, size_t length)
{
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);

    if (d)
        file_write(p, caller, d, req + 1, (uint32_t)(length - sizeof *req),
                   req->offset);
}

/* By way of a buffer: what is in the file may be in no page. */
static void fs_transfer(const struct fos_caller *caller,
                        const struct fs_transfer_req *req, size_t length)
{
    static uint8_t buffer[65536];
    struct fs_transfer_rep rep;
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);
    long error = 0, done = 0;

    (void)length;
    if (!d)
        return;
    if (req->length > sizeof buffer || d->kind == FS_KIND_STREAM)
        error = -FOS_EINVAL;
    else if (req->write)
        error = fs.io.copy(p->space, req->address, buffer, req->length, false);
    else
        error = done = file_get(d, buffer, req->length, req->offset);
    if (error >= 0 && req->write)
        error = done = file_put(d, buffer, req->length, req->offset);
    else if (error > 0)
        error = fs.io.copy(p->space, req->address, buffer, (size_t)done, true);
    if (error == -FOS_EFAULT && !req->write && req->offset == FS_HERE && done > 0)
        d->offset -= done;
    if (error < 0)
        answer(caller, error);
    else
        fs.io.answer(caller, done, &rep, sizeof rep);
}

static void fs_seek(const struct fos_caller *caller, const struct fs_seek_req *req,
                    size_t length)
{
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);
    long error = d ? file_seek(d, req->offset, req->whence) : 0;
    struct fs_seek_rep rep = {.offset = d && !error ? d->offset : 0};

    (void)length;
    if (d && error)
        answer(caller, error);
    else if (d)
        fs.io.answer(caller, 0, &rep, sizeof rep);
}

static void fs_stat(const struct fos_caller *caller, const struct fs_stat_req *req,
                    size_t length)
{
    struct walk w = PATH_OF(req, length);
    const struct description *d;
    struct fs_stat_rep rep = {0};

    w.follow = !(req->flags & FS_NOFOLLOW);
    struct process *p = object_of(caller, req->session, req->dir, &w, &d);
    if (!p)
        return;
    if (w.node)
        node_stat(&rep.stat, w.node);
    else if (d)
        pipe_stat(&rep.stat, p, d->pipe);
    fs.io.answer(caller, 0, &rep, sizeof rep);
}

static long control(struct description *d, uint32_t what, uint64_t argument)
{
    uint64_t left;

    switch (what) {
    case FS_GET_FLAGS:
        return (long)d->flags;
    case FS_SET_FLAGS:
        d->flags =
            (d->flags & ~(uint32_t)FS_STATUS) | ((uint32_t)argument & FS_STATUS);
        return 0;
    case FS_AVAILABLE:
        if (d->pipe)
            return pipe_held(d->pipe);
        if (d->kind != FS_KIND_FILE || d->node->size <= (uint64_t)d->offset)
            return 0;
        left = d->node->size - (uint64_t)d->offset;
        return left < INT32_MAX ? (long)left : INT32_MAX;
    default:
        return -FOS_EINVAL;
    }
}

static void fs_control(const struct fos_caller *caller,
                       const struct fs_control_req *req, size_t length)
{
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);
    struct fs_control_rep rep;
    long result = d ? control(d, req->what, req->argument) : 0;

    (void)length;
    if (d && result < 0)
        answer(caller, result);
    else if (d)
        fs.io.answer(caller, result, &rep, sizeof rep);
}

static void fs_entries(const struct fos_caller *caller,
                       const struct fs_entries_req *req, size_t length)
{
    static struct fs_entries_rep rep;
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);
    uint32_t room = req->length < sizeof rep.data ? req->length : sizeof rep.data;
    long result = d ? file_entries(d, rep.data, room) : 0;

    (void)length;
    if (d && result < 0)
        answer(caller, result);
    else if (d)
        fs.io.answer(caller, result, &rep, sizeof rep.head + (size_t)result);
}

/* Answers a request that gives nothing but its success. */
static void done(const struct fos_caller *caller, long error)
{
    struct fos_reply rep;

    if (error)
        answer(caller, error);
    else
        fs.io.answer(caller, 0, &rep, sizeof rep);
}

static void fs_unlink(const struct fos_caller *caller,
                      const struct fs_unlink_req *req, size_t length)
{
    struct process *p = caller_of(caller, req->session);
    struct walk w = PATH_OF(req, length);

    if (!p)
        return;
    w.keep = true;
    long error = path_walk(&w, p, req->dir);
    done(caller, error ? error : tree_unlink(&w, req->directory != 0));
}

static long make_check(const struct process *p, uint32_t mode)
{
    switch (mode & FS_IFMT) {
    case FS_IFDIR:
    case FS_IFREG:
    case FS_IFIFO:
        return 0;
    case FS_IFCHR:
        return p->uid ? -FOS_EPERM : 0;
    default:
        return -FOS_EINVAL;
    }
}

static void fs_make(const struct fos_caller *caller, const struct fs_make_req *req,
                    size_t length)
{
    struct process *p = caller_of(caller, req->session);
    struct walk w = PATH_OF(req, length);
    uint32_t mode = req->mode;

    if (!p)
        return;
    mode = (mode & FS_IFMT) | (mode & FS_MODE_BITS & ~p->umask);
    w.missing = w.keep = true;
    long error = make_check(p, mode);
    if (!error)
        error = path_walk(&w, p, req->dir);
    done(caller, error ? error : tree_make(&w, mode, req->rdev, NULL));
}

static long link_do(struct process *p, const struct fs_link_req *req,
                    struct walk *from, struct walk *to)
{
    const struct description *d;
    long error;

    to->missing = to->keep = true;
    if (req->what == FS_LINK_SYMBOLIC) {
        error = path_walk(to, p, req->to_dir);
        return error ? error : tree_symlink(from->path, from->length, to);
    }
    from->follow = req->what == FS_LINK_HARD && req->follow;
    from->keep = req->what == FS_LINK_RENAME;
    from->missing =
        req->what == FS_LINK_RENAME; /* the other path's fault comes first */
    error = req->what == FS_LINK_HARD && req->follow
                ? object_find(from, p, req->from_dir, &d)
                : path_walk(from, p, req->from_dir);
    if (!error)
        error = path_walk(to, p, req->to_dir);
    if (!error && !from->node)
        error = -FOS_ENOENT;
    if (error)
        return error;
    return req->what == FS_LINK_HARD ? tree_link(from->node, to)
                                     : tree_rename(from, to);
}

static void fs_link(const struct fos_caller *caller, const struct fs_link_req *req,
                    size_t length)
{
    struct process *p = caller_of(caller, req->session);
    struct walk from = PATH_OF(req, length), to = from;

    if (!p)
        return;
    if (req->from_length > from.length || req->what < FS_LINK_HARD ||
        req->what > FS_LINK_RENAME || memchr(from.path, '\0', req->from_length)) {
        answer(caller, -FOS_EINVAL);
        return;
    }
    from.length = req->from_length;
    to.path += req->from_length;
    to.length -= req->from_length;
    done(caller, link_do(p, req, &from, &to));
}

static long text_of(struct walk *w, uint32_t what, char *to)
{
    if (!w->node)
        return -FOS_EINVAL;
    if (what == FS_TEXT_LINK) {
        if (!is_type(w->node, FS_IFLNK))
            return -FOS_EINVAL;
        memcpy(to, w->node->target, w->node->size);
        return (long)w->node->size;
    }
    if (is_dir(w->node))
        return tree_path(w->node, NULL, to, FS_PATH_MAX - 1);
    return w->parent ? tree_path(w->parent, w->name, to, FS_PATH_MAX - 1)
                     : -FOS_EINVAL;
}

static void fs_text(const struct fos_caller *caller, const struct fs_text_req *req,
                    size_t length)
{
    static struct fs_text_rep rep;
    struct walk w = PATH_OF(req, length);
    const struct description *d;

    w.follow = req->what != FS_TEXT_LINK;
    if (!object_of(caller, req->session, req->dir, &w, &d))
        return;
    long result = text_of(&w, req->what, rep.text);
    if (result < 0)
        answer(caller, result);
    else
        fs.io.answer(caller, result, &rep, sizeof rep.head + (size_t)result);
}

static void fs_change(const struct fos_caller *caller,
                      const struct fs_change_req *req, size_t length)
{
    struct walk w = PATH_OF(req, length);
    const struct description *d;

    w.follow = !(req->flags & FS_NOFOLLOW);
    struct process *p = object_of(caller, req->session, req->dir, &w, &d);
    if (!p)
        return;
    if (!w.node || (d && req->what & FS_CHANGE_SIZE && !(d->flags & FS_WRITE)))
        done(caller, -FOS_EINVAL);
    else
        done(caller, tree_change(p, w.node, req, d != NULL));
}

static void fs_pipe(const struct fos_caller *caller, const struct fs_pipe_req *req,
                    size_t length)
{
    struct process *p = caller_of(caller, req->session);
    struct fs_pipe_rep rep = {0};
    long error = p ? pipe_pair(p, req->flags & FS_NONBLOCK, &rep) : 0;

    (void)length;
    if (p && error)
        answer(caller, error);
    else if (p)
        fs.io.answer(caller, 0, &rep, sizeof rep);
}

static void fs_share(const struct fos_caller *caller,
                     const struct fs_share_req *req, size_t length)
{
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);
    struct fs_share_rep rep;
    long result = d ? shared_map(p, d, req->address) : 0;

    (void)length;
    if (d && result < 0)
        answer(caller, result);
    else if (d)
        fs.io.answer(caller, result, &rep, sizeof rep);
}

/* No answer is wanted. */
static void fs_kick(const struct fos_caller *caller, const struct fs_kick_req *req,
                    size_t length)
{
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);

    (void)length;
    if (d && d->pipe)
        pipe_changed(d->pipe);
}

static long cwd_set(struct process *p, const struct fs_process_req *req,
                    struct walk *w)
{
    const struct description *d;
    long error;

    w->follow = true;
    error = object_find(w, p, req->dir, &d);
    if (!error && (!w->node || !is_dir(w->node)))
        error = -FOS_ENOTDIR;
    if (!error && !may(p, w->node, FS_MAY_EXECUTE))
        error = -FOS_EACCES;
    if (error)
        return error;
    node_get(w->node);
    node_put(p->cwd);
    p->cwd = w->node;
    return 0;
}

static long process_do(struct process *p, const struct fs_process_req *req,
                       struct walk *w)
{
    long before = p->umask;

    switch (req->what) {
    case FS_PROCESS_CHDIR:
        return cwd_set(p, req, w);
    case FS_PROCESS_UMASK:
        p->umask = (uint32_t)req->value & 0777;
        return before;
    case FS_PROCESS_USER:
        if (p->uid)
            return -FOS_EPERM;
        p->uid = (uint32_t)(req->value >> 32);
        p->gid = (uint32_t)req->value;
        return 0;
    default:
        return -FOS_EINVAL;
    }
}

static void fs_process(const struct fos_caller *caller,
                       const struct fs_process_req *req, size_t length)
{
    struct process *p = caller_of(caller, req->session);
    struct walk w = PATH_OF(req, length);
    struct fs_process_rep rep;
    long result = p ? process_do(p, req, &w) : 0;

    if (p && result < 0)
        answer(caller, result);
    else if (p)
        fs.io.answer(caller, result, &rep, sizeof rep);
}

static void fs_lock(const struct fos_caller *caller, const struct fs_lock_req *req,
                    size_t length)
{
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);

    (void)length;
    if (d)
        lock_ask(p, caller, d, req);
}

static void fs_poll(const struct fos_caller *caller, const struct fs_poll_req *req,
                    size_t length)
{
    struct process *p = caller_of(caller, req->session);
    uint32_t count = req->count;

    if (!p)
        return;
    if (count > FS_POLL_MAX ||
        length - sizeof *req != count * sizeof(struct fs_poll_item))
        answer(caller, -FOS_EINVAL);
    else
        poll_ask(p, caller, (const void *)(req + 1), count, req->wait != 0);
}

static void fs_statvfs(const struct fos_caller *caller,
                       const struct fs_statvfs_req *req, size_t length)
{
    struct walk w = PATH_OF(req, length);
    const struct description *d;
    uint32_t left = fs.pages.limit - fs.pages.used;
    struct fs_statvfs_rep rep = {
        .pages = fs.pages.limit,
        .pages_free = left > PAGES_RESERVE ? left - PAGES_RESERVE : 0,
        .files = NODES_MAX,
        .files_free = NODES_MAX - fs.nodes,
    };

    w.follow = true;
    if (!object_of(caller, req->session, req->dir, &w, &d))
        return;
    rep.dev = w.node ? w.node->dev : 0;
    if (rep.dev == DEV_BOOT) {
        rep.pages = (fs.boot_size + PAGE - 1) / PAGE;
        rep.pages_free = 0;
        rep.read_only = 1;
    }
    fs.io.answer(caller, 0, &rep, sizeof rep);
}

static void fs_access(const struct fos_caller *caller,
                      const struct fs_access_req *req, size_t length)
{
    struct walk w = PATH_OF(req, length);
    const struct description *d;
    long error = 0;

    w.follow = !(req->flags & FS_NOFOLLOW);
    struct process *p = object_of(caller, req->session, req->dir, &w, &d);
    if (!p)
        return;
    if (w.node && req->what & FS_MAY_WRITE && read_only(w.node) &&
        !is_type(w.node, FS_IFCHR))
        error = -FOS_EROFS;
    if (!error && w.node && !may(p, w.node, req->what & 7))
        error = -FOS_EACCES;
    done(caller, error);
}

static void fs_map(const struct fos_caller *caller, const struct fs_map_req *req,
                   size_t length)
{
    struct process *p;
    struct description *d = handle_of(caller, req->session, req->handle, &p);
    struct fs_map_rep rep = {0};

    (void)length;
    if (!d)
        return;
    long error = map_open(d, req->prot, req->shared != 0, rep.word);
    if (error)
        answer(caller, error);
    else
        fs.io.answer(caller, 0, &rep, sizeof rep);
}

static void fs_page(const struct fos_caller *caller, const struct fs_page_req *req,
                    size_t length)
{
    (void)length;
    if (!ticket_good(req->ticket) || !fos_ticket_system(req->ticket))
        answer(caller, -FOS_EACCES);
    else
        done(caller, map_page(req));
}

static void fs_inherit(const struct fos_caller *caller,
                       const struct fs_inherit_req *req, size_t length)
{
    (void)length;
    if (!control_good(req->control))
        answer(caller, -FOS_EACCES);
    else
        done(caller, process_inherit(req->parent, req->child));
}
