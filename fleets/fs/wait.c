/* SPDX-License-Identifier: MIT */
/* Requests that are answered later.  F4: core.h. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

struct waiter *waiter_make(struct process *p, const struct fos_caller *caller,
                           enum waiter_kind kind, struct description *d,
                           const void *data, uint32_t length)
{
    struct waiter *w =
        p->waiters_count < WAITERS_OF_ONE ? malloc(sizeof *w + length) : NULL;

    if (!w)
        return NULL;
    *w = (struct waiter){.kind = kind,
                         .caller = *caller,
                         .process = p,
                         .of_process = p->waiters,
                         .of_process_link = &p->waiters,
                         .description = d};
    if (data)
        memcpy(w->data, data, length);
    w->length = length;
    if (p->waiters)
        p->waiters->of_process_link = &w->of_process;
    p->waiters = w;
    p->waiters_count++;
    if (d)
        d->refs++;
    return w;
}

void waiter_queue(struct waiter *w, struct queue *queue)
{
    w->queue = queue;
    w->previous = queue->last;
    if (queue->last)
        queue->last->next = w;
    else
        queue->first = w;
    queue->last = w;
}

static void waiter_unqueue(struct waiter *w)
{
    struct queue *queue = w->queue;

    if (w->previous)
        w->previous->next = w->next;
    else
        queue->first = w->next;
    if (w->next)
        w->next->previous = w->previous;
    else
        queue->last = w->previous;
    *w->of_process_link = w->of_process;
    if (w->of_process)
        w->of_process->of_process_link = w->of_process_link;
    w->process->waiters_count--;
}

void waiter_answer(struct waiter *w, long result, void *reply, size_t length)
{
    struct description *d = w->description;

    waiter_unqueue(w);
    fs.io.answer(&w->caller, result, reply, length);
    if (w->kind == WAIT_POLL)
        poll_ends(w);
    free(w);
    if (d)
        description_put(d);
}

void waiters_cancel(const struct fos_caller *caller)
{
    for (struct process *p = fs.processes; p < fs.processes + PROCESSES_MAX; p++)
        for (struct waiter *w = p->waiters; w; w = w->of_process)
            if (fos_caller_same(&w->caller, caller)) {
                waiter_answer(w, FS_ERROR - FOS_EINTR, NULL, 0);
                return;
            }
}
