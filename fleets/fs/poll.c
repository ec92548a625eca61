/* SPDX-License-Identifier: MIT */
/* What is ready.  Files always are; pipes tell when they change. */
#include <stdlib.h>

#include "core.h"

static uint32_t revents_of(const struct poll_item *item)
{
    const struct description *d = item->description;
    uint32_t ready = FS_POLL_IN | FS_POLL_OUT;

    if (!d)
        return FS_POLL_NVAL;
    if (d->pipe)
        ready = pipe_ready(d->pipe, d->flags);
    return ready & (item->events | FS_POLL_ERR | FS_POLL_HUP);
}

static uint32_t ready_count(const struct poll_item *items, uint32_t count,
                            struct fs_poll_rep *rep)
{
    uint32_t ready = 0;

    for (uint32_t i = 0; i < count; i++) {
        rep->revents[i] = (uint16_t)revents_of(&items[i]);
        ready += rep->revents[i] != 0;
    }
    return ready;
}

static size_t size_of(uint32_t count)
{
    return offsetof(struct fs_poll_rep, revents) + count * sizeof(uint16_t);
}

/* The reply has the size that its asker expects. */
static size_t reply_size(uint32_t count)
{
    return (size_of(count) + 7) & ~(size_t)7;
}

static void refs_take(struct poll_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct description *d = items[i].description;
        if (!d)
            continue;
        d->refs++;
        if (d->pipe)
            d->pipe->polls++;
    }
}

void poll_ends(struct waiter *w)
{
    struct poll_item *items = (struct poll_item *)w->data;

    for (uint32_t i = 0; i < w->length; i++) {
        struct description *d = items[i].description;
        if (!d)
            continue;
        if (d->pipe)
            d->pipe->polls--;
        description_put(d);
    }
}

/* A pipe in shared memory may have changed before it was said to be watched. */
static void look_again(const struct poll_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct description *d = items[i].description;
        if (d && d->pipe && d->pipe->shared)
            pipe_changed(d->pipe);
    }
}

void poll_ask(struct process *p, const struct fos_caller *caller,
              const struct fs_poll_item *asked, uint32_t count, bool wait)
{
    static struct poll_item items[FS_POLL_MAX];
    static struct fs_poll_rep rep;

    for (uint32_t i = 0; i < count; i++)
        items[i] =
            (struct poll_item){description_of(p, asked[i].handle), asked[i].events};
    uint32_t ready = ready_count(items, count, &rep);
    if (ready || !wait) {
        fs.io.answer(caller, ready, &rep, reply_size(count));
        return;
    }
    struct waiter *w = waiter_make(p, caller, WAIT_POLL, NULL, items,
                                   count * (uint32_t)sizeof *items);
    if (!w) {
        answer(caller, -FOS_ENOMEM);
        return;
    }
    w->length = count;
    refs_take((struct poll_item *)w->data, count);
    waiter_queue(w, &fs.polls);
    look_again(items, count);
}

static bool looks_at(const struct waiter *w, const struct pipe *pipe)
{
    const struct poll_item *items = (const struct poll_item *)w->data;

    for (uint32_t i = 0; i < w->length; i++)
        if (items[i].description && items[i].description->pipe == pipe)
            return true;
    return false;
}

/* Each answer may change the queue: it is looked through again. */
void polls_review(const struct pipe *pipe)
{
    static struct fs_poll_rep rep;
    struct waiter *w = fs.polls.first;

    while (w) {
        const struct poll_item *items = (const struct poll_item *)w->data;
        uint32_t ready =
            looks_at(w, pipe) ? ready_count(items, w->length, &rep) : 0;
        if (!ready) {
            w = w->next;
            continue;
        }
        waiter_answer(w, ready, &rep, reply_size(w->length));
        w = fs.polls.first;
    }
}
