/* SPDX-License-Identifier: MIT */
/* The boot archive's files by name. */
#ifndef PROC_ARCHIVE_H
#define PROC_ARCHIVE_H

#include <stdint.h>

enum { ARCHIVE_MAX = 1024 }; /* entries */

/* Looks the whole archive over, which stays where it is.  0; or EINVAL and a sentence:
 * it is malformed, or has too many entries. */
long archive_index(uint64_t archive, uint64_t size, const char **why);

/* A program by name, or by a link to one: its bytes.  ENOENT. */
long program_find(const char *name, const void **image, uint64_t *size);

#endif
