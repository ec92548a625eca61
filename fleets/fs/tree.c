/* SPDX-License-Identifier: MIT */
/* Changes of the tree: everything is checked before anything is changed. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

enum { STICKY = 01000, SET_IDS = 06000, SET_GID = 02000 };

/* Whether the process may change what the directory names. */
static long dir_writable(const struct process *p, const struct node *dir)
{
    if (read_only(dir))
        return -FOS_EROFS;
    if (dir->links == 0)
        return -FOS_ENOENT;
    return may(p, dir, FS_MAY_WRITE | FS_MAY_EXECUTE) ? 0 : -FOS_EACCES;
}

/* In a sticky directory only the owners take names away. */
static long removable(const struct process *p, const struct node *dir,
                      const struct node *node)
{
    long error = dir_writable(p, dir);

    if (!error && dir->mode & STICKY && p->uid && p->uid != dir->uid &&
        p->uid != node->uid)
        error = -FOS_EPERM;
    return error;
}

/* A name that can be given to something new. */
static long name_free(const struct walk *at, bool directory)
{
    if (at->node)
        return -FOS_EEXIST;
    if (at->slash && !directory)
        return -FOS_ENOENT;
    return dir_writable(at->process, at->parent);
}

static long node_name(struct walk *at, struct node *node)
{
    long error = entry_add(at->parent, at->name, at->name_length, node);

    if (!error)
        node_touch(at->parent);
    return error;
}

long tree_make(struct walk *at, uint32_t mode, uint64_t rdev, struct node **made)
{
    bool directory = (mode & FS_IFMT) == FS_IFDIR;
    long error = name_free(at, directory);

    if (!error && directory && at->parent->links >= LINKS_MAX)
        error = -FOS_EMLINK;
    if (error)
        return error;
    struct node *node = node_make(mode, at->parent->dev, at->process);
    if (!node)
        return -FOS_ENOSPC;
    node->rdev = rdev;
    if (at->parent->mode & SET_GID) {
        node->gid = at->parent->gid;
        node->mode |= directory ? SET_GID : 0;
    }
    error = node_name(at, node);
    if (!error && made)
        *made = node;
    node_put(node); /* the entry has it */
    return error;
}

long tree_link(struct node *from, struct walk *to)
{
    long error = name_free(to, false);

    if (!error && is_dir(from))
        error = -FOS_EPERM;
    if (!error && from->dev != to->parent->dev)
        error = -FOS_EXDEV;
    if (!error && from->links >= LINKS_MAX)
        error = -FOS_EMLINK;
    if (!error)
        error = node_name(to, from);
    if (!error)
        from->ctime = fs.io.now();
    return error;
}

long tree_symlink(const char *text, size_t length, struct walk *to)
{
    struct node *node;
    long error = length ? name_free(to, false) : -FOS_ENOENT;
    char *target;

    if (!error && length >= FS_PATH_MAX)
        error = -FOS_ENAMETOOLONG;
    if (error)
        return error;
    target = malloc(length + 1);
    if (!target)
        return -FOS_ENOSPC;
    error = tree_make(to, FS_IFLNK | 0777, 0, &node);
    if (error) {
        free(target);
        return error;
    }
    memcpy(target, text, length);
    target[length] = '\0';
    node->target = target;
    node->size = length;
    return 0;
}

/* The root, ".", "..": what has no name of its own. */
static long nameless(const struct walk *at)
{
    if (at->dot)
        return -FOS_EINVAL;
    return at->dot_dot ? -FOS_ENOTEMPTY : -FOS_EBUSY;
}

static bool is_mount(const struct walk *at)
{
    return at->node->dev != at->parent->dev;
}

long tree_unlink(struct walk *at, bool directory)
{
    long error;

    if (directory && !is_dir(at->node))
        return -FOS_ENOTDIR;
    if (!directory && is_dir(at->node))
        return -FOS_EPERM;
    if (!at->parent)
        return nameless(at);
    error = removable(at->process, at->parent, at->node);
    if (!error && is_mount(at))
        error = -FOS_EBUSY;
    if (!error && directory && at->node->dir.first)
        error = -FOS_ENOTEMPTY;
    if (error)
        return error;
    at->node->ctime = fs.io.now();
    entry_remove(entry_find(at->parent, at->name, at->name_length));
    node_touch(at->parent);
    return 0;
}

static bool is_above(const struct node *dir, const struct node *below)
{
    for (const struct node *n = below; n; n = n->dir.parent) {
        if (n == dir)
            return true;
        if (n == fs.root)
            break;
    }
    return false;
}

/* What rename takes the place of, as Linux orders the reasons against it. */
static long replaceable(const struct walk *from, const struct walk *to)
{
    if (!to->node || to->node == from->node)
        return 0;
    if (is_dir(to->node) && is_above(to->node, from->parent))
        return -FOS_ENOTEMPTY;
    if (is_dir(from->node) && !is_dir(to->node))
        return -FOS_ENOTDIR;
    if (!is_dir(from->node) && is_dir(to->node))
        return -FOS_EISDIR;
    if (is_dir(to->node) && to->node->dir.first)
        return -FOS_ENOTEMPTY;
    return removable(to->process, to->parent, to->node);
}

static long rename_check(const struct walk *from, const struct walk *to)
{
    long error;

    if (!from->parent)
        return from->dot_dot ? -FOS_EINVAL : nameless(from);
    if (!to->parent)
        return to->dot_dot ? -FOS_EINVAL : nameless(to);
    if (from->node->dev != to->parent->dev || is_mount(from) ||
        (to->node && is_mount(to)))
        return -FOS_EXDEV;
    if (is_dir(from->node) && is_above(from->node, to->parent))
        return -FOS_EINVAL;
    if ((to->slash || from->slash) && !is_dir(from->node))
        return -FOS_ENOTDIR;
    error = removable(from->process, from->parent, from->node);
    if (!error)
        error = dir_writable(to->process, to->parent);
    if (!error && is_dir(from->node) && from->parent != to->parent &&
        !may(from->process, from->node, FS_MAY_WRITE))
        error = -FOS_EACCES;
    return error ? error : replaceable(from, to);
}

long tree_rename(struct walk *from, struct walk *to)
{
    struct node *node = from->node;
    long error = rename_check(from, to);

    if (error || to->node == node)
        return error;
    struct entry *old = entry_find(from->parent, from->name, from->name_length);
    struct entry *gone =
        to->node ? entry_find(to->parent, to->name, to->name_length) : NULL;
    error = entry_add(to->parent, to->name, to->name_length, node);
    if (error)
        return error;
    struct entry *made = to->parent->dir.last;
    if (gone) {
        to->node->ctime = fs.io.now();
        entry_remove(gone);
    }
    entry_remove(old);
    if (is_dir(node)) {
        node->dir.parent = to->parent;
        node->dir.name = made;
    }
    node->ctime = fs.io.now();
    node_touch(from->parent);
    node_touch(to->parent);
    return 0;
}

/* ---- changes of a node ---- */

static bool owns(const struct process *p, const struct node *node)
{
    return p->uid == 0 || p->uid == node->uid;
}

static long owner_check(const struct process *p, const struct node *node,
                        const struct fs_change_req *req)
{
    bool uid = req->uid != ~0u && req->uid != node->uid,
         gid = req->gid != ~0u && req->gid != node->gid;

    if (p->uid == 0 || (!uid && !gid))
        return 0;
    return uid || !owns(p, node) || req->gid != p->gid ? -FOS_EPERM : 0;
}

static long times_check(const struct process *p, const struct node *node,
                        const struct fs_change_req *req)
{
    bool now = req->atime_ns == FS_TIME_NOW && req->mtime_ns == FS_TIME_NOW;

    if (owns(p, node) || (now && may(p, node, FS_MAY_WRITE)))
        return 0;
    return now ? -FOS_EACCES : -FOS_EPERM;
}

static long size_check(const struct process *p, const struct node *node,
                       const struct fs_change_req *req, bool writable)
{
    if (is_dir(node))
        return -FOS_EISDIR;
    if (!is_type(node, FS_IFREG))
        return -FOS_EINVAL;
    if (!writable && !may(p, node, FS_MAY_WRITE))
        return -FOS_EACCES;
    return req->size > FILE_MAX ? -FOS_EFBIG : 0;
}

static long change_check(const struct process *p, const struct node *node,
                         const struct fs_change_req *req, bool writable)
{
    long error = read_only(node) ? -FOS_EROFS : 0;

    if (!error && req->what & FS_CHANGE_MODE && !owns(p, node))
        error = -FOS_EPERM;
    if (!error && req->what & FS_CHANGE_OWNER)
        error = owner_check(p, node, req);
    if (!error && req->what & FS_CHANGE_TIMES)
        error = times_check(p, node, req);
    if (!error && req->what & FS_CHANGE_SIZE)
        error = size_check(p, node, req, writable);
    return error;
}

static int64_t time_of(int64_t asked, int64_t before)
{
    return asked == FS_TIME_NOW    ? fs.io.now()
           : asked == FS_TIME_OMIT ? before
                                   : asked;
}

static void owner_set(const struct process *p, struct node *node,
                      const struct fs_change_req *req)
{
    node->uid = req->uid == ~0u ? node->uid : req->uid;
    node->gid = req->gid == ~0u ? node->gid : req->gid;
    if (p->uid && is_type(node, FS_IFREG))
        node->mode &= ~(uint32_t)SET_IDS;
}

long tree_change(struct process *p, struct node *node,
                 const struct fs_change_req *req, bool writable)
{
    long error = change_check(p, node, req, writable);

    if (error)
        return error;
    if (req->what & FS_CHANGE_MODE)
        node->mode = (node->mode & FS_IFMT) | (req->mode & FS_MODE_BITS);
    if (req->what & FS_CHANGE_OWNER)
        owner_set(p, node, req);
    if (req->what & FS_CHANGE_TIMES) {
        node->atime = time_of(req->atime_ns, node->atime);
        node->mtime = time_of(req->mtime_ns, node->mtime);
    }
    if (req->what & FS_CHANGE_SIZE)
        error = data_resize(node, req->size);
    node->ctime = fs.io.now();
    return error;
}

/* Writes from the end of the buffer to its front. */
static long path_prepend(char *to, size_t *at, const char *name, size_t length)
{
    if (*at < length + 1)
        return -FOS_ENAMETOOLONG;
    *at -= length;
    memcpy(to + *at, name, length);
    to[--*at] = '/';
    return 0;
}

long tree_path(const struct node *dir, const char *name, char *to, size_t capacity)
{
    size_t at = capacity;
    long error = name ? path_prepend(to, &at, name, strlen(name)) : 0;

    for (; !error && dir != fs.root; dir = dir->dir.parent) {
        const struct entry *e = dir->dir.name;
        if (!e)
            return -FOS_ENOENT;
        error = path_prepend(to, &at, e->name, e->length);
    }
    if (!error && at == capacity)
        error = path_prepend(to, &at, "", 0);
    if (error)
        return error;
    memmove(to, to + at, capacity - at);
    return (long)(capacity - at);
}
