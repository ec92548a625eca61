/* SPDX-License-Identifier: MIT */
/* Pages for contents, got from below in pieces and kept.  F6: core.h. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

enum { PIECE = 64, LENT_FIRST = 64, LENT_LOOKS = 32 };

void pages_init(struct pages *pages, uint32_t limit)
{
    *pages = (struct pages){.limit = limit};
}

void pages_end(struct pages *pages)
{
    free(pages->lent);
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

/* Takes lent ones that have come back.  After a look at all in vain only at some, until a
 * process has ended: who waits is not kept long each time. */
static void lent_look(struct pages *pages)
{
    uint32_t before = pages->lent_count;
    uint32_t looks = pages->lent_vain && LENT_LOOKS < before ? LENT_LOOKS : before;

    for (; looks && pages->lent_count; looks--) {
        void **at = &pages->lent[pages->lent_next++ % pages->lent_count],
             *page = *at;
        if (!fs.io.pages_sole(page, 1))
            continue;
        *at = pages->lent[--pages->lent_count];
        page_give(pages, page);
    }
    pages->lent_vain = pages->lent_count == before;
}

static bool is_full(const struct pages *pages, uint32_t reserve)
{
    return pages->used + reserve >= pages->limit;
}

void *page_take(struct pages *pages, uint32_t reserve)
{
    if (is_full(pages, reserve))
        lent_look(pages);
    if (is_full(pages, reserve))
        return NULL;
    void *page = pages->free;
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

static bool lent_add(struct pages *pages, void *page)
{
    if (pages->lent_count == pages->lent_size) {
        uint32_t size = pages->lent_size ? 2 * pages->lent_size : LENT_FIRST;
        void **more = realloc(pages->lent, size * sizeof *more);
        if (!more)
            return false;
        pages->lent = more;
        pages->lent_size = size;
    }
    pages->lent[pages->lent_count++] = page;
    return true;
}

/* One that cannot even be remembered is lost. */
void page_forget(struct pages *pages, void *page)
{
    if (fs.io.pages_sole(page, 1)) {
        page_give(pages, page);
    } else if (!lent_add(pages, page)) {
        pages->used--;
        pages->limit--;
    }
}
