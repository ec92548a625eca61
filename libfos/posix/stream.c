/* SPDX-License-Identifier: MIT */
/*
 * Pipes in shared memory, from a process's side.  Invariants: fos/pipe.h.
 *
 * file->way is 0, or NOT_SHARED, or the address of the struct fos_pipe with WAY_... in
 * its low bits.  file->tried counts requests to the fleet before it is mapped; then it
 * says how many waits for bytes or room are not to begin with polling, and, times
 * VAIN_ONE, how many there were to be so after the last poll, which was in vain.
 */
#include <string.h>

#include <fos/abi/atomic.h>
#include <fos/fork.h>
#include <fos/fs.h>
#include <fos/lock.h>
#include <fos/memory.h>
#include <fos/pipe.h>
#include <fos/signal.h>
#include <fos/start.h>
#include <fos/thread.h>

#include "files.h"

enum {
    TRIES_BEFORE = 8, /* requests that cost about what mapping does */
    PIECE = FS_PIPE_BUF,
    WAKES = 3,
    VAIN_MAX = 7,
    VAIN_ONE = 8,
    WAY_READ = FS_READ,
    WAY_WRITE = FS_WRITE,
    WAY_BITS = WAY_READ | WAY_WRITE,
    NOT_SHARED = 4,
};

/* Guards the mapping of pipes. */
static struct fos_lock lock;

FOS_FORK_LOCK(lock);

/* What file->way is from now on. */
static long pipe_map(struct fos_file *file)
{
    struct fs_share_req req = {.handle = file->handle};
    struct fs_share_rep rep;
    void *at = fos_pages_reserve(FOS_PIPE_PAGES);
    long flags;

    if (!at)
        return NOT_SHARED;
    req.address = (uint64_t)at;
    flags = FOS_FS_CALL(share, &req, &rep);
    if (flags >= 0)
        return (long)(req.address | ((uint64_t)flags & WAY_BITS));
    fos_pages_unmap(at, FOS_PIPE_PAGES);
    return flags == -FOS_EAGAIN ? 0 : NOT_SHARED;
}

static void way_find(struct fos_file *file)
{
    fos_lock_take(&lock);
    if (!fos_load_relaxed(&file->way)) {
        fos_store_relaxed(&file->tried, 0);
        fos_store_release(&file->way, (uint64_t)pipe_map(file));
    }
    fos_lock_release(&lock);
}

/* NULL: it is not mapped, or not open for that. */
static struct fos_pipe *pipe_of(const struct fos_file *file, uint64_t bit)
{
    uint64_t way = fos_load_acquire(&file->way);

    return way & bit ? (struct fos_pipe *)(way & ~(uint64_t)WAY_BITS) : NULL;
}

void fos_stream_asked(struct fos_file *file, long result)
{
    uint64_t way = fos_load_relaxed(&file->way);
    uint32_t tried = fos_load_relaxed(&file->tried);

    if (way == 0 && result > 0) {
        fos_store_relaxed(&file->tried, tried + 1);
        if (tried + 1 >= TRIES_BEFORE)
            way_find(file);
    } else if (way && result == -FOS_EAGAIN) {
        fos_store_relaxed(&file->tried, VAIN_MAX); /* who does not block */
    }
}

void fos_stream_close(struct fos_file *file)
{
    uint64_t way = fos_load_relaxed(&file->way) & ~(uint64_t)WAY_BITS;

    if (way && way != NOT_SHARED)
        fos_pages_unmap((void *)way, FOS_PIPE_PAGES);
}

/* ---- waiting for a little while ---- */

static bool readable(const struct fos_pipe *pipe)
{
    return fos_pipe_held(pipe) != 0;
}

static bool writable(const struct fos_pipe *pipe)
{
    return FOS_PIPE_BYTES - fos_pipe_held(pipe) >= PIECE;
}

/* As long as a sleep by way of the fleet costs: it and this thread are to be woken.
 * A signal that is due ends it, as does what `over` says. */
static bool soon(const struct fos_pipe *pipe,
                 bool (*ready)(const struct fos_pipe *pipe), uint32_t over)
{
    struct fos_spin spin;

    for (int i = 0; i < WAKES; i++) {
        fos_spin_begin(&spin, &fos_thread_self()->sleeper, FOS_NEVER);
        do {
            if (ready(pipe))
                return true;
            if (fos_load_relaxed(&pipe->state) & over || fos_signals_pending())
                return false;
        } while (fos_spin_round(&spin) == FOS_SPIN_ON);
    }
    return false;
}

/* Each time that it was in vain, more of the next are not tried. */
static bool wait_briefly(struct fos_file *file, const struct fos_pipe *pipe,
                         bool (*ready)(const struct fos_pipe *pipe), uint32_t over)
{
    uint32_t tried = fos_load_relaxed(&file->tried);
    uint32_t left = tried % VAIN_ONE, vain = tried / VAIN_ONE;

    if (ready(pipe))
        return true;
    if (left) {
        fos_store_relaxed(&file->tried, tried - 1);
        return false;
    }
    bool good = soon(pipe, ready, over);
    vain = good ? 0 : vain < VAIN_MAX / 2 ? 2 * vain + 1 : VAIN_MAX;
    fos_store_relaxed(&file->tried, vain * VAIN_ONE + vain);
    return good;
}

/* ---- bytes, by way of the own stack: nothing that may fault is touched under a lock.
 */

static long piece_take(struct fos_file *file, struct fos_pipe *pipe, uint8_t *to,
                       uint32_t length)
{
    const uint32_t over = FOS_PIPE_READERS_WAIT | FOS_PIPE_NO_WRITER;
    uint32_t state = 0;
    long got = 0;

    if (!(fos_load_relaxed(&pipe->state) & FOS_PIPE_READERS_WAIT) &&
        wait_briefly(file, pipe, readable, over))
        got = fos_pipe_take(pipe, fos_pid(), to, length, &state);
    if (state & FOS_PIPE_WAITED)
        fos_fs_kick(file->handle);
    return got;
}

static long piece_put(struct fos_file *file, struct fos_pipe *pipe,
                      const uint8_t *from, uint32_t length, bool whole)
{
    const uint32_t over = FOS_PIPE_WRITERS_WAIT | FOS_PIPE_NO_READER;
    uint32_t state = 0;
    long put = 0;

    if (!(fos_load_relaxed(&pipe->state) & over) &&
        wait_briefly(file, pipe, writable, over))
        put = fos_pipe_put(pipe, fos_pid(), from, length, whole, &state);
    if (state & FOS_PIPE_WAITED)
        fos_fs_kick(file->handle);
    return put;
}

/* What came of it, when the handlers that were due have run. */
static long outcome(long result, uint64_t handlers)
{
    if (result > 0)
        return result;
    return fos_signals_unrestarted() == handlers ? -FOS_EAGAIN : -FOS_EINTR;
}

long fos_stream_read(struct fos_file *file, void *to, size_t capacity)
{
    struct fos_pipe *pipe = pipe_of(file, WAY_READ);
    uint8_t piece[PIECE];

    if (!pipe)
        return -FOS_EAGAIN;
    fos_cancel_point();
    memset(piece, 0, 1); /* the stack's page is there */
    __asm__ __volatile__("" ::"r"(piece) : "memory");
    fos_signals_hold();
    uint64_t handlers = fos_signals_unrestarted();
    long got = piece_take(file, pipe, piece,
                          (uint32_t)(capacity < PIECE ? capacity : PIECE));
    fos_signals_release();
    if (got > 0)
        memcpy(to, piece, (size_t)got);
    return outcome(got, handlers);
}

long fos_stream_write(struct fos_file *file, const void *from, size_t length)
{
    struct fos_pipe *pipe = pipe_of(file, WAY_WRITE);
    bool whole = length <= PIECE;
    uint8_t piece[PIECE];

    if (!pipe)
        return -FOS_EAGAIN;
    if (!whole)
        length = PIECE;
    fos_cancel_point();
    memcpy(piece, from, length);
    fos_signals_hold();
    uint64_t handlers = fos_signals_unrestarted();
    long put = piece_put(file, pipe, piece, (uint32_t)length, whole);
    fos_signals_release();
    return outcome(put, handlers);
}
