/* SPDX-License-Identifier: MIT */
/*
 * Contents: a page for each 4 KiB written to, in chunks of 512; what was never written
 * is zero and has none.  Files of the boot archive are read where they lie.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

#define MAPPED ((uintptr_t)1)

static void *address_of(uintptr_t page)
{
    return (void *)(page & ~MAPPED);
}

static uintptr_t *slot_find(const struct node *node, uint64_t index)
{
    struct chunk **chunks = node->data.chunks;

    if (!chunks || !chunks[index / CHUNK_PAGES])
        return NULL;
    return &chunks[index / CHUNK_PAGES]->page[index % CHUNK_PAGES];
}

static uintptr_t *slot_make(struct node *node, uint64_t index)
{
    struct content *data = &node->data;

    if (!data->chunks)
        data->chunks = calloc(CHUNKS_MAX, sizeof(struct chunk *));
    if (!data->chunks)
        return NULL;
    struct chunk **chunk = &data->chunks[index / CHUNK_PAGES];
    if (!*chunk)
        *chunk = calloc(1, sizeof **chunk);
    return *chunk ? &(*chunk)->page[index % CHUNK_PAGES] : NULL;
}

/* The page to be written to.  NULL: no room. */
static uint8_t *page_make(struct node *node, uint64_t index)
{
    uintptr_t *slot = slot_make(node, index);

    if (!slot)
        return NULL;
    if (!*slot) {
        void *page = page_take(&fs.pages, PAGES_RESERVE);
        if (!page)
            return NULL;
        *slot = (uintptr_t)page;
        node->data.pages++;
    }
    return address_of(*slot);
}

static void page_drop(struct node *node, uintptr_t *slot)
{
    uintptr_t page = *slot;

    if (!page)
        return;
    *slot = 0;
    node->data.pages--;
    if (page & MAPPED)
        page_forget(&fs.pages, address_of(page));
    else
        page_give(&fs.pages, address_of(page));
}

static size_t piece_of(uint64_t offset, size_t length)
{
    size_t left = PAGE - offset % PAGE;

    return length < left ? length : left;
}

static void piece_read(const struct node *node, uint64_t offset, void *to,
                       size_t length)
{
    const uintptr_t *slot = slot_find(node, offset / PAGE);

    if (node->data.rom)
        memcpy(to, node->data.rom + offset, length);
    else if (slot && *slot)
        memcpy(to, (uint8_t *)address_of(*slot) + offset % PAGE, length);
    else
        memset(to, 0, length);
}

long data_read(struct node *node, uint64_t offset, void *to, size_t length)
{
    size_t done = 0;

    if (offset >= node->size)
        return 0;
    if (length > node->size - offset)
        length = node->size - offset;
    while (done < length) {
        size_t piece = piece_of(offset + done, length - done);
        piece_read(node, offset + done, (uint8_t *)to + done, piece);
        done += piece;
    }
    if (!node->data.rom)
        node->atime = fs.io.now();
    return (long)done;
}

long data_write(struct node *node, uint64_t offset, const void *from, size_t length)
{
    size_t done = 0;

    if (length == 0)
        return 0;
    if (offset >= FILE_MAX)
        return -FOS_EFBIG;
    if (length > FILE_MAX - offset)
        length = FILE_MAX - offset;
    while (done < length) {
        uint64_t at = offset + done;
        size_t piece = piece_of(at, length - done);
        uint8_t *page = page_make(node, at / PAGE);
        if (!page)
            break;
        memcpy(page + at % PAGE, (const uint8_t *)from + done, piece);
        done += piece;
    }
    if (done == 0)
        return -FOS_ENOSPC;
    if (offset + done > node->size)
        node->size = offset + done;
    node_touch(node);
    return (long)done;
}

/* Frees the pages from `first` on. */
static void pages_drop(struct node *node, uint64_t first)
{
    struct chunk **chunks = node->data.chunks;

    for (uint64_t i = first; chunks && node->data.pages && i < FILE_MAX / PAGE;) {
        struct chunk *chunk = chunks[i / CHUNK_PAGES];
        if (!chunk) {
            i = (i / CHUNK_PAGES + 1) * CHUNK_PAGES;
            continue;
        }
        page_drop(node, &chunk->page[i % CHUNK_PAGES]);
        i++;
    }
}

/* What lies behind the end of the file in its last page is zero, so that it can grow. */
static void tail_clear(struct node *node)
{
    uintptr_t *slot = slot_find(node, node->size / PAGE);

    if (node->size % PAGE && slot && *slot)
        memset((uint8_t *)address_of(*slot) + node->size % PAGE, 0,
               PAGE - node->size % PAGE);
}

long data_resize(struct node *node, uint64_t size)
{
    if (size > FILE_MAX)
        return -FOS_EFBIG;
    bool shrinks = size < node->size;
    node->size = size;
    if (shrinks) {
        pages_drop(node, (size + PAGE - 1) / PAGE);
        tail_clear(node);
    }
    node_touch(node);
    return 0;
}

/* A page of the archive can be mapped where it lies only if it is whole. */
static void *rom_page(struct node *node, uint64_t index)
{
    uintptr_t at = (uintptr_t)node->data.rom + index * PAGE;
    uintptr_t *slot = slot_find(node, index);
    uint64_t left = node->size - index * PAGE;

    if (at % PAGE == 0 && left >= PAGE)
        return (void *)at;
    if (slot && *slot)
        return address_of(*slot);
    uint8_t *page = page_make(node, index);
    if (page) {
        memcpy(page, (const void *)at, left < PAGE ? left : PAGE);
        *slot_find(node, index) |= MAPPED;
    }
    return page;
}

void *data_page(struct node *node, uint64_t index)
{
    if (node->data.rom)
        return rom_page(node, index);
    uint8_t *page = page_make(node, index);
    if (page)
        *slot_find(node, index) |= MAPPED;
    return page;
}

void data_free(struct node *node)
{
    struct chunk **chunks = node->data.chunks;

    pages_drop(node, 0);
    for (int i = 0; chunks && i < CHUNKS_MAX; i++)
        free(chunks[i]);
    free(chunks);
    node->data.chunks = NULL;
}
