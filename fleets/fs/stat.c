/* SPDX-License-Identifier: MIT */
/* What stat tells of a node, and of a pipe. */
#include "core.h"

static uint64_t blocks_of(const struct node *node)
{
    if (!is_type(node, FS_IFREG))
        return 0;
    return node->data.rom ? (node->size + 511) / 512
                          : node->data.pages * (PAGE / 512);
}

void node_stat(struct fs_stat *s, const struct node *node)
{
    *s = (struct fs_stat){.dev = node->dev,
                          .ino = node->ino,
                          .rdev = node->rdev,
                          .size = node->size,
                          .mode = node->mode,
                          .links = node->links,
                          .uid = node->uid,
                          .gid = node->gid,
                          .blocks = blocks_of(node),
                          .atime_ns = node->atime,
                          .mtime_ns = node->mtime,
                          .ctime_ns = node->ctime};
    if (is_dir(node))
        s->size = PAGE;
}

void pipe_stat(struct fs_stat *s, const struct process *p, const struct pipe *pipe)
{
    int64_t now = fs.io.now();

    *s = (struct fs_stat){.ino = (uint64_t)(uintptr_t)pipe / 64,
                          .mode = FS_IFIFO | 0600,
                          .links = 1,
                          .uid = p->uid,
                          .gid = p->gid,
                          .size = pipe_held(pipe),
                          .atime_ns = now,
                          .mtime_ns = now,
                          .ctime_ns = now};
}
