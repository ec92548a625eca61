/* SPDX-License-Identifier: MIT */
#include <fos/tracer.h>

#include <string.h>

#include <fos/memory.h>
#include <fos/syscall.h>

long fos_tracer_open(struct fos_tracer *tracer, struct fos_cap device)
{
    char *at = fos_pages_reserve(FOS_TRACE_PAGES_MAX);

    if (!at)
        return -FOS_ENOMEM;
    long error = fos_sys_device_map(device, at);
    if (error) {
        fos_pages_release(at, FOS_TRACE_PAGES_MAX);
        return error;
    }
    *tracer = (struct fos_tracer){
        .control = (struct fos_trace_control *)at,
        .info = (const struct fos_trace_info *)(at + FOS_PAGE_SIZE),
        .heads = (const struct fos_trace_head *)(at + 2 * FOS_PAGE_SIZE),
        .rings = (const struct fos_trace_event *)(at + FOS_TRACE_RING_FIRST *
                                                           FOS_PAGE_SIZE),
    };
    tracer->size = (uint64_t)tracer->info->ring_pages * FOS_TRACE_PAGE_EVENTS;
    if (tracer->info->version != FOS_TRACE_VERSION) {
        fos_tracer_close(tracer);
        return -FOS_EPROTO;
    }
    return 0;
}

void fos_tracer_close(struct fos_tracer *tracer)
{
    fos_range_unmap((uint64_t)tracer->control, tracer->info->pages);
    fos_pages_release(tracer->control, FOS_TRACE_PAGES_MAX);
}

void fos_tracer_mask(struct fos_tracer *tracer, uint64_t mask)
{
    __atomic_store_n(&tracer->control->mask, mask, __ATOMIC_RELAXED);
}

uint64_t fos_tracer_written(const struct fos_tracer *tracer, uint32_t vcpu)
{
    return __atomic_load_n(&tracer->heads[vcpu].written, __ATOMIC_ACQUIRE);
}

/* The first event that is not, and is not being, overwritten (R2). */
static uint64_t oldest(const struct fos_tracer *tracer, uint32_t vcpu)
{
    uint64_t written = fos_tracer_written(tracer, vcpu);

    return written < tracer->size ? 0 : written - tracer->size + 1;
}

static void event_copy(struct fos_trace_event *to,
                       const struct fos_trace_event *from)
{
    uint64_t words[sizeof *to / sizeof(uint64_t)];

    for (size_t i = 0; i < sizeof *to / sizeof(uint64_t); i++)
        words[i] = __atomic_load_n((const uint64_t *)from + i, __ATOMIC_ACQUIRE);
    memcpy(to, words, sizeof *to);
}

/* Leaves out the events before number `first`. */
static void skip(uint64_t *next, uint64_t first, uint64_t *lost)
{
    if (first <= *next)
        return;
    *lost += first - *next;
    *next = first;
}

size_t fos_tracer_read(const struct fos_tracer *tracer, uint32_t vcpu,
                       uint64_t *next, struct fos_trace_event *to, size_t capacity,
                       uint64_t *lost)
{
    const struct fos_trace_event *ring = tracer->rings + vcpu * tracer->size;
    uint64_t end = fos_tracer_written(tracer, vcpu), first;
    size_t gone;

    skip(next, oldest(tracer, vcpu), lost);
    if (*next >= end)
        return 0;
    if (end - *next > capacity)
        end = *next + capacity;
    first = *next;
    for (uint64_t n = first; n < end; n++)
        event_copy(&to[n - first], &ring[n & (tracer->size - 1)]);
    skip(next, oldest(tracer, vcpu), lost);
    if (*next >= end)
        return 0;
    gone = *next - first;
    memmove(to, to + gone, (end - *next) * sizeof *to);
    *next = end;
    return end - first - gone;
}
