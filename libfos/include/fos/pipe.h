/* SPDX-License-Identifier: MIT */
/*
 * A pipe's bytes in memory that the processes at its ends have mapped, and the file
 * system fleet.
 *
 *     reading   take the readers' lock, copy bytes out, move `taken` on, let go
 *     writing   take the writers' lock, copy bytes in, move `put` on, let go
 *
 * Who finds a lock taken, the pipe empty or full, or others waiting asks the fleet,
 * which does the same on the same words and answers, at once or later.
 *
 * Invariants
 *  P1. Bytes taken .. put - 1 stand at their place modulo FOS_PIPE_BYTES, that many at
 *      most.  `taken` changes under the readers' lock only, `put` under the writers',
 *      by one store when the copy is done: who dies in between has done nothing.
 *  P2. A lock holds its owner's pid.  The fleet breaks that of a process that has
 *      ended or, at its first request, that of another program in its place; and one
 *      in its way whose owner cannot hold it, as anybody here can write any number: no
 *      process with that end that has mapped the pipe, or one all of whose threads
 *      wait in reads and writes at the fleet.  (One that gave a wait up, was not
 *      answered for a second and then took another pipe's lock may lose it.)  Under a
 *      lock nothing is called and only mapped memory touched, with signals held.
 *  P3. Nobody sleeps but in the fleet's queues.  The fleet sets what is waited for in
 *      `state`, with a fence behind it, before it looks at locks and counts for the
 *      last time.  Who lets go of a lock, by a locked operation, looks at `state`
 *      afterwards and tells the fleet (kick) if somebody waits.  So the fleet sees
 *      the change, or the process the bit.
 *  P4. `state` is the fleet's.  It reads the locks and the counts, each once, and a
 *      count that cannot be is as good as full.  Who writes nonsense here hurts this
 *      pipe's bytes and who waits for them.
 *  P5. Whoever has mapped it sees all that goes through from then on, also what others
 *      read, and also with the end for writing alone, by which bytes that have not been
 *      read yet can be changed as well.  What went through before is zeroed when a
 *      process maps it for the first time, which the fleet does under the writers' lock.
 */
#ifndef FOS_PIPE_H
#define FOS_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include <fos/abi/atomic.h>
#include <fos/abi/errors.h>

#ifndef FOS_PIPE_BYTES
#define FOS_PIPE_BYTES 65536u /* a power of two */
#define FOS_PIPE_HEAD  4096   /* bytes of the page of words */
#endif

enum { FOS_PIPE_PAGES = 1 + FOS_PIPE_BYTES / 4096 };

/* state, by the fleet */
enum fos_pipe_state {
    FOS_PIPE_READERS_WAIT = 1,
    FOS_PIPE_WRITERS_WAIT = 2,
    FOS_PIPE_POLLED = 4,
    FOS_PIPE_WAITED = 7, /* any of them: kick */
    FOS_PIPE_NO_READER = 8,
    FOS_PIPE_NO_WRITER = 16,
};

struct fos_pipe {
    struct {
        _Atomic uint64_t lock;  /* pid; 0: free */
        _Atomic uint32_t taken; /* bytes so far */
    } reading __attribute__((aligned(64)));
    struct {
        _Atomic uint64_t lock;
        _Atomic uint32_t put;
    } writing __attribute__((aligned(64)));
    _Atomic uint32_t state __attribute__((aligned(64)));
    uint8_t data[FOS_PIPE_BYTES] __attribute__((aligned(FOS_PIPE_HEAD)));
};

static inline uint32_t fos_pipe_count(uint32_t taken, uint32_t put)
{
    return put - taken < FOS_PIPE_BYTES ? put - taken : FOS_PIPE_BYTES;
}

/* Bytes in it at some moment, or more. */
static inline uint32_t fos_pipe_held(const struct fos_pipe *pipe)
{
    uint32_t taken = fos_load_acquire(&pipe->reading.taken);

    return fos_pipe_count(taken, fos_load_acquire(&pipe->writing.put));
}

/* Acquire: pairs with fos_pipe_free. */
static inline bool fos_pipe_lock(_Atomic uint64_t *lock, uint64_t owner)
{
    uint64_t none = 0;

    return fos_compare_exchange(lock, &none, owner);
}

/* Lets go; gives what `state` says after that: P3. */
static inline uint32_t fos_pipe_free(struct fos_pipe *pipe, _Atomic uint64_t *lock)
{
    fos_exchange(lock, 0);
    return fos_load_relaxed(&pipe->state);
}

static inline uint32_t fos_pipe_straight(uint32_t place, uint32_t length)
{
    uint32_t left = FOS_PIPE_BYTES - place % FOS_PIPE_BYTES;

    return length < left ? length : left;
}

/*
 * Takes up to `length` bytes.  How many, 0 where there are none; -FOS_EAGAIN: the lock
 * is taken.  *state: FOS_PIPE_WAITED bits are to be told of.
 */
static inline long fos_pipe_take(struct fos_pipe *pipe, uint64_t owner, uint8_t *to,
                                 uint32_t length, uint32_t *state)
{
    *state = 0;
    if (!fos_pipe_lock(&pipe->reading.lock, owner))
        return -FOS_EAGAIN;
    uint32_t at = fos_load_relaxed(&pipe->reading.taken);
    /* acquire: pairs with the release of fos_pipe_put */
    uint32_t held = fos_pipe_count(at, fos_load_acquire(&pipe->writing.put));
    length = length < held ? length : held;
    uint32_t first = fos_pipe_straight(at, length);
    if (first)
        fos_payload_read(to, pipe->data + at % FOS_PIPE_BYTES, first);
    if (length > first)
        fos_payload_read(to + first, pipe->data, length - first);
    if (length) /* release: pairs with the acquire of fos_pipe_put */
        fos_store_release(&pipe->reading.taken, at + length);
    *state = fos_pipe_free(pipe, &pipe->reading.lock);
    return length;
}

/* The same with bytes to put in: all of them or, unless `whole`, as many as fit. */
static inline long fos_pipe_put(struct fos_pipe *pipe, uint64_t owner,
                                const uint8_t *from, uint32_t length, bool whole,
                                uint32_t *state)
{
    *state = 0;
    if (!fos_pipe_lock(&pipe->writing.lock, owner))
        return -FOS_EAGAIN;
    uint32_t at = fos_load_relaxed(&pipe->writing.put);
    uint32_t room =
        FOS_PIPE_BYTES - fos_pipe_count(fos_load_acquire(&pipe->reading.taken), at);
    if (length > room)
        length = whole ? 0 : room;
    uint32_t first = fos_pipe_straight(at, length);
    if (first)
        fos_payload_write(pipe->data + at % FOS_PIPE_BYTES, from, first);
    if (length > first)
        fos_payload_write(pipe->data, from + first, length - first);
    if (length)
        fos_store_release(&pipe->writing.put, at + length);
    *state = fos_pipe_free(pipe, &pipe->writing.lock);
    return length;
}

#endif
