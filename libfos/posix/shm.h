/* SPDX-License-Identifier: MIT */
/* Names of what processes share: files of /tmp. */
#ifndef FOS_POSIX_SHM_H
#define FOS_POSIX_SHM_H

#include <limits.h>

struct shm_path {
    char text[NAME_MAX + 16];
};

/*
 * The file of the object `name` ("/name" or "name") of a kind ("shm", "sem").  0, or an
 * errno value: EINVAL no name, or one with a slash in it; ENAMETOOLONG.
 */
int fos_shm_path(struct shm_path *path, const char *kind, const char *name);

#endif
