/* SPDX-License-Identifier: MIT */
#include "parts.h"

enum { SERVER_SLOTS = 1024, WAITING_MAX = 128, CALLS_MAX = 512 };

/* ---- the service ---- */

static struct {
    struct fos_caller caller;
    uint64_t value;
} waiting[WAITING_MAX];
static size_t waiting_count;

static void call_cancelled(const struct fos_caller *caller)
{
    size_t kept = 0;

    for (size_t i = 0; i < waiting_count; i++)
        if (!fos_caller_same(&waiting[i].caller, caller))
            waiting[kept++] = waiting[i];
    waiting_count = kept;
}

FOS_SERVICE_TABLE(table, TOY_OPS)
static struct fos_service service =
    FOS_SERVICE(toy, table, .cancel = call_cancelled);

static void toy_add(const struct fos_caller *caller, const struct toy_add_req *req,
                    size_t length)
{
    struct toy_add_rep rep = {.sum = req->a + req->b};

    (void)length;
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void toy_fail(const struct fos_caller *caller,
                     const struct toy_fail_req *req, size_t length)
{
    (void)length;
    fos_answer(caller, req->error, NULL, 0);
}

static void toy_later(const struct fos_caller *caller,
                      const struct toy_later_req *req, size_t length)
{
    (void)length;
    if (waiting_count == WAITING_MAX) {
        fos_answer(caller, -FOS_EBUSY, NULL, 0);
        return;
    }
    waiting[waiting_count].caller = *caller;
    waiting[waiting_count++].value = req->value;
    if (waiting_count < req->count)
        return;
    while (waiting_count) {
        struct toy_later_rep rep = {.value = waiting[--waiting_count].value};
        fos_answer(&waiting[waiting_count].caller, 0, &rep, sizeof rep);
    }
}

static void toy_text(const struct fos_caller *caller,
                     const struct toy_text_req *req, size_t length)
{
    struct toy_text_rep rep = {.length = length - sizeof *req};

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

static void toy_bulk(const struct fos_caller *caller,
                     const struct toy_bulk_req *req, size_t length)
{
    struct toy_bulk_rep rep;

    (void)length;
    memset(rep.bytes, (int)req->fill, sizeof rep.bytes);
    fos_answer(caller, 0, &rep, sizeof rep);
}

int part_server(uint64_t a, uint64_t b)
{
    struct fos_cap own = fos_own_space();

    (void)a, (void)b;
    CHILD_EQUAL(fos_service_open(&service, SERVER_SLOTS), 0);
    family_report(&service.mailbox);
    CHILD_EQUAL(fos_post(fos_start_extra(0), &own, sizeof own, family_deadline()),
                0);
    for (;;)
        fos_service_run(&service, FOS_NEVER);
}

/* ---- clients ---- */

int part_flood(uint64_t a, uint64_t b)
{
    struct toy_add_req req = {.head.tag = FOS_TAG(toy, add)};
    struct fos_mailbox deaf;
    struct fos_peer to;

    (void)b;
    CHILD_EQUAL(fos_peer_open(&to, fos_start_extra(1),
                              a == FLOOD_CHANNEL ? FOS_TRANSPORT_CHANNEL
                                                 : FOS_TRANSPORT_KERNEL),
                0);
    if (a == FLOOD_DEAF) {
        CHILD_EQUAL(fos_mailbox_create(&deaf, 64), 0);
        req.head.reply = deaf.cap;
    }
    for (;;) {
        int error = fos_msg_try_send(&to, &req, sizeof req);
        CHILD_CHECK(error == 0 || error == -FOS_EAGAIN);
    }
}

static int order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

int part_polite(uint64_t a, uint64_t b)
{
    static uint64_t took[CALLS_MAX];
    struct polite_tally tally = {.pid = fos_pid(), .calls = a};
    struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;
    struct fos_peer to;

    (void)b;
    CHILD_CHECK(a > 0 && a <= CALLS_MAX);
    CHILD_EQUAL(fos_peer_open(&to, fos_start_extra(1), FOS_TRANSPORT_AUTO), 0);
    for (uint64_t i = 0; i < a; i++) {
        struct toy_add_req req = {.a = i, .b = fos_pid()};
        struct toy_add_rep rep;
        uint64_t begin = fos_sleeper_now(sleeper);
        CHILD_EQUAL(toy_add_call(&to, &req, &rep, family_deadline()), 0);
        CHILD_EQUAL(rep.sum, i + fos_pid());
        took[i] = fos_sleeper_now(sleeper) - begin;
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
    static struct fos_call calls[WAITING_MAX];
    static struct toy_later_rep reps[WAITING_MAX];
    struct toy_later_req req = {.count = UINT64_MAX};
    struct fos_peer to;

    (void)b;
    CHILD_CHECK(a <= WAITING_MAX);
    CHILD_EQUAL(fos_peer_open(&to, fos_start_extra(1), FOS_TRANSPORT_AUTO), 0);
    for (uint64_t i = 0; i < a; i++)
        CHILD_EQUAL(toy_later_start(&calls[i], &to, &req, &reps[i]), 0);
    return 0;
}
