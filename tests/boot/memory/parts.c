/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include <sys/mman.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/proto/page.h>

#include "../family.h"

#include <fos/mem.h>

FOS_CLIENT_CALLS(mem, MEM_OPS)

enum { PAGE = FOS_PAGE_SIZE };

int part_text(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    *(volatile char *)(uintptr_t)&part_text = 1;
    return 0;
}

int part_null(uint64_t a, uint64_t b)
{
    (void)b;
    return *(volatile char *)(uintptr_t)a;
}

static __attribute__((noinline)) int deeper(uint64_t kilobytes)
{
    volatile char room[1024];

    room[0] = (char)kilobytes;
    return kilobytes ? deeper(kilobytes - 1) + room[0] : 0;
}

int part_stack(uint64_t megabytes, uint64_t b)
{
    (void)b;
    deeper(megabytes * 1000);
    return 0;
}

int part_unmapped(uint64_t a, uint64_t b)
{
    volatile char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)a, (void)b;
    *at = 1;
    munmap((char *)at, PAGE);
    return *at;
}

int part_bomb(uint64_t a, uint64_t b)
{
    const size_t size = 1ull << 30;
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    (void)a, (void)b;
    CHILD_CHECK(at != MAP_FAILED);
    for (size_t i = 0; i < size; i += PAGE)
        at[i] = 1;
    return 0;
}

/* ---- requests without sense or right ---- */

static struct dice dice;
static struct fos_peer member;

static uint64_t odd_number(void)
{
    static const uint64_t some[] = {0,
                                    1,
                                    4095,
                                    4096,
                                    4097,
                                    1 << 30,
                                    MEM_BASE,
                                    MEM_END - 4096,
                                    MEM_END,
                                    1ull << 47,
                                    ~0ull,
                                    ~4095ull,

                                    FOS_STACK_TOP,
                                    FOS_PAGES_BASE};

    return some[dice_below(&dice, sizeof some / sizeof *some)];
}

/* The own ticket, or one that is not anybody's. */
static struct fos_cap odd_ticket(void)
{
    struct fos_cap ticket = fos_ticket();

    if (dice_below(&dice, 2))
        return ticket;
    ticket.id += dice_below(&dice, 3);
    ticket.secret ^= 1ull << dice_below(&dice, 64);
    return ticket;
}

/* Any op that is answered, with any words behind the head: only its own pages may
 * suffer. */
static long odd_request(void)
{
    struct {
        struct fos_request head;
        uint64_t words[64];
    } request = {0};
    struct {
        struct fos_reply head;
        uint64_t words[32];
    } reply;
    struct fos_cap ticket = odd_ticket();
    uint64_t deadline = fos_now_ns() + 10 * FOS_SECOND;

    for (size_t i = 0; i < 64; i++)
        request.words[i] = odd_number();
    request.words[0] = ticket.id;
    request.words[1] = ticket.secret;
    request.head.tag = FOS_TAG(mem, map);
    request.head.tag =
        (request.head.tag & ~0xffull) | dice_below(&dice, mem_fleets_op);
    return fos_call(&member, &request,
                    24 + 8 * dice_below(&dice, sizeof request.words / 8), &reply,
                    sizeof reply, deadline);
}

/* A right that processes do not have. */
static void rights_check(void)
{
    struct mem_fork_req fork_req = {.parent = fos_pid(), .child = 99999};
    struct mem_fork_rep fork_rep;
    struct mem_attach_req attach_req = {.layout.pid = 99998};
    struct mem_attach_rep attach_rep;
    struct mem_map_req map_req = {.ticket = {fos_pid() - 1, fos_ticket().secret},
                                  .length = PAGE,
                                  .prot = FOS_PROT_READ,
                                  .flags = MEM_PRIVATE};
    struct mem_map_rep map_rep;
    uint64_t deadline = fos_now_ns() + 10 * FOS_SECOND;

    CHILD_EQUAL(mem_fork_call(&member, &fork_req, &fork_rep, deadline),
                -FOS_EACCES);
    CHILD_EQUAL(mem_attach_call(&member, &attach_req, &attach_rep, deadline),
                -FOS_EACCES);
    CHILD_EQUAL(mem_map_call(&member, &map_req, &map_rep, deadline), -FOS_EACCES);
}

/* Replies of other sizes than expected are the norm here; that it goes on answering
 * sensible requests is what counts.  What lies below MEM_BASE (this program) is not
 * what the odd numbers hit, but for the first page of its text. */
int part_hostile(uint64_t requests, uint64_t b)
{
    struct mem_usage usage;

    (void)b;
    dice = dice_of(requests);
    fos_peer_open(&member, fos_start_page->caps[FOS_START_MEM],
                  FOS_TRANSPORT_KERNEL);
    rights_check();
    for (uint64_t i = 0; i < requests; i++)
        CHILD_CHECK(odd_request() != -FOS_ETIMEDOUT);
    CHILD_EQUAL(fos_mem_usage(&usage), 0);
    _exit(0);
}
