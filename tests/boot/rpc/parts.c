/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include "../toy_later.h"

enum { CALLS_MAX = 512 };

/* ---- the service ---- */

FOS_SERVICE_TABLE(table, TOY_OPS)
static struct fos_service service = FOS_SERVICE(toy, table, .cancel = toy_cancel);

static void toy_add(const struct fos_caller *caller, const struct toy_add_req *req,
                    size_t length)
{
    struct toy_add_rep rep = {
        .sum = req->a + req->b,
        .served = fos_thread_self()->sleeper.published->calls_served - 1};

    (void)length;
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void toy_lie(const struct fos_caller *caller, const struct toy_lie_req *req,
                    size_t length)
{
    uint8_t rep[FOS_REPLY_MAX] = {0};

    (void)length;
    fos_answer(caller, 0, rep,
               (size_t)((int64_t)sizeof(struct toy_lie_rep) + req->extra));
}

int part_server(uint64_t a, uint64_t b)
{
    struct fos_cap own = fos_own_space();

    (void)b;
    CHILD_EQUAL(fos_service_open(&service, (uint32_t)a), 0);
    family_report(&service.mailbox);
    CHILD_EQUAL(fos_post(fos_start_extra(0), &own, sizeof own, family_deadline()),
                0);
    for (;;)
        fos_service_run(&service, FOS_NEVER);
}

/* ---- clients ---- */

int part_flood(uint64_t a, uint64_t b)
{
    static struct fos_peer to[1 + FLOOD_CHANNELS]; /* the first by the kernel */
    struct toy_add_req req = {.head.tag = FOS_TAG(toy, add)};
    uint64_t first = a == FLOOD_CHANNEL, end = a == FLOOD_CHANNEL ? 2
                                               : a == FLOOD_ALL ? 1 + FLOOD_CHANNELS
                                                                : 1;
    struct fos_mailbox deaf;

    (void)b;
    for (uint64_t i = first; i < end; i++)
        CHILD_EQUAL(fos_peer_open(&to[i], fos_start_extra(1),
                                  i ? FOS_TRANSPORT_CHANNEL : FOS_TRANSPORT_KERNEL),
                    0);
    if (a == FLOOD_DEAF) {
        CHILD_EQUAL(fos_mailbox_create(&deaf, 64), 0);
        req.head.reply = deaf.cap;
    }
    for (uint64_t i = first;; i = i + 1 < end ? i + 1 : first) {
        int error = fos_msg_try_send(&to[i], &req, sizeof req);
        CHILD_CHECK(error == 0 || error == -FOS_EAGAIN);
    }
}

static int order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* How many were served until now. */
static uint64_t served_now(void)
{
    struct fos_space_info info = {0};

    CHILD_EQUAL(fos_sys_space_status(fos_start_extra(2), &info), 0);
    return info.published.calls_served;
}

/* One call; how many were served between its arrival and its turn.  The count is taken
 * when it has arrived for certain: it may be too small, not too large. */
static uint64_t polite_call(struct fos_peer *to, uint64_t i)
{
    struct toy_add_req req = {.a = i, .b = fos_pid()};
    struct toy_add_rep rep;
    struct fos_call call;
    uint64_t before;

    req.head.tag = FOS_TAG(toy, add);
    CHILD_EQUAL(fos_call_send(&call, to, &req, sizeof req, &rep, sizeof rep,
                              family_deadline()),
                0);
    before = served_now();
    CHILD_EQUAL(fos_call_finish(&call, family_deadline()), 0);
    CHILD_EQUAL(rep.sum, i + fos_pid());
    return rep.served > before ? rep.served - before : 0;
}

int part_polite(uint64_t a, uint64_t b)
{
    static uint64_t took[CALLS_MAX];
    struct polite_tally tally = {.pid = fos_pid(), .calls = a};
    struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;
    struct fos_peer to;

    CHILD_CHECK(a > 0 && a <= CALLS_MAX);
    CHILD_EQUAL(fos_peer_open(&to, fos_start_extra(1), (enum fos_transport)b), 0);
    for (uint64_t i = 0; i < a; i++) {
        uint64_t begin = fos_sleeper_now(sleeper), ahead = polite_call(&to, i);
        took[i] = fos_sleeper_now(sleeper) - begin;
        tally.most_ahead = ahead > tally.most_ahead ? ahead : tally.most_ahead;
    }
    qsort(took, a, sizeof *took, order);
    tally.median_ns = took[a / 2];
    tally.longest_ns = took[a - 1];
    CHILD_EQUAL(
        fos_post(fos_start_extra(0), &tally, sizeof tally, family_deadline()), 0);
    fos_peer_close(&to);
    return 0;
}

int part_dying(uint64_t a, uint64_t b)
{
    static struct fos_call calls[TOY_WAITING_MAX];
    static struct toy_later_rep reps[TOY_WAITING_MAX];
    struct toy_later_req req = {.count = UINT64_MAX};
    struct fos_peer to;

    (void)b;
    CHILD_CHECK(a <= TOY_WAITING_MAX);
    CHILD_EQUAL(fos_peer_open(&to, fos_start_extra(1), FOS_TRANSPORT_AUTO), 0);
    for (uint64_t i = 0; i < a; i++)
        CHILD_EQUAL(toy_later_start(&calls[i], &to, &req, &reps[i]), 0);
    return 0;
}
