/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: up to 64 KiB between them who write and them who read.
 *
 * Invariants
 *  Q1. Bytes taken .. put - 1 are in page[place / PAGE % PIPE_PAGES]; no other pages
 *      are held, but the first while the pipe is empty, when taken = put = 0.  The
 *      last bytes may stand in the page of the first, in front of them.
 *  Q2. After pipe_changed nobody waits who can be served: no reader while there are
 *      bytes or no writer, no writer while there is room for it or no reader.
 *  Q3. Who waits is served in order; nobody passes by.
 *
 * Q1 is about a pipe whose bytes are here; where they are in shared memory (shared.c),
 * a process that is at them delays Q2 until it tells, and one that has not seen yet
 * that others wait may pass by.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

struct pipe *pipe_make(struct node *node)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);

    if (!pipe)
        return NULL;
    pipe->refs = 1;
    pipe->node = node;
    if (node)
        node->pipe = pipe;
    return pipe;
}

void pipe_pages_give(struct pipe *pipe)
{
    for (int i = 0; i < PIPE_PAGES; i++) {
        if (pipe->page[i])
            page_give(&fs.pages, pipe->page[i]);
        pipe->page[i] = NULL;
    }
}

void pipe_put(struct pipe *pipe)
{
    if (--pipe->refs)
        return;
    if (pipe->shared)
        shared_end(pipe);
    pipe_pages_give(pipe);
    if (pipe->node)
        pipe->node->pipe = NULL;
    free(pipe);
}

void pipe_opened(struct pipe *pipe, uint32_t flags)
{
    pipe->refs++;
    if (flags & FS_READ) {
        pipe->readers++;
        pipe->read_opens++;
    }
    if (flags & FS_WRITE) {
        pipe->writers++;
        pipe->write_opens++;
    }
}

void pipe_closed(struct pipe *pipe, uint32_t flags)
{
    if (flags & FS_READ)
        pipe->readers--;
    if (flags & FS_WRITE)
        pipe->writers--;
    pipe_changed(pipe);
    pipe_put(pipe);
}

static long end_open(struct process *p, struct pipe *pipe, uint32_t flags)
{
    struct description *d = description_make(NULL, FS_KIND_STREAM, flags);

    if (!d)
        return -FOS_ENFILE;
    d->pipe = pipe;
    pipe_opened(pipe, flags);
    return handle_add(p, d);
}

long pipe_pair(struct process *p, uint32_t flags, struct fs_pipe_rep *rep)
{
    struct pipe *pipe = pipe_make(NULL);
    long reader, writer = 0;

    if (!pipe)
        return -FOS_ENOMEM;
    reader = end_open(p, pipe, flags | FS_READ);
    if (reader >= 0)
        writer = end_open(p, pipe, flags | FS_WRITE);
    if (reader >= 0 && writer < 0)
        handle_close(p, (uint32_t)reader);
    pipe_put(pipe);
    rep->reader = (uint32_t)reader;
    rep->writer = (uint32_t)writer;
    return reader < 0 ? reader : writer < 0 ? writer : 0;
}

/* ---- bytes ---- */

static uint8_t **slot_of(struct pipe *pipe, uint64_t place)
{
    return &pipe->page[place / PAGE % PIPE_PAGES];
}

static uint32_t piece_of(uint64_t place, uint32_t length)
{
    uint32_t left = PAGE - (uint32_t)(place % PAGE);

    return length < left ? length : left;
}

/* Q1 */
static void emptied(struct pipe *pipe)
{
    uint8_t **slot = slot_of(pipe, pipe->taken - 1), *page = *slot;

    *slot = NULL;
    pipe->page[0] = page;
    pipe->taken = pipe->put = 0;
}

/* Unless what was written last has come round to it. */
static void page_left(struct pipe *pipe)
{
    uint8_t **slot = slot_of(pipe, pipe->taken - 1);

    if (pipe->put > pipe->taken - PAGE + PIPE_SIZE)
        return;
    page_give(&fs.pages, *slot);
    *slot = NULL;
}

long pipe_take(struct pipe *pipe, const struct process *asking, void *to,
               uint32_t length)
{
    uint32_t done = 0, held = pipe_held(pipe);

    if (pipe->shared)
        return shared_take(pipe, asking, to, length);
    length = length < held ? length : held;
    while (done < length) {
        uint32_t piece = piece_of(pipe->taken, length - done);
        memcpy((uint8_t *)to + done,
               *slot_of(pipe, pipe->taken) + pipe->taken % PAGE, piece);
        done += piece;
        pipe->taken += piece;
        if (pipe->taken == pipe->put)
            emptied(pipe);
        else if (pipe->taken % PAGE == 0)
            page_left(pipe);
    }
    return done;
}

/* Gets the pages for what comes; false: not all. */
static bool pages_get(struct pipe *pipe, uint32_t length)
{
    uint64_t end = pipe->put + length;

    for (uint64_t at = pipe->put & ~(uint64_t)(PAGE - 1); at < end; at += PAGE) {
        uint8_t **slot = slot_of(pipe, at);
        if (!*slot)
            *slot = page_take(&fs.pages, 0);
        if (!*slot)
            return false;
    }
    return true;
}

static void pages_unget(struct pipe *pipe)
{
    for (uint64_t at = (pipe->put + PAGE - 1) & ~(uint64_t)(PAGE - 1);
         at < (pipe->taken & ~(uint64_t)(PAGE - 1)) + PIPE_SIZE; at += PAGE) {
        uint8_t **slot = slot_of(pipe, at);
        if (at / PAGE == pipe->taken / PAGE || !*slot)
            continue;
        page_give(&fs.pages, *slot);
        *slot = NULL;
    }
}

long pipe_add(struct pipe *pipe, const struct process *asking, const void *from,
              uint32_t length, bool whole)
{
    uint32_t done = 0, room = PIPE_SIZE - pipe_held(pipe);

    if (pipe->shared)
        return shared_add(pipe, asking, from, length, whole);
    if (length > room && whole)
        return -FOS_EAGAIN;
    length = length < room ? length : room;
    if (!pages_get(pipe, length)) {
        pages_unget(pipe);
        return -FOS_ENOMEM;
    }
    while (done < length) {
        uint32_t piece = piece_of(pipe->put, length - done);
        memcpy(*slot_of(pipe, pipe->put) + pipe->put % PAGE,
               (const uint8_t *)from + done, piece);
        done += piece;
        pipe->put += piece;
    }
    return done;
}

/* ---- requests ---- */

/* Whether a write of that many bytes may put some in now. */
static bool has_room(const struct pipe *pipe, uint32_t length)
{
    uint32_t room = PIPE_SIZE - pipe_held(pipe);

    return length <= FS_PIPE_BUF ? length <= room : room > 0;
}

/* 0: the end.  -FOS_EAGAIN: nothing yet. */
static long bytes_reply(struct pipe *pipe, const struct process *asking,
                        struct fs_read_rep *rep, uint32_t length)
{
    long got = pipe_take(pipe, asking, rep->data,
                         length < FS_READ_MAX ? length : FS_READ_MAX);

    return got == 0 && length && pipe->writers ? -FOS_EAGAIN : got;
}

static void touch(const struct pipe *pipe)
{
    if (pipe->node)
        node_touch(pipe->node);
}

/* In shared memory it may have changed before this one was said to wait. */
static void wait_in(struct waiter *w, struct pipe *pipe, struct queue *queue)
{
    waiter_queue(w, queue);
    if (pipe->shared)
        pipe_changed(pipe);
}

static void read_wait(struct process *p, const struct fos_caller *caller,
                      struct description *d, uint32_t length)
{
    struct waiter *w = waiter_make(p, caller, WAIT_READ, d, NULL, 0);

    if (!w) {
        answer(caller, -FOS_ENOMEM);
        return;
    }
    w->length = length;
    wait_in(w, d->pipe, &d->pipe->reading);
}

void pipe_read(struct process *p, const struct fos_caller *caller,
               struct description *d, uint32_t length)
{
    static struct fs_read_rep rep;
    struct pipe *pipe = d->pipe;
    long got = -FOS_EAGAIN;

    if (!pipe->reading.first)
        got = bytes_reply(pipe, p, &rep, length);
    if (got >= 0) {
        fs.io.answer(caller, got, &rep, sizeof rep.head + (size_t)got);
        if (got)
            touch(pipe);
        pipe_changed(pipe);
    } else if (d->flags & FS_NONBLOCK) {
        answer(caller, -FOS_EAGAIN);
    } else {
        read_wait(p, caller, d, length);
    }
}

static void write_wait(struct process *p, const struct fos_caller *caller,
                       struct description *d, const void *from, uint32_t length)
{
    uint32_t kept = length < FS_PIPE_BUF ? length : FS_PIPE_BUF;
    struct waiter *w = waiter_make(p, caller, WAIT_WRITE, d, from, kept);

    if (!w) {
        answer(caller, -FOS_ENOMEM);
        return;
    }
    w->seen = length > FS_PIPE_BUF; /* it may be torn */
    wait_in(w, d->pipe, &d->pipe->writing);
}

void pipe_write(struct process *p, const struct fos_caller *caller,
                struct description *d, const void *from, uint32_t length)
{
    struct pipe *pipe = d->pipe;
    long put = -FOS_EAGAIN;

    if (!pipe->readers)
        put = -FOS_EPIPE;
    else if (has_room(pipe, length) && !pipe->writing.first)
        put = pipe_add(pipe, p, from, length, length <= FS_PIPE_BUF);
    if (put >= 0) {
        answer(caller, put);
        touch(pipe);
        pipe_changed(pipe);
    } else if (put != -FOS_EAGAIN || d->flags & FS_NONBLOCK) {
        answer(caller, put);
    } else {
        write_wait(p, caller, d, from, length);
    }
}

static bool reader_serve(struct pipe *pipe)
{
    static struct fs_read_rep rep;
    struct waiter *w = pipe->reading.first;
    long got = w ? bytes_reply(pipe, NULL, &rep, w->length) : -FOS_EAGAIN;

    if (got < 0)
        return false;
    waiter_answer(w, got, &rep, sizeof rep.head + (size_t)got);
    return true;
}

static bool writer_serve(struct pipe *pipe)
{
    struct waiter *w = pipe->writing.first;
    long result = -FOS_EPIPE;

    if (!w)
        return false;
    if (pipe->readers) {
        if (!has_room(pipe, w->seen ? FS_PIPE_BUF + 1 : w->length))
            return false;
        result = pipe_add(pipe, NULL, w->data, w->length, !w->seen);
    }
    if (result == -FOS_EAGAIN)
        return false;
    waiter_answer(w, result < 0 ? FS_ERROR + result : result, NULL, 0);
    return true;
}

/* Q2.  An answer may close the last descriptor, which changes the pipe again: that is
 * left to the call under way. */
void pipe_changed(struct pipe *pipe)
{
    pipe->changes++;
    if (pipe->changes > 1)
        return;
    pipe->refs++;
    for (uint32_t seen = 0; seen != pipe->changes;) {
        seen = pipe->changes;
        shared_tell(pipe);
        open_settle(pipe);
        while (reader_serve(pipe) || writer_serve(pipe))
            continue;
        if (pipe->polls)
            polls_review(pipe);
    }
    shared_tell(pipe);
    pipe->changes = 0;
    pipe_put(pipe);
}

uint32_t pipe_ready(const struct pipe *pipe, uint32_t flags)
{
    uint32_t ready = 0;

    if (flags & FS_READ) {
        if (pipe_held(pipe))
            ready |= FS_POLL_IN;
        if (!pipe->writers && !(flags & FS_WRITE))
            ready |= FS_POLL_HUP;
    }
    if (flags & FS_WRITE) {
        if (!pipe->readers)
            ready |= FS_POLL_ERR;
        if (has_room(pipe, FS_PIPE_BUF))
            ready |= FS_POLL_OUT;
    }
    return ready;
}
