/* SPDX-License-Identifier: MIT */
/*
 * fork in a process of several threads.  The child has the caller's alone, and a copy of
 * memory that others were at work on; so the caller takes the locks of libfos and newlib
 * first, and what they guard is whole in the child.
 *
 *     FOS_FORK_LOCK(lock);      beside a static struct fos_lock
 */
#ifndef FOS_FORK_H
#define FOS_FORK_H

#include <stdbool.h>

#include <fos/lock.h>

#define FOS_FORK_LOCK(lock)                       \
    static struct fos_lock *const fos_fork_##lock \
        __attribute__((used, section("fos_fork_locks"))) = &lock

/* Before: handlers of pthread_atfork, then the locks. */
void fos_fork_prepare(void);

/* After, in the parent, or in the child behind fos_thread_forked and the parts' forked:
 * the other way round. */
void fos_fork_done(bool child);

/* What pthread_atfork keeps. */
struct fos_fork_handlers {
    void (*prepare)(void), (*parent)(void), (*child)(void);
    struct fos_fork_handlers *older, *younger;
};

void fos_fork_handlers_add(struct fos_fork_handlers *handlers);

/* newlib's locks (thread/newlib.c): all, or none and false. */
bool fos_newlib_locks_try(void);
void fos_newlib_locks_release(void);
/* In a child, all locks held: streams that other threads had locked are free; what those
 * were writing may have been written, or not. */
void fos_newlib_streams_forked(void);

#endif
