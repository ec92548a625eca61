/* SPDX-License-Identifier: MIT */
/*
 * trace: runs a program and shows what the system did meanwhile.
 *
 *     main.c    arguments; starting and awaiting the program
 *     select.c  from names of events to a mask
 *     dump.c    events to lines for tools/trace-decode
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>

#include <fos/tracer.h>

/* A list of names of events (abi/trace.def) and groups, separated by commas, each added,
 * or taken away if it begins with '-'.  False: `*unknown` is none of them. */
bool select_parse(const char *list, uint64_t *mask, const char **unknown);
void select_show(void);

struct dump {
    const struct fos_tracer *tracer;
    uint64_t next[64]; /* by vCPU: the number of the first event of this trace */
    uint64_t dropped;  /* by the kernel, before it */
    uint64_t began;    /* TSC value */
};

/* Remembers where the rings stand; nothing is recorded yet. */
void dump_begin(struct dump *dump, const struct fos_tracer *tracer);

/* Writes the newest `most` events since then, oldest first, and the processes there are.
 * Nothing is being recorded any more.  0, or an error of the console's or the memory's. */
long dump_write(struct dump *dump, size_t most, int status);

#endif
