/* SPDX-License-Identifier: MIT */
/* What the cases of pipes have in common. */
#ifndef TESTS_BOOT_PIPES_H
#define TESTS_BOOT_PIPES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <fos/fs.h>
#include <fos/memory.h>
#include <fos/pipe.h>

#include "../files.h"

extern bool pipes_shared;

/* shared.c: the cases of pipes in shared memory alone. */
void test_shared(void);
/* liars.c: of those whom others abuse. */
void test_liars(void);

enum { PIPE_OFTEN = 20, PIPE_HANDLES = 64 };

/* The pipe of a handle of this process, once more; NULL: it is none. */
static inline struct fos_pipe *pipe_map(uint32_t handle)
{
    struct fs_share_req req = {.handle = handle};
    struct fs_share_rep rep;
    void *at = fos_pages_reserve(FOS_PIPE_PAGES);

    req.address = (uint64_t)at;
    return at && FOS_FS_CALL(share, &req, &rep) >= 0 ? at : NULL;
}

/* Calls of this thread so far. */
static inline uint64_t pipe_calls(void)
{
    return fos_thread_self()->sleeper.published->calls_made;
}

/* Uses both ends until they are mapped. */
static inline void pipe_use(const int fds[2])
{
    char c;

    for (int i = 0; i < PIPE_OFTEN; i++) {
        CASE_EQUAL(write(fds[1], "x", 1), 1);
        CASE_EQUAL(read(fds[0], &c, 1), 1);
    }
}

static inline int pipe_make(int fds[2], int flags)
{
    int result = pipe2(fds, flags);

    if (result == 0 && pipes_shared)
        pipe_use(fds);
    return result;
}

static inline pid_t child(void)
{
    pid_t pid = fork();

    if (pid < 0)
        case_fail("fork: %s", strerror(errno));
    return pid;
}

static inline void ends_with(pid_t pid, int expected)
{
    int status = 0;

    if (pid <= 0)
        return;
    CASE_EQUAL(waitpid(pid, &status, 0), pid);
    CASE_EQUAL(status, expected << 8);
}

static inline bool all_read(int fd, void *to, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t got = read(fd, (char *)to + done, length - done);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

#endif
