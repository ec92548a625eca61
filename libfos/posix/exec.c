/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include <fos/error.h>
#include <fos/signal.h>
#include <fos/start.h>

#include "request.h"

/* The answer is an error, or never comes. */
static long exec_send(const struct proc_image *what, void *argument)
{
    struct proc_exec_req req = {.self = fos_own_space(), .what = *what};
    struct proc_exec_rep rep;

    (void)argument;
    return proc_exec_call(fos_proc_peer(), &req, &rep, FOS_NEVER);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    struct program_call call = {.path = path, .argv = argv, .envp = envp};

    fos_signals_hold();
    long error = program_send(&call, exec_send, NULL);
    fos_signals_release();
    return (int)fos_errno(error);
}

/* newlib's execv and its kin call this. */
int _execve(const char *path, char *const argv[], char *const envp[])
    __attribute__((alias("execve")));
