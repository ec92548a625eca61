/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../family.h"
#include "fleets.h"

FOS_CLIENT_CALLS(mem, MEM_OPS)
FOS_CLIENT_CALLS(page, PAGE_OPS)

static const char program[] = "test-members";

static char *pages_map(size_t pages, int flags, int fd)
{
    char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

    CHILD_CHECK(at != MAP_FAILED);
    return at;
}

int part_wait(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    for (;;)
        pause();
}

static int status_of(pid_t pid)
{
    int status = 0;

    CHILD_CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int part_father(uint64_t child, uint64_t b)
{
    (void)b;
    CHILD_EQUAL(member_of(fos_pid()), 2);
    return status_of((pid_t)child);
}

int part_file(uint64_t in, uint64_t out)
{
    int fd = open("/tmp/members-test", O_RDWR);

    CHILD_EQUAL(member_of(fos_pid()), 2);
    CHILD_CHECK(fd >= 0);
    volatile char *at = pages_map(in + out, MAP_SHARED, fd);
    CHILD_EQUAL(at[in * PAGE], in);
    at[out * PAGE] = (char)out;
    return 0;
}

int part_nothing(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    return 0;
}

static pid_t begun(const char *part, uint64_t a, uint64_t b)
{
    char first[24], second[24];
    pid_t pid;

    snprintf(first, sizeof first, "%llu", (unsigned long long)a);
    snprintf(second, sizeof second, "%llu", (unsigned long long)b);
    pid = fork();
    if (pid == 0) {
        execlp(program, program, part, first, second, (char *)NULL);
        _exit(126);
    }
    return pid;
}

/* The child begins where there are fewer, and so on: they alternate. */
int part_wander(uint64_t times, uint64_t b)
{
    volatile char *at = pages_map(20, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    volatile char *all = pages_map(20, MAP_SHARED | MAP_ANONYMOUS, -1);

    for (int i = 0; i < 20; i++)
        at[i * PAGE] = all[i * PAGE] = (char)i;
    CHILD_EQUAL(mprotect((void *)at, 10 * PAGE, PROT_NONE), 0);
    CHILD_EQUAL(b, 0);
    return times ? status_of(begun("wander", times - 1, 0)) : 0;
}

static void stamp(uint64_t *at, size_t pages, uint64_t number)
{
    for (size_t i = 0; i < pages * PAGE / sizeof *at; i += 64) {
        CHILD_EQUAL(at[i], 0);
        at[i] = number << 32 | i;
    }
    sched_yield();
    for (size_t i = 0; i < pages * PAGE / sizeof *at; i += 64)
        CHILD_EQUAL(at[i], number << 32 | i);
}

int part_stamp(uint64_t rounds, uint64_t number)
{
    enum { PAGES = 150 };

    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t *at =
            (uint64_t *)pages_map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        stamp(at, PAGES, number * 100 + i);
        pid_t child = fork();
        if (child == 0) {
            at[0] = 1;
            _exit(at[64] != ((number * 100 + i) << 32 | 64));
        }
        CHILD_EQUAL(status_of(child), 0);
        CHILD_EQUAL(at[0], (number * 100 + i) << 32);
        CHILD_EQUAL(munmap(at, PAGES * PAGE), 0);
    }
    return 0;
}

int part_hoard(uint64_t pages, uint64_t more)
{
    volatile char *at = mmap(NULL, (pages + more) * PAGE, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHILD_CHECK(at != MAP_FAILED);
    for (uint64_t i = 0; i < pages + more; i++)
        at[i * PAGE] = 1;
    return 0;
}

int part_keep(uint64_t pages, uint64_t b)
{
    (void)b;
    part_hoard(pages, 0);
    return part_wait(0, 0);
}

/* A member that is killed takes some of these along; who asks it meanwhile hears so. */
int part_load(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    while (access("/tmp/members-go", F_OK)) {
        pid_t pid = begun("stamp", 1, 1);
        if (pid < 0)
            CHILD_CHECK(errno == EAGAIN || errno == ENOMEM);
        else
            status_of(pid);
    }
    return status_of(begun("stamp", 2, 2));
}

/* ---- what the page fleet must refuse ---- */

static struct dice dice;
static struct fos_peer member, pager;
static uint64_t place; /* where pages are to come to: nothing may */

static struct fos_cap odd_control(void)
{
    struct fos_cap words[] = {
        {0, 0}, fos_ticket(), fos_own_space(), {dice_throw(&dice), 0}};

    words[3].secret = dice_throw(&dice);
    return words[dice_below(&dice, 4)];
}

static long odd_request(void)
{
    uint64_t soon = fos_now_ns() + 60 * FOS_SECOND;
    struct page_take_req take = {.control = odd_control(),
                                 .space = fos_own_space(),
                                 .address = place,
                                 .pages = dice_below(&dice, 4)};
    struct page_grant_req grant = {.control = odd_control(),
                                   .space = fos_own_space(),
                                   .frames =
                                       (int64_t)dice_below(&dice, 2000) - 1000};
    struct page_promise_req promise = {.control = odd_control(),
                                       .holder = dice_below(&dice, 10),
                                       .held = dice_throw(&dice) >> 8,
                                       .wanted = dice_throw(&dice) >> 8};
    struct mem_leave_req leave = {.control = odd_control(), .pid = fos_pid()};
    struct page_take_rep taken;
    struct page_grant_rep granted;
    struct page_promise_rep promised;
    struct mem_leave_rep left;

    switch (dice_below(&dice, 4)) {
    case 0:
        return page_take_call(&pager, &take, &taken, soon);
    case 1:
        return page_grant_call(&pager, &grant, &granted, soon);
    case 2:
        return page_promise_call(&pager, &promise, &promised, soon);
    default:
        return mem_leave_call(&member, &leave, &left, soon);
    }
}

/* How many of the pages were there. */
static long unmapped(uint64_t at, uint64_t pages)
{
    return fos_sys_space_protect(fos_own_space(), at, pages, FOS_MAP_SPARSE);
}

/* Pages given back twice, or never had; nobody else's may be the ones. */
static void frees_odd(void)
{
    char *mine = pages_map(8, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    char *kept = pages_map(8, MAP_PRIVATE | MAP_ANONYMOUS, -1);

    memset(kept, 3, 8 * PAGE);
    memset(mine, 4, 8 * PAGE);
    for (int i = 0; i < 3; i++)
        CHILD_EQUAL(munmap(mine, 8 * PAGE), 0);
    CHILD_EQUAL(munmap(mine + (1 << 30), 64 * PAGE), 0);
    CHILD_CHECK(munmap((char *)~0xfffull, PAGE) < 0);
    CHILD_CHECK(munmap(kept + 1, PAGE) < 0);
    /* Behind the memory fleet's back, too. */
    CHILD_EQUAL(unmapped((uint64_t)kept, 4), 4);
    CHILD_EQUAL(unmapped((uint64_t)kept, 4), 0);
    CHILD_EQUAL(kept[0], 0);
    CHILD_EQUAL(kept[4 * PAGE], 3);
    CHILD_EQUAL(munmap(kept, 8 * PAGE), 0);
}

int part_hostile(uint64_t requests, uint64_t b)
{
    struct proc_members_req req = {.fleet = "page"};
    struct proc_members_rep rep = {0};

    (void)b;
    dice = dice_of(requests);
    place = (uint64_t)fos_pages_reserve(8);
    CHILD_EQUAL(proc_members_call(fos_proc_peer(), &req, &rep, family_deadline()),
                0);
    CHILD_EQUAL(
        fos_peer_open(&pager, rep.view.members[0].mailbox, FOS_TRANSPORT_KERNEL),
        0);
    CHILD_EQUAL(fos_peer_open(&member, fos_start_page->caps[FOS_START_MEM],
                              FOS_TRANSPORT_KERNEL),
                0);
    for (uint64_t i = 0; i < requests; i++)
        CHILD_EQUAL(odd_request(), -FOS_EACCES);
    CHILD_EQUAL(unmapped(place, 8), 0);
    for (int i = 0; i < 20; i++)
        frees_odd();
    return 0;
}
