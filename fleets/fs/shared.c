/* SPDX-License-Identifier: MIT */
/* Pipes in shared memory.  Invariants: fos/pipe.h; F6: core.h. */
#include <string.h>

#include "core.h"

#define OWNER UINT64_MAX /* of a lock that is the fleet's: no pid */

_Static_assert(FOS_PIPE_BYTES == (int)PIPE_SIZE && FOS_PIPE_HEAD == PAGE,
               "one size");
_Static_assert(sizeof(struct fos_pipe) == (int)FOS_PIPE_PAGES * PAGE, "no padding");

/* ---- memory: F6 ---- */

static uint32_t place_of(const struct process *p)
{
    return (uint32_t)(p - fs.processes);
}

static bool has_mapped(const struct shared *at, const struct process *p)
{
    return at->mapped[place_of(p) / 64] >> place_of(p) % 64 & 1;
}

static struct shared *place_find(void)
{
    struct shared *at = fs.shared;

    while (at->words)
        at++;
    return at;
}

static void place_free(struct shared *at)
{
    fs.io.pages_unmap(at->words, FOS_PIPE_PAGES);
    *at = (struct shared){0};
    fs.shared_count--;
}

/* Those without a pipe that have come back. */
static void lent_look(void)
{
    for (struct shared *at = fs.shared; at < fs.shared + SHARED_MAX; at++)
        if (at->words && !at->pipe && fs.io.pages_sole(at->words, FOS_PIPE_PAGES))
            place_free(at);
}

static uint32_t places_of(const struct process *p)
{
    uint32_t count = 0;

    for (const struct shared *at = fs.shared; at < fs.shared + SHARED_MAX; at++)
        count += at->words && has_mapped(at, p);
    return count;
}

static bool is_room(const struct process *p, const struct pipe *pipe)
{
    if (pipe->shared && has_mapped(&fs.shared[pipe->shared_place], p))
        return true;
    return places_of(p) < (fs.shared_limit + 1) / 2 &&
           (pipe->shared || fs.shared_count < fs.shared_limit);
}

/* What the pipe holds moves over. */
static bool begin(struct pipe *pipe)
{
    struct fos_pipe *shared = fs.io.pages_map(FOS_PIPE_PAGES);
    struct shared *at = place_find();

    if (!shared)
        return false;
    long held = pipe_take(pipe, NULL, shared->data, PIPE_SIZE);
    fos_store_relaxed(&shared->writing.put, (uint32_t)held);
    pipe_pages_give(pipe);
    *at = (struct shared){.words = shared, .pipe = pipe};
    fs.shared_count++;
    pipe->shared = shared;
    pipe->shared_place = (uint32_t)(at - fs.shared);
    return true;
}

void shared_end(struct pipe *pipe)
{
    struct shared *at = &fs.shared[pipe->shared_place];

    pipe->shared = NULL;
    at->pipe = NULL;
    if (fs.io.pages_sole(at->words, FOS_PIPE_PAGES))
        place_free(at);
}

/* ---- locks: P2 ---- */

static bool has_end(const struct process *p, const struct pipe *pipe, uint32_t flag)
{
    for (uint32_t i = 0; i < p->handles_size; i++)
        if (p->handles[i] && p->handles[i]->pipe == pipe &&
            p->handles[i]->flags & flag)
            return true;
    return false;
}

/* Threads of it that wait for the fleet, and do nothing else.  (One that polls may have
 * given that up.) */
static uint32_t waiting_of(const struct process *p)
{
    uint32_t count = 0;

    for (const struct waiter *w = p->waiters; w; w = w->of_process)
        count += w->kind == WAIT_READ || w->kind == WAIT_WRITE;
    return count;
}

/* Whether a thread of that process may be under a lock for those who have `flag`. */
static bool may_hold(const struct pipe *pipe, uint32_t flag, uint64_t pid,
                     const struct process *asking)
{
    const struct process *p = process_find(pid);

    return p && has_mapped(&fs.shared[pipe->shared_place], p) &&
           has_end(p, pipe, flag) &&
           fs.io.threads(p->space) > waiting_of(p) + (p == asking);
}

/* Anybody who has it mapped can write any owner there. */
static bool lock_mend(const struct pipe *pipe, _Atomic uint64_t *lock,
                      uint32_t flag, const struct process *asking)
{
    uint64_t owner = fos_load_relaxed(lock);

    return !owner || (!may_hold(pipe, flag, owner, asking) &&
                      fos_compare_exchange(lock, &owner, 0));
}

long shared_take(struct pipe *pipe, const struct process *asking, void *to,
                 uint32_t length)
{
    struct fos_pipe *shared = pipe->shared;
    uint32_t state;
    long got = fos_pipe_take(shared, OWNER, to, length, &state);

    if (got == -FOS_EAGAIN &&
        lock_mend(pipe, &shared->reading.lock, FS_READ, asking))
        got = fos_pipe_take(shared, OWNER, to, length, &state);
    return got;
}

long shared_add(struct pipe *pipe, const struct process *asking, const void *from,
                uint32_t length, bool whole)
{
    struct fos_pipe *shared = pipe->shared;
    uint32_t state;

    if (!length)
        return 0;
    long put = fos_pipe_put(shared, OWNER, from, length, whole, &state);
    if (put == -FOS_EAGAIN &&
        lock_mend(pipe, &shared->writing.lock, FS_WRITE, asking))
        put = fos_pipe_put(shared, OWNER, from, length, whole, &state);
    return put ? put : -FOS_EAGAIN;
}

/* ---- mapping ---- */

/* Zeroes what is not in the pipe now: it may be what others have read before.  False: a
 * process is putting bytes there. */
static bool rest_clear(const struct pipe *pipe, const struct process *asking)
{
    struct fos_pipe *shared = pipe->shared;
    _Atomic uint64_t *lock = &shared->writing.lock;

    if (!fos_pipe_lock(lock, OWNER) &&
        !(lock_mend(pipe, lock, FS_WRITE, asking) && fos_pipe_lock(lock, OWNER)))
        return false;
    uint32_t at = fos_load_relaxed(&shared->writing.put),
             rest = FOS_PIPE_BYTES -
                    fos_pipe_count(fos_load_acquire(&shared->reading.taken), at),
             first = fos_pipe_straight(at, rest);
    memset(shared->data + at % FOS_PIPE_BYTES, 0, first);
    memset(shared->data, 0, rest - first);
    fos_pipe_free(shared, lock); /* the caller looks at the pipe after this */
    return true;
}

/* Who only reads cannot change the bytes. */
static long pages_share(const struct process *p, const struct description *d,
                        uint64_t address)
{
    const uint32_t both = FOS_PROT_READ | FOS_PROT_WRITE;
    const struct fos_pipe *shared = d->pipe->shared;

    if (fs.io.share(p->space, address, shared, 1, both, FOS_SHARE_KEEP) ||
        fs.io.share(p->space, address + PAGE, shared->data, FOS_PIPE_PAGES - 1,
                    d->flags & FS_WRITE ? both : FOS_PROT_READ, FOS_SHARE_KEEP))
        return -FOS_ENOMEM;
    return (long)(d->flags & (FS_READ | FS_WRITE));
}

long shared_map(struct process *p, struct description *d, uint64_t address)
{
    struct pipe *pipe = d->pipe;
    bool fresh = pipe && !pipe->shared;

    if (!pipe || pipe->node)
        return -FOS_EINVAL;
    if (!is_room(p, pipe))
        lent_look();
    if (!is_room(p, pipe) || (fresh && !begin(pipe)))
        return -FOS_ENOMEM;
    struct shared *at = &fs.shared[pipe->shared_place];
    bool clear = fresh || has_mapped(at, p) || rest_clear(pipe, p);
    pipe_changed(pipe);
    if (!clear)
        return -FOS_EAGAIN;
    at->mapped[place_of(p) / 64] |= 1ull << place_of(p) % 64;
    return pages_share(p, d, address);
}

/* P3: the caller looks at the pipe after this. */
void shared_tell(const struct pipe *pipe)
{
    if (!pipe->shared)
        return;
    fos_store_relaxed(&pipe->shared->state,
                      (pipe->reading.first ? FOS_PIPE_READERS_WAIT : 0u) |
                          (pipe->writing.first ? FOS_PIPE_WRITERS_WAIT : 0u) |
                          (pipe->polls ? FOS_PIPE_POLLED : 0u) |
                          (pipe->readers ? 0u : FOS_PIPE_NO_READER) |
                          (pipe->writers ? 0u : FOS_PIPE_NO_WRITER));
    fos_fence();
}

/* ---- ends ---- */

static void lock_break(_Atomic uint64_t *lock, uint64_t owner)
{
    fos_compare_exchange(lock, &owner, 0);
}

void shared_left(uint64_t pid)
{
    for (struct shared *at = fs.shared; at < fs.shared + SHARED_MAX; at++) {
        struct pipe *pipe = at->pipe;
        if (!pipe)
            continue;
        pipe->refs++;
        lock_break(&at->words->reading.lock, pid); /* P2 */
        lock_break(&at->words->writing.lock, pid);
        pipe_changed(pipe);
        pipe_put(pipe);
    }
}

void shared_ended(const struct process *p)
{
    for (struct shared *at = fs.shared; at < fs.shared + SHARED_MAX; at++)
        at->mapped[place_of(p) / 64] &= ~(1ull << place_of(p) % 64);
    lent_look();
}
