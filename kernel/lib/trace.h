/* SPDX-License-Identifier: MIT */
/* Recording events; layout and rules in fos/abi/trace.h. */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#include <fos/abi/trace.h>

#include "mm/mm.h"

struct space;
struct thread;

/* A page that user code may write at any time: read once, and written only when who
 * writes it has gone. */
union trace_control {
    struct fos_trace_control control;
    char page[PAGE_SIZE];
};
extern union trace_control trace_control;

/* Takes the rings' memory for all vCPUs; before the first process is made. */
void trace_init(void);

/* The control page's frame, which every thread sees. */
pfn_t trace_control_frame(void);

/* Shows the trace device at `va`; errors as of space_map_frames. */
int trace_map(struct space *s, uint64_t va);

/* The mappings of `s` go: if it was the last to map the device, recording ends. */
void trace_leave(const struct space *s);

void trace_write(enum fos_trace_type type, uint64_t a, uint64_t b);
void trace_collect_slow(struct thread *t);

static inline uint64_t trace_mask(void)
{
    return __atomic_load_n(&trace_control.control.mask, __ATOMIC_RELAXED);
}

/* Records an event of the running process, if that is asked for. */
static inline void trace(enum fos_trace_type type, uint64_t a, uint64_t b)
{
    if (__builtin_expect(trace_mask() >> type & 1, 0))
        trace_write(type, a, b);
}

/* At an entry from user code: takes what the thread has recorded. */
static inline void trace_collect(struct thread *t)
{
    if (__builtin_expect(trace_mask() != 0, 0))
        trace_collect_slow(t);
}

#endif
