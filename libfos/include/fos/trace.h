/* SPDX-License-Identifier: MIT */
/*
 * Events that a process records of itself; the kernel's own stand beside them in the same
 * trace.  See abi/trace.h.  While nobody traces, fos_trace costs a look at a word that
 * every thread sees read-only.
 */
#ifndef FOS_TRACE_H
#define FOS_TRACE_H

#include <fos/abi/atomic.h>
#include <fos/abi/trace.h>

/* Where to look; before fos_trace_begin at a mask that is 0. */
extern const struct fos_trace_control *fos_trace_control;

/* Binds the process's first thread to the pages the kernel gave it, and records the name
 * of its program.  `enter_kernel` is any system call: it makes room for events. */
void fos_trace_begin(const struct fos_trace_control *control,
                     struct fos_events_page *page, const char *name,
                     long (*enter_kernel)(void));

/* The same for a further thread. */
void fos_trace_bind(struct fos_events_page *page);

void fos_trace_record(enum fos_trace_type type, uint64_t a, uint64_t b);

/* Records an event of libfos's own types, if that is asked for. */
static inline void fos_trace(enum fos_trace_type type, uint64_t a, uint64_t b)
{
    uint64_t mask = __atomic_load_n(&fos_trace_control->mask, __ATOMIC_RELAXED);

    if (__builtin_expect(mask >> type & 1, 0))
        fos_trace_record(type, a, b);
}

/* Whether anything is recorded. */
static inline bool fos_traced(void)
{
    return __atomic_load_n(&fos_trace_control->mask, __ATOMIC_RELAXED) != 0;
}

/* Two words that mean something to the caller. */
static inline void fos_trace_mark(uint64_t a, uint64_t b)
{
    fos_trace(FOS_TRACE_mark, a, b);
}

#endif
