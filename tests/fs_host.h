/* SPDX-License-Identifier: MIT */
/* The file system without a machine: its pages are the host's. */
#ifndef TESTS_FS_HOST_H
#define TESTS_FS_HOST_H

#include "fleets/fs/core.h"

#include <stdlib.h>
#include <string.h>

enum { FS_PIECES = 1024 };

static uint8_t *fs_pieces[FS_PIECES];
static uint32_t fs_pieces_count;

static inline void *fs_pages_map(uint32_t count)
{
    void *piece = NULL;

    if (fs_pieces_count == FS_PIECES ||
        posix_memalign(&piece, PAGE, (size_t)count * PAGE))
        return NULL;
    memset(piece, 0, (size_t)count * PAGE);
    fs_pieces[fs_pieces_count++] = piece;
    return piece;
}

/* False: fs_pages_map has not given them. */
static inline bool fs_pages_free(void *pages)
{
    for (uint32_t i = 0; i < fs_pieces_count; i++)
        if (fs_pieces[i] == pages) {
            fs_pieces[i] = fs_pieces[--fs_pieces_count];
            free(pages);
            return true;
        }
    return false;
}

static inline void fs_tree_free(struct node *dir)
{
    while (dir->dir.first) {
        struct entry *e = dir->dir.first;
        if (is_dir(e->node))
            fs_tree_free(e->node);
        entry_remove(e);
    }
}

static inline void fs_processes_end(void)
{
    for (struct process *p = fs.processes; p < fs.processes + PROCESSES_MAX; p++)
        if (p->pid)
            process_ended(p->pid);
}

/* What is left of it then. */
static inline void fs_memory_free(void)
{
    node_put(fs.root);
    free(fs.buckets);
    pages_end(&fs.pages);
    while (fs_pieces_count)
        free(fs_pieces[--fs_pieces_count]);
}

#endif
