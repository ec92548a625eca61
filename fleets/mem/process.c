/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <assert.h>
#include <stdlib.h>

#include "pages.h"

static struct process *buckets[PROCESS_BUCKETS];
static struct family *families;
static uint64_t promised; /* P3 */
uint32_t process_count, family_count, object_count;

static struct process **link_of(uint64_t pid)
{
    struct process **link = &buckets[pid % PROCESS_BUCKETS];

    while (*link && (*link)->pid != pid)
        link = &(*link)->next;
    return link;
}

struct process *process_find(uint64_t pid)
{
    return *link_of(pid);
}

struct process *process_next(const struct process *p)
{
    size_t bucket = p ? p->pid % PROCESS_BUCKETS + 1 : 0;

    if (p && p->next)
        return p->next;
    while (bucket < PROCESS_BUCKETS && !buckets[bucket])
        bucket++;
    return bucket < PROCESS_BUCKETS ? buckets[bucket] : NULL;
}

static struct family *family_of(uint64_t number, uint64_t quota)
{
    struct family *f = families;

    while (f && f->number != number)
        f = f->next;
    if (f || !(f = calloc(1, sizeof *f)))
        return f;
    *f = (struct family){.next = families, .number = number, .quota = quota};
    families = f;
    family_count++;
    return f;
}

/* So many pages more, or, negative, less. */
static void family_commit(struct family *f, uint64_t pages)
{
    f->committed += pages;
    promised += pages;
}

uint64_t process_promised(void)
{
    return promised;
}

static void family_leave(struct family *f)
{
    assert(f->members > 0);
    if (--f->members)
        return;
    assert(f->committed == 0);
    struct family **link = &families;
    while (*link != f)
        link = &(*link)->next;
    *link = f->next;
    family_count--;
    free(f);
}

struct process *process_new(uint64_t pid, struct fos_cap space, uint64_t family,
                            uint64_t family_quota)
{
    struct process *p = process_count < PROCESSES_MAX ? calloc(1, sizeof *p) : NULL;

    if (!p)
        return NULL;
    p->family = family_of(family, family_quota);
    if (!p->family) {
        free(p);
        return NULL;
    }
    p->family->members++;
    p->pid = pid;
    p->space = space;
    p->next = buckets[pid % PROCESS_BUCKETS];
    buckets[pid % PROCESS_BUCKETS] = p;
    process_count++;
    return p;
}

void process_free(struct process *p)
{
    struct process **link = link_of(p->pid);

    assert(*link == p && p->layout.count == 0 && p->loose == 0);
    *link = p->next;
    layout_free(&p->layout);
    family_leave(p->family);
    process_count--;
    free(p);
}

static bool family_may(const struct family *f, uint64_t more)
{
    return f->committed <= f->quota && more <= f->quota - f->committed;
}

bool process_may(const struct process *p, uint64_t more)
{
    uint64_t now = p->layout.committed + p->loose;

    return now <= p->quota && more <= p->quota - now &&
           family_may(p->family, more) &&
           promise_may(promised, more, now + more <= p->reach);
}

void process_loose(struct process *p, int64_t pages)
{
    assert(pages >= 0 || p->loose >= (uint64_t)-pages);
    p->loose += (uint64_t)pages;
    family_commit(p->family, (uint64_t)pages);
}

void process_committed(struct process *p, uint64_t before)
{
    family_commit(p->family, p->layout.committed - before);
}

struct object *object_new(struct process *p, uint64_t pages)
{
    bool may = process_may(p, pages) && pages <= p->family->quota / 2 &&
               p->family->shared <= p->family->quota / 2 - pages;
    struct object *o = may ? calloc(1, sizeof *o) : NULL;

    if (!o)
        return NULL;
    o->pages = pages;
    o->family = p->family;
    family_commit(o->family, pages);
    o->family->shared += pages;
    o->family->members++;
    object_count++;
    return o;
}

struct object *object_of_file(const uint64_t handle[2])
{
    struct object *o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->is_file = 1;
    o->handle[0] = handle[0];
    o->handle[1] = handle[1];
    object_count++;
    return o;
}

void object_free(struct object *o)
{
    assert(o->refs == 0);
    if (o->family) {
        family_commit(o->family, -o->pages);
        o->family->shared -= o->pages;
        family_leave(o->family);
    }
    object_count--;
    free(o);
}
