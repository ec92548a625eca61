/* SPDX-License-Identifier: MIT */
/* The tree as it is at first, and the boot archive in it. */
#include <stdlib.h>
#include <string.h>

#include <fos/format/cpio.h>

#include "core.h"

enum { LINK_TARGET_MAX = FS_PATH_MAX - 1 };

/* The login shell's.  mksh's own sleep is no process: no key would stop it. */
static const char profile[] =
    "PS1='fos:$PWD\\$ '\n"
    "if [ -x /bin/sleep ]; then alias sleep=/bin/sleep; fi\n";

static const struct {
    const char *path, *text; /* of a file, or a link */
    uint32_t mode, dev;
    uint64_t rdev;
} first[] = {
    {"boot", NULL, FS_IFDIR | 0555, DEV_BOOT, 0},
    {"dev", NULL, FS_IFDIR | 0755, DEV_DEV, 0},
    {"dev/null", NULL, FS_IFCHR | 0666, DEV_DEV, FS_DEVICE_NULL},
    {"dev/zero", NULL, FS_IFCHR | 0666, DEV_DEV, FS_DEVICE_ZERO},
    {"dev/full", NULL, FS_IFCHR | 0666, DEV_DEV, FS_DEVICE_FULL},
    {"dev/random", NULL, FS_IFCHR | 0666, DEV_DEV, FS_DEVICE_RANDOM},
    {"dev/urandom", NULL, FS_IFCHR | 0666, DEV_DEV, FS_DEVICE_URANDOM},
    {"dev/tty", NULL, FS_IFCHR | 0666, DEV_DEV, FS_DEVICE_TTY},
    {"dev/console", NULL, FS_IFCHR | 0666, DEV_DEV, FS_DEVICE_CONSOLE},
    {"bin", "boot", FS_IFLNK | 0777, DEV_ROOT, 0},
    {"tmp", NULL, FS_IFDIR | 01777, DEV_ROOT, 0},
    {"etc", NULL, FS_IFDIR | 0755, DEV_ROOT, 0},
    {"etc/passwd",
     "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
     FS_IFREG | 0644, DEV_ROOT, 0},
    {"etc/group", "root:x:0:\nnogroup:x:65534:\n", FS_IFREG | 0644, DEV_ROOT, 0},
    {"etc/profile", profile, FS_IFREG | 0644, DEV_ROOT, 0},
    {"etc/shells", "/bin/sh\n", FS_IFREG | 0644, DEV_ROOT, 0},
    {"etc/hosts", "127.0.0.1 localhost\n", FS_IFREG | 0644, DEV_ROOT, 0},
    {"home", NULL, FS_IFDIR | 0755, DEV_ROOT, 0},
    {"root", NULL, FS_IFDIR | 0700, DEV_ROOT, 0},
    {"usr", NULL, FS_IFDIR | 0755, DEV_ROOT, 0},
    {"usr/bin", "/boot", FS_IFLNK | 0777, DEV_ROOT, 0},
    {"var", NULL, FS_IFDIR | 0755, DEV_ROOT, 0},
    {"var/tmp", NULL, FS_IFDIR | 01777, DEV_ROOT, 0},
};

/* What the first files belong to. */
static struct process maker;

static struct node *dir_find(struct node *from, const char *path, size_t length)
{
    struct walk w = {
        .process = &maker, .start = from, .path = path, .length = length};

    return length == 0 ? from : walk(&w) ? NULL : w.node;
}

/* A node at a path below `top` whose directories exist. */
static struct node *place(struct node *top, const char *path, uint32_t mode,
                          uint32_t dev)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct node *dir = dir_find(top, path, slash ? (size_t)(slash - path) : 0);
    struct node *node;

    if (!dir || !is_dir(dir) || !*name || strlen(name) > FS_NAME_MAX ||
        entry_find(dir, name, strlen(name)))
        return NULL;
    node = node_make(mode, dev, &maker);
    if (!node)
        return NULL;
    long error = entry_add(dir, name, strlen(name), node);
    node_put(node);
    return error ? NULL : node;
}

static bool text_put(struct node *node, const char *text, size_t length)
{
    if (is_type(node, FS_IFREG))
        return data_write(node, 0, text, length) == (long)length;
    node->target = malloc(length + 1);
    if (!node->target)
        return false;
    memcpy(node->target, text, length);
    node->target[length] = '\0';
    node->size = length;
    return true;
}

/* ---- the archive ---- */

static uint32_t mode_of(const struct cpio_entry *e)
{
    return (e->mode & FS_IFMT) | (e->mode & 0555);
}

static void dirs_make(struct node *boot, const char *path)
{
    char part[CPIO_NAME_MAX + 1];

    for (const char *slash = strchr(path, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - path);
        memcpy(part, path, length);
        part[length] = '\0';
        place(boot, part, FS_IFDIR | 0555, DEV_BOOT);
    }
}

static void archive_entry(struct node *boot, const struct cpio_entry *e)
{
    uint32_t mode = mode_of(e);
    struct node *node;

    if ((mode & FS_IFMT) != FS_IFREG && (mode & FS_IFMT) != FS_IFDIR &&
        ((mode & FS_IFMT) != FS_IFLNK || e->size == 0 ||
         e->size > LINK_TARGET_MAX || memchr(e->data, '\0', e->size)))
        return;
    dirs_make(boot, e->name);
    node = place(boot, e->name, mode, DEV_BOOT);
    if (!node)
        return;
    if (is_type(node, FS_IFLNK)) {
        text_put(node, e->data, e->size);
    } else if (is_type(node, FS_IFREG)) {
        node->data.rom = e->data;
        node->size = e->size;
        fs.boot_size += e->size;
    }
}

/* A malformed archive shows what stands before the fault. */
static void archive_take(struct node *boot, const void *archive, uint64_t size)
{
    struct cpio_entry e;
    uint64_t at = 0;
    const char *why;

    while (archive && cpio_next(archive, size, &at, &e, &why) == 0)
        archive_entry(boot, &e);
}

bool tree_begin(const void *archive, uint64_t size)
{
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        struct node *node =
            place(fs.root, first[i].path, first[i].mode, first[i].dev);
        if (!node)
            return false;
        node->rdev = first[i].rdev;
        if (first[i].text && !text_put(node, first[i].text, strlen(first[i].text)))
            return false;
    }
    archive_take(dir_find(fs.root, "boot", 4), archive, size);
    return true;
}
