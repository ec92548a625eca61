/* SPDX-License-Identifier: MIT */
/*
 * The memory fleet's protocol: the layout of a process's memory, and its pages.
 *
 * A process belongs to one member, named on its start page (FOS_START_MEM): a child by
 * fork to its parent's, a program begun anew (spawn, exec) to the one that proc chooses.
 * It says who it is by its ticket (fos/ticket.h).  What it may
 * ask for lies below MEM_END; the range from FOS_PAGES_BASE to FOS_PAGES_END
 * (fos/memory.h) is the process's own business, except that its stack, below
 * FOS_STACK_TOP, is the member's.
 *
 * EACCES is this protocol's "the ticket does not allow it", because EPERM is what a
 * send to a dead member gives.
 */
#ifndef FOS_PROTO_MEM_H
#define FOS_PROTO_MEM_H

#include <fos/memory.h>
#include <fos/proto/proc.h>

/* For processes. */
#define MEM_CLIENT_OPS(OP) \
    OP(1, mem, map)        \
    OP(2, mem, unmap)      \
    OP(3, mem, protect)    \
    OP(4, mem, advise)     \
    OP(5, mem, sync)       \
    OP(6, mem, brk)        \
    OP(7, mem, usage)      \
    OP(8, mem, state)

/* From the process fleet. */
#define MEM_PROC_OPS(OP) \
    OP(16, mem, attach)  \
    OP(17, mem, reset)   \
    OP(18, mem, fork)    \
    OP(19, mem, fleets)  \
    OP(20, mem, leave)

#define MEM_OPS(OP) MEM_CLIENT_OPS(OP) MEM_PROC_OPS(OP)

FOS_PROTOCOL(mem, 1, MEM_OPS)

#define MEM_BASE FOS_HEAP_END   /* where map puts what may lie anywhere */
#define MEM_END  FOS_PAGES_BASE /* end of what map takes */

/* The stack grows down to this size; below that at least MEM_GUARD stays empty. */
#define MEM_STACK_MAX (8ull << 20)
#define MEM_GUARD     (16 * FOS_PAGE_SIZE)

enum {
    MEM_ATTACH_REGIONS = 12,
    MEM_REGIONS_MAX = 4096, /* of one process */
};

enum mem_flags {
    MEM_PRIVATE = 1,    /* either this */
    MEM_SHARED = 2,     /* or this */
    MEM_FIXED = 4,      /* at the address given; what was there is unmapped */
    MEM_NOREPLACE = 8,  /* with FIXED: EEXIST if something is there */
    MEM_NORESERVE = 16, /* not counted before it is touched */
    MEM_POPULATE = 32,  /* its pages are wanted now */
    MEM_FILE = 64,      /* of the file `handle`; else zeros */
    MEM_FLAGS = 127,
};

/*
 * Maps `length` bytes, rounded up to pages.  `address` is a wish unless MEM_FIXED is
 * given.  `prot` is of enum fos_prot, 0 included; write and execute together are
 * refused (EACCES).  EINVAL flags, address or length make no sense; ENOMEM no
 * addresses, too many regions, or the quota is used up; EEXIST.  MEM_FILE: `handle`
 * is the filesystem's word for the open file, `offset` a multiple of the page size;
 * ENOSYS there is no filesystem.
 */
struct mem_map_req {
    struct fos_request head;
    struct fos_cap ticket;
    uint64_t address, length;
    uint32_t prot, flags;
    uint64_t handle[2];
    uint64_t offset;
};

struct mem_map_rep {
    struct fos_reply head;
    uint64_t address;
};

/* Unmaps all that lies in the range.  EINVAL; ENOMEM: too many regions would come of
 * it. */
struct mem_unmap_req {
    struct fos_request head;
    struct fos_cap ticket;
    uint64_t address, length;
};

struct mem_unmap_rep {
    struct fos_reply head;
};

/* EINVAL; EACCES write and execute; ENOMEM a part is not mapped, the quota does not
 * allow it, too many regions. */
struct mem_protect_req {
    struct fos_request head;
    struct fos_cap ticket;
    uint64_t address, length;
    uint32_t prot, reserved;
};

struct mem_protect_rep {
    struct fos_reply head;
};

enum mem_advice {
    MEM_NORMAL = 0,
    MEM_RANDOM = 1,     /* map no pages ahead */
    MEM_SEQUENTIAL = 2, /* map pages ahead */
    MEM_WILLNEED = 3,   /* map the pages now, as far as there are any */
    MEM_DONTNEED = 4,   /* private pages become zeros (or the file's) again */
};

/* EINVAL; ENOMEM a part is not mapped. */
struct mem_advise_req {
    struct fos_request head;
    struct fos_cap ticket;
    uint64_t address, length;
    uint32_t advice, reserved;
};

struct mem_advise_rep {
    struct fos_reply head;
};

/* Pages of a shared file are the filesystem's own: there is nothing to carry over.
 * EINVAL; ENOMEM a part is not mapped. */
struct mem_sync_req {
    struct fos_request head;
    struct fos_cap ticket;
    uint64_t address, length;
};

struct mem_sync_rep {
    struct fos_reply head;
};

/* Moves the end of the heap; 0 asks where it is.  The reply's end is where it is
 * then.  ENOMEM the quota, or something is in the way. */
struct mem_brk_req {
    struct fos_request head;
    struct fos_cap ticket;
    uint64_t end;
};

struct mem_brk_rep {
    struct fos_reply head;
    uint64_t end;
};

/* What the caller uses, or (pid not 0) what a process of this member does. */
struct mem_usage_req {
    struct fos_request head;
    struct fos_cap ticket;
    uint64_t pid;
};

struct mem_usage {
    uint64_t committed; /* pages it may come to use: of quota */
    uint64_t quota;
    uint64_t family_committed, family_quota;
    uint64_t mapped; /* pages of its regions */
    uint64_t regions;
    uint64_t faults, copies, refused; /* pages brought; copied; bad accesses */
};

struct mem_usage_rep {
    struct fos_reply head;
    struct mem_usage usage;
};

/* For anybody: the member itself. */
struct mem_state_req {
    struct fos_request head;
};

struct mem_state_rep {
    struct fos_reply head;
    uint32_t processes, families, objects;
    uint32_t cached; /* zeroed pages at hand */
    uint64_t kept; /* pages of addresses for what is shared or may not be touched */
    uint64_t faults, around; /* messages; pages brought ahead */
    uint64_t copies;         /* writes to pages that were or had been shared */
    uint64_t bad;            /* accesses refused */
    uint64_t exhausted;      /* processes ended for want of pages */
    uint64_t took;           /* batches of the page fleet's */
};

/* ---- from the process fleet, who proves it by the control word of their start pages
 * (fos/fleet.h) ---- */

enum mem_region_flags {
    MEM_REGION_HEAP = 1, /* empty or not, brk moves its end */
};

/* [start, end), whole pages, private.  What is mapped there already stays; what is not
 * is zeros when it is touched.  From `absent` on nothing is mapped: if that is not 0, some of
 * these pages may be brought at once. */
struct mem_region {
    uint64_t start, end;
    uint64_t absent;
    uint32_t prot;
    uint32_t flags; /* enum mem_region_flags */
};

/* Quotas are in pages; the family's counts when it begins at this member. */
struct mem_layout {
    uint64_t pid;
    struct fos_cap space;
    uint64_t family; /* number of the family it joins, or begins; not 0 */
    uint64_t quota;
    uint64_t family_quota;
    uint32_t count;
    uint32_t
        reach; /* pages it may have committed to be given some of the reserve */
    struct mem_region regions[MEM_ATTACH_REGIONS];
};

/*
 * A process: the member adds the stack to its regions, and becomes its space's
 * pager.  EACCES the control; EINVAL no family, regions that overlap, or lie where they
 * may not; EEXIST it is known; ENOMEM.
 */
struct mem_attach_req {
    struct fos_request head;
    struct fos_cap control;
    struct mem_layout layout;
};

struct mem_attach_rep {
    struct fos_reply head;
};

/* A known process begins anew (exec), after its space was reset.  Family and quota
 * stay.  As attach; ENOENT it is not known. */
struct mem_reset_req {
    struct fos_request head;
    struct fos_cap control;
    struct mem_layout layout;
};

struct mem_reset_rep {
    struct fos_reply head;
};

/* `child` gets the regions of `parent`; private pages are copied when either writes, or at
 * once: a small program's data, and the stack around the address `stack`, which is where the
 * child begins and need not make sense.  `reach` is as in the layout, and
 * if not 0 as much at least as the child begins with.  As attach; after an error nothing of it is left but mappings in the child's
 * space. */
struct mem_fork_req {
    struct fos_request head;
    struct fos_cap control;
    uint64_t parent, child;
    struct fos_cap space; /* the child's */
    uint64_t stack;
    uint64_t reach;
};

struct mem_fork_rep {
    struct fos_reply head;
};

/* A known process, whose space was reset, goes to another member: everything about it
 * is forgotten, and its share of what was promised given back.  EACCES; ENOENT it is not
 * known. */
struct mem_leave_req {
    struct fos_request head;
    struct fos_cap control;
    uint64_t pid;
};

struct mem_leave_rep {
    struct fos_reply head;
};

/* Where the members of the page fleet are now (id 0: none in that place), and the
 * filesystem.  No reply is sent. */
struct mem_fleets_req {
    struct fos_request head;
    struct fos_cap control;
    struct fos_cap pages[PROC_MEMBERS_MAX];
    struct fos_cap fs;
};

struct mem_fleets_rep {
    struct fos_reply head;
};

#endif
