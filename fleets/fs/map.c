/* SPDX-License-Identifier: MIT */
/* Files mapped into memory: the memory fleet asks for their pages by a name that it
 * was given by who has the file open. */
#include "core.h"

static struct map *map_find(const struct node *node, bool writable)
{
    for (struct map *m = fs.maps; m < fs.maps + MAPS_MAX; m++)
        if (m->node == node && (!node || m->writable == writable))
            return m;
    return NULL;
}

static struct map *map_make(struct node *node, bool writable)
{
    struct map *m = map_find(NULL, false);

    if (m)
        *m = (struct map){.node = node_get(node),
                          .secret = secret_draw(node->ino),
                          .writable = writable};
    return m;
}

long map_open(struct description *d, uint32_t prot, bool shared, uint64_t word[2])
{
    bool writable = shared && d->flags & FS_WRITE;
    struct map *m;

    if (d->kind != FS_KIND_FILE)
        return -FOS_ENODEV;
    if (!(d->flags & FS_READ) || (shared && prot & FOS_PROT_WRITE && !writable))
        return -FOS_EACCES;
    m = map_find(d->node, writable);
    if (!m)
        m = map_make(d->node, writable);
    if (!m)
        return -FOS_ENFILE;
    m->count++;
    word[0] = (uint64_t)(m - fs.maps);
    word[1] = m->secret;
    return 0;
}

long map_page(const struct fs_page_req *req)
{
    struct map *m = &fs.maps[req->word[0] % MAPS_MAX];
    struct node *node = m->node;

    if (!node || req->word[0] >= MAPS_MAX || (m->secret ^ req->word[1]) != 0)
        return -FOS_EBADF;
    if (!req->to) {
        if (--m->count == 0) {
            m->node = NULL;
            node_put(node);
        }
        return 0;
    }
    if (req->index >= (node->size + PAGE - 1) / PAGE)
        return -FOS_ENXIO;
    if (req->prot & FOS_PROT_WRITE && !m->writable)
        return -FOS_EACCES;
    void *page = data_page(node, req->index);
    if (!page)
        return -FOS_ENOSPC;
    if (req->prot & FOS_PROT_WRITE)
        node_touch(node);
    return fs.io.share(req->space, req->to, page, 1, req->prot, req->how);
}
