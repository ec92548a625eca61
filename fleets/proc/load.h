/* SPDX-License-Identifier: MIT */
/*
 * The loader: from the bytes of an ELF file to a running space.
 *
 *     FOS_STACK_TOP - stack   stack, below it nothing is mapped (of a process that the
 *                             memory fleet looks after, that fleet's)
 *     FOS_STACK_TOP           unmapped
 *     + 1 page                start page
 *     + 3 pages               the thread's pages (enum fos_thread_page)
 *     FOS_START_BLOCK         arguments, environment, what libfos inherits
 *
 * Read-only segments are the boot archive's own pages where those lie at page
 * boundaries; writable ones are copied.
 */
#ifndef PROC_LOAD_H
#define PROC_LOAD_H

#include <fos/format/elf.h>
#include <fos/memory.h>
#include <fos/siphash.h>

#include "table.h"

#define START_PAGE   (FOS_STACK_TOP + FOS_PAGE_SIZE)
#define THREAD_PAGES (FOS_STACK_TOP + 3 * FOS_PAGE_SIZE)

#define LOAD_ARCHIVE 0x0000710000000000ull

enum { STACK_PAGES = 64 };

/* Where a process's thread begins. */
struct load_thread {
    uint64_t entry, stack, argument, tls;
};

struct load {
    const void *image;
    uint64_t image_size;
    struct elf_plan plan; /* of the image, once checked */
    uint32_t argc, envc;
    uint32_t text_size, inherit_size;
    uint64_t block; /* address in block_space, laid out as struct fos_start says */
    struct fos_cap block_space;
    uint32_t extra;
    const struct fos_cap *caps; /* `extra` of them */
    struct fos_cap proc, console, fs;
    struct fos_cap mem;     /* id 0: its memory is its own business */
    struct fos_cap control; /* id 0 unless the process is a fleet */
    const struct fos_siphash_key *tickets;
    bool archive; /* the boot archive is mapped read-only at LOAD_ARCHIVE */
};

/* Checks what->image and fills what->plan.  0, or ENOEXEC and a sentence. */
long load_check(struct load *what, const char **why);

/* A space for p with its quotas, watched by process_event(p); p->space and p->pid are
 * filled in. */
long space_open(struct process *p);

/* Puts image, stack, start page, block and a stopped thread into p->space, which is
 * new, or was reset; the memory fleet takes over, if what->mem says so.  After an error the space is good for nothing. */
long program_place(struct process *p, const struct load *what);

/* The same for a child of fork, without image and stack. */
long child_place(struct process *p, const struct load *what,
                 const struct load_thread *thread);

/* Lets the thread go. */
long program_go(const struct process *p);

/* All of it, for a process that begins with a checked image.  On an error nothing is left; *why is a
 * sentence. */
long process_load(struct process *p, struct load *what, const char **why);

/* Bytes of a start block. */
uint64_t block_size(uint32_t text_size, uint32_t inherit_size);

/* Ends the space of a process that never ran; who has heard of it hears of its end. */
void space_discard(const struct process *p);

/* Ends a space, in as many steps as the kernel needs. */
void space_end(struct fos_cap space);

#endif
