/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "member.h"
#include "pages.h"
#include "space.h"

/* One page to bring, or more behind it if they come cheap. */
struct want {
    struct process *p;
    struct region *r;
    uint64_t page;
    uint32_t ahead; /* pages in all, at most */
    bool write, present;
    struct fos_cap thread; /* to let go then; id 0: none */
};

static struct fos_share share_for(const struct want *w)
{
    return (struct fos_share){.to_space = w->p->space,
                              .to = w->page,
                              .pages = 1,
                              .prot = w->r->prot,
                              .thread = w->thread};
}

/* Nothing is left to do but this. */
static long let_go(const struct want *w)
{
    if (w->thread.id)
        fos_sys_thread_control(w->thread, FOS_THREAD_GO, 0);
    return 1;
}

/* The page is there but read-only: it becomes the process's own.  A page at hand takes
 * the copy, if it needs one; when there is none, this member pays for it, but not while
 * the page fleet is away: it needs its own frames. */
static long bring_own(const struct want *w)
{
    struct fos_share share = share_for(w);

    share.how = FOS_SHARE_OWN;
    if (pages_first(1, &share.from))
        share.from_space = fos_own_space();
    else if (pages_lack() == -FOS_EAGAIN)
        return -FOS_EAGAIN;
    else
        share.from = 0;
    long copied = fos_sys_space_share(&share);
    if (copied < 0)
        return copied == -FOS_EDQUOT ? pages_lack() : copied;
    if (share.from_space.id)
        pages_taken((uint32_t)copied);
    w->p->copies += (uint64_t)copied;
    member.counts.copies += (uint64_t)copied;
    return 1;
}

static long bring_zeros(const struct want *w)
{
    struct fos_share share = share_for(w);

    bool loose = region_is_loose(w->r);

    if (loose && !process_may(w->p, w->ahead))
        return -FOS_ENOMEM;
    share.from_space = fos_own_space();
    share.how = FOS_SHARE_KEEP;
    share.pages = pages_first(w->ahead, &share.from);
    if (share.pages == 0)
        return pages_lack();
    long result = fos_sys_space_share(&share);
    if (result == -FOS_EEXIST && share.pages > 1) {
        share.pages = 1;
        result = fos_sys_space_share(&share);
    }
    if (result > 0)
        pages_taken((uint32_t)result);
    if (result > 0 && loose)
        process_loose(w->p, result);
    return result == -FOS_EEXIST ? let_go(w) : result;
}

static long window_fill(uint64_t place)
{
    struct fos_share fill = {.to_space = fos_own_space(),
                             .from_space = fos_own_space(),
                             .to = place,
                             .prot = FOS_PROT_READ | FOS_PROT_WRITE,
                             .how = FOS_SHARE_KEEP};

    fill.pages = pages_first(1, &fill.from);
    if (fill.pages == 0)
        return pages_lack();
    long result = fos_sys_space_share(&fill);
    if (result == -FOS_EDQUOT && quota_more() == 0)
        result = fos_sys_space_share(&fill);
    if (result > 0)
        pages_taken((uint32_t)result);
    return result;
}

/* Shared memory: its pages stay in the object's window as well. */
static long bring_shared(const struct want *w)
{
    struct fos_share share = share_for(w);
    const struct object *o = w->r->object;
    long result;

    assert(o && o->window);
    share.from_space = fos_own_space();
    share.from = o->window + w->r->offset + (w->page - w->r->start);
    share.how = w->present ? FOS_SHARE_REPLACE : FOS_SHARE_KEEP;
    result = fos_sys_space_share(&share);
    if (result == -FOS_EFAULT) {
        result = window_fill(share.from);
        if (result > 0)
            result = fos_sys_space_share(&share);
    }
    return result == -FOS_EEXIST ? let_go(w) : result;
}

/* A private page of a file is the filesystem's until it is written. */
static long bring_file(const struct want *w)
{
    const struct region *r = w->r;
    uint64_t index = (r->offset + (w->page - r->start)) / FOS_PAGE_SIZE;
    bool shared = r->flags & REGION_SHARED;
    long result = file_page(r->object, index, w->p, w->page,
                            shared ? r->prot : r->prot & ~(uint32_t)FOS_PROT_WRITE,
                            w->present);

    return result < 0 && result != -FOS_EEXIST ? result : let_go(w);
}

/* A private page that is there. */
static long bring_present(const struct want *w)
{
    long result = w->write ? bring_own(w) : let_go(w);

    return result == -FOS_EFAULT ? let_go(w) : result; /* it has gone: once more */
}

static long bring(const struct want *w)
{
    bool shared = w->r->flags & REGION_SHARED;

    if (w->present && !shared)
        return bring_present(w);
    if (w->r->object && w->r->object->is_file)
        return bring_file(w);
    return shared ? bring_shared(w) : bring_zeros(w);
}

/* Touches one after the other bring more each time. */
static uint32_t pages_wanted(struct region *r, uint64_t page)
{
    uint64_t room = (r->end - page) / FOS_PAGE_SIZE;
    uint32_t ahead = 1;

    if (r->flags & REGION_AHEAD)
        ahead = AHEAD_MAX;
    else if (page == r->next && !(r->flags & (REGION_RANDOM | REGION_STACK)))
        ahead = r->ahead < AHEAD_MAX / 2 ? r->ahead * 2 : AHEAD_MAX;
    return ahead < room ? ahead : (uint32_t)room;
}

static void brought(struct region *r, uint64_t page, long pages)
{
    r->next = page + (uint64_t)pages * FOS_PAGE_SIZE;
    r->ahead = (uint32_t)pages;
    member.counts.around += (uint64_t)pages - 1;
}

long fault_populate(struct process *p, struct region *r, uint64_t start,
                    uint64_t end)
{
    uint64_t budget = POPULATE_MAX;

    while (start < end && budget && r->prot) {
        uint64_t left = (end - start) / FOS_PAGE_SIZE;
        struct want w = {.p = p,
                         .r = r,
                         .page = start,
                         .ahead = left < AHEAD_MAX ? (uint32_t)left : AHEAD_MAX};
        long result = bring(&w);
        if (result < 0)
            return result;
        start += (uint64_t)result * FOS_PAGE_SIZE;
        budget -= budget < (uint64_t)result ? budget : (uint64_t)result;
    }
    return 0;
}

void fault_begin(struct process *p, uint64_t start, uint64_t end)
{
    struct region *r = layout_find(&p->layout, start);
    uint64_t left = (end - start) / FOS_PAGE_SIZE;

    if (!r || end > r->end || !(r->prot & FOS_PROT_WRITE))
        return;
    left = left < AHEAD_MAX ? left : AHEAD_MAX;
    while (left && pages_ready((uint32_t)left) >= left) {
        struct want w = {.p = p, .r = r, .page = start, .ahead = (uint32_t)left};
        long result = bring_zeros(&w);
        if (result <= 0)
            return;
        start += (uint64_t)result * FOS_PAGE_SIZE;
        left -= (uint64_t)result;
    }
}

/* ---- the stack ---- */

/* A touch below it, not too far from it and not near what lies below, makes it
 * longer. */
static struct region *stack_grow(struct process *p, uint64_t page)
{
    struct layout *l = &p->layout;
    uint32_t at = layout_above(l, page);
    struct region *r = &l->regions[at];

    if (at == l->count || !(r->flags & REGION_STACK) ||
        page < FOS_STACK_TOP - MEM_STACK_MAX ||
        !layout_empty(l, page - MEM_GUARD, page) ||
        !process_may(p, (r->start - page) / FOS_PAGE_SIZE))
        return NULL;
    uint64_t before = l->committed;
    layout_grow_down(l, r, page);
    process_committed(p, before);
    return r;
}

/* ---- faults ---- */

static bool allowed(const struct region *r, uint32_t error)
{
    uint32_t needed = error & FOS_FAULT_WRITE     ? FOS_PROT_WRITE
                      : error & FOS_FAULT_EXECUTE ? FOS_PROT_EXEC
                                                  : FOS_PROT_READ;

    return r->prot & needed;
}

static void refuse(struct process *p, const struct fos_fault *f)
{
    p->refused++;
    member.counts.bad++;
    fos_sys_thread_control(f->thread, FOS_THREAD_FAULT, 0);
}

static void exhaust(struct process *p, const struct fos_fault *f, long why)
{
    printf("mem: pid %llu ended: %s at %#llx (%llu pages promised)\n",
           (unsigned long long)p->pid,
           why == -FOS_EDQUOT ? "its frames do not pay the page tables"
                              : "no free memory",
           (unsigned long long)f->address, (unsigned long long)p->layout.committed);
    member.counts.exhausted++;
    fos_sys_space_control(p->space, FOS_SPACE_END, STATUS_KILLED);
}

/* The kernel tells a pager that is set anew of all that wait. */
static void faults_again(struct process *p)
{
    p->put_off = false;
    fos_sys_space_control(p->space, FOS_SPACE_PAGER, (uint64_t)&member.faults);
}

static void put_off(struct process *p)
{
    if (pages_may_come())
        faults_again(p);
    else
        p->put_off = true;
}

void faults_resume(void)
{
    for (struct process *p = process_next(NULL); p; p = process_next(p))
        if (p->put_off && pages_may_come())
            faults_again(p);
}

void fault_handle(const struct fos_fault *f)
{
    struct process *p = process_find(f->pid);
    uint64_t page = f->address & ~(FOS_PAGE_SIZE - 1);

    if (!p) /* it has ended, or its fork failed */
        return;
    member.counts.faults++;
    p->faults++;
    struct region *r = layout_find(&p->layout, page);
    if (!r)
        r = stack_grow(p, page);
    if (!r || !allowed(r, f->error)) {
        refuse(p, f);
        return;
    }
    struct want w = {.p = p,
                     .r = r,
                     .page = page,
                     .ahead = pages_wanted(r, page),
                     .write = f->error & FOS_FAULT_WRITE,
                     .present = f->error & FOS_FAULT_PRESENT,
                     .thread = f->thread};
    long result = bring(&w);
    if (result > 0)
        brought(r, page, result);
    else if (result == -FOS_ENOMEM || result == -FOS_EDQUOT)
        exhaust(p, f, result);
    else if (result == -FOS_EAGAIN)
        put_off(p);
    else
        refuse(p, f);
}
