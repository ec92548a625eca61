/* SPDX-License-Identifier: MIT */
#ifndef PROC_FILES_H
#define PROC_FILES_H

#include <stdint.h>

/* What `parent` has open, and its working directory, become the child's too, which has
 * not begun.  0, also when there is no filesystem; ETIMEDOUT, or its errors. */
long files_inherit(uint64_t parent, uint64_t child);

#endif
