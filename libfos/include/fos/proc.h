/* SPDX-License-Identifier: MIT */
/* Processes: starting, awaiting and ending them (the process fleet's client). */
#ifndef FOS_PROC_H
#define FOS_PROC_H

#include <stddef.h>
#include <stdint.h>

#include <fos/call.h>
#include <fos/proto/proc.h>

FOS_CLIENT_CALLS(proc, PROC_OPS)

/* Calls to it have no deadline: it does one thing after the other, so that its answer to
 * one of many that fork may take long on a busy machine, and a fork that was given up
 * would leave a child that nobody knows.  It cannot die but with the machine. */

/*
 * What to start.  Zero is a fair default for every field but path; vcpu is the
 * number of a vCPU plus one, so that 0 lets the process fleet choose.
 */
struct fos_spawn {
    const char *path;           /* name in the boot archive */
    const char *const *argv;    /* NULL-terminated; NULL: { path } */
    const char *const *envp;    /* the same; NULL: environ */
    const struct fos_cap *caps; /* passed on: the child's fos_start_extra(0..) */
    unsigned ncaps;
    unsigned vcpu_plus_one;
    uint32_t frames, objects; /* quotas; 0: the fleet's default */
    const void *image;        /* an ELF file in memory instead of path's */
    size_t image_size;        /* bytes; with the strings at most PROC_MORE_MAX */
};

/* Starts a process.  0 and its number, or an error of struct proc_spawn_req's;
 * E2BIG: the arguments do not fit. */
long fos_spawn(const struct fos_spawn *what, uint64_t *pid);

/* The common case: a program, its arguments, and capabilities to pass on. */
long fos_spawn_program(const char *path, const char *const *argv,
                       const struct fos_cap *caps, unsigned ncaps, uint64_t *pid);

/* Waits for the end of a descendant.  0; EPERM: it is none.  `info`, if not NULL,
 * tells how it ended and what it had used. */
long fos_process_wait(uint64_t pid, int *status, struct fos_space_info *info);

/* Ends a descendant; its status becomes PROC_STATUS_KILLED. */
long fos_process_kill(uint64_t pid);

/* Copies up to `capacity` entries; gives their number. */
long fos_process_list(struct proc_entry *entries, size_t capacity);

/* The way to the process fleet, for its other calls. */
struct fos_peer *fos_proc_peer(void);

#endif
