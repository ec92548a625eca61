/* SPDX-License-Identifier: MIT */
/* Nodes, and the entries of directories: one hash table of all, and a list in each
 * directory. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

enum { BUCKETS_FIRST = 256 };

struct node *node_make(uint32_t mode, uint32_t dev, const struct process *owner)
{
    struct node *node = fs.nodes < NODES_MAX ? calloc(1, sizeof *node) : NULL;

    if (!node)
        return NULL;
    fs.nodes++;
    node->ino = ++fs.next_ino;
    node->refs = 1;
    node->mode = mode;
    node->dev = dev;
    node->uid = owner ? owner->uid : 0;
    node->gid = owner ? owner->gid : 0;
    node->atime = node->mtime = node->ctime = fs.io.now();
    if (is_dir(node))
        node->dir.next_place = 2;
    return node;
}

struct node *node_get(struct node *node)
{
    node->refs++;
    return node;
}

void node_put(struct node *node)
{
    if (--node->refs)
        return;
    if (is_type(node, FS_IFREG))
        data_free(node);
    else if (is_type(node, FS_IFLNK))
        free(node->target);
    fs.nodes--;
    free(node);
}

void node_touch(struct node *node)
{
    node->mtime = node->ctime = fs.io.now();
}

/* ---- entries ---- */

bool entries_init(void)
{
    fs.buckets_count = BUCKETS_FIRST;
    fs.buckets = calloc(fs.buckets_count, sizeof *fs.buckets);
    return fs.buckets;
}

/* FNV-1a, begun with the directory: a name's other half. */
static uint32_t hash_of(const struct node *dir, const char *name, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325 ^ dir->ino * 0x9e3779b97f4a7c15;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3;
    return (uint32_t)(hash ^ hash >> 32);
}

static struct entry **bucket_of(uint32_t hash)
{
    return &fs.buckets[hash & (fs.buckets_count - 1)];
}

/* Twice as many buckets; with no memory for them the chains grow longer. */
static void buckets_grow(void)
{
    uint32_t before = fs.buckets_count;
    struct entry **old = fs.buckets, **more = calloc(2ull * before, sizeof *more);

    if (!more)
        return;
    fs.buckets = more;
    fs.buckets_count = 2 * before;
    for (uint32_t i = 0; i < before; i++) {
        for (struct entry *e = old[i], *next; e; e = next) {
            struct entry **bucket = bucket_of(e->hash);
            next = e->same_hash;
            e->same_hash = *bucket;
            *bucket = e;
        }
    }
    free(old);
}

struct entry *entry_find(const struct node *dir, const char *name, size_t length)
{
    uint32_t hash = hash_of(dir, name, length);

    for (struct entry *e = *bucket_of(hash); e; e = e->same_hash)
        if (e->hash == hash && e->parent == dir && e->length == length &&
            memcmp(e->name, name, length) == 0)
            return e;
    return NULL;
}

static void entry_append(struct directory *dir, struct entry *e)
{
    e->place = dir->next_place++;
    e->previous = dir->last;
    if (dir->last)
        dir->last->next = e;
    else
        dir->first = e;
    dir->last = e;
}

long entry_add(struct node *dir, const char *name, size_t length, struct node *node)
{
    struct entry *e = malloc(sizeof *e + length + 1);
    struct entry **bucket;

    if (!e)
        return -FOS_ENOSPC;
    if (fs.entries++ >= fs.buckets_count)
        buckets_grow();
    *e = (struct entry){.parent = dir,
                        .node = node_get(node),
                        .hash = hash_of(dir, name, length),
                        .length = (uint8_t)length};
    memcpy(e->name, name, length);
    e->name[length] = '\0';
    bucket = bucket_of(e->hash);
    e->same_hash = *bucket;
    *bucket = e;
    entry_append(&dir->dir, e);
    node->links++;
    if (is_dir(node)) {
        node->dir.parent = dir;
        node->dir.name = e;
        node->links++;
        dir->links++;
    }
    return 0;
}

static void entry_unhash(struct entry *e)
{
    struct entry **link = bucket_of(e->hash);

    while (*link != e)
        link = &(*link)->same_hash;
    *link = e->same_hash;
}

void entry_remove(struct entry *e)
{
    struct directory *dir = &e->parent->dir;
    struct node *node = e->node;

    entry_unhash(e);
    if (e->previous)
        e->previous->next = e->next;
    else
        dir->first = e->next;
    if (e->next)
        e->next->previous = e->previous;
    else
        dir->last = e->previous;
    node->links--;
    if (is_dir(node)) {
        node->links--;
        node->dir.parent = NULL;
        node->dir.name = NULL;
        e->parent->links--;
    }
    fs.entries--;
    free(e);
    node_put(node);
}
