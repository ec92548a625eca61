/* SPDX-License-Identifier: MIT */
/* What setrlimit takes away is not there, for children and the programs they become. */
#include "bombs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fos/error.h>
#include <fos/start.h>

#include "../scenario.h"

enum { FILES = 20, MORE = 5 };

static void child_is(void (*run)(void), int wanted)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        run();
        _exit(0);
    }
    CASE_CHECK(pid > 0);
    CASE_EQUAL(waitpid(pid, &status, 0), pid);
    CASE_CHECK(WIFEXITED(status));
    CASE_EQUAL(WEXITSTATUS(status), wanted);
}

/* In a child: what did not hold is told there. */
static void child_done(void)
{
    if (case_why[0])
        printf("# %s\n", case_why);
    _exit(case_why[0] ? 1 : 0);
}

static void limit(int resource, rlim_t now, rlim_t most)
{
    CASE_EQUAL(setrlimit(resource, &(struct rlimit){now, most}), 0);
}

int limits_inherited(void)
{
    struct rlimit files, processes;

    if (getrlimit(RLIMIT_NOFILE, &files) || getrlimit(RLIMIT_NPROC, &processes))
        return 1;
    if (files.rlim_cur != FILES || files.rlim_max != FILES + MORE ||
        processes.rlim_cur != 1 || processes.rlim_max != 1)
        return 2;
    if (descriptors_take() > FILES - 3 || errno != EMFILE)
        return 3;
    return fork() == -1 && errno == EAGAIN ? 7 : 4;
}

static void exec_limited(void)
{
    limit(RLIMIT_NPROC, 1, 1);
    execl("/bin/test-bombs", "test-bombs", "limits", NULL);
    _exit(1);
}

static void files_limited(void)
{
    struct rlimit now = {0};

    limit(RLIMIT_NOFILE, FILES, FILES + MORE);
    CASE_EQUAL(sysconf(_SC_OPEN_MAX), FILES);
    CASE_EQUAL(descriptors_take(), FILES - 3);
    CASE_EQUAL(errno, EMFILE);
    CASE_EQUAL(dup2(0, FILES), -1);
    CASE_EQUAL(errno, EBADF);
    CASE_EQUAL(fcntl(0, F_DUPFD, FILES), -1);
    CASE_EQUAL(errno, EINVAL);
    limit(RLIMIT_NOFILE, FILES + MORE, FILES + MORE);
    CASE_EQUAL(descriptors_take(), MORE);
    limit(RLIMIT_NOFILE, FILES, FILES + MORE);
    CASE_EQUAL(close(FILES + 1), 0); /* what was open stays so */
    CASE_EQUAL(setrlimit(RLIMIT_NOFILE, &(struct rlimit){1, FILES + MORE + 1}), -1);
    CASE_EQUAL(errno, EPERM);
    CASE_EQUAL(setrlimit(RLIMIT_NOFILE, &(struct rlimit){FILES + 1, FILES}), -1);
    CASE_EQUAL(errno, EINVAL);
    CASE_EQUAL(getrlimit(RLIMIT_NOFILE, &now), 0);
    CASE_EQUAL(now.rlim_cur, FILES);
    CASE_EQUAL(now.rlim_max, FILES + MORE);
    for (int fd = 3; fd < FILES + MORE; fd++)
        close(fd);
    child_is(exec_limited, 7);
    child_done();
}

static void five(void)
{
    _exit(5);
}

/* What the process fleet says to who asks it without setrlimit. */
static long raised(uint32_t now, uint32_t most)
{
    struct proc_limit_req req = {.self = fos_own_space(), .now = now, .most = most};
    struct proc_limit_rep rep;

    return proc_limit_call(fos_proc_peer(), &req, &rep, FOS_NEVER);
}

static void bypasses(void)
{
    enum { MOST = 4 };

    CASE_EQUAL(raised(UINT32_MAX, UINT32_MAX), -FOS_EPERM);
    CASE_EQUAL(raised(MOST + 1, MOST + 1), -FOS_EPERM);
    CASE_EQUAL(raised(MOST, MOST - 1), -FOS_EINVAL);
    CASE_EQUAL(raised(1, MOST), 0);
    CASE_EQUAL(fork(), -1);
    CASE_EQUAL(raised(MOST, MOST), 0);
    CASE_EQUAL(raised(1, 1), 0);
    CASE_EQUAL(raised(MOST, MOST), -FOS_EPERM);
    child_done();
}

static void processes_limited(void)
{
    enum { PROCESSES = 3 };
    pid_t first;

    /* This process and the test's first are two already. */
    limit(RLIMIT_NPROC, PROCESSES, PROCESSES + 1);
    first = fork();
    if (first == 0)
        _exit(fork() == -1 && errno == EAGAIN ? 5 : 1);
    CASE_CHECK(first > 0);
    int status = 0;
    CASE_EQUAL(waitpid(first, &status, 0), first);
    CASE_EQUAL(WEXITSTATUS(status), 5);
    limit(RLIMIT_NPROC, PROCESSES - 1, PROCESSES + 1);
    CASE_EQUAL(fork(), -1);
    CASE_EQUAL(errno, EAGAIN);
    limit(RLIMIT_NPROC, PROCESSES + 1, PROCESSES + 1);
    child_is(five, 5);
    child_is(bypasses, 0);
    child_done();
}

static void test_rest(void)
{
    static const int fixed[] = {RLIMIT_STACK, RLIMIT_CORE, RLIMIT_DATA, RLIMIT_AS};
    struct rlimit is;

    case_begin("other limits are told, and cannot be others");
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        CASE_EQUAL(getrlimit(fixed[i], &is), 0);
        CASE_EQUAL(setrlimit(fixed[i], &is), 0);
        if (is.rlim_cur == 0)
            continue;
        is.rlim_cur--;
        CASE_EQUAL(setrlimit(fixed[i], &is), -1);
        CASE_EQUAL(errno, ENOSYS);
    }
    CASE_EQUAL(getrlimit(RLIMIT_CORE, &is), 0);
    CASE_EQUAL(is.rlim_max, 0);
    CASE_EQUAL(getrlimit(RLIMIT_DATA, &is), 0);
    CASE_CHECK(is.rlim_cur > 0 && is.rlim_cur < RLIM_INFINITY);
    CASE_EQUAL(getrlimit(-1, &is), -1);
    CASE_EQUAL(errno, EINVAL);
    case_end();
}

int test_limits(void)
{
    case_fleets_grow = true;
    case_begin(
        "descriptors beyond the limit are refused, in children and programs too");
    child_is(files_limited, 0);
    case_end();
    case_begin("processes beyond the limit are refused");
    child_is(processes_limited, 0);
    case_end();
    test_rest();
    return cases_status();
}
