/* SPDX-License-Identifier: MIT */
/* What a child of fork, and a program that has begun, does before anything else. */
#ifndef FOS_POSIX_FORK_H
#define FOS_POSIX_FORK_H

/* The file actions and attributes of the posix_spawn that started this process. */
void fos_spawn_begin(void);

#endif
