/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/memory.h>
#include <fos/page_ring.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "layout.h"
#include "space.h"

FOS_CLIENT_CALLS(page, PAGE_OPS)

#define PATIENCE      (2 * FOS_SECOND)
#define WINDOWS_PAGES (1ull << 26) /* 256 GiB of addresses */

enum {
    PLACES = 512,
    BATCH = 64,
    LOW = 32,
    QUOTA_STEP = 128,
    GIVEN_MAX = 64,
    WINDOWS_MAX = 1 << 16,
};

static struct fos_peer members[PROC_MEMBERS_MAX]; /* mailbox.id 0: none */
static bool known[PROC_MEMBERS_MAX];              /* there has been one */
static unsigned own_slot;
static struct fos_page_ring ring;
static uint32_t given; /* of the first pages in the ring: G4 */

static struct {
    struct fos_call call;
    struct page_take_rep reply;
    bool begun;
} batch;
static uint64_t batches;

static struct {
    struct fos_call call;
    struct page_grant_rep reply;
    bool begun;
} giving; /* quota back: G7 */

static bool silent; /* no page member answered when one was last asked */

static struct layout windows = {.most = WINDOWS_MAX};
static uint64_t windows_base;

static struct fos_cap control(void)
{
    return fos_start_page->caps[FOS_START_CONTROL];
}

static unsigned preferred(unsigned n)
{
    return (own_slot + n) % PROC_MEMBERS_MAX;
}

long pages_open(unsigned slot)
{
    own_slot = slot;
    ring = (struct fos_page_ring){.base = (uint64_t)fos_pages_reserve(PLACES),
                                  .places = PLACES};
    windows_base = (uint64_t)fos_pages_reserve(WINDOWS_PAGES);
    return ring.base && windows_base ? 0 : -FOS_ENOMEM;
}

static void member_close(unsigned slot)
{
    if (giving.begun && giving.call.to == &members[slot]) {
        fos_call_cancel(&giving.call);
        giving.begun = false;
    }
    if (members[slot].mailbox.id)
        fos_peer_close(&members[slot]);
    members[slot].mailbox.id = 0;
}

void pages_members(const struct fos_cap *mailboxes, unsigned count)
{
    for (unsigned slot = 0; slot < count && slot < PROC_MEMBERS_MAX; slot++) {
        if (members[slot].mailbox.id == mailboxes[slot].id)
            continue;
        member_close(slot);
        if (mailboxes[slot].id &&
            fos_peer_open(&members[slot], mailboxes[slot], FOS_TRANSPORT_KERNEL))
            members[slot].mailbox.id = 0;
        known[slot] |= members[slot].mailbox.id != 0;
        promise_tell(slot);
    }
}

/* Whether the member answered, be it no, rather than the way to it. */
static bool is_answer(long result)
{
    return result != -FOS_EPERM && result != -FOS_EPIPE &&
           result != -FOS_ETIMEDOUT && result != -FOS_ECANCELED;
}

static uint32_t request_fill(struct page_take_req *req)
{
    *req = (struct page_take_req){.control = control(), .space = fos_own_space()};
    req->pages = fos_page_ring_room(&ring, BATCH, &req->address);
    return req->pages;
}

static long batch_taken(long result, const struct page_take_rep *rep)
{
    uint64_t place;
    uint32_t room = fos_page_ring_room(&ring, BATCH, &place);

    if (result == -FOS_EEXIST) /* of a batch that came too late */
        range_unmap(fos_own_space(), place, place + room * FOS_PAGE_SIZE);
    if (result < 0)
        return result;
    if (rep->pages == 0 || rep->pages > room)
        return -FOS_EPROTO;
    fos_page_ring_put(&ring, rep->pages);
    batches++;
    return 0;
}

static uint32_t left(void)
{
    return fos_page_ring_count(&ring) - given;
}

/* G1 */
void pages_ahead(void)
{
    struct page_take_req req;

    if (batch.begun || left() >= LOW)
        return;
    for (unsigned n = 0; n < PROC_MEMBERS_MAX; n++) {
        unsigned slot = preferred(n);
        if (!members[slot].mailbox.id || !request_fill(&req))
            continue;
        batch.begun =
            page_take_start(&batch.call, &members[slot], &req, &batch.reply) == 0;
        return;
    }
}

/* Takes in the batch under way. */
static void batch_finish(void)
{
    if (!batch.begun)
        return;
    long result = fos_call_finish(&batch.call, fos_now_ns() + PATIENCE);
    if (result == -FOS_ETIMEDOUT)
        fos_call_cancel(&batch.call);
    batch.begun = false;
    batch_taken(result, &batch.reply);
}

static long batch_from(unsigned slot)
{
    struct page_take_req req;
    struct page_take_rep rep = {0};
    long result = -FOS_EAGAIN;

    for (int tries = 0; tries < 2; tries++) {
        if (!request_fill(&req))
            return -FOS_EAGAIN;
        result =
            page_take_call(&members[slot], &req, &rep, fos_now_ns() + PATIENCE);
        result = batch_taken(result, &rep);
        if (result != -FOS_EEXIST && (result != -FOS_EDQUOT || quota_more() < 0))
            break;
    }
    return result;
}

/* G5: one that is slow is asked again, one that is gone is not. */
static void answer_note(unsigned slot, long result)
{
    if (is_answer(result))
        silent = false;
    else if (result != -FOS_ETIMEDOUT)
        member_close(slot);
}

bool page_answered(unsigned slot, long result)
{
    answer_note(slot, result);
    return is_answer(result);
}

unsigned page_place(unsigned n)
{
    return preferred(n);
}

struct fos_peer *page_member(unsigned slot)
{
    return members[slot].mailbox.id ? &members[slot] : NULL;
}

bool page_known(unsigned slot)
{
    return known[slot];
}

/* Whether it makes sense to ask at once. */
bool pages_may_come(void)
{
    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++)
        if (members[slot].mailbox.id)
            return true;
    return false;
}

long pages_lack(void)
{
    return silent ? -FOS_EAGAIN : -FOS_ENOMEM;
}

uint32_t pages_first(uint32_t wanted, uint64_t *address)
{
    if (left() == 0)
        batch_finish();
    silent = left() == 0;
    for (unsigned n = 0; n < PROC_MEMBERS_MAX && left() == 0; n++)
        if (members[preferred(n)].mailbox.id)
            answer_note(preferred(n), batch_from(preferred(n)));
    *address = fos_page_ring_place(&ring, ring.taken + given);
    return fos_page_ring_run(&ring, ring.taken + given,
                             wanted < left() ? wanted : left());
}

uint32_t pages_ready(uint32_t wanted)
{
    if (left() < wanted)
        batch_finish();
    return left();
}

void pages_taken(uint32_t pages)
{
    given += pages;
    if (given >= GIVEN_MAX)
        pages_let_go();
}

/* One flush of translations for all of them. */
void pages_let_go(void)
{
    while (given) {
        uint64_t first = fos_page_ring_place(&ring, ring.taken);
        uint32_t pages = fos_page_ring_run(&ring, ring.taken, given);
        range_unmap(fos_own_space(), first, first + pages * FOS_PAGE_SIZE);
        fos_page_ring_take(&ring, pages);
        given -= pages;
    }
}

/* ---- quota ---- */

static struct page_grant_req grant(int64_t frames)
{
    return (struct page_grant_req){
        .control = control(), .space = fos_own_space(), .frames = frames};
}

long quota_more(void)
{
    long result = -FOS_ENOMEM;

    silent = true;
    for (unsigned n = 0; n < PROC_MEMBERS_MAX && result < 0; n++) {
        struct fos_peer *peer = page_member(preferred(n));
        struct page_grant_req req = grant(QUOTA_STEP);
        struct page_grant_rep rep;
        if (!peer)
            continue;
        result = page_grant_call(peer, &req, &rep, fos_now_ns() + PATIENCE);
        answer_note(preferred(n), result);
    }
    return result < 0 ? pages_lack() : 0;
}

/* G7: whether an answer is still to come. */
static bool is_giving(void)
{
    if (giving.begun)
        fos_call_finish(&giving.call, 0);
    giving.begun &= !giving.call.done;
    return giving.begun;
}

static void give_back(uint32_t frames)
{
    struct page_grant_req req = grant(-(int64_t)frames);

    for (unsigned n = 0; n < PROC_MEMBERS_MAX && !giving.begun; n++) {
        struct fos_peer *peer = page_member(preferred(n));
        if (peer)
            giving.begun =
                page_grant_start(&giving.call, peer, &req, &giving.reply) == 0;
    }
}

bool pages_due(void)
{
    return giving.begun || promise_due();
}

void quota_less(void)
{
    struct fos_space_info own;

    if (is_giving() || fos_sys_space_status(fos_own_space(), &own) < 0)
        return;
    uint32_t free = own.frames_quota - own.frames_used;
    if (own.frames_quota > own.frames_used && free > 3 * QUOTA_STEP)
        give_back(free - 2 * QUOTA_STEP);
}

/* ---- windows ---- */

uint64_t window_take(uint64_t pages)
{
    uint64_t end = windows_base + WINDOWS_PAGES * FOS_PAGE_SIZE;
    uint64_t at = layout_gap(&windows, pages, windows_base, end);

    if (!at || layout_reserve(&windows, 1))
        return 0;
    layout_insert(&windows, &(struct region){.start = at,
                                             .end = at + pages * FOS_PAGE_SIZE,
                                             .prot = FOS_PROT_READ});
    return at;
}

/* Where there is no memory to remember the gap by, the addresses stay taken. */
long window_give(uint64_t window, uint64_t pages)
{
    uint64_t end = window + pages * FOS_PAGE_SIZE;
    long held = range_unmap(fos_own_space(), window, end);
    uint32_t first, n;

    if (layout_reserve_cut(&windows, window, end, 0))
        return held;
    n = layout_cut(&windows, window, end, &first);
    layout_erase(&windows, first, n);
    return held;
}

uint64_t pages_kept(void)
{
    return windows.mapped;
}

uint32_t pages_cached(void)
{
    return left();
}

uint64_t pages_batches(void)
{
    return batches;
}
