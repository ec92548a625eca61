/* SPDX-License-Identifier: MIT */
/* Processes as POSIX has them: fork, exec, spawn, wait. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../scenario.h"
#include "../waited.h"
#include "parts.h"

static const char self[] = "/bin/test-posix";

static void test_fork(void)
{
    static int shared = 1;
    int status;
    pid_t pid;

    case_begin(
        "a forked child has a copy of the memory, and its exit code arrives");
    pid = fork();
    if (pid == 0) {
        shared++;
        _exit(shared == 2 && getppid() != getpid() ? 42 : 1);
    }
    status = status_of(pid);
    CASE_CHECK(WIFEXITED(status));
    CASE_EQUAL(WEXITSTATUS(status), 42);
    CASE_EQUAL(shared, 1);
    case_end();
}

static void test_fork_deep(void)
{
    pid_t pid;

    case_begin("children fork children, each writes what all share");
    pid = fork();
    if (pid == 0) {
        for (int depth = 1; depth < 5; depth++) {
            pid_t next = fork();
            if (next < 0)
                _exit(100 + errno);
            if (next > 0) {
                int status;
                if (waitpid(next, &status, 0) != next || !WIFEXITED(status))
                    _exit(101);
                _exit(WEXITSTATUS(status) + 1);
            }
        }
        _exit(1);
    }
    CASE_EQUAL(WEXITSTATUS(status_of(pid)), 5);
    case_end();
}

static pid_t part_exec(const char *part, const char *argument)
{
    char *argv[] = {(char *)self, (char *)part, (char *)argument, NULL};
    pid_t pid = fork();

    if (pid == 0) {
        execv(self, argv);
        _exit(126);
    }
    return pid;
}

static void test_exec(void)
{
    case_begin("exec keeps the number, and hands on arguments and environment");
    setenv("COLOUR", "green is a colour", 1);
    CASE_EQUAL(WEXITSTATUS(status_of(part_exec("exec", "two words"))), 7);
    case_end();
}

static void test_exec_fails(void)
{
    char *argv[] = {"none", NULL};

    case_begin("an exec that cannot be leaves its caller as it was");
    CASE_EQUAL(execv("/bin/no-such-program", argv), -1);
    CASE_EQUAL(errno, ENOENT);
    CASE_EQUAL(execv("/tmp", argv), -1);
    CASE_EQUAL(errno, EACCES);
    case_end();
}

static pid_t part_spawn(const char *part, const char *argument)
{
    char *argv[] = {(char *)self, (char *)part, (char *)argument, NULL};
    pid_t pid = 0;
    int error = posix_spawn(&pid, self, NULL, NULL, argv, environ);

    if (error) {
        case_fail("posix_spawn: %s", strerror(error));
        return INT_MAX;
    }
    return pid;
}

static void test_spawn(void)
{
    case_begin("posix_spawn hands on arguments and environment");
    CASE_EQUAL(WEXITSTATUS(status_of(part_spawn("exec", "two words"))), 7);
    case_end();
}

static void test_wait_which(void)
{
    int status;
    pid_t a, b;

    case_begin("waitpid waits for one, for any, and for none that is ready");
    CASE_EQUAL(waitpid(-1, &status, 0), -1);
    CASE_EQUAL(errno, ECHILD);
    a = part_spawn("exit", "3");
    b = part_spawn("exit", "4");
    CASE_EQUAL(WEXITSTATUS(status_of(b)), 4);
    CASE_EQUAL(waitpid(-1, &status, 0), a);
    CASE_EQUAL(WEXITSTATUS(status), 3);
    a = part_spawn("sleep", "300");
    CASE_EQUAL(waitpid(a, &status, WNOHANG), 0);
    CASE_EQUAL(waitpid(b, &status, WNOHANG), -1);
    CASE_EQUAL(errno, ECHILD);
    CASE_EQUAL(WEXITSTATUS(status_of(a)), 0);
    case_end();
}

static void test_kill(void)
{
    int status;
    pid_t pid;

    case_begin("SIGKILL ends a process, and the status says so");
    pid = part_spawn("sleep", "100000");
    CASE_EQUAL(kill(pid, 0), 0);
    CASE_EQUAL(kill(pid, SIGRTMAX + 1), -1);
    CASE_EQUAL(errno, EINVAL);
    CASE_EQUAL(kill(pid, SIGKILL), 0);
    status = status_of(pid);
    CASE_CHECK(WIFSIGNALED(status));
    CASE_EQUAL(WTERMSIG(status), SIGKILL);
    CASE_EQUAL(kill(pid, 0), -1);
    CASE_EQUAL(errno, ESRCH);
    case_end();
}

/* The first process is in nobody's reach, though it is not in its own table. */
static void test_kill_fleets(void)
{
    enum { LISTED = 64 };
    static struct proc_entry entries[LISTED];
    long count, members = 0;

    case_begin("the first process and the fleets cannot be killed");
    CASE_EQUAL(kill(1, SIGKILL), -1);
    CASE_EQUAL(errno, EPERM);
    CASE_EQUAL(fos_process_kill(1), -FOS_EPERM);
    count = fos_process_list(entries, LISTED);
    for (long i = 0; i < count; i++) {
        if (entries[i].parent != 1 || (pid_t)entries[i].pid == getpid())
            continue;
        members++;
        CASE_EQUAL(kill((pid_t)entries[i].pid, SIGKILL), -1);
        CASE_EQUAL(errno, EPERM);
        CASE_EQUAL(fos_process_kill(entries[i].pid), -FOS_EPERM);
    }
    CASE_CHECK(members >= 5);
    case_end();
}

static void test_groups(void)
{
    pid_t a;

    case_begin("a child can be put into a group of its own and is found there");
    a = part_spawn("sleep", "100000");
    CASE_EQUAL(getpgid(a), getpgrp());
    CASE_EQUAL(setpgid(a, 0), 0);
    CASE_EQUAL(getpgid(a), a);
    CASE_EQUAL(waitpid(0, NULL, WNOHANG), -1);
    CASE_EQUAL(kill(-a, SIGKILL), 0);
    CASE_EQUAL(waitpid(-a, NULL, 0), a);
    CASE_EQUAL(WEXITSTATUS(status_of(part_spawn("session", NULL))), 0);
    case_end();
}

static void test_system(void)
{
    case_begin("a command's status comes back as waitpid tells it");
    if (system(NULL)) {
        CASE_EQUAL(system("exit 7"), 7 << 8);
        CASE_EQUAL(system("kill -KILL $$"), SIGKILL);
        CASE_EQUAL(system("exit 0"), 0);
        CASE_EQUAL(system("/none 2>/dev/null"), 127 << 8);
    }
    case_end();
}

static void test_no_hosts(void)
{
    struct addrinfo *list;

    case_begin("who looks a host up is told that the system cannot");
    errno = 0;
    CASE_EQUAL(getaddrinfo("localhost", NULL, NULL, &list), EAI_SYSTEM);
    CASE_EQUAL(errno, ENOSYS);
    h_errno = errno = 0;
    CASE_CHECK(!gethostbyname("localhost"));
    CASE_EQUAL(h_errno, NETDB_INTERNAL);
    CASE_EQUAL(errno, ENOSYS);
    CASE_CHECK(!strcmp(gai_strerror(EAI_NONAME), "host or service is not known"));
    CASE_CHECK(!strcmp(hstrerror(HOST_NOT_FOUND), "host is not known"));
    CASE_CHECK(!strcmp(hstrerror(NO_DATA + 1), "unknown error"));
    case_end();
}

static void test_complaint(void)
{
    char said[64] = "";
    int ends[2], status;
    pid_t pid;

    case_begin("a complaint begins with the program's name");
    CASE_EQUAL(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        errx(3, "%d of them", 2);
    }
    status = status_of(pid);
    CASE_CHECK(WIFEXITED(status));
    CASE_EQUAL(WEXITSTATUS(status), 3);
    CASE_CHECK(read(ends[0], said, sizeof said - 1) > 0);
    if (strcmp(said, "test-posix: 2 of them\n"))
        case_fail("it says: %s", said);
    close(ends[0]);
    close(ends[1]);
    case_end();
}

static void test_many(void)
{
    case_begin("forks and exits, one after the other, balance");
    for (int i = 0; i < 40; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(i & 0x7f);
        CASE_EQUAL(WEXITSTATUS(status_of(pid)), i & 0x7f);
    }
    case_end();
}

static void test_bomb(void)
{
    enum { FAR_TOO_MANY = 200, SOME = 10 };
    pid_t pids[FAR_TOO_MANY];
    int count = 0;

    case_begin("who forks without end gets EAGAIN, and everybody goes on");
    while (count < FAR_TOO_MANY && (pids[count] = fork()) > 0)
        count++;
    if (count < FAR_TOO_MANY && pids[count] == 0)
        for (;;)
            pause();
    CASE_EQUAL(errno, EAGAIN);
    CASE_CHECK(count > SOME && count < FAR_TOO_MANY);
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < count; i++)
        CASE_EQUAL(WTERMSIG(status_of(pids[i])), SIGKILL);
    CASE_EQUAL(WEXITSTATUS(status_of(part_spawn("exit", "6"))), 6);
    case_end();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return part_main(argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    case_fleets_grow = true;
    puts("posix: starting");
    test_fork();
    test_fork_deep();
    test_exec();
    test_exec_fails();
    test_spawn();
    test_wait_which();
    test_kill();
    test_kill_fleets();
    test_groups();
    test_system();
    test_no_hosts();
    test_complaint();
    test_many();
    test_bomb();
    return test_alias() | cases_status();
}
