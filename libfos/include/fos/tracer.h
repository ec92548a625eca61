/* SPDX-License-Identifier: MIT */
/* Reading traces: for the holder of the trace device.  Layout and rules: abi/trace.h. */
#ifndef FOS_TRACER_H
#define FOS_TRACER_H

#include <stddef.h>
#include <stdint.h>

#include <fos/abi/trace.h>

struct fos_tracer {
    struct fos_trace_control *control;
    const struct fos_trace_info *info;
    const struct fos_trace_head *heads;  /* by vCPU */
    const struct fos_trace_event *rings; /* `size` events to a vCPU */
    uint64_t size;
};

/* Maps the device.  0; -FOS_EPERM: it is not the trace device; -FOS_ENOMEM, -FOS_EDQUOT,
 * -FOS_EPROTO: a kernel of another version. */
long fos_tracer_open(struct fos_tracer *tracer, struct fos_cap device);
void fos_tracer_close(struct fos_tracer *tracer);

/* What is to be recorded from now on: bits of enum fos_trace_type.  A vCPU that is in the
 * middle of something sees it a moment later. */
void fos_tracer_mask(struct fos_tracer *tracer, uint64_t mask);

/* How many events vCPU `vcpu` has recorded so far. */
uint64_t fos_tracer_written(const struct fos_tracer *tracer, uint32_t vcpu);

/*
 * Copies events of a vCPU, from number *next on, while it goes on recording.  Advances
 * *next past them and past those overwritten before they were copied, which are added to
 * *lost.  The number copied; 0: there is none yet.
 */
size_t fos_tracer_read(const struct fos_tracer *tracer, uint32_t vcpu,
                       uint64_t *next, struct fos_trace_event *to, size_t capacity,
                       uint64_t *lost);

#endif
