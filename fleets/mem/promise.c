/* SPDX-License-Identifier: MIT */
/* What this member may promise to processes, of the page fleet's account: G6. */
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/start.h>

#include "pages.h"

FOS_CLIENT_CALLS(page, PAGE_OPS)

#define PATIENCE (2 * FOS_SECOND)

enum { STEP = 128 }; /* pages more than are needed now, so that few are asked for */

static uint64_t held[PROC_MEMBERS_MAX]; /* on each page member's account */
static uint64_t credit;                 /* their sum */

/* This member's place, whose page member is asked first. */
static unsigned own_slot(void)
{
    unsigned slot;

    page_member(0, &slot);
    return slot;
}

static struct page_promise_req request(unsigned slot, uint64_t wanted)
{
    return (struct page_promise_req){.control =
                                         fos_start_page->caps[FOS_START_CONTROL],
                                     .holder = own_slot(),
                                     .held = held[slot],
                                     .wanted = wanted};
}

static void held_set(unsigned slot, uint64_t pages)
{
    credit += pages - held[slot];
    held[slot] = pages;
}

/* False: no answer. */
static bool ask(unsigned slot, struct fos_peer *peer, uint64_t wanted)
{
    struct page_promise_req req = request(slot, wanted);
    struct page_promise_rep rep;
    long result = page_promise_call(peer, &req, &rep, fos_now_ns() + PATIENCE);

    if (result == 0)
        held_set(slot, rep.held);
    return page_answered(slot, result);
}

bool promise_may(uint64_t promised, uint64_t more)
{
    bool answered = false;
    unsigned slot;

    for (unsigned n = 0; n < PROC_MEMBERS_MAX && promised + more > credit; n++) {
        struct fos_peer *peer = page_member(n, &slot);
        if (peer)
            answered |=
                ask(slot, peer, held[slot] + (promised + more - credit) + STEP);
    }
    if (promised + more <= credit)
        return true;
    if (!answered) {
        slot = own_slot();
        held_set(slot, held[slot] + (promised + more - credit));
        return true;
    }
    promise_less(promised);
    return false;
}

void promise_less(uint64_t promised)
{
    unsigned slot;

    if (credit <= promised + 3 * STEP)
        return;
    for (unsigned n = PROC_MEMBERS_MAX; n-- && credit > promised + STEP;) {
        struct fos_peer *peer = page_member(n, &slot);
        uint64_t spare = credit - promised - STEP;
        if (peer && held[slot])
            ask(slot, peer, held[slot] > spare ? held[slot] - spare : 0);
    }
}

void promise_tell(unsigned slot)
{
    struct page_promise_req req = request(slot, held[slot]);
    unsigned at;

    for (unsigned n = 0; n < PROC_MEMBERS_MAX; n++) {
        struct fos_peer *peer = page_member(n, &at);
        if (peer && at == slot)
            page_promise_post(peer, &req, 0);
    }
}
