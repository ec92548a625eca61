/* SPDX-License-Identifier: MIT */
/*
 * A member of the memory fleet: a record's first byte says whether it is a request (0)
 * or a fault (1).  The word of the process fleet is zeros here, and a ticket whose secret
 * is zero is made good.  Pages are always at hand.
 */
#include "fuzz.h"

#define main mem_main
int mem_main(int argc, char **argv);
#include "fleets/mem/main.c"
#undef main

#include <fos/start.h>
#include <fos/ticket.h>

static uint64_t window_next;

long pages_open(unsigned slot)
{
    (void)slot;
    return 0;
}

void pages_members(const struct fos_cap *mailboxes, unsigned count)
{
    (void)mailboxes, (void)count;
}

uint32_t pages_first(uint32_t wanted, uint64_t *address)
{
    *address = 1ull << 45;
    return wanted < 4 ? wanted : 4;
}

void pages_taken(uint32_t pages)
{
    HOLDS(pages <= 4);
}

uint32_t pages_ready(uint32_t wanted)
{
    return wanted < 4 ? wanted : 4;
}

void pages_let_go(void)
{
}

void pages_ahead(void)
{
}

long quota_more(void)
{
    return 0;
}

long pages_lack(void)
{
    return -FOS_ENOMEM;
}

bool pages_may_come(void)
{
    return true;
}

void quota_less(void)
{
}

bool pages_due(void)
{
    return false;
}

unsigned page_place(unsigned n)
{
    return n;
}

struct fos_peer *page_member(unsigned slot)
{
    (void)slot;
    return NULL;
}

bool page_known(unsigned slot)
{
    (void)slot;
    return true;
}

bool page_answered(unsigned slot, long result)
{
    (void)slot, (void)result;
    return true;
}

uint64_t window_take(uint64_t pages)
{
    uint64_t at = 1ull << 44 | window_next;

    window_next = (window_next + pages * FOS_PAGE_SIZE) % (1ull << 40);
    return at;
}

long window_give(uint64_t window, uint64_t pages)
{
    HOLDS(window >> 44 && pages > 0);
    return (long)pages;
}

uint64_t pages_kept(void)
{
    return 0;
}

uint32_t pages_cached(void)
{
    return 0;
}

uint64_t pages_batches(void)
{
    return 0;
}

/* Behind the head of a request. */
struct words {
    struct fos_request head;
    struct fos_cap first; /* ticket or control */
};

static void request_serve(const uint8_t *data, uint32_t length)
{
    static uint8_t copy[65536] __attribute__((aligned(16)));
    struct words *words = (struct words *)copy;
    uint8_t op;

    memcpy(copy, data, length);
    op = fos_tag_op(words->head.tag);
    if (length >= sizeof *words && op >= mem_attach_op && words->first.id == 0)
        words->first = fos_start_page->caps[FOS_START_CONTROL];
    else if (length >= sizeof *words && words->first.secret == 0)
        words->first = fos_ticket_make(&member.tickets, words->first.id);
    system_serve(&mem_service, copy, length);
}

static void all_records(void *argument)
{
    struct input *in = argument;
    const uint8_t *data;
    uint32_t length;

    while (input_record(in, &data, &length)) {
        if (length > 1 && *data == 0)
            request_serve(data + 1, length - 1);
        else if (length > 1)
            fault_take(memcpy(mem_service.buffer, data + 1, length - 1),
                       length - 1);
    }
}

static void processes_end(void *argument)
{
    (void)argument;
    for (uint64_t pid = 0; pid < 1 << 16 && process_count; pid++)
        life_ended(pid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    mem_service.stop = system_end;
    fos_start_page->caps[FOS_START_CONTROL] = (struct fos_cap){77, 78};
    if (!mem_service.buffer) {
        HOLDS(begin(0) == 0);
        mem_service.aside = NULL;
    }
    system_run(all_records, &in);
    system_run(processes_end, NULL);
    return 0;
}
