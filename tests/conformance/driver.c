/* SPDX-License-Identifier: MIT */
/*
 * driver [WORKERS]: runs the tests, so many (1) at a time, each in a child and a process
 * group of its own, and says, in the order in which they end,
 *
 *     CASE <interface>/<n-m> <RESULT> <last line it printed, unless it passed>
 *
 * and at last CASES done, or CASES broken when a worker could not do its part.  A test that takes longer than PATIENCE seconds is ended.  RESULT:
 * the names of the Open POSIX Test Suite's exit statuses, or TIMEOUT, or SIGNAL and its number.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 60, TAIL = 160 };

struct test {
    const char *name;
    int (*main)(int argc, char **argv);
};
extern const struct test
    tests[]; /* made by tests/conformance/run; ends with a null */

static char output[32]; /* path of the file that holds what a test prints */
static pid_t running;
static volatile sig_atomic_t late;

static void too_late(int signal)
{
    (void)signal;
    late = 1;
    kill(-running, SIGKILL);
}

static _Noreturn void child(const struct test *test)
{
    char *argv[] = {(char *)test->name, NULL};
    int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    setpgid(0, 0);
    dup2(out, 1);
    dup2(out, 2);
    setvbuf(stdout, NULL, _IOLBF, 0);
    errno = 0;
    exit(test->main(1, argv));
}

static const char *result_name(int status)
{
    static const char *const names[] = {"PASS", "FAIL",        "UNRESOLVED",
                                        "3",    "UNSUPPORTED", "UNTESTED"};
    int code = WEXITSTATUS(status);

    return code < 6 ? names[code] : "STATUS";
}

/* The last line of what it printed, in `text` of TAIL + 1 bytes. */
static const char *last_line(char *text)
{
    int in = open(output, O_RDONLY);
    off_t end = lseek(in, 0, SEEK_END);
    ssize_t length;
    char *line;

    lseek(in, end > TAIL ? end - TAIL : 0, SEEK_SET);
    length = read(in, text, TAIL);
    close(in);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    text[length > 0 ? length : 0] = '\0';
    line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

static void report(const struct test *test, int status)
{
    char text[TAIL + 1] = "", result[32];

    if (running < 0)
        snprintf(result, sizeof(result), "NOT-STARTED");
    else if (late)
        snprintf(result, sizeof(result), "TIMEOUT");
    else if (WIFSIGNALED(status))
        snprintf(result, sizeof(result), "SIGNAL %d", WTERMSIG(status));
    else
        snprintf(result, sizeof(result), "%s", result_name(status));
    printf("CASE %s %s %s\n", test->name, result,
           late || status ? last_line(text) : "");
    fflush(stdout);
}

static void run(const struct test *test)
{
    int status = 0;

    late = 0;
    running = fork();
    if (running == 0)
        child(test);
    if (running > 0)
        setpgid(running, running);
    alarm(PATIENCE);
    while (running > 0 && waitpid(running, &status, 0) < 0 && errno == EINTR)
        continue;
    alarm(0);
    if (running > 0)
        kill(-running, SIGKILL); /* what it left behind */
    report(test, status);
}

static _Noreturn void work(int first, int step)
{
    struct sigaction action = {.sa_handler = too_late};

    snprintf(output, sizeof(output), "/tmp/output.%d", first);
    sigaction(SIGALRM, &action, NULL);
    for (int i = 0; tests[i].name; i++)
        if (i % step == first)
            run(&tests[i]);
    exit(0);
}

/* Whether all of them were started and came to their ends. */
static bool workers_run(int workers)
{
    bool good = workers > 0;
    int status;

    for (int i = 0; i < workers; i++) {
        pid_t pid = fork();
        if (pid == 0)
            work(i, workers);
        good = good && pid > 0;
    }
    while (wait(&status) > 0)
        good = good && status == 0;
    return good;
}

int main(int argc, char **argv)
{
    bool good = workers_run(argc > 1 ? atoi(argv[1]) : 1);

    printf("CASES %s\n", good ? "done" : "broken");
    return good ? 0 : 1;
}
