/* SPDX-License-Identifier: MIT */
/*
 * The kernel and the pages at hand, played for test_mem.c: spaces that map frames of one
 * word each.
 */
#ifndef MEM_KERNEL_H
#define MEM_KERNEL_H

#include <fos/error.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "fleets/mem/member.h"
#include "fleets/mem/pages.h"
#include "unit.h"

#define RW (FOS_PROT_READ | FOS_PROT_WRITE)

/* ---- the kernel ---- */

enum { SPACES = 24, FRAMES = 4096, MAPPINGS = 2048, OWN = 1 };

struct mapping {
    uint64_t page;
    uint32_t frame, prot;
};

static struct space {
    struct mapping maps[MAPPINGS];
    uint32_t count;
    bool ended;
    int pagers; /* times that one was set */
} spaces[SPACES];

static struct {
    uint64_t word;
    uint32_t refs;
} frames[FRAMES];
static uint32_t frames_used, frames_limit = FRAMES;

static struct fos_start start_page;
struct fos_start *fos_start_page = &start_page;
struct member member;
static enum { NOTHING, WENT, REFUSED } verdict;

static uint32_t frame_new(void)
{
    for (uint32_t f = 0; f < FRAMES; f++) {
        if (frames[f].refs == 0) {
            frames[f].refs = 1;
            frames[f].word = 0;
            frames_used++;
            return f;
        }
    }
    abort();
}

static void frame_put(uint32_t f)
{
    REQUIRE(frames[f].refs > 0);
    if (--frames[f].refs == 0)
        frames_used--;
}

static struct mapping *mapping_at(struct space *s, uint64_t page)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->maps[i].page == page)
            return &s->maps[i];
    return NULL;
}

static void map(struct space *s, uint64_t page, uint32_t frame, uint32_t prot)
{
    REQUIRE(s->count < MAPPINGS && !mapping_at(s, page));
    s->maps[s->count++] = (struct mapping){page, frame, prot};
}

/* The frame's reference is the caller's to put. */
static void unmap(struct space *s, struct mapping *m)
{
    *m = s->maps[--s->count];
}

static void space_empty(struct space *s)
{
    while (s->count) {
        frame_put(s->maps[0].frame);
        unmap(s, &s->maps[0]);
    }
}

static struct space *space_of(struct fos_cap cap)
{
    return cap.id && cap.id < SPACES ? &spaces[cap.id] : NULL;
}

static long share_check(const struct fos_share *s, struct space *to,
                        struct space *from)
{
    uint32_t kind = s->how & FOS_SHARE_KIND;

    if (!to || (kind != FOS_SHARE_OWN && !from) || s->pages == 0 ||
        s->pages > FOS_MAP_PAGES_MAX)
        return -FOS_EINVAL;
    for (uint32_t i = 0; i < s->pages; i++) {
        uint64_t off = i * FOS_PAGE_SIZE;
        struct mapping *m = kind == FOS_SHARE_OWN ? mapping_at(to, s->to + off)
                                                  : mapping_at(from, s->from + off);
        if (!m && !(s->how & FOS_SHARE_SPARSE))
            return -FOS_EFAULT;
        if (!m || kind == FOS_SHARE_OWN)
            continue;
        if (s->prot & FOS_PROT_WRITE && !(m->prot & FOS_PROT_WRITE) &&
            frames[m->frame].refs > 1)
            return -FOS_EPERM;
        if (mapping_at(to, s->to + off) && !(s->how & FOS_SHARE_REPLACE))
            return -FOS_EEXIST;
    }
    return 0;
}

/* One page; gives how many copies were made. */
static long own_one(const struct fos_share *s, struct space *from,
                    struct mapping *m)
{
    struct mapping *spare = from ? mapping_at(from, s->from) : NULL;
    bool copies = frames[m->frame].refs > 1;

    if (copies) {
        uint32_t copy = spare ? spare->frame : frame_new();
        frames[copy].word = frames[m->frame].word;
        frame_put(m->frame);
        m->frame = copy;
        if (spare)
            unmap(from, spare);
    }
    m->prot = s->prot;
    return copies;
}

static void share_one(const struct fos_share *s, struct space *to,
                      struct space *from, uint64_t off)
{
    uint32_t kind = s->how & FOS_SHARE_KIND;
    struct mapping *m = mapping_at(from, s->from + off), *old;
    uint32_t frame = m->frame;

    frames[frame].refs++;
    if (kind == FOS_SHARE_COW)
        m->prot &= ~(uint32_t)FOS_PROT_WRITE;
    if (kind == FOS_SHARE_MOVE) {
        frame_put(frame);
        unmap(from, m);
    }
    if ((old = mapping_at(to, s->to + off))) {
        frame_put(old->frame);
        unmap(to, old);
    }
    map(to, s->to + off, frame,
        kind == FOS_SHARE_COW ? s->prot & ~(uint32_t)FOS_PROT_WRITE : s->prot);
}

long fos_sys_space_share(const struct fos_share *s)
{
    struct space *to = space_of(s->to_space), *from = space_of(s->from_space);
    long error = share_check(s, to, from), done = 0;

    if (error)
        return error;
    for (uint32_t i = 0; i < s->pages; i++) {
        uint64_t off = i * FOS_PAGE_SIZE;
        if ((s->how & FOS_SHARE_KIND) == FOS_SHARE_OWN) {
            struct mapping *m = mapping_at(to, s->to + off);
            REQUIRE(s->pages == 1);
            done += m ? own_one(s, from, m) : 0;
        } else if (mapping_at(from, s->from + off)) {
            share_one(s, to, from, off);
            done++;
        }
    }
    if (s->thread.id)
        verdict = WENT;
    return done;
}

long fos_sys_space_copy(const struct fos_copy *c)
{
    struct space *to = space_of(c->to_space), *from = space_of(c->from_space);

    for (uint64_t off = 0; off < c->length; off += FOS_PAGE_SIZE)
        if (!mapping_at(from, c->from + off) || !mapping_at(to, c->to + off))
            return -FOS_EFAULT;
    for (uint64_t off = 0; off < c->length; off += FOS_PAGE_SIZE)
        frames[mapping_at(to, c->to + off)->frame].word =
            frames[mapping_at(from, c->from + off)->frame].word;
    return 0;
}

long fos_sys_space_protect(struct fos_cap space, uint64_t address, uint64_t pages,
                           unsigned prot)
{
    struct space *s = space_of(space);
    long done = 0;

    prot &= ~(unsigned)FOS_MAP_SPARSE;
    REQUIRE(s && pages <= FOS_MAP_PAGES_MAX && !(prot & FOS_PROT_WRITE));
    for (uint64_t i = 0; i < pages; i++) {
        struct mapping *m = mapping_at(s, address + i * FOS_PAGE_SIZE);
        if (!m)
            continue;
        done++;
        if (prot) {
            m->prot = prot;
        } else {
            frame_put(m->frame);
            unmap(s, m);
        }
    }
    return done;
}

long fos_sys_space_control(struct fos_cap space, enum fos_space_control what,
                           uint64_t argument)
{
    struct space *s = space_of(space);

    (void)argument;
    if (!s)
        return -FOS_EPERM;
    if (what == FOS_SPACE_END)
        s->ended = true;
    s->pagers += what == FOS_SPACE_PAGER;
    return 0;
}

long fos_sys_thread_control(struct fos_cap thread, enum fos_thread_control what,
                            uint64_t argument)
{
    (void)thread, (void)argument;
    verdict = what == FOS_THREAD_GO ? WENT : REFUSED;
    return 0;
}

long file_page(const struct object *o, uint64_t index, const struct process *p,
               uint64_t to, uint32_t prot, bool replace)
{
    (void)o, (void)index, (void)p, (void)to, (void)prot, (void)replace;
    return -FOS_EIO;
}

void file_leave(const uint64_t handle[2])
{
    (void)handle;
}

/* ---- the pages at hand ---- */

enum { SUPPLY = 32 };
static const uint64_t supply = 0x10000000000;
static uint64_t supply_next, window_next = 0x20000000000, windows;

static uint32_t given; /* before supply_next, mapped here still */

static uint64_t supply_place(uint64_t n)
{
    return supply + n % SUPPLY * FOS_PAGE_SIZE;
}

static bool page_fleet_gone;

uint32_t pages_first(uint32_t wanted, uint64_t *address)
{
    uint32_t n = 0, straight = SUPPLY - (uint32_t)(supply_next % SUPPLY);

    if (page_fleet_gone)
        return 0;

    *address = supply_place(supply_next);
    wanted = wanted < SUPPLY - given ? wanted : SUPPLY - given;
    for (; n < wanted && n < straight; n++) {
        if (mapping_at(&spaces[OWN], supply_place(supply_next + n)))
            continue;
        if (frames_used >= frames_limit)
            break;
        map(&spaces[OWN], supply_place(supply_next + n), frame_new(), RW);
    }
    return n;
}

/* As far as a process that begins is concerned; pages_first has more. */
static uint32_t at_hand;

uint32_t pages_ready(uint32_t wanted)
{
    return at_hand < wanted ? at_hand : wanted;
}

void pages_let_go(void)
{
    for (; given; given--) {
        struct mapping *m =
            mapping_at(&spaces[OWN], supply_place(supply_next - given));
        if (!m) /* it took a copy, and was moved */
            continue;
        frame_put(m->frame);
        unmap(&spaces[OWN], m);
    }
}

void pages_taken(uint32_t pages)
{
    supply_next += pages;
    given += pages;
    if (given >= SUPPLY / 2)
        pages_let_go();
}

static void supply_close(void)
{
    pages_let_go();
    space_empty(&spaces[OWN]);
}

long quota_more(void)
{
    return pages_lack();
}

long pages_lack(void)
{
    return page_fleet_gone ? -FOS_EAGAIN : -FOS_ENOMEM;
}

bool pages_may_come(void)
{
    return !page_fleet_gone;
}

void quota_less(void)
{
}

static uint64_t promises_limit = UINT64_MAX;
static bool near_asked; /* who asked last might have had of the reserve */

bool pages_due(void)
{
    return false;
}

bool promise_may(uint64_t promised, uint64_t more, bool near)
{
    near_asked = near;
    return promised <= promises_limit && more <= promises_limit - promised;
}

void promise_less(uint64_t promised)
{
    REQUIRE(promised == process_promised());
}

uint64_t window_take(uint64_t pages)
{
    uint64_t at = window_next;

    window_next += (pages + 1) * FOS_PAGE_SIZE;
    windows += pages;
    return at;
}

long window_give(uint64_t window, uint64_t pages)
{
    windows -= pages;
    return fos_sys_space_protect(fos_own_space(), window, pages, 0);
}

#endif
