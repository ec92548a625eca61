/* SPDX-License-Identifier: MIT */
/*
 * What happens often, very often: nothing may be left of it.
 *
 *     test-endurance processes    1,000 processes, one after the other
 *     test-endurance memory       a day's worth of allocations
 *
 * A day, in fast motion, of a program that allocates something each second, maps a piece
 * of memory every ten and moves the end of its heap once a minute.
 */
#include <errno.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../family.h"
#include "balance.h"

enum {
    CYCLES = 1000,
    WARM = 100, /* of those: what the fleets come to keep they have then */
    FORK_EACH = 4,

    HOURS = 24,
    KINDS = 3, /* of hours: each of a kind takes the same, so page tables as well */
    HOUR_S = 60 * 60,
    MAP_EACH = 10,
    MOVE_EACH = 60,
    PIECES = 64,
    MAPS = 8,
    MAP_PAGES = 64,
    PAGE = 4096,
};

static void all_back(const struct holdings *before)
{
    const char *wrong = holdings_compare(before);

    if (wrong)
        case_fail("%s", wrong);
}

/* ---- processes ---- */

static const char self[] = "/bin/test-endurance";

static pid_t spawn_one(int code)
{
    char text[12];
    char *argv[] = {(char *)self, (char *)"exit", text, NULL};
    pid_t pid = -1;

    snprintf(text, sizeof text, "%d", code);
    CASE_EQUAL(posix_spawn(&pid, self, NULL, NULL, argv, environ), 0);
    return pid;
}

static pid_t fork_one(int code)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(code);
    return pid;
}

static void cycle(int n)
{
    int code = n & 0x7f, status = -1;
    pid_t pid = n % FORK_EACH ? spawn_one(code) : fork_one(code);

    CASE_CHECK(pid > 0);
    CASE_EQUAL(waitpid(pid, &status, 0), pid);
    CASE_CHECK(WIFEXITED(status));
    CASE_EQUAL(WEXITSTATUS(status), code);
}

static void test_processes(void)
{
    struct holdings before;

    case_begin(
        "1,000 processes, forked and spawned, come and go and leave nothing");
    for (int n = 0; n < WARM && !case_why[0]; n++)
        cycle(n);
    holdings_take(&before);
    for (int n = WARM; n < CYCLES && !case_why[0]; n++)
        cycle(n);
    all_back(&before);
    case_end();
}

/* ---- memory ---- */

static struct piece {
    unsigned char *at;
    size_t size;
} pieces[PIECES], maps[MAPS];

/* Mostly small, some of pages, few large. */
static size_t size_draw(struct dice *dice)
{
    uint32_t kind = dice_below(dice, 1000);

    return 1 + dice_below(dice, kind < 900 ? 1000 : kind < 998 ? 30000 : 1000000);
}

static void ends_mark(struct piece *p, unsigned mark)
{
    p->at[0] = (unsigned char)mark;
    p->at[p->size - 1] = (unsigned char)mark;
}

static void ends_check(const struct piece *p)
{
    CASE_EQUAL(p->at[0], p->at[p->size - 1]);
}

static void piece_free(struct piece *p)
{
    if (p->at)
        ends_check(p);
    free(p->at);
    p->at = NULL;
}

static void piece_renew(struct piece *p, struct dice *dice, unsigned mark)
{
    piece_free(p);
    p->size = size_draw(dice);
    p->at = malloc(p->size);
    CASE_CHECK(p->at);
    if (p->at)
        ends_mark(p, mark);
}

static void map_free(struct piece *p)
{
    if (!p->at)
        return;
    ends_check(p);
    CASE_EQUAL(munmap(p->at, p->size), 0);
    p->at = NULL;
}

static void map_renew(struct piece *p, struct dice *dice, unsigned mark)
{
    map_free(p);
    p->size = (size_t)PAGE * (1 + dice_below(dice, MAP_PAGES));
    p->at = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                 -1, 0);
    CASE_CHECK(p->at != MAP_FAILED);
    if (p->at == MAP_FAILED)
        p->at = NULL;
    if (p->at)
        ends_mark(p, mark);
}

/* The heap's end goes up and comes back. */
static void end_move(struct dice *dice, unsigned mark)
{
    intptr_t more = 1 + (intptr_t)dice_below(dice, 200 * PAGE);
    unsigned char *at = sbrk(more);

    CASE_CHECK(at != (void *)-1);
    if (at == (void *)-1)
        return;
    at[more - 1] = (unsigned char)mark;
    CASE_CHECK(sbrk(-more) == at + more);
}

static void hour_live(unsigned kind)
{
    struct dice dice = dice_of(kind);

    for (unsigned second = 1; second <= HOUR_S && !case_why[0]; second++) {
        piece_renew(&pieces[dice_below(&dice, PIECES)], &dice, second);
        if (second % MAP_EACH == 0)
            map_renew(&maps[dice_below(&dice, MAPS)], &dice, second);
        if (second % MOVE_EACH == 0)
            end_move(&dice, second);
    }
    for (int i = 0; i < PIECES; i++)
        piece_free(&pieces[i]);
    for (int i = 0; i < MAPS; i++)
        map_free(&maps[i]);
    malloc_trim(0);
}

static void test_memory(void)
{
    struct holdings before;

    case_begin("a day's allocations, mappings and moves of the heap leave nothing");
    for (unsigned hour = 0; hour < KINDS; hour++)
        hour_live(hour);
    holdings_take(&before);
    for (unsigned hour = 0; hour < HOURS; hour++)
        hour_live(hour % KINDS);
    all_back(&before);
    case_end();
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "exit"))
        _exit(atoi(argv[2]));
    setvbuf(stdout, NULL, _IOLBF, 0);
    case_fleets_grow = true; /* what they may is compared here */
    if (argc > 1 && !strcmp(argv[1], "memory"))
        test_memory();
    else
        test_processes();
    return cases_status();
}
