/* SPDX-License-Identifier: MIT */
/* What was recorded between two moments, and looking for something in it. */
#ifndef WATCH_H
#define WATCH_H

#include <fos/trace.h>
#include <fos/tracer.h>

#include "../family.h"

enum { WATCHED_MAX = 16384, VCPUS_MAX = 64 };
#define WATCH_ANY 0xfeedfacecafebeefull

static struct fos_tracer tracer;

/* From watch_begin to watch_end, of all vCPUs, in order of time. */
static struct {
    uint64_t next[VCPUS_MAX];
    struct fos_trace_event events[WATCHED_MAX];
    size_t count;
    uint64_t lost, dropped;
} watch;

static inline uint64_t dropped(void)
{
    uint64_t sum = 0;

    for (uint32_t v = 0; v < tracer.info->vcpus; v++)
        sum += tracer.heads[v].dropped;
    return sum;
}

static inline void watch_begin(uint64_t mask)
{
    watch.count = 0;
    watch.lost = 0;
    watch.dropped = dropped();
    for (uint32_t v = 0; v < tracer.info->vcpus; v++)
        watch.next[v] = fos_tracer_written(&tracer, v);
    fos_tracer_mask(&tracer, mask);
}

static inline int event_order(const void *a, const void *b)
{
    const struct fos_trace_event *x = a, *y = b;

    if (x->tsc != y->tsc)
        return x->tsc < y->tsc ? -1 : 1;
    return x < y ? -1 : 1;
}

/* Each vCPU's events must be its own, and in the order of their times. */
static inline void ring_take(uint32_t vcpu)
{
    size_t first = watch.count, got;

    while ((got = fos_tracer_read(&tracer, vcpu, &watch.next[vcpu],
                                  watch.events + watch.count,
                                  WATCHED_MAX - watch.count, &watch.lost)))
        watch.count += got;
    for (size_t i = first; i < watch.count; i++) {
        CASE_EQUAL(watch.events[i].vcpu, vcpu);
        CASE_CHECK(i == first || watch.events[i].tsc >= watch.events[i - 1].tsc);
    }
}

static inline void watch_end(void)
{
    fos_tracer_mask(&tracer, 0);
    for (uint32_t v = 0; v < tracer.info->vcpus; v++)
        ring_take(v);
    watch.dropped = dropped() - watch.dropped;
    qsort(watch.events, watch.count, sizeof *watch.events, event_order);
}

static inline bool watch_seen(enum fos_trace_type type, uint64_t pid, uint64_t a)
{
    static struct fos_trace_event some[64];
    uint64_t lost = 0;
    size_t got;

    for (uint32_t v = 0; v < tracer.info->vcpus; v++) {
        uint64_t next = watch.next[v];
        while ((got = fos_tracer_read(&tracer, v, &next, some, 64, &lost)))
            for (size_t i = 0; i < got; i++)
                if (some[i].type == type && some[i].pid == pid && some[i].a == a)
                    return true;
    }
    return false;
}

/* Waits until process `pid` has entered the kernel with such an event in its own ring. */
static inline void watch_await(enum fos_trace_type type, uint64_t pid, uint64_t a)
{
    uint64_t deadline = family_deadline();

    while (!watch_seen(type, pid, a) && fos_now_ns() < deadline)
        fos_clock_sleep(fos_now_ns() + 2 * FOS_MILLISECOND);
}

/* Keeps the events of process `pid` alone. */
static inline void watch_only(uint64_t pid)
{
    size_t kept = 0;

    for (size_t i = 0; i < watch.count; i++)
        if (watch.events[i].pid == pid)
            watch.events[kept++] = watch.events[i];
    watch.count = kept;
}

/* The first event from number `from` on of this type, process and first word, of which
 * the last two may be WATCH_ANY; the case fails if there is none. */
static inline size_t watch_find(size_t from, enum fos_trace_type type, uint64_t pid,
                                uint64_t a)
{
    for (size_t i = from; i < watch.count; i++) {
        const struct fos_trace_event *e = &watch.events[i];
        if (e->type == type && (pid == WATCH_ANY || e->pid == pid) &&
            (a == WATCH_ANY || e->a == a))
            return i;
    }
    case_fail("no event %d of process %llu", (int)type, (unsigned long long)pid);
    return 0;
}

#endif
