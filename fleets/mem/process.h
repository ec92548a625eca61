/* SPDX-License-Identifier: MIT */
/*
 * The processes this member looks after, their families and what they may use.
 *
 * Invariants
 *  P1. A family's `committed` is the sum of its processes' layouts' and loose pages and
 *      of the pages of the shared objects that were made in it; it exceeds the quota
 *      never, nor what of it is a process's that one's own.
 *  P2. A family lives while a process or an object is of it.
 *  P3. What all families have committed is promised by the page fleet as well
 *      (pages.h, G6): members share out what there is by asking for it.
 *  P4. Of the reserve (pages.h, G8) a process gets pages only while it has committed no
 *      more than its reach: who takes all there is leaves something for the app, and
 *      for what a shell that is the app starts.
 */
#ifndef MEM_PROCESS_H
#define MEM_PROCESS_H

#include "layout.h"

enum { PROCESS_BUCKETS = 64, PROCESSES_MAX = 256 };

struct family {
    struct family *next;
    uint64_t number;
    uint64_t committed, quota; /* pages, here */
    uint64_t shared;           /* of committed: the objects' */
    uint32_t members;          /* processes and objects: P2 */
};

struct process {
    struct process *next; /* in its bucket */
    uint64_t pid;
    struct fos_cap space;
    struct family *family;
    struct layout layout;
    uint64_t quota; /* pages */
    uint64_t reach; /* pages: P4 */
    uint64_t
        loose; /* pages there of regions without reserve: counted as they come */
    uint64_t heap_start, heap_end;
    uint64_t faults, copies, refused;
    bool put_off; /* faults of it wait for the page fleet */
};

struct process *process_find(uint64_t pid);
/* The one behind `p`, NULL: the first; NULL: no more. */
struct process *process_next(const struct process *p);

/* A process without regions, of the family of that number, which begins with this quota
 * if it is the first.  NULL: no memory, or too many. */
struct process *process_new(uint64_t pid, struct fos_cap space, uint64_t family,
                            uint64_t family_quota);
/* Its regions are gone. */
void process_free(struct process *p);

/* Whether it may come to use so many pages more: the page fleet is asked if need be. */
bool process_may(const struct process *p, uint64_t more);

/* So many loose pages more, or, negative, less. */
void process_loose(struct process *p, int64_t pages);

/* Takes what its layout has come to commit since `before` into the family's. */
void process_committed(struct process *p, uint64_t before);

/* Shared memory of so many pages, whose window in the own space is to be; charged to
 * the family, of whose quota all of it is half at most.  NULL: no memory, or the
 * quota. */
struct object *object_new(struct process *p, uint64_t pages);
/* What stands for a file, by the filesystem's word for it. */
struct object *object_of_file(const uint64_t handle[2]);
/* Without a reference left: forgets it. */
void object_free(struct object *o);

/* Pages that all families have committed. */
uint64_t process_promised(void);

extern uint32_t process_count, family_count, object_count;

#endif
