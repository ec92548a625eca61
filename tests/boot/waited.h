/* SPDX-License-Identifier: MIT */
/* How children ended, by waitpid. */
#ifndef WAITED_H
#define WAITED_H

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "scenario.h"

/* As waitpid tells it; the case fails when there is no such child. */
static inline int status_of(pid_t pid)
{
    int status = -1;

    if (pid <= 0 || waitpid(pid, &status, 0) != pid)
        case_fail("waiting for %d: %s", (int)pid, strerror(errno));
    return status;
}

/* As a shell tells it; -1: there is no such child. */
static inline int shell_status(pid_t pid)
{
    int status = 0;

    if (pid <= 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
