/* SPDX-License-Identifier: MIT */
#include <fos/error.h>
#include <fos/start.h>

#include "member.h"
#include "pages.h"
#include "space.h"

static uint64_t page_up(uint64_t at)
{
    return (at + FOS_PAGE_SIZE - 1) & ~(FOS_PAGE_SIZE - 1);
}

/* ---- checks of what a request says ---- */

/* `length` becomes whole pages; the range is one that processes may speak of. */
static long range_check(uint64_t address, uint64_t *length)
{
    uint64_t end = address + page_up(*length);

    if (address % FOS_PAGE_SIZE || *length == 0)
        return -FOS_EINVAL;
    if (*length > FOS_USER_END || end <= address)
        return -FOS_ENOMEM;
    *length = end - address;
    if (address >= FOS_USER_BASE && end <= MEM_END)
        return 0;
    return address >= FOS_STACK_TOP - MEM_STACK_MAX && end <= FOS_STACK_TOP
               ? 0
               : -FOS_ENOMEM;
}

static long prot_check(uint32_t prot)
{
    const uint32_t both = FOS_PROT_WRITE | FOS_PROT_EXEC;

    if (prot & ~(both | FOS_PROT_READ) || (prot && !(prot & FOS_PROT_READ)))
        return -FOS_EINVAL;
    return (prot & both) == both ? -FOS_EACCES : 0;
}

static long map_check(const struct mem_map_req *req)
{
    uint32_t kind = req->flags & (MEM_PRIVATE | MEM_SHARED);

    if (req->flags & ~(uint32_t)MEM_FLAGS ||
        (kind != MEM_PRIVATE && kind != MEM_SHARED) || req->length == 0 ||
        (req->flags & (MEM_FIXED | MEM_NOREPLACE)) == MEM_NOREPLACE ||
        (req->flags & MEM_FILE && req->offset % FOS_PAGE_SIZE))
        return -FOS_EINVAL;
    if (req->length > MEM_END)
        return -FOS_ENOMEM;
    if (req->flags & MEM_FILE && req->offset > INT64_MAX - MEM_END)
        return -FOS_EINVAL;
    return prot_check(req->prot);
}

/* ---- dropping ---- */

void object_put(struct object *o)
{
    if (--o->refs)
        return;
    if (o->window)
        window_give(o->window, o->pages);
    if (o->is_file)
        file_leave(o->handle);
    object_free(o);
}

/* Its pages go; there may be others than were counted: the process can map, too. */
static void region_empty(struct process *p, struct region *r)
{
    long there = range_unmap(p->space, r->start, r->end), kept = stash_drop(r);
    uint64_t pages =
        (there > 0 ? (uint64_t)there : 0) + (kept > 0 ? (uint64_t)kept : 0);

    if (region_is_loose(r))
        process_loose(p, -(int64_t)(pages < p->loose ? pages : p->loose));
}

static void region_drop(struct region *r)
{
    stash_drop(r);
    if (r->object)
        object_put(r->object);
    r->object = NULL;
}

void regions_forget(struct process *p)
{
    uint64_t before = p->layout.committed;

    for (uint32_t i = 0; i < p->layout.count; i++)
        region_drop(&p->layout.regions[i]);
    layout_erase(&p->layout, 0, p->layout.count);
    process_committed(p, before);
    process_loose(p, -(int64_t)p->loose);
    p->heap_start = p->heap_end = 0;
}

/* The room for cuts has been reserved. */
static void clear(struct process *p, uint64_t start, uint64_t end)
{
    uint64_t before = p->layout.committed;
    uint32_t first, n;

    if (layout_empty(&p->layout, start, end))
        return;
    n = layout_cut(&p->layout, start, end, &first);
    for (uint32_t i = first; i < first + n; i++) {
        struct region *r = &p->layout.regions[i];
        region_empty(p, r);
        region_drop(r);
    }
    layout_erase(&p->layout, first, n);
    process_committed(p, before);
}

long regions_unmap(struct process *p, uint64_t address, uint64_t length)
{
    long error = range_check(address, &length);

    if (!error)
        error = layout_reserve_cut(&p->layout, address, address + length, 0);
    if (error)
        return error;
    clear(p, address, address + length);
    promise_less(process_promised());
    return 0;
}

/* ---- mapping ---- */

/* Where the new region goes.  A wish is granted if nothing is there. */
static long place_choose(const struct process *p, const struct mem_map_req *req,
                         uint64_t length, uint64_t *at)
{
    uint64_t wish = req->address & ~(FOS_PAGE_SIZE - 1);
    bool usable =
        wish >= FOS_USER_BASE && wish <= MEM_END && length <= MEM_END - wish;

    if (req->flags & MEM_FIXED) {
        if (req->address != wish)
            return -FOS_EINVAL;
        *at = wish;
        if (!usable)
            return -FOS_ENOMEM;
        return req->flags & MEM_NOREPLACE &&
                       !layout_empty(&p->layout, wish, wish + length)
                   ? -FOS_EEXIST
                   : 0;
    }
    if (usable && layout_empty(&p->layout, wish, wish + length)) {
        *at = wish;
        return 0;
    }
    *at = layout_gap(&p->layout, length / FOS_PAGE_SIZE, MEM_BASE, MEM_END);
    return *at ? 0 : -FOS_ENOMEM;
}

static long object_open(struct process *p, const struct mem_map_req *req,
                        struct region *r)
{
    if (req->flags & MEM_FILE) {
        if (!member.fs.id)
            return -FOS_ENOSYS;
        r->object = object_of_file(req->handle);
        r->offset = req->offset;
    } else if (req->flags & MEM_SHARED) {
        r->object = object_new(p, region_pages(r));
        if (r->object && !(r->object->window = window_take(region_pages(r)))) {
            object_free(r->object);
            r->object = NULL;
        }
    } else {
        return 0;
    }
    if (!r->object)
        return -FOS_ENOMEM;
    r->object->refs = 1;
    return 0;
}

/* What is replaced is not counted as given back before it is: M1 is worth more than
 * the last page of a quota. */
static long region_make(struct process *p, const struct mem_map_req *req,
                        struct region *r)
{
    const uint32_t no_reserve_of = MEM_SHARED | MEM_FILE | MEM_NORESERVE;
    bool no_reserve = (req->flags & no_reserve_of) == MEM_NORESERVE;
    uint64_t length = page_up(req->length);
    long error = place_choose(p, req, length, &r->start);

    if (error)
        return error;
    r->end = r->start + length;
    r->prot = req->prot;
    r->flags = (req->flags & MEM_SHARED ? REGION_SHARED : 0u) |
               (no_reserve ? REGION_NORESERVE : 0u);
    if (p->layout.mapped + region_pages(r) > MAPPED_MAX ||
        !process_may(p, region_cost_as(r, r->prot)))
        return -FOS_ENOMEM;
    error = layout_reserve_cut(&p->layout, r->start, r->end, 1);
    return error ? error : object_open(p, req, r);
}

long regions_map(struct process *p, const struct mem_map_req *req, uint64_t *at)
{
    struct region r = {0};
    long error = map_check(req);

    if (!error)
        error = region_make(p, req, &r);
    if (error && req->flags & MEM_FILE)
        file_leave(req->handle);
    if (error)
        return error;
    clear(p, r.start, r.end);
    uint64_t before = p->layout.committed;
    layout_insert(&p->layout, &r);
    process_committed(p, before);
    *at = r.start;
    if (req->flags & MEM_POPULATE)
        fault_populate(p, layout_find(&p->layout, r.start), r.start, r.end);
    return 0;
}

long regions_brk(struct process *p, uint64_t end)
{
    uint64_t now = page_up(p->heap_end), next = page_up(end);
    struct region r = {
        .start = now, .end = next, .prot = FOS_PROT_READ | FOS_PROT_WRITE};

    if (end == 0)
        return 0;
    if (!p->heap_start || end < p->heap_start || end > FOS_HEAP_END)
        return -FOS_ENOMEM;
    if (next < now) {
        if (layout_reserve_cut(&p->layout, next, now, 0))
            return -FOS_ENOMEM;
        clear(p, next, now);
        promise_less(process_promised());
    } else if (next > now) {
        if (!process_may(p, region_pages(&r)) ||
            p->layout.mapped + region_pages(&r) > MAPPED_MAX ||
            !layout_empty(&p->layout, now, next) || layout_reserve(&p->layout, 1))
            return -FOS_ENOMEM;
        uint64_t before = p->layout.committed;
        layout_insert(&p->layout, &r);
        process_committed(p, before);
    }
    p->heap_end = end;
    return 0;
}

/* ---- protection ---- */

/* What the range would cost more with this protection. */
static uint64_t cost_more(const struct layout *l, uint32_t first, uint32_t n,
                          uint32_t prot)
{
    uint64_t now = 0, then = 0;

    for (uint32_t i = first; i < first + n; i++) {
        now += region_cost(&l->regions[i]);
        then += region_cost_as(&l->regions[i], prot);
    }
    return then > now ? then - now : 0;
}

/* M2: nothing becomes writable here; a write finds out whether it may. */
static long region_protect(struct process *p, struct region *r, uint32_t prot)
{
    bool private = !(r->flags & REGION_SHARED);
    long error = 0;

    if (prot == r->prot)
        return 0;
    if (prot == 0 && private)
        error = stash_put(p, r);
    else if (prot == 0)
        range_unmap(p->space, r->start, r->end);
    else if (r->prot == 0)
        error = stash_get(p, r, prot);
    else if ((prot & ~FOS_PROT_WRITE) != r->prot)
        error = range_protect(p->space, r->start, r->end, prot & ~FOS_PROT_WRITE);
    if (!error)
        layout_protect(&p->layout, r, prot);
    return error;
}

long regions_protect(struct process *p, uint64_t address, uint64_t length,
                     uint32_t prot)
{
    struct layout *l = &p->layout;
    uint64_t before = l->committed;
    uint32_t first, n;
    long error = prot_check(prot);

    if (!error)
        error = range_check(address, &length);
    if (!error && !layout_covers(l, address, address + length))
        error = -FOS_ENOMEM;
    if (!error)
        error = layout_reserve_cut(l, address, address + length, 0);
    if (error)
        return error;
    n = layout_cut(l, address, address + length, &first);
    if (!process_may(p, cost_more(l, first, n, prot)))
        error = -FOS_ENOMEM;
    for (uint32_t i = first; i < first + n && !error; i++)
        error = region_protect(p, &l->regions[i], prot);
    layout_join(l, first, n);
    process_committed(p, before);
    return error == -FOS_EDQUOT ? -FOS_ENOMEM : error;
}

/* ---- advice ---- */

static void region_advise(struct process *p, struct region *r, uint32_t advice)
{
    const uint32_t both = REGION_RANDOM | REGION_AHEAD;

    switch (advice) {
    case MEM_RANDOM:
        r->flags = (r->flags & ~both) | REGION_RANDOM;
        break;
    case MEM_SEQUENTIAL:
        r->flags = (r->flags & ~both) | REGION_AHEAD;
        break;
    case MEM_NORMAL:
        r->flags &= ~both;
        break;
    case MEM_WILLNEED:
        fault_populate(p, r, r->start, r->end);
        break;
    default: /* MEM_DONTNEED */
        region_empty(p, r);
    }
}

long regions_advise(struct process *p, uint64_t address, uint64_t length,
                    uint32_t advice)
{
    struct layout *l = &p->layout;
    uint32_t first, n;
    long error = range_check(address, &length);

    if (!error && advice > MEM_DONTNEED)
        error = -FOS_EINVAL;
    if (!error && !layout_covers(l, address, address + length))
        error = -FOS_ENOMEM;
    if (!error)
        error = layout_reserve_cut(l, address, address + length, 0);
    if (error)
        return error;
    n = layout_cut(l, address, address + length, &first);
    for (uint32_t i = first; i < first + n; i++)
        region_advise(p, &l->regions[i], advice);
    layout_join(l, first, n);
    return 0;
}

long regions_sync(struct process *p, uint64_t address, uint64_t length)
{
    long error = range_check(address, &length);

    if (!error && !layout_covers(&p->layout, address, address + length))
        error = -FOS_ENOMEM;
    return error;
}
