/* SPDX-License-Identifier: MIT */
/*
 * driver [FROM [TO]]: runs the tests numbered so, each in a child of its own, and says
 *
 *     CASE <interface>/<n-m> <RESULT> <last line it printed, unless it passed>
 *
 * A test that takes longer than PATIENCE seconds is ended.  RESULT: the names of the Open
 * POSIX Test Suite's exit statuses, or TIMEOUT, or SIGNAL and its number.
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

enum { PATIENCE = 30, TAIL = 160 };

struct test {
    const char *name;
    int (*main)(int argc, char **argv);
};
extern const struct test
    tests[]; /* made by tests/conformance/run; ends with a null */

#define OUTPUT "/tmp/output"

static pid_t running;
static volatile sig_atomic_t late;

static void too_late(int signal)
{
    (void)signal;
    late = 1;
    kill(running, SIGKILL);
}

static _Noreturn void child(const struct test *test)
{
    char *argv[] = {(char *)test->name, NULL};
    int out = open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    dup2(out, 1);
    dup2(out, 2);
    setvbuf(stdout, NULL, _IOLBF, 0);
    exit(test->main(1, argv));
}

static const char *result_name(int status)
{
    static const char *const names[] = {"PASS", "FAIL",        "UNRESOLVED",
                                        "3",    "UNSUPPORTED", "UNTESTED"};
    int code = WEXITSTATUS(status);

    return code < 6 ? names[code] : "STATUS";
}

/* The last line of what it printed. */
static void tail_print(void)
{
    char text[TAIL + 1] = "", *line;
    int in = open(OUTPUT, O_RDONLY);
    off_t end = lseek(in, 0, SEEK_END);
    ssize_t length;

    lseek(in, end > TAIL ? end - TAIL : 0, SEEK_SET);
    length = read(in, text, TAIL);
    close(in);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    text[length > 0 ? length : 0] = '\0';
    line = strrchr(text, '\n');
    printf(" %s", line ? line + 1 : text);
}

static void run(const struct test *test)
{
    int status = 0;

    fflush(stdout);
    late = 0;
    running = fork();
    if (running == 0)
        child(test);
    alarm(PATIENCE);
    while (running > 0 && waitpid(running, &status, 0) < 0 && errno == EINTR)
        continue;
    alarm(0);
    printf("CASE %s ", test->name);
    if (running < 0)
        printf("NOT-STARTED");
    else if (late)
        printf("TIMEOUT");
    else if (WIFSIGNALED(status))
        printf("SIGNAL %d", WTERMSIG(status));
    else
        printf("%s", result_name(status));
    if (late || status)
        tail_print();
    printf("\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int from = argc > 1 ? atoi(argv[1]) : 0,
        to = argc > 2 ? atoi(argv[2]) : 1 << 30;
    struct sigaction action = {.sa_handler = too_late};

    sigaction(SIGALRM, &action, NULL);
    for (int i = 0; tests[i].name && i < to; i++)
        if (i >= from)
            run(&tests[i]);
    printf("CASES done\n");
    return 0;
}
