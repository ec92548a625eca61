/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <fos/error.h>

enum { CAPACITY_FIRST = 16 };

uint32_t layout_above(const struct layout *l, uint64_t address)
{
    uint32_t low = 0, high = l->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->regions[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct region *layout_find(const struct layout *l, uint64_t address)
{
    uint32_t at = layout_above(l, address);

    return at < l->count && l->regions[at].start <= address ? &l->regions[at]
                                                            : NULL;
}

long layout_reserve(struct layout *l, uint32_t more)
{
    uint32_t capacity = l->capacity ? l->capacity : CAPACITY_FIRST;
    uint32_t most = l->most ? l->most : MEM_REGIONS_MAX;

    if (l->count > most || more > most - l->count)
        return -FOS_ENOMEM;
    while (capacity < l->count + more)
        capacity *= 2;
    if (capacity == l->capacity)
        return 0;
    struct region *regions = realloc(l->regions, capacity * sizeof *regions);
    if (!regions)
        return -FOS_ENOMEM;
    l->regions = regions;
    l->capacity = capacity;
    return 0;
}

static bool lies_within(const struct layout *l, uint64_t address)
{
    const struct region *r = layout_find(l, address);

    return r && r->start != address;
}

long layout_reserve_cut(struct layout *l, uint64_t start, uint64_t end,
                        uint32_t more)
{
    return layout_reserve(l, more + lies_within(l, start) + lies_within(l, end));
}

static void account(struct layout *l, const struct region *r, int sign)
{
    l->committed += (uint64_t)sign * region_cost(r);
    l->mapped += (uint64_t)sign * region_pages(r);
}

static void open_gap(struct layout *l, uint32_t at)
{
    assert(l->count < l->capacity);
    memmove(l->regions + at + 1, l->regions + at,
            (l->count - at) * sizeof *l->regions);
    l->count++;
}

static void close_gap(struct layout *l, uint32_t at, uint32_t n)
{
    assert(at + n <= l->count);
    if (n == 0)
        return;
    memmove(l->regions + at, l->regions + at + n,
            (l->count - at - n) * sizeof *l->regions);
    l->count -= n;
}

static bool joinable(const struct region *a, const struct region *b)
{
    uint64_t size = a->end - a->start;

    return a->end == b->start && a->prot == b->prot && a->flags == b->flags &&
           a->object == b->object &&
           (!a->object || a->offset + size == b->offset) &&
           (a->stash == 0) == (b->stash == 0) &&
           (!a->stash || a->stash + size == b->stash);
}

void layout_join(struct layout *l, uint32_t first, uint32_t n)
{
    uint32_t at = first ? first - 1 : 0, last = first + n;

    while (at + 1 < l->count && at < last) {
        struct region *a = &l->regions[at];
        if (!joinable(a, a + 1)) {
            at++;
            continue;
        }
        if (a->object)
            a->object->refs--; /* L3: b's remains */
        a->end = a[1].end;
        close_gap(l, at + 1, 1);
        last--;
    }
}

static void count(struct region *r)
{
    if (region_counts(r, r->prot))
        r->flags |= REGION_COUNTED; /* L5 */
}

void layout_insert(struct layout *l, const struct region *r)
{
    uint32_t at = layout_above(l, r->start);

    assert(r->start < r->end && r->start % FOS_PAGE_SIZE == 0 &&
           r->end % FOS_PAGE_SIZE == 0);
    assert(at == l->count || l->regions[at].start >= r->end);
    open_gap(l, at);
    l->regions[at] = *r;
    count(&l->regions[at]);
    account(l, &l->regions[at], 1);
    layout_join(l, at, 1);
}

/* A region begins at `address`, if it lies within one. */
static void split(struct layout *l, uint64_t address)
{
    struct region *r = layout_find(l, address);

    if (!lies_within(l, address))
        return;
    uint32_t at = (uint32_t)(r - l->regions);
    open_gap(l, at);
    r = &l->regions[at];
    uint64_t size = address - r->start;
    r[0].end = r[1].start = address;
    r[1].offset += size;
    if (r[1].stash)
        r[1].stash += size;
    if (r->object)
        r->object->refs++;
}

uint32_t layout_cut(struct layout *l, uint64_t start, uint64_t end, uint32_t *first)
{
    split(l, start);
    split(l, end);
    *first = layout_above(l, start);
    uint32_t n = 0;
    while (*first + n < l->count && l->regions[*first + n].start < end)
        n++;
    return n;
}

void layout_erase(struct layout *l, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        account(l, &l->regions[i], -1);
    close_gap(l, first, n);
}

void layout_protect(struct layout *l, struct region *r, uint32_t prot)
{
    account(l, r, -1);
    r->prot = prot;
    count(r);
    account(l, r, 1);
}

void layout_grow_down(struct layout *l, struct region *r, uint64_t start)
{
    assert(start % FOS_PAGE_SIZE == 0 && layout_empty(l, start, r->start));
    account(l, r, -1);
    r->start = start;
    account(l, r, 1);
}

bool layout_covers(const struct layout *l, uint64_t start, uint64_t end)
{
    for (uint32_t at = layout_above(l, start); start < end; at++) {
        if (at == l->count || l->regions[at].start > start)
            return false;
        start = l->regions[at].end;
    }
    return true;
}

bool layout_empty(const struct layout *l, uint64_t start, uint64_t end)
{
    uint32_t at = layout_above(l, start);

    return at == l->count || l->regions[at].start >= end;
}

uint64_t layout_gap(const struct layout *l, uint64_t pages, uint64_t low,
                    uint64_t high)
{
    uint32_t at = layout_above(l, low);

    if (pages == 0 || pages > (high - low) / FOS_PAGE_SIZE)
        return 0;
    for (; at < l->count && l->regions[at].start < high; at++) {
        const struct region *r = &l->regions[at];
        if (r->start > low && (r->start - low) / FOS_PAGE_SIZE >= pages)
            return low;
        low = r->end;
    }
    return low < high && (high - low) / FOS_PAGE_SIZE >= pages ? low : 0;
}

long layout_copy(struct layout *to, const struct layout *from)
{
    *to = (struct layout){.most = from->most};
    long error = layout_reserve(to, from->count);

    if (error)
        return error;
    for (uint32_t i = 0; i < from->count; i++) {
        to->regions[i] = from->regions[i];
        if (from->regions[i].object)
            from->regions[i].object->refs++;
    }
    to->count = from->count;
    to->committed = from->committed;
    to->mapped = from->mapped;
    return 0;
}

void layout_free(struct layout *l)
{
    free(l->regions);
    *l = (struct layout){0};
}

bool layout_is_sound(const struct layout *l)
{
    uint64_t committed = 0, mapped = 0;

    for (uint32_t i = 0; i < l->count; i++) {
        const struct region *r = &l->regions[i];
        if (r->start >= r->end || r->start % FOS_PAGE_SIZE ||
            r->end % FOS_PAGE_SIZE)
            return false;
        if (i && (r[-1].end > r->start || joinable(r - 1, r)))
            return false;
        committed += region_cost(r);
        mapped += region_pages(r);
    }
    return committed == l->committed && mapped == l->mapped;
}
