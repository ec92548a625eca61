/* SPDX-License-Identifier: MIT */
/* How processes begin and end. */
#include <fos/error.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "member.h"
#include "pages.h"
#include "space.h"

/* Pages of the stack: of its region at first, the rest grows; brought at once. */
enum { STACK_FIRST = 16, STACK_BEGIN = 3 };

/* Pages of one region that fork copies at once; half as many of the stack. */
enum { FORK_COPIES = 16 };

static long region_check(const struct mem_region *r, bool is_heap)
{
    const uint32_t both = FOS_PROT_WRITE | FOS_PROT_EXEC;

    if (r->absent % FOS_PAGE_SIZE || (r->absent && r->absent < r->start) ||
        r->absent > r->end)
        return -FOS_EINVAL;
    if (r->start % FOS_PAGE_SIZE || r->end % FOS_PAGE_SIZE ||
        r->start < FOS_USER_BASE || r->end > FOS_HEAP_END || r->start > r->end ||
        (r->start == r->end && !is_heap) || !(r->prot & FOS_PROT_READ) ||
        r->prot & ~(both | FOS_PROT_READ) || (r->prot & both) == both ||
        r->flags & ~(uint32_t)MEM_REGION_HEAP)
        return -FOS_EINVAL;
    return 0;
}

/* One of the regions proc names.  There is room for it. */
static long region_add(struct process *p, const struct mem_region *given)
{
    bool is_heap = given->flags & MEM_REGION_HEAP;
    struct region r = {.start = given->start,
                       .end = given->end,
                       .prot = given->prot,
                       .flags = REGION_IMAGE};
    long error = region_check(given, is_heap);

    if (error || !layout_empty(&p->layout, r.start, r.end))
        return -FOS_EINVAL;
    if (is_heap) {
        p->heap_start = r.start;
        p->heap_end = r.end;
    }
    if (r.start < r.end)
        layout_insert(&p->layout, &r);
    return 0;
}

static long layout_build(struct process *p, const struct mem_layout *layout)
{
    struct region stack = {.start = FOS_STACK_TOP - STACK_FIRST * FOS_PAGE_SIZE,
                           .end = FOS_STACK_TOP,
                           .prot = FOS_PROT_READ | FOS_PROT_WRITE,
                           .flags = REGION_STACK};
    long error = layout->count > MEM_ATTACH_REGIONS
                     ? -FOS_EINVAL
                     : layout_reserve(&p->layout, MEM_ATTACH_REGIONS + 1);

    for (uint32_t i = 0; !error && i < layout->count; i++)
        error = region_add(p, &layout->regions[i]);
    if (error)
        return error;
    layout_insert(&p->layout, &stack);
    return 0;
}

/* What was built is counted only if it may be. */
static long layout_begin(struct process *p, const struct mem_layout *layout)
{
    long error = layout_build(p, layout);
    uint64_t built = p->layout.committed;

    if (!error) {
        p->layout.committed = 0;
        error = process_may(p, built) ? 0 : -FOS_ENOMEM;
        p->layout.committed = built;
    }
    process_committed(p, 0);
    if (!error)
        error = fos_sys_space_control(p->space, FOS_SPACE_PAGER,
                                      (uint64_t)&member.faults);
    if (error)
        regions_forget(p);
    return error;
}

/* What every program touches before its main. */
static void pages_begin(struct process *p, const struct mem_layout *layout)
{
    for (uint32_t i = 0; i < layout->count; i++) {
        const struct mem_region *r = &layout->regions[i];
        if (r->absent && r->absent < r->end)
            fault_begin(p, r->absent, r->end);
    }
    fault_begin(p, FOS_STACK_TOP - STACK_BEGIN * FOS_PAGE_SIZE, FOS_STACK_TOP);
}

long life_attach(const struct mem_layout *layout)
{
    if (process_find(layout->pid))
        return -FOS_EEXIST;
    if (!layout->family)
        return -FOS_EINVAL;
    struct process *p = process_new(layout->pid, layout->space, layout->family,
                                    layout->family_quota);
    if (!p)
        return -FOS_ENOMEM;
    p->quota = layout->quota;
    p->reach = layout->reach;
    long error = layout_begin(p, layout);
    if (error)
        process_free(p);
    else
        pages_begin(p, layout);
    return error;
}

long life_reset(const struct mem_layout *layout)
{
    struct process *p = process_find(layout->pid);

    if (!p)
        return -FOS_ENOENT;
    regions_forget(p);
    p->reach = layout->reach;
    long error = layout_begin(p, layout);
    if (!error)
        pages_begin(p, layout);
    promise_less(process_promised());
    return error;
}

/* ---- fork ---- */

/* The pages of a region that both processes will write at once. */
static void hot_find(const struct region *r, uint64_t stack, uint64_t *start,
                     uint64_t *end)
{
    const uint64_t most = FORK_COPIES * FOS_PAGE_SIZE;
    uint64_t low = (stack & ~(FOS_PAGE_SIZE - 1)) - FOS_PAGE_SIZE;

    *start = *end = r->end;
    if (r->object || !(r->prot & FOS_PROT_WRITE) || region_is_loose(r))
        return;
    if (r->flags & REGION_STACK && low >= r->start && low < r->end) {
        *start = low;
        *end = r->end - low < most / 2 ? r->end : low + most / 2;
    } else if (r->flags & REGION_IMAGE && r->end - r->start <= most) {
        *start = r->start;
    }
}

/* Whether they have been copied: if all are there, and pages for it at hand.  What is
 * written to is no page of zeros any more. */
static bool hot_copy(const struct process *parent, struct process *child,
                     uint64_t start, uint64_t end)
{
    uint32_t pages = (uint32_t)((end - start) / FOS_PAGE_SIZE);
    struct fos_share share = {.to_space = child->space,
                              .from_space = fos_own_space(),
                              .to = start,
                              .pages = pages,
                              .prot = FOS_PROT_READ | FOS_PROT_WRITE,
                              .how = FOS_SHARE_KEEP};

    if (!pages || pages_ready(pages) < pages ||
        pages_first(pages, &share.from) != pages)
        return false;
    struct fos_copy copy = {share.from_space, share.from, parent->space, start,
                            end - start};
    if (fos_sys_space_copy(&copy) < 0)
        return false;
    long result = fos_sys_space_share(&share);
    pages_taken(pages);
    if (result < 0)
        return false;
    child->copies += pages;
    member.counts.copies += pages;
    return true;
}

static long private_fork(const struct process *parent, struct process *child,
                         const struct region *r, uint64_t stack)
{
    struct fos_share share = {.to_space = child->space,
                              .from_space = parent->space,
                              .to = r->start,
                              .from = r->start,
                              .prot = r->prot & ~FOS_PROT_WRITE,
                              .how = FOS_SHARE_COW};
    uint64_t start, end;

    hot_find(r, stack, &start, &end);
    if (!hot_copy(parent, child, start, end))
        return range_share(share, region_pages(r));
    long below = range_share(share, (start - r->start) / FOS_PAGE_SIZE);
    share.to = share.from = end;
    long above = below < 0 ? 0 : range_share(share, (r->end - end) / FOS_PAGE_SIZE);
    return below < 0 ? below : above;
}

/* `to` is a copy of `from` in the child, without its stash. */
static long region_fork(const struct process *parent, struct process *child,
                        const struct region *from, struct region *to,
                        uint64_t stack)
{
    if (from->flags & REGION_SHARED || (from->prot == 0 && !from->stash))
        return 0;
    long result = from->stash ? stash_copy(from, to)
                              : private_fork(parent, child, from, stack);
    if (result > 0 && region_is_loose(from))
        process_loose(child, result);
    return result < 0 ? result : 0;
}

static long regions_fork(const struct process *parent, struct process *child,
                         uint64_t stack)
{
    long error = layout_copy(&child->layout, &parent->layout);

    if (error)
        return error;
    process_committed(child, 0);
    for (uint32_t i = 0; i < child->layout.count; i++)
        child->layout.regions[i].stash = 0;
    for (uint32_t i = 0; i < child->layout.count && !error; i++)
        error = region_fork(parent, child, &parent->layout.regions[i],
                            &child->layout.regions[i], stack);
    return error;
}

/* A child that may have of the reserve may have all that it begins with. */
static uint64_t reach_of(uint64_t reach, uint64_t pages)
{
    return reach && reach < pages ? pages : reach;
}

long life_fork(uint64_t parent_pid, uint64_t child_pid, struct fos_cap space,
               uint64_t stack, uint64_t reach)
{
    struct process *parent = process_find(parent_pid);

    pages_let_go();
    if (!parent)
        return -FOS_ENOENT;
    if (process_find(child_pid))
        return -FOS_EEXIST;
    struct process *child =
        process_new(child_pid, space, parent->family->number, 0);
    if (!child)
        return -FOS_ENOMEM;
    uint64_t pages = parent->layout.committed + parent->loose;
    child->quota = parent->quota;
    child->reach = reach_of(reach, pages);
    child->heap_start = parent->heap_start;
    child->heap_end = parent->heap_end;
    long error = process_may(child, pages) ? 0 : -FOS_ENOMEM;
    if (!error)
        error = regions_fork(parent, child, stack);
    if (!error)
        error =
            fos_sys_space_control(space, FOS_SPACE_PAGER, (uint64_t)&member.faults);
    if (error) {
        regions_forget(child);
        process_free(child);
    }
    return error == -FOS_EDQUOT ? -FOS_ENOMEM : error;
}

long life_leave(uint64_t pid)
{
    struct process *p = process_find(pid);

    if (!p)
        return -FOS_ENOENT;
    regions_forget(p);
    process_free(p);
    pages_let_go();
    quota_less();
    promise_less(process_promised());
    return 0;
}

void life_ended(uint64_t pid)
{
    life_leave(pid);
}
