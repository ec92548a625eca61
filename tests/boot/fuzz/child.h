/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_CHILD_H
#define FUZZ_CHILD_H

#include <stdint.h>

#include <fos/abi/syscalls.h>

/* What a child whose calls left it alive tells its parent. */
struct fuzz_tally {
    uint32_t done[FOS_SYS_COUNT]; /* calls that answered 0 or more */
};

/* Makes `calls` system calls by the dice of `seed`.  Extra 0: the parent's mailbox;
 * extra 1: one that accepts channels; extra 2: a dead capability. */
int fuzz_child(uint64_t seed, uint64_t calls);

#endif
