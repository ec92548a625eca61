/* SPDX-License-Identifier: MIT */
/*
 * What lies where in an address space: its regions, in order of their addresses.
 * No system call is made here.
 *
 * A binary search over an array, rather than a tree of nodes: a process has few
 * regions, most of its faults hit one of them, and the array is two cache lines of
 * search where a tree is a line to each level.  Making room costs a memmove.
 *
 * Invariants
 *  L1. start < end, both whole pages; a region ends where the next begins or before.
 *  L2. Neighbours that could be one region are one, after each call but layout_cut.
 *  L3. An object's refs count the regions that show it.
 *  L4. `committed` is the sum of region_cost over the regions, `mapped` their pages.
 *  L5. A region that counts with its protection has REGION_COUNTED, and keeps it.
 */
#ifndef MEM_LAYOUT_H
#define MEM_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <fos/proto/mem.h>

enum region_flags {
    REGION_SHARED = 1, /* writes are seen by all who map the object */
    REGION_NORESERVE =
        2,             /* zeros, not counted as committed before they are touched */
    REGION_STACK = 4,  /* grows down */
    REGION_RANDOM = 8, /* no pages ahead */
    REGION_AHEAD = 16, /* the most pages ahead */
    REGION_IMAGE = 32, /* of a program: unless written, all its pages are there */
    REGION_COUNTED =
        64, /* its pages are committed, whatever its protection is now */
};

/* Memory or a file that regions show. */
struct object {
    uint32_t refs;
    uint32_t is_file;
    uint64_t window, pages; /* memory: where its pages are kept, in the own space */
    uint64_t handle[2];     /* file: the filesystem's */
    struct family *family;  /* memory: who is charged */
};

struct region {
    uint64_t start, end;
    uint32_t prot;         /* enum fos_prot; 0: nothing may be touched */
    uint32_t flags;        /* enum region_flags */
    struct object *object; /* NULL: zeros */
    uint64_t offset;       /* of start in the object, bytes */
    uint64_t stash; /* without access: where its pages are kept; 0: it has none */
    uint64_t next;  /* the page after the last one brought, and */
    uint32_t ahead; /* how many were brought then */
    uint32_t reserved;
};

struct layout {
    struct region *regions;
    uint32_t count, capacity;
    uint32_t most; /* regions; 0: MEM_REGIONS_MAX */
    uint32_t reserved;
    uint64_t committed, mapped; /* pages */
};

static inline uint64_t region_pages(const struct region *r)
{
    return (r->end - r->start) / FOS_PAGE_SIZE;
}

/* Whether the region may come to need pages of its own, with protection `prot`: by
 * writes, or by any touch of what is zeros. */
static inline bool region_counts(const struct region *r, uint32_t prot)
{
    if (r->flags & (REGION_SHARED | REGION_NORESERVE))
        return false;
    return r->flags & REGION_COUNTED || prot & FOS_PROT_WRITE ||
           (prot && !r->object && !(r->flags & REGION_IMAGE));
}

/* Pages committed for it, and if its protection were `prot`. */
static inline uint64_t region_cost_as(const struct region *r, uint32_t prot)
{
    return region_counts(r, prot) ? region_pages(r) : 0;
}

static inline uint64_t region_cost(const struct region *r)
{
    return r->flags & REGION_COUNTED ? region_pages(r) : 0;
}

/* Whether its pages are counted one by one, when they come. */
static inline bool region_is_loose(const struct region *r)
{
    return (r->flags & (REGION_SHARED | REGION_NORESERVE)) == REGION_NORESERVE;
}

/* The region that holds `address`, or NULL. */
struct region *layout_find(const struct layout *l, uint64_t address);

/* Index of the first region that ends above `address`; count if none does. */
uint32_t layout_above(const struct layout *l, uint64_t address);

/* Makes room for `more` regions: 0 or -FOS_ENOMEM (too many, or no memory);
 * then that many calls of the functions below cannot fail. */
long layout_reserve(struct layout *l, uint32_t more);

/* The same for what a layout_cut there adds, and `more`. */
long layout_reserve_cut(struct layout *l, uint64_t start, uint64_t end,
                        uint32_t more);

/* Adds a region, where nothing is (asserted).  Takes over a reference of its object. */
void layout_insert(struct layout *l, const struct region *r);

/* Makes regions begin at `start` and `end` where those lie within one.  *first is the first of the range; the result is how many there are. */
uint32_t layout_cut(struct layout *l, uint64_t start, uint64_t end,
                    uint32_t *first);

/* Forgets `n` regions from `first` on; their objects' references are the caller's to
 * give back, before. */
void layout_erase(struct layout *l, uint32_t first, uint32_t n);

/* A region's protection, as region_cost_as has foreseen. */
void layout_protect(struct layout *l, struct region *r, uint32_t prot);

/* Moves the beginning of a region down, where nothing is (asserted). */
void layout_grow_down(struct layout *l, struct region *r, uint64_t start);

/* Joins the neighbours that could be one, among `n` from `first` on and those beside
 * them. */
void layout_join(struct layout *l, uint32_t first, uint32_t n);

/* Whether the whole range is mapped; whether nothing in it is. */
bool layout_covers(const struct layout *l, uint64_t start, uint64_t end);
bool layout_empty(const struct layout *l, uint64_t start, uint64_t end);

/* `pages` free pages at or above `low`, below `high`: the lowest; 0: there are none. */
uint64_t layout_gap(const struct layout *l, uint64_t pages, uint64_t low,
                    uint64_t high);

/* A copy, object references included.  0 or -FOS_ENOMEM. */
long layout_copy(struct layout *to, const struct layout *from);

/* Forgets all; objects' references have been given back. */
void layout_free(struct layout *l);

/* Checks L1, L2 and L4. */
bool layout_is_sound(const struct layout *l);

#endif
