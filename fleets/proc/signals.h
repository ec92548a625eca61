/* SPDX-License-Identifier: MIT */
/*
 * Signals between processes.  What a signal does is decided in the process (libfos),
 * but for SIGKILL, SIGSTOP and SIGCONT, which are done here.
 *
 * Invariants
 *  S1. A process's struct fos_signal_info is written before the signal is pending.
 *  S2. A stopped process is told of as stopped until it goes on; SIGKILL ends it all
 *      the same.
 */
#ifndef PROC_SIGNALS_H
#define PROC_SIGNALS_H

#include "table.h"

/* Makes it pending in a running process, whatever it is. */
void signal_post(struct process *p, unsigned signal,
                 const struct fos_signal_info *info);

void signal_handle(const struct fos_caller *caller,
                   const struct proc_signal_req *req);
void suspend_handle(const struct fos_caller *caller,
                    const struct proc_suspend_req *req);

/* The caller gives up its suspension.  False: it is none of these. */
bool suspend_cancel(const struct fos_caller *caller);

/* Whether no member of the group has a parent in another group of its session: nobody
 * is left who could let it go on. */
bool group_is_orphaned(uint64_t group);

/* A process of this group, the parent of others, is about to go: stopped groups that
 * are orphaned by that get SIGHUP and SIGCONT. */
void groups_orphan(const struct process *p);

#endif
