/* SPDX-License-Identifier: MIT */
/* Pipes in shared memory.  Invariants: fos/pipe.h. */
#include "core.h"

#define OWNER UINT64_MAX /* of a lock that is the fleet's: no pid */

_Static_assert(FOS_PIPE_BYTES == (int)PIPE_SIZE && FOS_PIPE_HEAD == PAGE,
               "one size");
_Static_assert(sizeof(struct fos_pipe) == (int)FOS_PIPE_PAGES * PAGE, "no padding");

static bool room_for_one(void)
{
    return fs.shared_pages + FOS_PIPE_PAGES <= fs.pages.limit / SHARED_PART &&
           fs.pages.used + FOS_PIPE_PAGES + PAGES_RESERVE <= fs.pages.limit;
}

static void link_in(struct pipe *pipe)
{
    pipe->next_shared = fs.shared;
    pipe->shared_link = &fs.shared;
    if (fs.shared)
        fs.shared->shared_link = &pipe->next_shared;
    fs.shared = pipe;
}

static void link_out(struct pipe *pipe)
{
    *pipe->shared_link = pipe->next_shared;
    if (pipe->next_shared)
        pipe->next_shared->shared_link = pipe->shared_link;
}

/* What the pipe holds moves over. */
static bool begin(struct pipe *pipe)
{
    struct fos_pipe *shared =
        room_for_one() ? fs.io.pages_map(FOS_PIPE_PAGES) : NULL;

    if (!shared)
        return false;
    long held = pipe_take(pipe, shared->data, PIPE_SIZE);
    fos_store_relaxed(&shared->writing.put, (uint32_t)held);
    pipe_pages_give(pipe);
    fs.pages.used += FOS_PIPE_PAGES;
    fs.shared_pages += FOS_PIPE_PAGES;
    pipe->shared = shared;
    link_in(pipe);
    return true;
}

void shared_end(struct pipe *pipe)
{
    link_out(pipe);
    fs.io.pages_unmap(pipe->shared, FOS_PIPE_PAGES);
    pipe->shared = NULL;
    fs.pages.used -= FOS_PIPE_PAGES;
    fs.shared_pages -= FOS_PIPE_PAGES;
}

/* Who only reads cannot change the bytes. */
long shared_map(struct process *p, struct description *d, uint64_t address)
{
    const uint32_t both = FOS_PROT_READ | FOS_PROT_WRITE;
    struct pipe *pipe = d->pipe;

    if (!pipe || pipe->node)
        return -FOS_EINVAL;
    if (!pipe->shared && !begin(pipe))
        return -FOS_ENOMEM;
    pipe_changed(pipe);
    if (fs.io.share(p->space, address, pipe->shared, 1, both, FOS_SHARE_KEEP) ||
        fs.io.share(p->space, address + PAGE, pipe->shared->data,
                    FOS_PIPE_PAGES - 1, d->flags & FS_WRITE ? both : FOS_PROT_READ,
                    FOS_SHARE_KEEP))
        return -FOS_ENOMEM;
    return (long)(d->flags & (FS_READ | FS_WRITE));
}

long shared_take(struct pipe *pipe, void *to, uint32_t length)
{
    uint32_t state;

    return fos_pipe_take(pipe->shared, OWNER, to, length, &state);
}

long shared_add(struct pipe *pipe, const void *from, uint32_t length, bool whole)
{
    uint32_t state;
    long put = 0;

    if (length)
        put = fos_pipe_put(pipe->shared, OWNER, from, length, whole, &state);
    return put || !length ? put : -FOS_EAGAIN;
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

static void lock_break(_Atomic uint64_t *lock, uint64_t owner)
{
    fos_compare_exchange(lock, &owner, 0);
}

/* Each pipe stays while it is looked after; the next one is what then follows. */
void shared_left(uint64_t pid)
{
    struct pipe *next;

    for (struct pipe *pipe = fs.shared; pipe; pipe = next) {
        pipe->refs++;
        lock_break(&pipe->shared->reading.lock, pid); /* P2 */
        lock_break(&pipe->shared->writing.lock, pid);
        pipe_changed(pipe);
        next = pipe->next_shared;
        pipe_put(pipe);
    }
}
