/* SPDX-License-Identifier: MIT */
#include "mm/mm.h"
#include "mm/space.h"

uint64_t *p2m;
struct frame *frames;
uint64_t frame_count, frames_free;
uint32_t frames_pools;

static uint32_t free_first; /* pfn, 0 none: frame 0 is the kernel's first */

bool mfn_to_pfn(mfn_t m, pfn_t *out)
{
    if (m.n >= (0xffff880000000000 - 0xffff800000000000) / 8)
        return false;
    uint64_t n = ((const uint64_t *)0xffff800000000000)[m.n];
    if (n >= frame_count || p2m[n] != m.n)
        return false;
    out->n = n;
    return true;
}

static void free_push(pfn_t f)
{
    frames[f.n] = (struct frame){.owner = free_first, .type = FRAME_FREE};
    free_first = (uint32_t)f.n;
    frames_free++;
}

/* The frame table is at `table`; what lies below `first_free` is in use. */
void frames_init(pfn_t table, uint64_t first_free)
{
    frames = frame_address(table);
    for (uint64_t i = 0; i < first_free; i++)
        frames[i] = (struct frame){.type = FRAME_RESERVED};
    for (uint64_t i = frame_count - 1; i >= first_free; i--) {
        if (p2m[i] == ~0ull)
            frames[i] = (struct frame){.type = FRAME_RESERVED};
        else
            free_push((pfn_t){i});
    }
}

/* Spaces lie in the direct map, at multiples of their alignment. */
static uint32_t owner_make(const struct space *s)
{
    if (!s)
        return 0;
    uint64_t n = ((uintptr_t)s - DIRECT_BASE) / SPACE_ALIGN;
    ASSERT((uintptr_t)s % SPACE_ALIGN == 0 && n != 0 && n <= UINT32_MAX);
    return (uint32_t)n;
}

static struct space *frame_owner(const struct frame *f)
{
    return f->owner == 0
               ? NULL
               : (struct space *)(DIRECT_BASE + (uint64_t)f->owner * SPACE_ALIGN);
}

static bool frame_is_fixed(const struct frame *f)
{
    return f->type == FRAME_DEVICE || f->type == FRAME_BOOT;
}

int frame_alloc(struct space *owner, enum frame_type type, pfn_t *out)
{
    if (free_first == 0)
        return -FOS_ENOMEM;
    if (owner && space_charge_frames(owner, 1))
        return -FOS_EDQUOT;
    struct frame *f = &frames[free_first];
    ASSERT(f->type == FRAME_FREE && f->refs == 0);
    out->n = free_first;
    free_first = f->owner;
    frames_free--;
    *f = (struct frame){
        .owner = owner_make(owner),
        .refs = 1,
        .type = (uint8_t)type,
    };
    memset(frame_address(*out), 0, PAGE_SIZE);
    return 0;
}

void frame_get(pfn_t n)
{
    struct frame *f = &frames[n.n];
    ASSERT(n.n < frame_count && f->type != FRAME_FREE);
    if (frame_is_fixed(f))
        return;
    ASSERT(f->refs > 0 && f->refs < FRAME_REFS_MAX + 2 * FOS_MAP_PAGES_MAX - 1);
    f->refs++;
}

void frame_put(pfn_t n)
{
    struct frame *f = &frames[n.n];
    ASSERT(n.n < frame_count && f->type != FRAME_FREE && f->type != FRAME_RESERVED);
    if (frame_is_fixed(f))
        return;
    ASSERT(f->refs > 0);
    if (--f->refs > 0)
        return;
    struct space *owner = frame_owner(f);
    if (owner)
        space_refund_frames(owner, 1);
    free_push(n);
}

void frame_give(pfn_t n, struct space *to)
{
    struct frame *f = &frames[n.n];
    space_refund_frames(frame_owner(f), 1);
    f->owner = owner_make(to);
}

bool frame_is_own(pfn_t n, const struct space *s)
{
    const struct frame *f = &frames[n.n];
    return f->type == FRAME_USER && f->refs == 1 && f->owner == owner_make(s);
}

void *kernel_page_alloc(void)
{
    pfn_t f;
    if (frame_alloc(NULL, FRAME_KERNEL, &f))
        return NULL;
    frames_pools++;
    return frame_address(f);
}

static bool pool_grow(struct pool *p)
{
    char *page = kernel_page_alloc();
    if (!page)
        return false;
    for (size_t at = 0; at + p->size <= PAGE_SIZE; at += p->size) {
        *(void **)(page + at) = p->free;
        p->free = page + at;
    }
    return true;
}

void *pool_alloc(struct pool *p)
{
    ASSERT(p->size >= sizeof(void *) && p->size <= PAGE_SIZE);
    if (!p->free && !pool_grow(p))
        return NULL;
    void *object = p->free;
    p->free = *(void **)object;
    return memset(object, 0, p->size);
}

void pool_free(struct pool *p, void *object)
{
    *(void **)object = p->free;
    p->free = object;
}
