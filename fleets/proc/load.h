/* SPDX-License-Identifier: MIT */
/*
 * The loader: from the bytes of an ELF file to a running space.
 *
 *     FOS_STACK_TOP - stack   stack, below it nothing is mapped
 *     FOS_STACK_TOP           unmapped
 *     + 1 page                start page
 *     + 3 pages               the thread's pages (enum fos_thread_page)
 *     FOS_START_BLOCK         arguments, environment, what libfos inherits
 */
#ifndef PROC_LOAD_H
#define PROC_LOAD_H

#include <fos/siphash.h>

#include "table.h"

enum { STACK_PAGES = 64 };

struct load {
    const void *image;
    uint64_t image_size;
    uint32_t argc, envc;
    uint32_t text_size, inherit_size;
    const void *block; /* laid out as struct fos_start says */
    uint32_t extra;
    const struct fos_cap *caps; /* `extra` of them */
    struct fos_cap proc, console, fs;
    struct fos_cap control; /* id 0 unless the process is a fleet */
    const struct fos_siphash_key *tickets;
};

/*
 * Fills p->space and p->pid and starts the thread on p->vcpu; the kernel tells the
 * end of the space by process_event(p).  On an error nothing is left; *why is a
 * sentence.
 */
long process_load(struct process *p, const struct load *what, const char **why);

/* Bytes of a start block. */
uint64_t block_size(uint32_t text_size, uint32_t inherit_size);

/* Ends a space, in as many steps as the kernel needs. */
void space_end(struct fos_cap space);

#endif
