/* SPDX-License-Identifier: MIT */
/* Mappings of any length, in pieces that the kernel takes.  Errors as the kernel's. */
#ifndef MEM_SPACE_H
#define MEM_SPACE_H

#include <fos/abi/syscalls.h>

/* Unmaps what is mapped in [start, end); gives how many pages that were. */
long range_unmap(struct fos_cap space, uint64_t start, uint64_t end);

/* What is mapped there gets this protection, without WRITE and not 0. */
long range_protect(struct fos_cap space, uint64_t start, uint64_t end,
                   unsigned prot);

/* As space_share of what is mapped there (FOS_SHARE_SPARSE is added; what->pages and
 * ->to and ->from are of the whole); gives the number of pages shared.  After an error
 * a part may be done. */
long range_share(struct fos_share what, uint64_t pages);

#endif
