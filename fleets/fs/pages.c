/* SPDX-License-Identifier: MIT */
/* Pages for contents, got from below in pieces and kept.  F6: core.h. */
#include <string.h>

#include "core.h"

enum { PIECE = 64 };

void pages_init(struct pages *pages, uint32_t limit)
{
    *pages = (struct pages){.limit = limit};
}

static void *fresh_take(struct pages *pages)
{
    if (pages->fresh == pages->fresh_end) {
        uint8_t *piece = fs.io.pages_map(PIECE);
        if (!piece)
            return NULL;
        pages->fresh = piece;
        pages->fresh_end = piece + PIECE * PAGE;
    }
    void *page = pages->fresh;
    pages->fresh += PAGE;
    return page;
}

void *page_take(struct pages *pages, uint32_t reserve)
{
    void *page = pages->free;

    if (pages->used + reserve >= pages->limit)
        return NULL;
    if (page) {
        pages->free = *(void **)page;
        memset(page, 0, PAGE);
    } else {
        page = fresh_take(pages);
    }
    if (page)
        pages->used++;
    return page;
}

void page_give(struct pages *pages, void *page)
{
    *(void **)page = pages->free;
    pages->free = page;
    pages->used--;
}

void page_forget(struct pages *pages, void *page)
{
    if (fs.io.page_exchange(page)) {
        page_give(pages, page);
        return;
    }
    pages->used--;
    pages->limit--;
}
