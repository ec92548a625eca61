/* SPDX-License-Identifier: MIT */
/* system: newlib's gives the exit status alone, not what waitpid says. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/wait.h>

static const char shell[] = "/bin/sh";

struct held {
    struct sigaction interrupt, quit;
    sigset_t mask;
};

static void signals_hold(struct held *held)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &held->mask);
    sigaction(SIGINT, &ignore, &held->interrupt);
    sigaction(SIGQUIT, &ignore, &held->quit);
}

static void signals_release(const struct held *held)
{
    sigaction(SIGQUIT, &held->quit, NULL);
    sigaction(SIGINT, &held->interrupt, NULL);
    sigprocmask(SIG_SETMASK, &held->mask, NULL);
}

/* The command's signals are as its caller's were before. */
static int start(pid_t *pid, const char *command, const struct held *held)
{
    char *arguments[] = {"sh", "-c", (char *)command, NULL};
    posix_spawnattr_t how;
    sigset_t reset;
    int error = posix_spawnattr_init(&how);

    if (error)
        return error;
    sigemptyset(&reset);
    if (held->interrupt.sa_handler != SIG_IGN)
        sigaddset(&reset, SIGINT);
    if (held->quit.sa_handler != SIG_IGN)
        sigaddset(&reset, SIGQUIT);
    posix_spawnattr_setsigdefault(&how, &reset);
    posix_spawnattr_setsigmask(&how, &held->mask);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    error = posix_spawn(pid, shell, NULL, &how, arguments, environ);
    posix_spawnattr_destroy(&how);
    return error;
}

static int wait_for(pid_t pid)
{
    int status;
    pid_t ended;

    do
        ended = waitpid(pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    return ended < 0 ? -1 : status;
}

int system(const char *command)
{
    struct held held;
    int status, error;
    pid_t pid;

    if (!command)
        return access(shell, X_OK) == 0;
    signals_hold(&held);
    error = start(&pid, command, &held);
    status = error ? -1 : wait_for(pid);
    signals_release(&held);
    if (error)
        errno = error;
    return status;
}
