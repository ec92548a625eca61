/* SPDX-License-Identifier: MIT */
/*
 * Tracing.  The kernel records events, in one ring to a vCPU, while their bits are set in
 * a mask that the holder of the trace device writes.  device_map of that device shows
 *
 *     page 0     struct fos_trace_control   writable; every thread sees it read-only
 *     page 1     struct fos_trace_info      read-only, as are all that follow
 *     page 2     struct fos_trace_head      one line to a vCPU
 *     page 3 ..  rings, `ring_pages` to a vCPU, by the vCPU's number
 *
 * Event n of a vCPU stands at index n modulo the ring's size, which is a power of two; the
 * oldest is overwritten.  A reader, on any vCPU:
 *
 *  R1. loads `written` (acquire: pairs with the kernel's release after an event), and copies
 *      events below it, each word with acquire;
 *  R2. loads `written` again: of what it has copied, events up to and including number
 *      written - size were perhaps being overwritten, and are lost.
 *
 * Processes record events of their own, without a system call, in the ring of their event
 * page (struct fos_events_page).  The kernel moves them to the vCPU's ring whenever the
 * thread enters it and before it records anything else, so a vCPU's events are in the order
 * of their time stamps.  It takes of them the type, if processes may record it, the time, if
 * it is not to come, and the two words; nonsense is dropped and counted.  What is long
 * before the vCPU's last event is left from an earlier trace and passed over.
 */
#ifndef FOS_ABI_TRACE_H
#define FOS_ABI_TRACE_H

#include <fos/abi/types.h>

enum fos_trace_type {
#define TRACE(number, name, a, b, sentence) FOS_TRACE_##name = number,
#include <fos/abi/trace.def>
#undef TRACE
    FOS_TRACE_USER_FIRST = 32,
    FOS_TRACE_TYPES_MAX = 64,
};

#define FOS_TRACE_BIT(name) (1ull << FOS_TRACE_##name)

/* The bits of all events there are. */
#define TRACE(number, name, a, b, sentence) FOS_TRACE_BIT(name) |
static const uint64_t fos_trace_all =
#include <fos/abi/trace.def>
    0;
#undef TRACE

struct fos_trace_event {
    uint64_t tsc;
    uint32_t pid;  /* low half; 0: the vCPU was idle */
    uint16_t type; /* enum fos_trace_type */
    uint16_t vcpu;
    uint64_t a, b;
};

struct fos_trace_control {
    uint64_t mask; /* 1 << enum fos_trace_type of those to be recorded */
    uint64_t unused[2 * FOS_LINE_SIZE / sizeof(uint64_t) - 1]; /* lines apart */
    /* Seen by every thread, as the mask is: how many vCPUs were called to run a thread and
     * have not come yet, perhaps for want of a processor.  A hint for who polls. */
    _Atomic uint32_t called;
    uint32_t reserved;
};

struct fos_trace_info {
    uint32_t version; /* FOS_TRACE_VERSION */
    uint32_t vcpus, ring_pages;
    uint32_t pages; /* of everything */
    uint64_t tsc_hz;
};

struct fos_trace_head {
    uint64_t written; /* events so far */
    uint64_t dropped; /* nonsense that processes had recorded */
    uint64_t last;    /* time of the last event */
    uint64_t reserved[5];
};

enum {
    FOS_TRACE_VERSION = 1,
    FOS_TRACE_RING_FIRST = 3, /* page */
    FOS_TRACE_PAGES_MAX = 512,
    FOS_TRACE_PAGE_EVENTS = FOS_PAGE_SIZE / sizeof(struct fos_trace_event),
    FOS_TRACE_OWN = 120, /* events in a thread's own ring */
};

/*
 * The event page: what the kernel tells the thread, and what the thread has recorded.
 * Full is written - taken == FOS_TRACE_OWN; any system call then makes room.
 */
struct fos_events_page {
    struct fos_events events;
    uint8_t unused[2 * FOS_LINE_SIZE - sizeof(struct fos_events)];
    uint64_t written; /* by the thread */
    uint64_t taken;   /* by the kernel */
    uint8_t unused_too[FOS_LINE_SIZE - 16];
    struct fos_trace_event ring[FOS_TRACE_OWN];
};

_Static_assert(sizeof(struct fos_trace_event) == 32, "an event's size");
_Static_assert(sizeof(struct fos_trace_head) == FOS_LINE_SIZE, "no line is shared");
_Static_assert(sizeof(struct fos_events_page) <= FOS_PAGE_SIZE, "one page");

#endif
