/* SPDX-License-Identifier: MIT */
/*
 * Members of the fleets are killed while programs run: what they do comes out right,
 * or, where what a member knew is lost, they learn of it; nobody hangs, and programs
 * started afterwards work.
 *
 * This program maps its memory itself, so it outlives them all.  The loads are shells,
 * which go on until there is the file /tmp/go: what is killed is killed in the middle.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fos/error.h>
#include <fos/start.h>

#include "../scenario.h"

extern char **environ;

enum { LISTED = 128, NOT_ENDED = -1, KILLED = 128 + SIGKILL };

/* No test depends on it: so long only somebody who hangs takes. */
#define PATIENCE (250 * FOS_SECOND)

static void nap(void)
{
    fos_clock_sleep(fos_now_ns() + 50 * FOS_MILLISECOND);
}

/* The pid of a fleet's n-th member, counted from 0; 0: there is none now. */
static uint64_t member_of(const char *fleet, unsigned n)
{
    static struct proc_entry entries[LISTED];
    long count = fos_process_list(entries, LISTED);

    for (long i = 0; i < count; i++)
        if (!strcmp(entries[i].name, fleet) && entries[i].parent == 1 &&
            !entries[i].ended && n-- == 0)
            return entries[i].pid;
    return 0;
}

static unsigned members(const char *fleet)
{
    unsigned count = 0;

    while (member_of(fleet, count))
        count++;
    return count;
}

/* Whether all members of a fleet serve, as proc sees it. */
static bool serve(const char *fleet)
{
    struct proc_members_req req = {0};
    struct proc_members_rep rep = {0};

    strncpy(req.fleet, fleet, sizeof req.fleet - 1);
    if (proc_members_call(fos_proc_peer(), &req, &rep, fos_now_ns() + PATIENCE) < 0)
        return false;
    for (unsigned slot = 0; slot < rep.view.slots; slot++)
        if (rep.view.members[slot].state != PROC_MEMBER_ACTIVE)
            return false;
    return true;
}

/* Kills one, and waits until as many as before serve without it. */
static void member_kill(const char *fleet)
{
    uint64_t deadline = fos_now_ns() + PATIENCE, pid = member_of(fleet, 0);
    unsigned before = members(fleet);
    bool back = false;

    CASE_CHECK(pid != 0);
    CASE_EQUAL(kill((pid_t)pid, SIGKILL), 0);
    while (!back && fos_now_ns() < deadline) {
        nap();
        back = members(fleet) == before && serve(fleet);
        for (unsigned n = 0; n < before; n++)
            back = back && member_of(fleet, n) != pid;
    }
    if (!back)
        case_fail("no other member of %s was started", fleet);
}

/* ---- shells ---- */

static pid_t shell(const char *script)
{
    char *const argv[] = {"sh", "-c", (char *)script, NULL};
    uint64_t deadline = fos_now_ns() + PATIENCE;
    pid_t pid = 0;
    int error;

    /* A fleet that was just killed is missed for a moment. */
    while ((error = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ)) &&
           fos_now_ns() < deadline)
        nap();
    if (error)
        case_fail("starting a shell: %s", strerror(error));
    return error ? 0 : pid;
}

/* Its status as a shell tells it. */
static int ended(pid_t pid)
{
    uint64_t deadline = fos_now_ns() + PATIENCE;
    int status;

    if (!pid)
        return NOT_ENDED;
    while (fos_now_ns() < deadline) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                       : WEXITSTATUS(status);
        nap();
    }
    case_fail("a shell hangs");
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return NOT_ENDED;
}

static void file_await(const char *path)
{
    uint64_t deadline = fos_now_ns() + PATIENCE;

    while (access(path, F_OK) && fos_now_ns() < deadline)
        nap();
    CASE_EQUAL(access(path, F_OK), 0);
}

/* Lets the loads go on; a new filesystem is awaited. */
static void go(void)
{
    uint64_t deadline = fos_now_ns() + PATIENCE;
    int fd;

    while ((fd = open("/tmp/go", O_CREAT | O_WRONLY, 0600)) < 0 &&
           fos_now_ns() < deadline)
        nap();
    CASE_CHECK(fd >= 0);
    if (fd >= 0)
        close(fd);
}

static void tidy(void)
{
    unlink("/tmp/go");
    unlink("/tmp/ready");
    unlink("/tmp/load");
}

/* Programs, pipes, memory and files, all anew. */
static void new_programs(void)
{
    CASE_EQUAL(ended(shell("echo new >/tmp/new && [ \"$(cat /tmp/new)\" = new ] && "
                           "rm /tmp/new && "
                           "[ \"$(seq 50 | tail -n 1)\" = 50 ]")),
               0);
}

static void begin(const char *sentence)
{
    case_begin(sentence);
    tidy();
}

static void end(void)
{
    if (!case_why[0])
        new_programs();
    tidy();
    case_end();
}

/* ---- */

/* A shell takes turn after turn while members are killed; each turn is successful. */
static void test_unnoticed(const char *sentence, const char *fleet,
                           const char *turn)
{
    char script[128];

    begin(sentence);
    snprintf(script, sizeof script,
             ">/tmp/ready; until [ -e /tmp/go ]; do %s || exit 9; done", turn);
    pid_t load = shell(script);
    file_await("/tmp/ready");
    for (int i = 0; i < 3 && !case_why[0]; i++)
        member_kill(fleet);
    go();
    CASE_EQUAL(ended(load), 0);
    end();
}

static void test_page(void)
{
    test_unnoticed(
        "members of page are killed: who asks for pages waits for the next", "page",
        "[ \"$(seq 20 | tail -n 1)\" = 20 ]");
}

static void test_often(void)
{
    begin("a member of page is killed 20 times: there is always another");
    for (int i = 0; i < 20 && !case_why[0]; i++)
        member_kill("page");
    CASE_EQUAL(ended(shell("[ \"$(seq 20 | tail -n 1)\" = 20 ]")), 0);
    end();
}

static void test_mem(void)
{
    begin("a member of mem is killed: its processes end, the other's do not");
    static const char script[] = "until [ -e /tmp/go ]; do :; done; "
                                 "[ \"$(seq 20 | tail -n 1)\" = 20 ] || exit 9";
    pid_t loads[] = {shell(script), shell(script)};
    member_kill("mem");
    go();
    int first = ended(loads[0]), second = ended(loads[1]);
    CASE_EQUAL(first > second ? first : second, KILLED);
    CASE_EQUAL(first > second ? second : first, 0);
    end();
}

static void test_fs(void)
{
    begin("fs is killed: its files are gone, who had them open is told");
    pid_t load = shell("echo lost >/tmp/load; exec 3</tmp/load; >/tmp/ready; "
                       "until [ -e /tmp/go ]; do :; done; "
                       "read x <&3 && exit 7; [ -e /tmp/load ] && exit 8; "
                       "echo kept >/tmp/load; read x </tmp/load; "
                       "[ \"$x\" = kept ] || exit 9");
    file_await("/tmp/ready");
    member_kill("fs");
    go();
    CASE_EQUAL(ended(load), 0);
    end();
}

static void test_pipes(void)
{
    begin("fs is killed: who waits in a pipeline is told, the next pipeline works");
    /* What was open before must not be taken for what is opened after: many of both. */
    pid_t load = shell(">/tmp/in; exec </tmp/in 4</tmp/in 5</tmp/in 6</tmp/in; "
                       "{ >/tmp/ready; until [ -e /tmp/go ]; do :; done; } | cat; "
                       "[ \"$(seq 20 | sort | tail -n 1)\" = 9 ] || exit 9");
    file_await("/tmp/ready");
    member_kill("fs");
    go();
    CASE_EQUAL(ended(load), 0);
    end();
}

static void test_reader(void)
{
    begin("fs is killed: a read under way fails with EIO");
    pid_t load = shell("mkfifo /tmp/in; exec lua -e '"
                       "io.open(\"/tmp/ready\", \"w\"):close(); "
                       "local _, _, why = io.read(1); os.exit(why)' 0<>/tmp/in");
    file_await("/tmp/ready");
    nap();
    member_kill("fs");
    CASE_EQUAL(ended(load), EIO);
    end();
}

static void test_name(void)
{
    test_unnoticed("members of name are killed: programs do not notice", "name",
                   "names >/dev/null");
}

static void test_console(void)
{
    begin("the console is killed: programs go on, and the next one is heard");
    pid_t load = shell(">/tmp/ready; until [ -e /tmp/go ]; do "
                       "echo written; done; exit 5");
    file_await("/tmp/ready");
    member_kill("console");
    go();
    CASE_EQUAL(ended(load), 5);
    CASE_EQUAL(ended(shell("echo the next console is heard")), 0);
    end();
}

static const struct {
    const char *fleet;
    void (*run)(void);
} tests[] = {{"page", test_page}, {"often", test_often},    {"mem", test_mem},
             {"fs", test_fs},     {"pipes", test_pipes},    {"reader", test_reader},
             {"name", test_name}, {"console", test_console}};

/* All, or the one that is named. */
int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    case_fleets_grow = true;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (argc < 2 || !strcmp(argv[1], tests[i].fleet))
            tests[i].run();
    return cases_status();
}
