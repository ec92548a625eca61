/* SPDX-License-Identifier: MIT */
/* What this process was given when it was started. */
#ifndef FOS_START_H
#define FOS_START_H

#include <stdint.h>

#include <fos/abi/types.h>

/* The start page.  Written by the creator before the first instruction; libfos
 * keeps the argument strings there. */
extern struct fos_start *fos_start_page;

static inline uint64_t fos_pid(void)
{
    return fos_start_page->pid;
}

static inline struct fos_cap fos_own_space(void)
{
    return fos_start_page->caps[FOS_START_SPACE];
}

/* For the fleets that ask who calls. */
static inline struct fos_cap fos_ticket(void)
{
    return fos_start_page->caps[FOS_START_TICKET];
}

/* The n-th capability the parent passed on; id 0 when there is none. */
struct fos_cap fos_start_extra(unsigned n);

/* The C start: called by crt0 with the start page and main. */
_Noreturn void fos_start_main(struct fos_start *page,
                              int (*main)(int, char **, char **));

#endif
