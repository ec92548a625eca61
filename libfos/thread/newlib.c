/* SPDX-License-Identifier: MIT */
/* What newlib asks of threads: a reent to each, and its locks. */
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/lock.h>

#include <fos/fork.h>
#include <fos/lock.h>
#include <fos/msg.h>
#include <fos/reent.h>

static _Thread_local struct _reent *own;

void fos_reent_bind(struct _reent *reent)
{
    own = reent;
}

struct _reent *__getreent(void)
{
    return own ? own : _impure_ptr;
}

/*
 * ---- locks: newlib's recursive ones are locked by their owner again ----
 *
 * A stream's lock is held while its file is read or written, which may take for ever:
 * signals are delivered meanwhile, and a handler that uses the stream takes it again.
 * The others are held for moments, and no handler runs then.
 */

struct __lock {
    struct fos_lock lock;
    _Atomic uint32_t owner; /* fos_thread.number, 0 none */
    uint32_t count;
    bool stream;
};

struct __lock __lock___sinit_recursive_mutex = {.stream = true},
              __lock___sfp_recursive_mutex = {.stream = true},
              __lock___atexit_recursive_mutex, __lock___at_quick_exit_mutex,
              __lock___malloc_recursive_mutex, __lock___env_recursive_mutex,
              __lock___tz_mutex, __lock___dd_hash_mutex, __lock___arc4random_mutex;

/* A lock that there was no memory for is none: its users are told in no other way. */
void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof **lock);
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    __retarget_lock_init(lock);
    if (*lock)
        (*lock)->stream = true;
}

void __retarget_lock_close(_LOCK_T lock)
{
    free(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    free(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    if (lock)
        fos_lock_take(&lock->lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return !lock || fos_lock_try_take(&lock->lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
    if (lock)
        fos_lock_release(&lock->lock);
}

/* Nobody but the owner can find its own number there. */
static int again(_LOCK_T lock, uint32_t number)
{
    if (fos_load_relaxed(&lock->owner) != number)
        return 0;
    lock->count++;
    return 1;
}

static void taken(_LOCK_T lock, uint32_t number)
{
    fos_store_relaxed(&lock->owner, number);
    lock->count = 1;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    uint32_t number;

    if (!lock)
        return;
    number = fos_thread_number();
    if (again(lock, number))
        return;
    if (!lock->stream)
        fos_lock_take(&lock->lock);
    else if (!fos_lock_try(&lock->lock))
        fos_lock_wait(&lock->lock, FOS_NEVER);
    taken(lock, number);
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    uint32_t number;

    if (!lock)
        return 1;
    number = fos_thread_number();
    if (again(lock, number))
        return 1;
    if (!(lock->stream ? fos_lock_try(&lock->lock)
                       : fos_lock_try_take(&lock->lock)))
        return 0;
    taken(lock, number);
    return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    if (!lock || --lock->count)
        return;
    fos_store_relaxed(&lock->owner, 0);
    if (lock->stream)
        fos_lock_free(&lock->lock);
    else
        fos_lock_release(&lock->lock);
}

/* ---- fork ---- */

static struct {
    _LOCK_T lock;
    bool recursive;
} const all[] = {
    {&__lock___sinit_recursive_mutex, true},
    {&__lock___sfp_recursive_mutex, true},
    {&__lock___atexit_recursive_mutex, true},
    {&__lock___at_quick_exit_mutex, false},
    {&__lock___malloc_recursive_mutex, true},
    {&__lock___env_recursive_mutex, true},
    {&__lock___tz_mutex, false},
    {&__lock___dd_hash_mutex, false},
    {&__lock___arc4random_mutex, false},
};

enum { LOCKS = sizeof all / sizeof *all };

static void release_first(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (all[i].recursive)
            __retarget_lock_release_recursive(all[i].lock);
        else
            __retarget_lock_release(all[i].lock);
    }
}

bool fos_newlib_locks_try(void)
{
    for (unsigned i = 0; i < LOCKS; i++) {
        if (all[i].recursive ? __retarget_lock_try_acquire_recursive(all[i].lock)
                             : __retarget_lock_try_acquire(all[i].lock))
            continue;
        release_first(i);
        return false;
    }
    return true;
}

/* Who held it is not there to let go. */
static void stream_forked(FILE *stream)
{
    _LOCK_T lock = stream->_flags ? stream->_lock : NULL;

    if (!lock || fos_load_relaxed(&lock->owner) == fos_thread_number())
        return;
    *lock = (struct __lock){.stream = true};
}

void fos_newlib_streams_forked(void)
{
    for (struct _glue *g = &_GLOBAL_REENT->__sglue; g; g = g->_next)
        for (int i = 0; i < g->_niobs; i++)
            stream_forked(&g->_iobs[i]);
}

void fos_newlib_locks_release(void)
{
    release_first(LOCKS);
}
