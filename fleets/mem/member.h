/* SPDX-License-Identifier: MIT */
/*
 * What a member does for processes.
 *
 *     request.c  messages to the calls below      process.c  processes, families
 *     regions.c  map, unmap, protect, advise, brk layout.c   what lies where
 *     fault.c    page faults                      pages.c    pages and addresses here
 *     life.c     attach, fork, reset, end         stash.c    pages nobody may touch
 *     file.c     pages of files                   space.c    mappings of any length
 *
 * Where a private page is, and what it takes until a write finds it:
 *
 *     nowhere           zeros, brought by the first touch (fault.c)
 *     in the process    read-only when its frame may be shared: by the boot archive, a
 *                       file, a relative after fork.  A write copies it, or finds that
 *                       it is the only one left (FOS_SHARE_OWN)
 *     in a stash here   while its region may not be touched: the kernel has no
 *                       mapping that is there and permits nothing
 *
 * Invariants
 *  M1. A request is refused before anything has changed, or it completes; a fork that
 *      fails half-way leaves no child.
 *  M2. A page is mapped writable in a process only if its frame is no one else's, or
 *      shared memory that all who map it may write.
 *  M3. What a process may come to need is counted before it is promised (process.h,
 *      P1): only memory without reserve can end a process for want of pages.
 *  M4. No call waits for a process, or for the process fleet; for the page fleet and
 *      the filesystem it waits seconds at most.
 *  M5. A fault that finds no member of the page fleet is put off until there is one,
 *      or asked again; nobody ends because of that.
 */
#ifndef MEM_MEMBER_H
#define MEM_MEMBER_H

#include <fos/siphash.h>

#include "process.h"

enum {
    AHEAD_MAX = 16,       /* pages brought at once */
    MAPPED_MAX = 1 << 20, /* pages of a process's regions: 4 GiB */
    POPULATE_MAX = 4096,  /* pages brought by one request */
    STATUS_KILLED = 137,
};

struct member_counts {
    uint64_t faults, around, copies, bad, exhausted;
};

/* Owned by the member's one thread. */
struct member {
    struct fos_siphash_key tickets;
    struct fos_cap faults; /* the mailbox that spaces' faults come to */
    struct fos_cap fs;     /* the filesystem's; id 0: there is none */
    struct member_counts counts;
};

extern struct member member;

/* regions.c: errors as in proto/mem.h, whose checks of arguments are made here. */
long regions_map(struct process *p, const struct mem_map_req *req, uint64_t *at);
long regions_unmap(struct process *p, uint64_t address, uint64_t length);
long regions_protect(struct process *p, uint64_t address, uint64_t length,
                     uint32_t prot);
long regions_advise(struct process *p, uint64_t address, uint64_t length,
                    uint32_t advice);
long regions_sync(struct process *p, uint64_t address, uint64_t length);
long regions_brk(struct process *p, uint64_t end);
/* Of a space that is gone, or was reset. */
void regions_forget(struct process *p);

/* stash.c: the pages of a private region go to a stash and come back.  After an error
 * they are where they were. */
long stash_put(struct process *p, struct region *r);
long stash_get(struct process *p, struct region *r, uint32_t prot);
/* Gives a child's region the same pages, which either copies when it writes: how many
 * they are. */
long stash_copy(const struct region *from, struct region *to);
/* How many it held. */
long stash_drop(struct region *r);

/* fault.c */
void fault_handle(const struct fos_fault *fault);
/* There are page members again: takes up what was put off. */
void faults_resume(void);
/* Brings the absent pages of a range that lies in the region. */
long fault_populate(struct process *p, struct region *r, uint64_t start,
                    uint64_t end);
/* Brings the first pages of a range that lies in a region of zeros, absent so far, without
 * asking anybody for more: a process that begins touches them anyway.  How many are there
 * then is nobody's business. */
void fault_begin(struct process *p, uint64_t start, uint64_t end);
/* One reference less. */
void object_put(struct object *o);

/* file.c: maps a page of the file in the process's space: 0 or more; -FOS_EEXIST
 * something is there; -FOS_EIO no answer; or the filesystem's error. */
long file_page(const struct object *o, uint64_t index, const struct process *p,
               uint64_t to, uint32_t prot, bool replace);
/* The filesystem may forget this name of a file. */
void file_leave(const uint64_t handle[2]);

/* life.c */
long life_attach(const struct mem_layout *layout);
long life_reset(const struct mem_layout *layout);
/* `stack`: where the child's thread begins; `reach`: as in proto/mem.h. */
long life_fork(uint64_t parent, uint64_t child, struct fos_cap space,
               uint64_t stack, uint64_t reach);
/* The process is another member's from now on, its space empty. */
long life_leave(uint64_t pid);
void life_ended(uint64_t pid);

#endif
