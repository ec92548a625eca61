/* SPDX-License-Identifier: MIT */
/* The writing side of struct fos_events_page's ring.  The kernel reads it only while this
 * thread is in the kernel, so program order is all the order it needs. */
#include <fos/trace.h>

#include <stdbool.h>
#include <stddef.h>

#include <fos/sleep.h>

static const struct fos_trace_control off;
const struct fos_trace_control *fos_trace_control = &off;
static _Thread_local struct fos_events_page *own;
static long (*enter)(void);

void fos_trace_begin(const struct fos_trace_control *control,
                     struct fos_events_page *page, const char *name,
                     long (*enter_kernel)(void))
{
    uint64_t words[2] = {0};

    own = page;
    enter = enter_kernel;
    fos_trace_control = control;
    for (size_t i = 0; i < sizeof words && name[i]; i++)
        words[i / 8] |= (uint64_t)(uint8_t)name[i] << i % 8 * 8;
    fos_trace(FOS_TRACE_name, words[0], words[1]);
}

void fos_trace_bind(struct fos_events_page *page)
{
    own = page;
}

static bool full(void)
{
    return own->written - __atomic_load_n(&own->taken, __ATOMIC_RELAXED) >=
           FOS_TRACE_OWN;
}

/* A full ring is emptied by the kernel at its next entry, unless tracing has ended. */
void fos_trace_record(enum fos_trace_type type, uint64_t a, uint64_t b)
{
    if (full())
        enter();
    if (full())
        return;
    own->ring[own->written % FOS_TRACE_OWN] = (struct fos_trace_event){
        .tsc = fos_tsc(),
        .type = (uint16_t)type,
        .a = a,
        .b = b,
    };
    fos_compiler_barrier(); /* an interrupt may take the event from here on */
    own->written++;
}
