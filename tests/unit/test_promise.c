/* SPDX-License-Identifier: MIT */
/*
 * What a member of the memory fleet holds of the page fleet's account, and what it does
 * while members of that one are silent, gone, or others.  The page members are played
 * here, with the account they keep (fleets/page/promises.c).
 */
#include <fos/call.h>

/* The two files see this one instead of the inline one. */
static long played_call(struct fos_peer *to, void *request, uint32_t length,
                        void *reply, uint32_t capacity, uint64_t deadline);
#define fos_call(...)           played_call(__VA_ARGS__)
#define fos_msg_send_until(...) played_send(__VA_ARGS__)
static int played_send(struct fos_peer *to, const void *request, uint32_t length,
                       uint64_t deadline);
#include "fleets/mem/pages.c"
#undef FOS_CLIENT_CALLS
#define FOS_CLIENT_CALLS(service, OPS)
#include "fleets/mem/promise.c"
#undef fos_call
#undef fos_msg_send_until

#include "fleets/page/promises.h"
#include "unit.h"

enum { LIMIT = 10000, MAILBOX = 100, OWN_SLOT = 1 };

/* ---- page members ---- */

static struct {
    struct promises account;
    bool silent, full; /* it answers nothing; its mailbox takes nothing */
    uint64_t grants;
} player[PROC_MEMBERS_MAX];

static struct fos_start start_page;
struct fos_start *fos_start_page = &start_page;
static uint64_t waited; /* nanoseconds that calls have waited */
static uint32_t quota_left;

static unsigned slot_of(const struct fos_peer *to)
{
    REQUIRE(to->mailbox.id >= MAILBOX && to->mailbox.id % MAILBOX < 4);
    return (unsigned)(to->mailbox.id % MAILBOX);
}

static uint64_t take_in(unsigned slot, const struct page_promise_req *req)
{
    CHECK_EQ(req->holder, OWN_SLOT);
    return promises_change(&player[slot].account, req->holder, req->held,
                           req->wanted);
}

static long played_call(struct fos_peer *to, void *request, uint32_t length,
                        void *reply, uint32_t capacity, uint64_t deadline)
{
    struct page_promise_rep *rep = reply;

    REQUIRE(length == sizeof(struct page_promise_req) && capacity == sizeof *rep);
    if (player[slot_of(to)].silent || player[slot_of(to)].full) {
        waited += deadline;
        return -FOS_ETIMEDOUT;
    }
    rep->held = take_in(slot_of(to), request);
    return 0;
}

static int played_send(struct fos_peer *to, const void *request, uint32_t length,
                       uint64_t deadline)
{
    REQUIRE(length == sizeof(struct page_promise_req));
    waited += deadline;
    if (player[slot_of(to)].full)
        return -FOS_EAGAIN;
    take_in(slot_of(to), request);
    return 0;
}

long fos_call_start(struct fos_call *call, struct fos_peer *to, void *request,
                    uint32_t length, void *reply, uint32_t capacity)
{
    const struct page_grant_req *req = request;

    (void)capacity;
    REQUIRE(length == sizeof *req);
    *call = (struct fos_call){.to = to, .reply = reply};
    player[slot_of(to)].grants++;
    if (!player[slot_of(to)].silent)
        quota_left += (uint32_t)req->frames;
    return 0;
}

long fos_call_finish(struct fos_call *call, uint64_t deadline)
{
    waited += deadline;
    call->done = !player[slot_of(call->to)].silent;
    return call->done ? 0 : -FOS_ETIMEDOUT;
}

void fos_call_cancel(struct fos_call *call)
{
    call->done = true;
}

int fos_peer_open(struct fos_peer *peer, struct fos_cap mailbox,
                  enum fos_transport transport)
{
    (void)transport;
    *peer = (struct fos_peer){.mailbox = mailbox};
    return 0;
}

void fos_peer_close(struct fos_peer *peer)
{
    (void)peer;
}

uint64_t fos_now_ns(void)
{
    return 0;
}

void *fos_pages_reserve(uint64_t pages)
{
    (void)pages;
    return (void *)(1ull << 40);
}

long fos_sys_space_status(struct fos_cap space, struct fos_space_info *info)
{
    (void)space;
    *info = (struct fos_space_info){.frames_quota = quota_left};
    return 0;
}

long range_unmap(struct fos_cap space, uint64_t start, uint64_t end)
{
    (void)space;
    return (long)((end - start) / FOS_PAGE_SIZE);
}

/* ---- scenes ---- */

static uint64_t generation;

/* A page member begins in each place of the set, as bits; in the others there is none. */
static void members_are(unsigned set)
{
    struct fos_cap mailboxes[PROC_MEMBERS_MAX] = {0};

    generation++;
    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++) {
        memset(&player[slot], 0, sizeof player[slot]);
        player[slot].account.limit = LIMIT;
        if (set >> slot & 1)
            mailboxes[slot].id = generation * MAILBOX + slot;
    }
    pages_members(mailboxes, PROC_MEMBERS_MAX);
    waited = 0;
}

static void scene(unsigned set)
{
    memset(known, 0, sizeof known);
    memset(held, 0, sizeof held);
    memset(unsaid, 0, sizeof unsaid);
    memset(members, 0, sizeof members);
    memset(&giving, 0, sizeof giving);
    credit = 0;
    REQUIRE(pages_open(OWN_SLOT) == 0);
    members_are(set);
}

static uint64_t accounts(void)
{
    uint64_t sum = 0;

    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++)
        sum += promises_sum(&player[slot].account);
    return sum;
}

CASE("what is promised while no page member is there, the next one is told all of")
{
    scene(1); /* in place 0; this member's own is 1 */
    CHECK(promise_may(0, 1000, false));
    members_are(0);
    CHECK(promise_may(1000, 3000, false));
    CHECK(promise_may(4000, 500, false));
    members_are(1);
    CHECK(accounts() >= 4500);
    CHECK_EQ(accounts(), credit);
    promise_less(0);
    CHECK_EQ(accounts(), credit);
    CHECK(credit <= STEP);
    CHECK(promise_may(0, LIMIT, false));
    CHECK(!promise_may(LIMIT, 1, false));
}

CASE("before there ever was a page member nothing is promised")
{
    scene(0);
    CHECK(!promise_may(0, 1, false));
    CHECK_EQ(credit, 0);
    members_are(4);
    CHECK(promise_may(0, 1, false));
}

CASE("nobody waits for a silent page member to give promises back")
{
    scene(3);
    CHECK(promise_may(0, 15000, false));
    player[0].silent = player[1].silent = true;
    promise_less(4000);
    CHECK_EQ(waited, 0);
    CHECK_EQ(credit, 4000 + STEP);
    CHECK_EQ(accounts(), credit);
}

CASE("what a full mailbox did not take is said again, and again not waited for")
{
    scene(2);
    CHECK(promise_may(0, 9000, false));
    player[1].full = true;
    promise_less(1000);
    promise_less(1000);
    CHECK_EQ(waited, 0);
    CHECK(accounts() >= 9000);
    CHECK(pages_due()); /* the member looks again though nobody asks */
    player[1].full = false;
    promise_less(1000);
    CHECK(!pages_due());
    CHECK_EQ(accounts(), credit);
    CHECK_EQ(credit, 1000 + STEP);
    player[1].full = true;
    promise_less(0);
    player[1].full = false;
    CHECK(promise_may(0, 2000, false)); /* or by the next request */
    CHECK_EQ(accounts(), credit);
}

CASE("an answer that came too late counts for nothing, at the page member neither")
{
    scene(2);
    CHECK(promise_may(0, 1000, false));
    player[1].silent = true;
    CHECK(promise_may(1000, 2000, false)); /* on its own */
    CHECK(waited > 0);
    take_in(1, &(struct page_promise_req){.holder = OWN_SLOT, .wanted = 9000});
    waited = 0;
    promise_less(3000);
    CHECK_EQ(waited, 0);
    CHECK_EQ(accounts(), credit);
}

CASE("quota goes back by one request at a time, which nobody waits for")
{
    scene(2);
    quota_left = 1000;
    player[1].silent = true;
    for (int i = 0; i < 5; i++)
        quota_less();
    CHECK_EQ(waited, 0);
    CHECK_EQ(player[1].grants, 1);
    CHECK(pages_due());
    members_are(2); /* it is replaced */
    quota_less();
    CHECK_EQ(player[1].grants, 1);
    CHECK_EQ(quota_left, 2 * QUOTA_STEP);
    quota_left = 1000;
    quota_less();
    CHECK_EQ(player[1].grants, 2);
    quota_less();
    CHECK(!pages_due());
    CHECK_EQ(waited, 0);
}

CASE("the reserve is for who is near, and what he had of it comes back to it")
{
    scene(2);
    promise_reserve(1000);
    CHECK(promise_may(0, 0, false));
    CHECK(credit >= 1000);
    CHECK(!promise_may(0, LIMIT - 999, false));
    CHECK(promise_may(0, LIMIT - 1000, false));
    CHECK(promise_may(LIMIT - 1000, 600, true));
    CHECK(!promise_may(LIMIT - 400, 1, false));
    CHECK(!promise_may(LIMIT - 400, 401, true));
    promise_less(LIMIT - 1000); /* the 600 have ended */
    CHECK(!promise_may(LIMIT - 1000, 1, false));
    CHECK(promise_may(LIMIT - 1000, 1000, true));
    promise_less(0);
    CHECK_EQ(credit, 1000 + STEP);
    CHECK_EQ(accounts(), credit);
    promise_reserve(0);
}
