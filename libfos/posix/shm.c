/* SPDX-License-Identifier: MIT */
#include "shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int fos_shm_path(struct shm_path *path, const char *kind, const char *name)
{
    static const char format[] = "/tmp/.%s.%s";

    while (*name == '/')
        name++;
    if (strlen(name) >= NAME_MAX - sizeof ".shm.")
        return ENAMETOOLONG;
    if (!*name || strchr(name, '/'))
        return EINVAL;
    snprintf(path->text, sizeof path->text, format, kind, name);
    return 0;
}

int shm_open(const char *name, int flags, mode_t mode)
{
    struct shm_path path;
    int error = fos_shm_path(&path, "shm", name);

    if (!error && (flags & O_ACCMODE) == O_WRONLY)
        error = EINVAL;
    if (error) {
        errno = error;
        return -1;
    }
    return open(path.text, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

int shm_unlink(const char *name)
{
    struct shm_path path;
    int error = fos_shm_path(&path, "shm", name);

    if (error) {
        errno = error == EINVAL ? ENOENT : error;
        return -1;
    }
    return unlink(path.text);
}
