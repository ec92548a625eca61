/* SPDX-License-Identifier: MIT */
#include <fos/fork.h>

#include <fos/park.h>

extern struct fos_lock *const __start_fos_fork_locks[] __attribute__((weak));
extern struct fos_lock *const __stop_fos_fork_locks[] __attribute__((weak));

static struct fos_lock lock;
static struct fos_fork_handlers *oldest, *youngest;

void fos_fork_handlers_add(struct fos_fork_handlers *handlers)
{
    fos_lock_take(&lock);
    handlers->older = youngest;
    if (youngest)
        youngest->younger = handlers;
    else
        oldest = handlers;
    youngest = handlers;
    fos_lock_release(&lock);
}

static void locks_release(struct fos_lock *const *end)
{
    for (struct fos_lock *const *l = __start_fos_fork_locks; l < end; l++)
        fos_lock_release(*l);
}

/* Threads may hold one and want another, in any order: so nobody waits here with some. */
static bool locks_try(void)
{
    if (!fos_newlib_locks_try())
        return false;
    for (struct fos_lock *const *l = __start_fos_fork_locks;
         l < __stop_fos_fork_locks; l++) {
        if (fos_lock_try_take(*l))
            continue;
        locks_release(l);
        fos_newlib_locks_release();
        return false;
    }
    return true;
}

void fos_fork_prepare(void)
{
    for (struct fos_fork_handlers *h = youngest; h; h = h->older)
        if (h->prepare)
            h->prepare();
    while (!locks_try())
        fos_yield();
}

void fos_fork_done(bool child)
{
    if (child)
        fos_newlib_streams_forked();
    locks_release(__stop_fos_fork_locks);
    fos_newlib_locks_release();
    for (struct fos_fork_handlers *h = oldest; h; h = h->younger) {
        void (*handler)(void) = child ? h->child : h->parent;
        if (handler)
            handler();
    }
}
