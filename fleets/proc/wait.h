/* SPDX-License-Identifier: MIT */
/*
 * What parents come to know of their children: waitpid, SIGCHLD, what was used.
 *
 * Invariants
 *  W1. A child's end, or its last change between stopped and running, is told to one
 *      waiter, once (unless that asks to leave it).
 *  W2. A waiter is kept only while it has a child that it might still hear of.
 *  W3. Native waiters (proc_wait) go before waitpid's.
 */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

#include "table.h"

/* The status as waitpid gives it, of a space that has ended. */
uint32_t wait_status_of(const struct fos_space_info *info);

/* `p`, ENDED, STOPPED or gone on, is its parent's to know: SIGCHLD, its waiters.  An
 * ENDED one whose parent wants to know nothing becomes FREE. */
void wait_tell(struct process *p);

/* A process' waits go with it; those for children that are no more end. */
void wait_parent_gone(uint64_t pid);
void wait_look(uint64_t parent);

/* The caller gives up: answered by EINTR.  False: it is none of these. */
bool wait_cancel(const struct fos_caller *caller);

void waitpid_handle(const struct fos_caller *caller,
                    const struct proc_waitpid_req *req);

/* What `p` has used until now. */
struct proc_usage usage_of(const struct process *p);

#endif
