/* SPDX-License-Identifier: MIT */
/* Paths: from a directory, name by name, through symbolic links. */
#include <string.h>

#include "core.h"

struct rest {
    char text[FS_PATH_MAX];
    size_t length, at;
    unsigned links; /* gone through so far */
};

bool may(const struct process *p, const struct node *node, uint32_t what)
{
    unsigned shift = p->uid == node->uid ? 6 : p->gid == node->gid ? 3 : 0;

    if (p->uid == 0)
        return !(what & FS_MAY_EXECUTE) || is_dir(node) || node->mode & 0111;
    return ((node->mode >> shift) & what) == what;
}

static bool at_slash(const struct rest *r)
{
    return r->at < r->length && r->text[r->at] == '/';
}

static void slashes_skip(struct rest *r)
{
    while (at_slash(r))
        r->at++;
}

/* The next name; false: there is none. */
static bool name_next(struct rest *r, const char **name, size_t *length)
{
    slashes_skip(r);
    *name = r->text + r->at;
    while (r->at < r->length && r->text[r->at] != '/')
        r->at++;
    *length = (size_t)(r->text + r->at - *name);
    return *length > 0;
}

/* What a link says takes the place of what has been read. */
static long link_follow(struct rest *r, const struct node *link)
{
    size_t left = r->length - r->at;

    if (++r->links > FS_LINKS_MAX)
        return -FOS_ELOOP;
    if (link->size + left >= sizeof r->text)
        return -FOS_ENAMETOOLONG;
    memmove(r->text + link->size, r->text + r->at, left);
    memcpy(r->text, link->target, link->size);
    r->length = link->size + left;
    r->at = 0;
    return link->size ? 0 : -FOS_ENOENT;
}

static long name_keep(struct walk *w, struct node *dir, const char *name,
                      size_t length)
{
    w->parent = dir;
    memcpy(w->name, name, length);
    w->name[length] = '\0';
    w->name_length = length;
    return 0;
}

static long dir_check(const struct walk *w, const struct node *dir, size_t length)
{
    if (!is_dir(dir))
        return -FOS_ENOTDIR;
    if (!may(w->process, dir, FS_MAY_EXECUTE))
        return -FOS_EACCES;
    return length > FS_NAME_MAX ? -FOS_ENAMETOOLONG : 0;
}

/* "." and "..": true, and *dir is there. */
static bool dots(struct walk *w, struct node **dir, const char *name, size_t length)
{
    w->dot = length == 1 && name[0] == '.';
    w->dot_dot = length == 2 && name[0] == '.' && name[1] == '.';
    if (w->dot_dot)
        *dir = (*dir)->dir.parent;
    return w->dot || w->dot_dot;
}

/* One name from *dir on.  1: it was the last; 0: go on. */
static long step(struct walk *w, struct rest *r, struct node **dir,
                 const char *name, size_t length)
{
    long error = dir_check(w, *dir, length);
    bool slash = at_slash(r);

    if (error)
        return error;
    if (dots(w, dir, name, length))
        return *dir ? 0 : -FOS_ENOENT;
    struct entry *e = entry_find(*dir, name, length);
    slashes_skip(r);
    bool last = r->at == r->length;
    if (!e && !(last && w->missing))
        return -FOS_ENOENT;
    if (e && is_type(e->node, FS_IFLNK) &&
        (!last || (slash && !w->keep) || w->follow)) {
        if (slash) /* what has been skipped: the link's last name has it, too */
            r->at--;
        error = link_follow(r, e->node);
        if (!error && r->text[0] == '/')
            *dir = fs.root;
        return error;
    }
    if (last) {
        w->slash = slash;
        w->node = e ? e->node : NULL;
        if (e && slash && !is_dir(e->node) && !(w->keep && w->missing))
            return -FOS_ENOTDIR;
        name_keep(w, *dir, name, length);
        return 1;
    }
    *dir = e->node;
    return 0;
}

long walk(struct walk *w)
{
    struct rest r = {.length = w->length};
    struct node *at = w->start;
    const char *name;
    size_t length;

    w->node = w->parent = NULL;
    if (w->length == 0)
        return -FOS_ENOENT;
    if (w->length >= sizeof r.text)
        return -FOS_ENAMETOOLONG;
    if (memchr(w->path, '\0', w->length))
        return -FOS_EINVAL;
    memcpy(r.text, w->path, w->length);
    if (r.text[0] == '/')
        at = fs.root;
    if (!is_dir(at))
        return -FOS_ENOTDIR;
    while (name_next(&r, &name, &length)) {
        long result = step(w, &r, &at, name, length);
        if (result < 0)
            return result;
        if (result)
            return 0;
    }
    w->node = at;
    return 0;
}
