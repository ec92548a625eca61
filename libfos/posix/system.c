/* SPDX-License-Identifier: MIT */
/* What a program may ask about the system. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fos/abi/types.h>
#include <fos/syscall.h>

#include "fd.h"

#define HOST_NAME "fos"

int uname(struct utsname *out)
{
    memset(out, 0, sizeof *out);
    strcpy(out->sysname, "fos");
    strcpy(out->nodename, HOST_NAME);
    strcpy(out->release, "1.0");
    strcpy(out->version, "factored");
    strcpy(out->machine, "x86_64");
    return 0;
}

int gethostname(char *name, size_t capacity)
{
    if (capacity < sizeof HOST_NAME) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, HOST_NAME, sizeof HOST_NAME);
    return 0;
}

int getpagesize(void)
{
    return FOS_PAGE_SIZE;
}

int getdtablesize(void)
{
    return fos_fd_limit(-1);
}

static long of_machine(int name)
{
    struct fos_kernel_info info = {0};

    fos_sys_kernel_info(&info);
    if (name == _SC_PHYS_PAGES)
        return (long)info.frames_total;
    return name == _SC_AVPHYS_PAGES ? (long)info.frames_free : (long)info.vcpus;
}

/* -1 without an error: no limit, or an option that is not there. */
static const struct {
    short name;
    long value;
} values[] = {
    {_SC_ARG_MAX, ARG_MAX},
    {_SC_CHILD_MAX, -1},
    {_SC_CLK_TCK, CLOCKS_PER_SEC},
    {_SC_NGROUPS_MAX, NGROUPS_MAX},
    {_SC_JOB_CONTROL, _POSIX_JOB_CONTROL},
    {_SC_SAVED_IDS, _POSIX_SAVED_IDS},
    {_SC_VERSION, _POSIX_VERSION},
    {_SC_PAGESIZE, FOS_PAGE_SIZE},
    {_SC_RTSIG_MAX, RTSIG_MAX},
    {_SC_SEM_NSEMS_MAX, -1},
    {_SC_SEM_VALUE_MAX, SEM_VALUE_MAX},
    {_SC_SIGQUEUE_MAX, SIGQUEUE_MAX},
    {_SC_TIMER_MAX, TIMER_MAX},
    {_SC_TZNAME_MAX, 10},
    {_SC_FSYNC, _POSIX_FSYNC},
    {_SC_MAPPED_FILES, _POSIX_MAPPED_FILES},
    {_SC_MEMORY_PROTECTION, _POSIX_MEMORY_PROTECTION},
    {_SC_REALTIME_SIGNALS, _POSIX_REALTIME_SIGNALS},
    {_SC_SEMAPHORES, _POSIX_SEMAPHORES},
    {_SC_TIMERS, _POSIX_TIMERS},
    {_SC_DELAYTIMER_MAX, DELAYTIMER_MAX},
    {_SC_THREAD_KEYS_MAX, PTHREAD_KEYS_MAX},
    {_SC_THREAD_STACK_MIN, PTHREAD_STACK_MIN},
    {_SC_THREAD_THREADS_MAX, -1},
    {_SC_TTY_NAME_MAX, TTY_NAME_MAX},
    {_SC_THREADS, _POSIX_THREADS},
    {_SC_THREAD_ATTR_STACKADDR, _POSIX_THREAD_ATTR_STACKADDR},
    {_SC_THREAD_ATTR_STACKSIZE, _POSIX_THREAD_ATTR_STACKSIZE},
    {_SC_THREAD_PROCESS_SHARED, -1},
    {_SC_THREAD_SAFE_FUNCTIONS, _POSIX_THREAD_SAFE_FUNCTIONS},
    {_SC_GETGR_R_SIZE_MAX, 1024},
    {_SC_GETPW_R_SIZE_MAX, 1024},
    {_SC_LOGIN_NAME_MAX, LOGIN_NAME_MAX},
    {_SC_THREAD_DESTRUCTOR_ITERATIONS, PTHREAD_DESTRUCTOR_ITERATIONS},
    {_SC_ATEXIT_MAX, -1},
    {_SC_BARRIERS, _POSIX_BARRIERS},
    {_SC_CLOCK_SELECTION, _POSIX_CLOCK_SELECTION},
    {_SC_CPUTIME, _POSIX_CPUTIME},
    {_SC_HOST_NAME_MAX, HOST_NAME_MAX},
    {_SC_IOV_MAX, IOV_MAX},
    {_SC_LINE_MAX, LINE_MAX},
    {_SC_MONOTONIC_CLOCK, _POSIX_MONOTONIC_CLOCK},
    {_SC_READER_WRITER_LOCKS, _POSIX_READER_WRITER_LOCKS},
    {_SC_REGEXP, _POSIX_REGEXP},
    {_SC_RE_DUP_MAX, RE_DUP_MAX},
    {_SC_SHELL, _POSIX_SHELL},
    {_SC_SPAWN, _POSIX_SPAWN},
    {_SC_SPIN_LOCKS, _POSIX_SPIN_LOCKS},
    {_SC_SYMLOOP_MAX, SYMLOOP_MAX},
    {_SC_THREAD_CPUTIME, _POSIX_THREAD_CPUTIME},
    {_SC_TIMEOUTS, _POSIX_TIMEOUTS},
    {_SC_V7_LP64_OFF64, 1},
    {_SC_STREAM_MAX, FOS_FD_MAX},
    {_SC_XOPEN_VERSION, _XOPEN_VERSION},
    {_SC_XOPEN_UNIX, _XOPEN_UNIX},
    {_SC_2_VERSION, _POSIX2_VERSION},
};

long sysconf(int name)
{
    if (name == _SC_OPEN_MAX)
        return fos_fd_limit(-1);
    if (name >= _SC_NPROCESSORS_CONF && name <= _SC_AVPHYS_PAGES)
        return of_machine(name);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (values[i].name == name)
            return values[i].value;
    if (name < 0 || name > _SC_POSIX_26_VERSION)
        errno = EINVAL;
    return -1;
}

/* The same for all files. */
static long path_limit(int name)
{
    // NOLINTBEGIN(bugprone-branch-clone): equal by chance
    switch (name) {
    case _PC_LINK_MAX:
        return LINK_MAX;
    case _PC_MAX_CANON:
        return MAX_CANON;
    case _PC_MAX_INPUT:
        return MAX_INPUT;
    case _PC_NAME_MAX:
        return NAME_MAX;
    case _PC_PATH_MAX:
        return PATH_MAX;
    case _PC_PIPE_BUF:
        return PIPE_BUF;
    case _PC_VDISABLE:
        return _POSIX_VDISABLE;
    case _PC_FILESIZEBITS:
        return 64;
    case _PC_SYMLINK_MAX:
        return SYMLINK_MAX;
    case _PC_CHOWN_RESTRICTED:
    case _PC_NO_TRUNC:
    case _PC_2_SYMLINKS:
    case _PC_TIMESTAMP_RESOLUTION:
        return 1;
    case _PC_ASYNC_IO:
    case _PC_PRIO_IO:
    case _PC_SYNC_IO:
        return -1;
    default:
        errno = EINVAL;
        return -1;
    }
    // NOLINTEND(bugprone-branch-clone)
}

long pathconf(const char *path, int name)
{
    return access(path, F_OK) ? -1 : path_limit(name);
}

long fpathconf(int fd, int name)
{
    return lseek(fd, 0, SEEK_CUR) < 0 && errno == EBADF ? -1 : path_limit(name);
}

#ifndef _CS_PATH
#define _CS_PATH 0
#endif

size_t confstr(int name, char *buffer, size_t capacity)
{
    static const char path[] = "/bin";

    if (name != _CS_PATH) {
        errno = EINVAL;
        return 0;
    }
    if (capacity > 0) {
        strncpy(buffer, path, capacity - 1);
        buffer[capacity - 1] = '\0';
    }
    return sizeof path;
}

/* One user, and no priorities yet. */
int getpriority(int which, id_t who)
{
    (void)who;
    if (which >= PRIO_PROCESS && which <= PRIO_USER)
        return 0;
    errno = EINVAL;
    return -1;
}

int getloadavg(double *averages, int count);
int getloadavg(double *averages, int count)
{
    (void)averages, (void)count;
    return -1;
}

/* All files are in memory. */
void sync(void)
{
}
