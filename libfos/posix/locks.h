/* SPDX-License-Identifier: MIT */
#ifndef FOS_POSIX_LOCKS_H
#define FOS_POSIX_LOCKS_H

#include "fd.h"

struct flock;

/* F_GETLK, F_SETLK, F_SETLKW; 0 or a negated error. */
long fos_file_lock(struct fos_file *file, int command, struct flock *lock);

#endif
