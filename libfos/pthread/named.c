/* SPDX-License-Identifier: MIT */
/*
 * Named semaphores: a file of /tmp holds one, and who opens it maps it.  A file gets its
 * name when what it holds is whole.
 */
#include <semaphore.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fos/fork.h>
#include <fos/lock.h>
#include <fos/sync.h>

#include "../posix/shm.h"

/* One that is open; the same file is mapped once. */
struct named {
    struct named *next;
    sem_t *sem;
    dev_t device;
    ino_t file;
    unsigned uses;
};

static struct fos_lock lock;
static struct named *all; /* the lock's */

FOS_FORK_LOCK(lock);

static int failed(int error)
{
    errno = error;
    return -1;
}

static struct named *named_new(int fd, const struct stat *of)
{
    struct named *made = malloc(sizeof *made);
    void *at;

    if (!made)
        return NULL;
    at = mmap(NULL, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        free(made);
        return NULL;
    }
    *made = (struct named){
        .sem = at, .device = of->st_dev, .file = of->st_ino, .uses = 1};
    return made;
}

static void named_free(struct named *named)
{
    if (named)
        munmap(named->sem, sizeof *named->sem);
    free(named);
}

/* Puts it into the list, unless its file is there: then that one is used once more. */
static struct named *named_enter(struct named *made)
{
    struct named *found;

    fos_lock_take(&lock);
    for (found = all; found; found = found->next)
        if (found->device == made->device && found->file == made->file)
            break;
    if (found) {
        found->uses++;
    } else {
        made->next = all;
        all = made;
    }
    fos_lock_release(&lock);
    return found ? found : made;
}

/* The semaphore in an open file. */
static sem_t *named_map(int fd)
{
    struct named *made, *entered;
    struct stat of;

    if (fstat(fd, &of))
        return SEM_FAILED;
    made = named_new(fd, &of);
    if (!made)
        return SEM_FAILED;
    entered = named_enter(made);
    if (entered != made)
        named_free(made);
    return entered->sem;
}

/* Gives `path` to a new file with a semaphore in it.  Its descriptor; EEXIST. */
static int named_make(const char *path, mode_t mode, unsigned value)
{
    struct fos_semaphore first = {.value = value, .shared = 1};
    char own[sizeof(struct shm_path)];
    int fd, error = 0;

    snprintf(own, sizeof own, "/tmp/.sem-%d-%p", getpid(), (void *)&first);
    fd = open(own, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return -1;
    if (write(fd, &first, sizeof first) != sizeof first || link(own, path))
        error = errno;
    unlink(own);
    if (!error)
        return fd;
    close(fd);
    return failed(error);
}

static int named_open(const char *path, int flags, mode_t mode, unsigned value)
{
    int fd = -1;

    do {
        if (!(flags & O_EXCL) || !(flags & O_CREAT))
            fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0 || !(flags & O_CREAT) || (!(flags & O_EXCL) && errno != ENOENT))
            return fd;
        fd = named_make(path, mode, value);
    } while (fd < 0 && errno == EEXIST && !(flags & O_EXCL));
    return fd;
}

sem_t *sem_open(const char *name, int flags, ...)
{
    struct shm_path path;
    int error = fos_shm_path(&path, "sem", name), fd;
    unsigned value = 0;
    mode_t mode = 0;
    sem_t *sem;

    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = (mode_t)va_arg(arguments, int);
        value = va_arg(arguments, unsigned);
        va_end(arguments);
    }
    if (!error && value > FOS_SEMAPHORE_MAX)
        error = EINVAL;
    if (error) {
        failed(error);
        return SEM_FAILED;
    }
    fd = named_open(path.text, flags, mode, value);
    if (fd < 0)
        return SEM_FAILED;
    sem = named_map(fd);
    error = errno;
    close(fd);
    errno = error;
    return sem;
}

int sem_close(sem_t *sem)
{
    struct named **at = &all, *gone = NULL;
    bool found;

    fos_lock_take(&lock);
    while (*at && (*at)->sem != sem)
        at = &(*at)->next;
    found = *at != NULL;
    if (found && --(*at)->uses == 0) {
        gone = *at;
        *at = gone->next;
    }
    fos_lock_release(&lock);
    named_free(gone);
    return found ? 0 : failed(EINVAL);
}

int sem_unlink(const char *name)
{
    struct shm_path path;
    int error = fos_shm_path(&path, "sem", name);

    if (error)
        return failed(error == EINVAL ? ENOENT : error);
    return unlink(path.text);
}
