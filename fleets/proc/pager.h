/* SPDX-License-Identifier: MIT */
/*
 * The page and the memory fleet, as far as this one is concerned: starting them, again
 * when they die, telling the one where the other is, and what the memory fleet has to
 * hear of processes.
 *
 * Invariants
 *  A1. A paged process names its member by slot and the member's pid (struct process:
 *      mem_slot, mem_pid).  A child by fork has its parent's, for their pages are
 *      shared until either writes; who begins anew, by spawn or exec, when nothing is
 *      shared, has the one with the fewest processes.  A member is asked to forget a
 *      process before the next one hears of it.
 *  A2. When a member of the memory fleet dies, so do the processes whose memory it
 *      looked after: nobody knows any more what belongs where.
 *  A3. Each member of the memory fleet keeps a reserve of promises.  The app may have all of
 *      it, its own children (T4) what they begin with, and PAGER_NEAR pages in all: a shell
 *      can start something beside programs that take all memory.
 */
#ifndef PROC_PAGER_H
#define PROC_PAGER_H

#include <fos/format/elf.h>
#include <fos/call.h>
#include <fos/proto/mem.h>

#include "table.h"

enum {
    PAGER_MEMBERS_MAX = 4,
    PAGER_KEEPS = 768, /* frames of a member that yields */
    PAGER_NEAR = 256,  /* pages: A3 */
    PAGER_SHARE = 2, /* one frame of so many, of those left, is the page fleet's */
};

/* Frames and objects of both fleets, of `left` frames that there are: what the
 * system's account has to pay. */
void pager_quota(uint64_t left, uint32_t vcpus, uint32_t *frames,
                 uint32_t *objects);

/* Frames for a member of a fleet that takes a dead one's place, `wanted` at most: what
 * the dead one had given is still in use, and charged to this fleet now. */
uint32_t pager_spare(uint32_t wanted);

/* Starts the members and waits, a few seconds, until they serve. */
void pager_start(void);

/* Tells members what they have to know.  Gives when it must be called again. */
uint64_t pager_work(void);

/* Nearly all that the page fleet has not given yet becomes the family's own: for a
 * program that maps its memory itself. */
void pager_yield(void);

/* A member serves. */
void pager_ready(const struct process *p, struct fos_cap mailbox);

/* The members of one of the two fleets. */
const struct proc_view *pager_view(enum process_role role);

/* Whether there is a member for new processes. */
bool pager_serves(void);

/* The mailbox of the member that looks after `p`; id 0: it is gone. */
struct fos_cap pager_mailbox(const struct process *p);

/* That of the member that pager_attach will choose for it; id 0: there is none. */
struct fos_cap pager_next(const struct process *p);

/* A request to a member that is under way while the process is being made; all zero:
 * there is none. */
struct pager_call {
    struct fos_call call;
    struct fos_reply rep;
    long error; /* of sending it */
    bool begun;
};

/* A member is to take over what lies in the space of `p`, but for what the file has bytes
 * of, be it the first time or after the space was reset; the one it had forgets it, if that
 * is another. */
void pager_attach(struct pager_call *c, struct process *p,
                  const struct elf_plan *plan);

/* `child`, where nothing is below the stack's end, gets the memory of `parent`; its thread
 * begins with this stack. */
void pager_fork(struct pager_call *c, const struct process *parent,
                struct process *child, uint64_t stack);

/* Waits until it has.  0, also when nothing was asked; -FOS_ENOMEM; -FOS_EAGAIN the member
 * is gone or does not answer. */
long pager_finish(struct pager_call *c);

/* The space of `p` is gone; `p` may be a member. */
void pager_ended(const struct process *p);

#endif
