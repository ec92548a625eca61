/* SPDX-License-Identifier: MIT */
/* What this member may promise to processes, of the page fleet's account: G6, G8. */
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/start.h>

#include "pages.h"

FOS_CLIENT_CALLS(page, PAGE_OPS)

#define PATIENCE (2 * FOS_SECOND)

enum { STEP = 128 }; /* pages more than are needed now, so that few are asked for */

static uint64_t held[PROC_MEMBERS_MAX]; /* on each page member's account */
static uint64_t credit;                 /* their sum */
static bool unsaid[PROC_MEMBERS_MAX]; /* the member may not have heard of `held` */
static uint64_t reserve;              /* pages of `credit`: G8 */

void promise_reserve(uint64_t pages)
{
    reserve = pages;
}

static struct page_promise_req request(unsigned slot, uint64_t wanted)
{
    return (struct page_promise_req){.control =
                                         fos_start_page->caps[FOS_START_CONTROL],
                                     .holder = page_place(0),
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
    unsaid[slot] = result < 0;
    return page_answered(slot, result);
}

/* Nobody answers. */
static bool promise_alone(uint64_t pages)
{
    for (unsigned n = 0; n < PROC_MEMBERS_MAX; n++) {
        unsigned slot = page_place(n);
        if (!page_known(slot))
            continue;
        held_set(slot, held[slot] + pages);
        return true;
    }
    return false;
}

bool promise_may(uint64_t promised, uint64_t more, bool near)
{
    const uint64_t wanted = promised + more + reserve;
    const uint64_t needed = near ? promised + more : wanted;
    bool answered = false;

    for (unsigned n = 0; n < PROC_MEMBERS_MAX && needed > credit; n++) {
        unsigned slot = page_place(n);
        struct fos_peer *peer = page_member(slot);
        if (peer)
            answered |= ask(slot, peer, held[slot] + (wanted - credit) + STEP);
    }
    if (needed <= credit)
        return true;
    if (!answered)
        return promise_alone(needed - credit);
    promise_less(promised);
    return false;
}

void promise_tell(unsigned slot)
{
    struct page_promise_req req = request(slot, held[slot]);
    struct fos_peer *peer = page_member(slot);

    unsaid[slot] = peer && page_promise_post(peer, &req, 0) < 0;
}

bool promise_due(void)
{
    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++)
        if (unsaid[slot] && page_member(slot))
            return true;
    return false;
}

void promise_less(uint64_t promised)
{
    const uint64_t kept = promised + reserve;
    bool spares = credit > kept + 3 * STEP;

    for (unsigned n = PROC_MEMBERS_MAX; n--;) {
        unsigned slot = page_place(n);
        if (spares && credit > kept + STEP && held[slot]) {
            uint64_t spare = credit - kept - STEP;
            held_set(slot, held[slot] > spare ? held[slot] - spare : 0);
            unsaid[slot] = true;
        }
        if (unsaid[slot])
            promise_tell(slot);
    }
}
