/* SPDX-License-Identifier: MIT */
#include "core.h"

struct fs fs;

bool fs_init(const struct fs_io *io, uint32_t pages)
{
    fs = (struct fs){.io = *io};
    fs.shared_limit = pages / SHARED_PART / FOS_PIPE_PAGES;
    if (fs.shared_limit > SHARED_MAX)
        fs.shared_limit = SHARED_MAX;
    pages_init(&fs.pages, pages - fs.shared_limit * FOS_PIPE_PAGES);
    if (!entries_init())
        return false;
    fs.root = node_make(FS_IFDIR | 0755, DEV_ROOT, NULL);
    if (!fs.root)
        return false;
    fs.root->links = 2;
    fs.root->dir.parent = fs.root;
    return true;
}
