/* SPDX-License-Identifier: MIT */
/*
 * Two members of the memory fleet and two of the page fleet: who is looked after by
 * which, what exec takes along, what is left when a member is killed, and that no page
 * is anybody else's.
 *
 * This program is the first that a member looks after, so it is at the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../family.h"
#include "../waited.h"
#include "fleets.h"
#include "parts.h"

static char *own_name;

/* ---- children ---- */

static pid_t forked(const char *part, uint64_t a, uint64_t b)
{
    char first[24], second[24];
    pid_t pid;

    snprintf(first, sizeof first, "%llu", (unsigned long long)a);
    snprintf(second, sizeof second, "%llu", (unsigned long long)b);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        execlp(own_name, own_name, part, first, second, (char *)NULL);
        _exit(126);
    }
    if (pid < 0)
        case_fail("fork: %s", strerror(errno));
    return pid;
}

/* Waits until it is looked after elsewhere than there (0: until it is at all). */
static void moved_await(pid_t pid, unsigned from)
{
    uint64_t deadline = fos_now_ns() + PATIENCE;

    while (member_of((uint64_t)pid) == from && fos_now_ns() < deadline)
        nap();
}

/* ---- what members know of their fleets ---- */

static const char *const fleets[] = {"page", "mem", "fs", "console", "name"};

enum { FLEETS = sizeof fleets / sizeof *fleets };

static void test_views(void)
{
    const struct fos_cap words[] = {{0, 0}, fos_ticket(), fos_own_space(), {1, 2}};

    case_begin(
        "each member knows its place, the others and the number of the view, "
        "from proc alone");
    for (int i = 0; i < FLEETS; i++)
        if (!fleet_knows(fleets[i]))
            case_fail("a member of %s does not know its fleet", fleets[i]);
    for (int i = 0; i < FLEETS; i++) {
        const struct proc_view view = view_of(fleets[i]);
        for (size_t w = 0; w < sizeof words / sizeof *words; w++)
            CASE_EQUAL(
                view_forge(view.members[0].mailbox, words[w], view.number + 1 + w),
                0);
    }
    for (int i = 0; i < FLEETS; i++)
        if (!fleet_knows(fleets[i]))
            case_fail("a member of %s believes anybody", fleets[i]);
    case_end();
}

/* ---- places ---- */

static void test_places(void)
{
    int go[2];
    char byte;

    case_begin(
        "a child by fork is looked after where its parent is, a program begun "
        "anew by who has the fewest");
    CASE_EQUAL(member_of(fos_pid()), 1);
    CASE_EQUAL(pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        _exit(read(go[0], &byte, 1) != 0);
    }
    CASE_EQUAL(member_of((uint64_t)child), 1);
    pid_t other = forked("wait", 0, 0);
    moved_await(other, 1);
    CASE_EQUAL(member_of((uint64_t)other), 2);
    kill(other, SIGTERM);
    CASE_EQUAL(shell_status(other), 128 + SIGTERM);
    struct child spawned = {.part = "wait"};
    child_start(&spawned);
    CASE_EQUAL(member_of(spawned.pid), 2);
    child_kill(&spawned);
    close(go[0]);
    close(go[1]);
    CASE_EQUAL(shell_status(child), 0);
    case_end();
}

/* ---- what exec leaves and takes along ---- */

enum { MANY = 64 };

static volatile char *map(int flags, int fd)
{
    void *at = mmap(NULL, MANY * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

    CASE_CHECK(at != MAP_FAILED);
    return at == MAP_FAILED ? NULL : at;
}

/* One that has the memory of a parent that has gone elsewhere. */
static int sharer(volatile char *own, volatile char *all, pid_t parent)
{
    moved_await(parent, 1);
    for (int i = 0; i < MANY; i++)
        if (own[i * PAGE] != 1)
            return 1;
    for (int i = 0; i < MANY; i++)
        own[i * PAGE] = 2;
    all[1] = 7;
    return own[3 * PAGE] == 2 ? 0 : 2;
}

static void test_exec(void)
{
    case_begin(
        "who execs, and goes to the other member, leaves relatives the pages "
        "that they share");
    volatile char *own = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
    volatile char *all = map(MAP_SHARED | MAP_ANONYMOUS, -1);
    if (!own || !all) {
        case_end();
        return;
    }
    for (int i = 0; i < MANY; i++)
        own[i * PAGE] = 1;
    pid_t pid = fork();
    if (pid == 0) {
        pid_t self = getpid();
        own[0] = 1; /* a copy, of this process's */
        pid_t child = fork();
        if (child == 0)
            _exit(sharer(own, all, self));
        char number[24];
        snprintf(number, sizeof number, "%d", (int)child);
        execlp(own_name, own_name, "father", number, "0", (char *)NULL);
        _exit(126);
    }
    CASE_EQUAL(shell_status(pid), 0);
    CASE_EQUAL(own[0], 1);
    CASE_EQUAL(all[1], 7);
    munmap((void *)own, MANY * PAGE);
    munmap((void *)all, MANY * PAGE);
    case_end();
}

static void test_file(void)
{
    static const char path[] = "/tmp/members-test";

    case_begin("a file mapped by programs of both members is one");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CASE_CHECK(fd >= 0 && ftruncate(fd, MANY * PAGE) == 0);
    volatile char *at = map(MAP_SHARED, fd);
    if (at)
        at[5 * PAGE] = 5;
    CASE_EQUAL(shell_status(forked("file", 5, 9)), 0);
    if (at)
        CASE_EQUAL(at[9 * PAGE], 9);
    munmap((void *)at, MANY * PAGE);
    close(fd);
    unlink(path);
    case_end();
}

static void test_again(void)
{
    struct members before, after;
    struct mem_usage usage, then;

    case_begin(
        "twenty programs that go from member to member leave nothing behind");
    CASE_EQUAL(settle(&before), 0);
    fos_mem_usage(&usage);
    for (int i = 0; i < 5 && !case_why[0]; i++)
        CASE_EQUAL(shell_status(forked("wander", 3, 0)), 0);
    CASE_EQUAL(settle(&after), 0);
    fos_mem_usage(&then);
    CASE_EQUAL(then.family_committed, usage.family_committed);
    for (int i = 0; i < 2; i++) {
        CASE_EQUAL(after.mem[i].processes, before.mem[i].processes);
        CASE_EQUAL(after.mem[i].families, before.mem[i].families);
        CASE_EQUAL(after.mem[i].objects, before.mem[i].objects);
        CASE_EQUAL(after.mem[i].kept, before.mem[i].kept);
        CASE_CHECK(after.mem[i].faults > before.mem[i].faults);
    }
    CASE_CHECK(after.promised < before.promised + PROMISED_SLACK);
    case_end();
}

/* ---- pages ---- */

static void test_stamps(void)
{
    enum { WRITERS = 4, ROUNDS = 6 };
    pid_t writers[WRITERS];

    case_begin(
        "pages come zeroed and are nobody else's, whoever takes and gives back "
        "beside");
    for (int i = 0; i < WRITERS; i++)
        writers[i] = forked("stamp", ROUNDS, (uint64_t)i + 1);
    for (int i = 0; i < WRITERS; i++)
        CASE_EQUAL(shell_status(writers[i]), 0);
    case_end();
}

static void test_steal(void)
{
    struct members before, after;

    case_begin("who has emptied its own page member's pool takes from the other's");
    CASE_EQUAL(settle(&before), 0);
    CASE_EQUAL(
        shell_status(forked("hoard", before.page[1].free + before.page[1].zeroed,
                            before.page[0].free / 4)),
        0);
    CASE_EQUAL(settle(&after), 0);
    CASE_CHECK(after.page[0].taken > before.page[0].taken);
    CASE_CHECK(after.page[1].taken >=
               before.page[1].taken + before.page[1].free / 2);
    CASE_CHECK(after.free + PAGES_SLACK > before.free);
    case_end();
}

static void test_hostile(void)
{
    struct members before, after;

    case_begin(
        "requests for pages without the fleets' word, forged, of pages that are "
        "no one's or given back twice, change nothing");
    CASE_EQUAL(settle(&before), 0);
    CASE_EQUAL(shell_status(forked("hostile", 600, 0)), 0);
    CASE_EQUAL(settle(&after), 0);
    CASE_CHECK(after.promised < before.promised + PROMISED_SLACK);
    CASE_CHECK(after.free + PAGES_SLACK > before.free);
    CASE_EQUAL(after.mem[0].processes, before.mem[0].processes);
    case_end();
}

/* ---- a member is killed ---- */

static void member_kill(unsigned slot)
{
    struct members now;
    uint64_t pid = slot_pid(slot), deadline = fos_now_ns() + PATIENCE;

    uint64_t number = view_of("mem").number;

    CASE_EQUAL(settle(&now), 0);
    CASE_EQUAL(kill((pid_t)pid, SIGKILL), 0);
    while ((slot_pid(slot) == pid || slot_pid(slot) == 0) &&
           fos_now_ns() < deadline)
        nap();
    CASE_CHECK(slot_pid(slot) != pid && slot_pid(slot));
    CASE_CHECK(view_of("mem").number > number);
    CASE_CHECK(fleet_knows("mem"));
}

static void test_death(void)
{
    enum { LOADS = 4 };
    struct members before, after;
    pid_t loads[LOADS], hoarder;
    uint64_t deadline = fos_now_ns() + PATIENCE;

    case_begin(
        "a member is killed under load: who was its own ends, all others go on "
        "with right results, and the pages come back");
    CASE_EQUAL(settle(&before), 0);
    hoarder = forked("keep", 400, 0);
    moved_await(hoarder, 1);
    CASE_EQUAL(member_of((uint64_t)hoarder), 2);
    unlink("/tmp/members-go");
    for (int i = 0; i < LOADS; i++)
        loads[i] = forked("load", 0, 0);
    for (int i = 0; i < LOADS; i++)
        moved_await(loads[i], 0);
    do
        CASE_EQUAL(look(&after), 0);
    while (after.page[1].taken < before.page[1].taken + 400 &&
           fos_now_ns() < deadline);
    member_kill(1);
    CASE_EQUAL(shell_status(hoarder), 128 + SIGKILL);
    int fd = open("/tmp/members-go", O_CREAT | O_WRONLY, 0600);
    CASE_CHECK(fd >= 0);
    close(fd);
    int went_on = 0;
    for (int i = 0; i < LOADS; i++) {
        int status = shell_status(loads[i]);
        CASE_CHECK(status == 0 || status == 128 + SIGKILL);
        went_on += status == 0;
    }
    CASE_CHECK(went_on > 0);
    unlink("/tmp/members-go");
    CASE_EQUAL(shell_status(forked("wander", 2, 0)), 0);
    CASE_EQUAL(settle(&after), 0);
    CASE_EQUAL(after.mem[1].processes, 0);
    CASE_EQUAL(after.mem[1].families, 0);
    CASE_CHECK(after.promised < before.promised + PROMISED_SLACK);
    CASE_CHECK(after.free + PAGES_SLACK > before.free);
    case_end();
}

static const struct part parts[] = {PARTS};

int main(int argc, char **argv)
{
    family_program = own_name = argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    case_fleets_grow = true;
    test_places();
    test_views();
    test_exec();
    test_file();
    test_again();
    test_stamps();
    test_steal();
    test_hostile();
    test_death();
    return cases_status();
}
