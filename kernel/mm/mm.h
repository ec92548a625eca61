/* SPDX-License-Identifier: MIT */
/*
 * Memory: frames, page tables, user copies.
 *
 * Guest frames have two numbers: pfn (dense, ours) and mfn (the machine's, the one
 * page tables hold).  They are types of their own so that a mix-up does not
 * compile. All functions but the copies and frame_address need the kernel lock.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "arch/x86_64/layout.h"
#include "lib/lib.h"

typedef struct {
    uint64_t n;
} pfn_t;
typedef struct {
    uint64_t n;
} mfn_t;

struct space;

enum frame_type {
    FRAME_FREE,
    FRAME_RESERVED, /* the boot image, Xen's shared pages, holes: never handed out
                     */
    FRAME_KERNEL,
    FRAME_TABLE,  /* a page table; read-only to the kernel */
    FRAME_USER,   /* a space's own memory; refs counts the mapping and pins */
    FRAME_SHARED, /* of a channel or a thread: mapped by peers too */
    FRAME_DEVICE, /* shared with another domain; never freed */
    FRAME_BOOT,   /* of the boot archive: read-only, never freed, may be shared */
};

/* One to a pfn.  Invariants: a FREE frame has refs 0 and is on the free list once;
 * a frame with an owner is counted once in that space's frames_used.  An owner that
 * has ended keeps its account until its last frame is back (space.h). */
struct frame {
    uint32_t owner; /* the space charged (frame.c), 0 none; next when FREE */
    uint32_t refs : 24, type : 8;
};

/* A frame with so many references is lent no further; what one call adds fits above. */
enum { FRAME_REFS_MAX = (1 << 24) - 2 * FOS_MAP_PAGES_MAX };

extern uint64_t *p2m; /* pfn -> mfn, from the domain builder */
extern struct frame *frames;
extern uint64_t frame_count, frames_free;
extern uint32_t frames_pools; /* given out by kernel_page_alloc */

/* frame.c */
void frames_init(pfn_t table, uint64_t first_free);
/* A zeroed frame, charged to `owner` unless that is NULL: 0, -FOS_EDQUOT,
 * -FOS_ENOMEM */
int frame_alloc(struct space *owner, enum frame_type type, pfn_t *out);
void frame_get(pfn_t f);
void frame_put(pfn_t f); /* the last reference frees it and refunds its owner */
void frame_give(pfn_t f,
                struct space *to); /* refunds its owner; `to` has been charged */
/* Charged to `s`, and nobody else has it. */
bool frame_is_own(pfn_t f, const struct space *s);
void *kernel_page_alloc(void); /* for tables and pools that only grow */

/* Pools of equal objects, cut from kernel pages which they keep. */
struct pool {
    size_t size;
    void *free;
};
void *pool_alloc(struct pool *p); /* zeroed, or NULL */
void pool_free(struct pool *p, void *object);

static inline mfn_t pfn_to_mfn(pfn_t f)
{
    return (mfn_t){p2m[f.n]};
}
bool mfn_to_pfn(mfn_t m, pfn_t *out); /* false: not a frame of this guest */

static inline void *frame_address(pfn_t f)
{
    return (void *)(DIRECT_BASE + (f.n << PAGE_SHIFT));
}
static inline pfn_t address_frame(const void *direct)
{
    return (pfn_t){((uintptr_t)direct - DIRECT_BASE) >> PAGE_SHIFT};
}

/* Page-table entries, as the processor and Xen define them. */
#define PTE_PRESENT 0x1ull
#define PTE_WRITE   0x2ull
#define PTE_USER    0x4ull
#define PTE_GLOBAL  0x100ull
#define PTE_NX      (1ull << 63)
#define PTE_MFN     0x000ffffffffff000ull
#define PTE_TABLE   (PTE_PRESENT | PTE_WRITE | PTE_USER)

/* arch/x86_64/mmu.c */
extern mfn_t kernel_root;
void mmu_init(void); /* builds the direct map, protects the kernel's image */
void *kernel_stack_map(uint32_t vcpu); /* its top, or NULL */
bool fault_is_spurious(uint64_t address, uint64_t error);

/* A space's page tables; see there for batching and flushing. */
int table_root_alloc(struct space *s);
int table_prepare(struct space *s, uint64_t va, uint64_t pages);
uint64_t table_entry(const struct space *s, uint64_t va); /* 0: nothing mapped */

/* A last-level table, remembered.  All zero at first and after table_prepare. */
struct leaf {
    const struct space *space;
    uint64_t va;
    uint64_t *table; /* NULL: there is none */
};
uint64_t leaf_entry(struct leaf *l, const struct space *s, uint64_t va);
void leaf_set(struct leaf *l, struct space *s, uint64_t va,
              uint64_t entry); /* queued */
/* Frees tables and what they map, but not the root; true: nothing is left. */
bool table_destroy_step(struct space *s);
void table_destroy_flush(void); /* after some steps */
void table_root_free(struct space *s);

static inline uint64_t pte_make(pfn_t f, uint32_t prot)
{
    return (pfn_to_mfn(f).n << PAGE_SHIFT) | PTE_PRESENT | PTE_USER |
           (prot & FOS_PROT_WRITE ? PTE_WRITE : 0) |
           (prot & FOS_PROT_EXEC ? 0 : PTE_NX);
}
pfn_t pte_frame(uint64_t entry);

/* usercopy.c: between the kernel and a space, through the direct map; they walk the
 * space's tables in software and so never fault.  0 or -FOS_EFAULT; the vCPU's `miss`
 * then says whether the caller's pager may help.  Call them
 * under the kernel lock, or as a reader (msg/capability.h): an unmapped frame is
 * not reused before readers have left. */
int copy_from_user(const struct space *s, void *to, uint64_t va, size_t n);
int copy_to_user(const struct space *s, uint64_t va, const void *from, size_t n);
int user_range_check(uint64_t va, uint64_t n);
int user_mapped_check(const struct space *s, uint64_t va, uint64_t n, bool write);
int user_frame(const struct space *s, uint64_t va, bool write, pfn_t *out);

#endif
