/* SPDX-License-Identifier: MIT */
/*
 * Who takes all there is gets an error, and the others go on.
 *
 *     test-bombs               cases
 *     test-bombs forks|memory|descriptors    such a program, for tests/system/bombs.py
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../scenario.h"
#include "../waited.h"
#include "bombs.h"

enum {
    CHAIN_LEAST = 20,
    CROWD = 24,
    EACH = 4,
    OPENERS = 30,
    FEW = 10,
    PATIENCE_S = 100
};

/* Until nobody of the group is left; those who have no parent here end by themselves. */
static void group_await(pid_t group)
{
    uint64_t deadline = fos_now_ns() + PATIENCE_S * FOS_SECOND;

    while (kill(-group, 0) == 0 && fos_now_ns() < deadline)
        usleep(10000);
    CASE_EQUAL(kill(-group, 0), -1);
    CASE_EQUAL(errno, ESRCH);
}

/* ---- chains and crowds ---- */

enum { WRONG = 255 };

/* How many processes there are from here on down, or WRONG. */
static int chain(void)
{
    int status, below = 0;
    pid_t next = fork();

    if (next == 0)
        _exit(chain());
    if (next < 0 && errno != EAGAIN && errno != ENOMEM)
        return WRONG;
    if (next > 0) {
        if (waitpid(next, &status, 0) != next || !WIFEXITED(status))
            return WRONG;
        below = WEXITSTATUS(status);
    }
    return below == WRONG ? WRONG : below + 1;
}

static void test_chain(void)
{
    int length = 0;

    case_begin("a chain of forks, each of the one before, ends with an error");
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(chain());
        int status = status_of(pid);
        CASE_CHECK(WIFEXITED(status));
        length = WEXITSTATUS(status);
        CASE_CHECK(length >= CHAIN_LEAST && length != WRONG);
    }
    printf("# %d forks deep\n", length);
    case_end();
}

/* Forks that fail fail for want of processes or memory. */
static int member(void)
{
    int wrong = 0;

    for (int i = 0; i < EACH; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0 ? errno != EAGAIN && errno != ENOMEM
                    : waitpid(pid, NULL, 0) != pid)
            wrong = errno;
    }
    return wrong;
}

static void test_crowd(void)
{
    pid_t pids[CROWD];

    case_begin(
        "many fork at the same time: each fork is made, or refused in order");
    for (int i = 0; i < CROWD; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(member());
    }
    for (int i = 0; i < CROWD; i++) {
        int status = status_of(pids[i]);
        CASE_CHECK(WIFEXITED(status));
        CASE_EQUAL(WEXITSTATUS(status), 0);
    }
    case_end();
}

/* ---- bombs beside this process ---- */

static int told[2]; /* a pipe */

static void tell(void)
{
    write(told[1], "x", 1);
}

static void told_await(void)
{
    char byte;

    CASE_EQUAL(read(told[0], &byte, 1), 1);
}

/* A child of this process's makes the crowd: it is no child of the app's. */
static pid_t crowd_start(void (*run)(void))
{
    pid_t pid;

    CASE_EQUAL(pipe(told), 0);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        run();
        _exit(0);
    }
    told_await();
    return pid;
}

static void crowd_end(pid_t pid)
{
    setpgid(pid, pid);
    CASE_EQUAL(kill(-pid, SIGKILL), 0);
    CASE_EQUAL(WTERMSIG(status_of(pid)), SIGKILL);
    group_await(pid);
    close(told[0]);
    close(told[1]);
}

static void forks(void)
{
    pid_t self = getpid();

    while (fork() >= 0)
        continue;
    if (getpid() == self)
        tell();
    for (;;)
        pause();
}

/* What the crowd cannot have. */
static void command_run(void)
{
    char *argv[] = {(char *)"test-bombs", (char *)"nothing", NULL};
    pid_t pid = -1;

    CASE_EQUAL(posix_spawn(&pid, "/bin/test-bombs", NULL, NULL, argv, environ), 0);
    CASE_EQUAL(WEXITSTATUS(status_of(pid)), 0);
    pid = fork();
    if (pid == 0)
        _exit(9);
    CASE_EQUAL(WEXITSTATUS(status_of(pid)), 9);
}

static void test_forks(void)
{
    pid_t pid;

    case_begin("while a child forks without end, this process can start others");
    pid = crowd_start(forks);
    command_run();
    crowd_end(pid);
    command_run();
    case_end();
}

static void test_group(void)
{
    int status;
    pid_t pid;

    case_begin("a signal to a group whose members all fork ends every one of them");
    CASE_EQUAL(pipe(told), 0);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        while (fork() >= 0)
            continue;
        tell();
        for (;;)
            fork();
    }
    told_await();
    CASE_EQUAL(kill(-pid, SIGINT), 0);
    status = status_of(pid);
    CASE_CHECK(WIFSIGNALED(status));
    CASE_EQUAL(WTERMSIG(status), SIGINT);
    group_await(pid);
    close(told[0]);
    close(told[1]);
    case_end();
}

static void all_memory(void)
{
    enum { PIECE = 1 << 20 };

    while (malloc(PIECE))
        continue;
    tell();
    for (;;)
        pause();
}

static void test_memory(void)
{
    pid_t pid;

    case_begin(
        "while a child has all memory it may, this process can start others");
    pid = crowd_start(all_memory);
    command_run();
    crowd_end(pid);
    case_end();
}

/* ---- descriptors ---- */

static void openers(void)
{
    pid_t self = getpid();
    int started = 0;

    while (getpid() == self && started < OPENERS && fork() >= 0)
        started++;
    descriptors_take();
    if (errno == EMFILE || errno == ENFILE)
        tell();
    for (;;)
        pause();
}

static void test_descriptors(void)
{
    int fds[FEW], first;
    pid_t pid;

    case_begin(
        "a process has so many descriptors, and those of it back, when it ends");
    first = descriptors_take();
    CASE_EQUAL(errno, EMFILE);
    CASE_CHECK(first > 200);
    for (int fd = 3; fd < first + 3; fd++)
        CASE_EQUAL(close(fd), 0);
    CASE_EQUAL(descriptors_take(), first);
    for (int fd = 3; fd < first + 3; fd++)
        close(fd);
    case_end();
    case_begin("while others have all descriptors, who has few can open some");
    pid = crowd_start(openers);
    for (int i = 0; i < OPENERS; i++)
        told_await();
    for (int i = 0; i < FEW; i++) {
        fds[i] = open("/dev/null", O_RDONLY);
        CASE_CHECK(fds[i] >= 0);
    }
    for (int i = 0; i < FEW; i++)
        close(fds[i]);
    command_run();
    crowd_end(pid);
    case_end();
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "nothing"))
        return 0;
    if (argc > 1 && !strcmp(argv[1], "limits"))
        return limits_inherited();
    if (argc > 1)
        bomb_main(argv[1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    case_fleets_grow = true;
    puts("bombs: starting");
    test_chain();
    test_crowd();
    test_forks();
    test_group();
    test_memory();
    test_descriptors();
    int limits = test_limits();
    return cases_status() | limits;
}
