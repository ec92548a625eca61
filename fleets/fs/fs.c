/* SPDX-License-Identifier: MIT */
#include "core.h"

struct fs fs;

bool fs_init(const struct fs_io *io, uint32_t pages)
{
    fs = (struct fs){.io = *io};
    pages_init(&fs.pages, pages);
    if (!entries_init())
        return false;
    fs.root = node_make(FS_IFDIR | 0755, DEV_ROOT, NULL);
    if (!fs.root)
        return false;
    fs.root->links = 2;
    fs.root->dir.parent = fs.root;
    return true;
}
