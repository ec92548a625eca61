/* SPDX-License-Identifier: MIT */
/*
 * A process's memory (the memory fleet's client).  Processes that no member looks
 * after, as the fleets, map what they need themselves; these calls then answer
 * -FOS_ENOSYS.  Lengths and addresses are in bytes; results are 0 or more, or a
 * negated error of struct mem_..._req.
 */
#ifndef FOS_MEM_H
#define FOS_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fos/proto/mem.h>

/* Whether a member of the memory fleet looks after this process. */
bool fos_mem_paged(void);

struct fos_mem_map {
    void *address; /* where; a wish unless MEM_FIXED */
    size_t length;
    unsigned prot, flags; /* enum fos_prot, enum mem_flags */
    uint64_t handle[2];   /* MEM_FILE */
    uint64_t offset;
};

/* Maps memory; *at is where it is. */
long fos_mem_map(const struct fos_mem_map *what, void **at);
long fos_mem_unmap(void *address, size_t length);
long fos_mem_protect(void *address, size_t length, unsigned prot);
long fos_mem_advise(void *address, size_t length, enum mem_advice advice);
long fos_mem_sync(void *address, size_t length);

/* Moves the end of the heap to `end` (0: leaves it), and tells where it is. */
long fos_mem_brk(uint64_t end, uint64_t *now);

/* What this process uses. */
long fos_mem_usage(struct mem_usage *usage);

/* The state of the member that looks after this process: for tests and tools. */
long fos_mem_state(struct mem_state_rep *state);

#endif
