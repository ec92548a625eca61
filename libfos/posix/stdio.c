/* SPDX-License-Identifier: MIT */
/* What newlib's stdio, stdlib and unistd leave out. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int clearenv(void);
int execvpe(const char *file, char *const argv[], char *const envp[]);

extern char **environ;

void flockfile(FILE *file)
{
    __lock_acquire_recursive(file->_lock);
}

int ftrylockfile(FILE *file)
{
    return __lock_try_acquire_recursive(file->_lock);
}

void funlockfile(FILE *file)
{
    __lock_release_recursive(file->_lock);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    int before = errno;

    if (alignment % sizeof(void *) || (alignment & (alignment - 1)) || !alignment)
        return EINVAL;
    void *block = memalign(alignment, size);
    errno = before;
    if (!block)
        return ENOMEM;
    *out = block;
    return 0;
}

int clearenv(void)
{
    static char *none[] = {NULL};

    environ = none;
    return 0;
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
    char **before = environ;

    environ = (char **)envp;
    execvp(file, argv);
    environ = before;
    return -1;
}

void *dlopen(const char *path, int flags)
{
    (void)path, (void)flags;
    return NULL;
}

void *dlsym(void *handle, const char *name)
{
    (void)handle, (void)name;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *dlerror(void)
{
    return "programs are static here";
}

/* newlib has these under names of its own. */
ssize_t __getdelim(char **line, size_t *capacity, int end, FILE *from);
ssize_t getdelim(char **restrict line, size_t *restrict capacity, int end,
                 FILE *restrict from);
ssize_t getline(char **restrict line, size_t *restrict capacity,
                FILE *restrict from);

ssize_t getdelim(char **restrict line, size_t *restrict capacity, int end,
                 FILE *restrict from)
{
    return __getdelim(line, capacity, end, from);
}

ssize_t getline(char **restrict line, size_t *restrict capacity,
                FILE *restrict from)
{
    return __getdelim(line, capacity, '\n', from);
}

/* What newlib's own functions call. */
int _remove_r(struct _reent *reent, const char *path);
int _raise_r(struct _reent *reent, int signal);

int _remove_r(struct _reent *reent, const char *path)
{
    (void)reent;
    return remove(path);
}

int _raise_r(struct _reent *reent, int signal)
{
    (void)reent;
    return raise(signal);
}
