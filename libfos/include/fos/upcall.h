/* SPDX-License-Identifier: MIT */
/*
 * Upcalls: how the kernel tells a thread of signals and exceptions (struct fos_events in
 * abi/types.h), without a system call on the way back.
 *
 * The handler runs on the stack the kernel chose, below what it interrupted, with hold at 1
 * and the vector registers saved.  It takes its signals out of events->signals, may change
 * the frame, may lower hold while it runs user code (then upcalls nest), and returns with
 * hold at 1 or 0.  Then the thread goes on where the frame says.  Signals that are still due
 * then, or have come meanwhile, call it again first, with vector FOS_VECTOR_NONE.
 *
 * Needs on that stack: the frame, FOS_RED_ZONE, fos_upcall_room() for the vector registers,
 * and what the handler takes.  Eight bytes just below the red zone of what is returned to are
 * written.  A handler may also leave by longjmp; it lowers hold itself then.
 *
 * The way back pops everything but the instruction pointer from the frame and ends in a
 * `ret` that steps over the red zone, from the word below it.
 */
#ifndef FOS_UPCALL_H
#define FOS_UPCALL_H

#include <stddef.h>

#include <fos/abi/types.h>

typedef void (*fos_upcall_handler)(struct fos_frame *frame,
                                   struct fos_events *events);

/* All threads of the process have the same handler; NULL before the first call.  From its
 * return the calling thread, whose event page `events` is on, takes upcalls. */
void fos_upcall_begin(struct fos_events *events, fos_upcall_handler handler);

/* Bytes the vector registers take; 0 before fos_upcall_begin. */
size_t fos_upcall_room(void);

/* The way back by itself, for who has made a frame, which must lie on the present stack's
 * inner side of where it leads, or on another stack.  hold goes to 0. */
_Noreturn void fos_upcall_return(struct fos_frame *frame,
                                 struct fos_events *events);

#endif
