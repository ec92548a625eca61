/* SPDX-License-Identifier: MIT */
/* Calls and services, between threads of this program; and clients and servers that
 * break the rules. */
#include <fos/call.h>

#include <pthread.h>
#include <unistd.h>

#include "tests/bench/host.h"
#include "tests/boot/toy_later.h"
#include "unit.h"

FOS_CLIENT_CALLS(toy, TOY_OPS)
FOS_CLIENT_CALLS(fleet, FLEET_OPS)

enum { MILLISECOND = 1000000 };

/* ---- the service, in a thread of its own ---- */

static _Atomic uint32_t answers_gone, answers_refused;
FOS_SERVICE_TABLE(table, TOY_OPS)
static struct fos_service service;
static pthread_t server;
static _Atomic bool server_up, server_stop;

static void toy_add(const struct fos_caller *caller, const struct toy_add_req *req,
                    size_t length)
{
    struct toy_add_rep rep = {.sum = req->a + req->b};
    long error = fos_answer(caller, 3, &rep, sizeof rep);

    CHECK_EQ(length, sizeof *req);
    answers_gone += error == -FOS_EPERM;
    answers_refused += error == -FOS_EAGAIN;
}

static void toy_lie(const struct fos_caller *caller, const struct toy_lie_req *req,
                    size_t length)
{
    uint8_t rep[FOS_REPLY_MAX + 1000] = {0};

    (void)length;
    fos_answer(caller, 0, rep,
               (size_t)((int64_t)sizeof(struct toy_lie_rep) + req->extra));
}

static uint64_t soon(uint64_t milliseconds)
{
    return fos_sleeper_now(&fos_thread_self()->sleeper) +
           milliseconds * MILLISECOND;
}

static void *serve(void *argument)
{
    (void)argument;
    host_thread_begin();
    REQUIRE(fos_service_open(&service, 1024) == 0);
    server_up = true;
    while (!server_stop)
        fos_service_run(&service, soon(5));
    fos_mailbox_close(&service.mailbox);
    host_thread_end();
    return NULL;
}

static void server_end(void)
{
    server_stop = true;
    pthread_join(server, NULL);
}

/* A fresh service, and a client in this thread with a way to it. */
static struct fos_peer peer;

static void begin(void)
{
    static bool once;

    if (!once)
        host_init();
    once = true;
    host_thread_begin();
    service = (struct fos_service)FOS_SERVICE(toy, table, .cancel = toy_cancel);
    toy_waiting_count = 0;
    toy_cancelled = 0;
    answers_gone = 0;
    answers_refused = 0;
    server_up = server_stop = false;
    REQUIRE(pthread_create(&server, NULL, serve, NULL) == 0);
    while (!server_up)
        usleep(100);
    REQUIRE(fos_peer_open(&peer, service.mailbox.cap, FOS_TRANSPORT_AUTO) == 0);
}

static long add(uint64_t a, uint64_t b, uint64_t *sum)
{
    struct toy_add_req req = {.a = a, .b = b};
    struct toy_add_rep rep;
    long result = toy_add_call(&peer, &req, &rep, soon(5000));

    *sum = rep.sum;
    return result;
}

static void adds_work(void)
{
    uint64_t sum = 0;

    CHECK_EQ(add(40, 2, &sum), 3);
    CHECK_EQ(sum, 42);
}

static struct fos_client *client(void)
{
    return fos_thread_self()->client;
}

/* ---- honest ---- */

CASE("rpc: calls give results and errors, and small ones fit a packet")
{
    struct toy_fail_req req = {.error = -FOS_ENOSPC};
    struct toy_fail_rep rep;
    uint64_t sum = 0;

    begin();
    _Static_assert(sizeof(struct toy_add_req) <= FOS_PACKET_PAYLOAD, "a packet");
    for (uint64_t i = 0; i < 2000; i++)
        if (!CHECK_EQ(add(i, 2 * i, &sum), 3) || !CHECK_EQ(sum, 3 * i))
            break;
    CHECK_EQ(toy_fail_call(&peer, &req, &rep, soon(5000)), -FOS_ENOSPC);
    CHECK_EQ(client()->outstanding, 0);
    CHECK_EQ(client()->room, FOS_CALL_ROOM);
    CHECK_EQ(client()->stats.strays, 0);
    CHECK_EQ(fos_thread_self()->sleeper.published->calls_made, 2001);
    server_end();
}

CASE("rpc: 64 calls outstanding, answered in reverse, each gets its own reply")
{
    enum { N = 64 };
    struct fos_call calls[N];
    struct toy_later_req req = {.count = N};
    struct toy_later_rep reps[N] = {0};

    begin();
    for (int round = 0; round < 20; round++) {
        for (uint64_t i = 0; i < N; i++) {
            req.value = 1000 + i;
            if (!CHECK_EQ(toy_later_start(&calls[i], &peer, &req, &reps[i]), 0))
                break;
        }
        for (uint64_t i = 0; i < N; i++) {
            size_t k = round % 2 ? i : N - 1 - i;
            CHECK_EQ(fos_call_finish(&calls[k], soon(5000)), 0);
            CHECK_EQ(reps[k].value, 1000 + k);
        }
    }
    CHECK_EQ(client()->outstanding, 0);
    CHECK_EQ(client()->room, FOS_CALL_ROOM);
    server_end();
}

CASE("rpc: a call made while others are outstanding passes them")
{
    struct fos_call slow;
    struct toy_later_req req = {.count = 2, .value = 7};
    struct toy_later_rep rep, last;

    begin();
    CHECK_EQ(toy_later_start(&slow, &peer, &req, &rep), 0);
    adds_work();
    CHECK_EQ(toy_later_call(&peer, &req, &last, soon(5000)), 0);
    CHECK_EQ(fos_call_finish(&slow, soon(5000)), 0);
    CHECK_EQ(rep.value, 7);
    server_end();
}

CASE("rpc: replies that would not find room are not asked for")
{
    struct fos_call calls[8];
    static struct toy_bulk_rep reps[8];
    struct toy_bulk_req req;
    long error = 0;
    size_t n = 0;

    begin();
    for (; n < 8 && !error; n++) {
        req.fill = n;
        error = toy_bulk_start(&calls[n], &peer, &req, &reps[n]);
    }
    CHECK_EQ(error, -FOS_EAGAIN);
    n--;
    CHECK_EQ(n, FOS_CALL_ROOM / fos_packets_for(sizeof *reps));
    for (size_t i = 0; i < n; i++) {
        CHECK_EQ(fos_call_finish(&calls[i], soon(5000)), 0);
        CHECK_EQ(reps[i].bytes[TOY_LONG - 1], i);
    }
    CHECK_EQ(toy_bulk_start(&calls[0], &peer, &req, &reps[0]), 0);
    CHECK_EQ(fos_call_finish(&calls[0], soon(5000)), 0);
    server_end();
}

CASE("rpc: text behind a request arrives, up to its limit")
{
    struct {
        struct toy_text_req req;
        uint8_t text[TOY_TEXT_MAX + 1];
    } message = {.text = {0}};
    struct toy_text_rep rep;

    begin();
    memset(message.text, 2, sizeof message.text);
    for (uint32_t n = 0; n <= TOY_TEXT_MAX + 1; n++) {
        message.req.head.tag = FOS_TAG(toy, text);
        long result = fos_call(&peer, &message, sizeof message.req + n, &rep,
                               sizeof rep, soon(5000));
        CHECK_EQ(result, n <= TOY_TEXT_MAX ? 0 : -FOS_EINVAL);
        if (result == 0)
            CHECK(rep.length == n && rep.sum == 2 * n);
    }
    server_end();
}

CASE("rpc: every service answers ping and stats, and stops for its owner only")
{
    struct fleet_ping_req ping;
    struct fleet_ping_rep pong;
    struct fleet_stats_req req;
    struct fleet_stats_rep rep;
    struct fleet_stop_req stop = {.self = {77, 79}};
    struct fleet_stop_rep stopped;
    uint64_t sum;

    begin();
    for (int i = 0; i < 100; i++)
        add(1, 1, &sum);
    CHECK_EQ(fleet_ping_call(&peer, &ping, &pong, soon(5000)), 0);
    CHECK_EQ(fleet_stats_call(&peer, &req, &rep, soon(5000)), 0);
    CHECK_EQ(rep.load.served, 102);
    CHECK(rep.load.latency_ns > 0);
    CHECK_EQ(rep.pid, 5);
    CHECK_EQ(fleet_stop_call(&peer, &stop, &stopped, soon(5000)), -FOS_EPERM);
    adds_work();
    server_end();
}

/* ---- deadlines, cancelling ---- */

CASE("rpc: a call past its deadline is cancelled; its late reply is nobody's")
{
    struct toy_later_req req = {.count = 2};
    struct toy_later_rep rep;

    begin();
    adds_work();
    CHECK_EQ(toy_later_call(&peer, &req, &rep, soon(30)), -FOS_ETIMEDOUT);
    adds_work(); /* the server has passed the cancel message */
    CHECK_EQ(toy_cancelled, 1);
    CHECK_EQ(toy_waiting_count, 0);
    CHECK_EQ(client()->stats.cancelled, 1);
    CHECK_EQ(client()->outstanding, 0);
    server_end();
}

CASE("rpc: a call may be finished again after a deadline, or cancelled")
{
    struct fos_call call, other;
    struct toy_later_req req = {.count = 2, .value = 5};
    struct toy_later_rep rep, rep2;

    begin();
    CHECK_EQ(toy_later_start(&call, &peer, &req, &rep), 0);
    CHECK_EQ(fos_call_finish(&call, 0), -FOS_ETIMEDOUT);
    CHECK_EQ(fos_call_finish(&call, soon(10)), -FOS_ETIMEDOUT);
    CHECK_EQ(toy_later_call(&peer, &req, &rep2, soon(5000)), 0);
    CHECK_EQ(fos_call_finish(&call, soon(5000)), 0);
    CHECK_EQ(rep.value, 5);
    CHECK_EQ(toy_later_start(&other, &peer, &req, &rep), 0);
    fos_call_cancel(&other);
    CHECK_EQ(fos_call_finish(&other, soon(5000)), -FOS_ECANCELED);
    fos_call_cancel(&other);
    adds_work();
    CHECK_EQ(toy_cancelled, 1);
    server_end();
}

CASE("rpc: nobody cancels another's call")
{
    struct fos_call call;
    struct toy_later_req req = {.count = 2, .value = 9};
    struct toy_later_rep rep, rep2;
    struct fos_request cancel;

    begin();
    CHECK_EQ(toy_later_start(&call, &peer, &req, &rep), 0);
    cancel = req.head;
    cancel.tag = (cancel.tag & ~FOS_TAG_OP_MASK) | FOS_OP_CANCEL;
    cancel.reply.secret ^= 1;
    fos_msg_send(&peer, &cancel, sizeof cancel);
    cancel.reply.secret ^= 1;
    cancel.tag += FOS_TAG_ID_ONE;
    fos_msg_send(&peer, &cancel, sizeof cancel);
    CHECK_EQ(toy_later_call(&peer, &req, &rep2, soon(5000)), 0);
    CHECK_EQ(fos_call_finish(&call, soon(5000)), 0);
    CHECK_EQ(toy_cancelled, 0);
    server_end();
}

/* ---- servers that lie, and those who pretend to be one ---- */

CASE("rpc: a reply of another size is refused and counted")
{
    struct toy_lie_req req;
    struct toy_lie_rep rep;
    static const int extras[] = {-8, -1, 1, 8, 1000, FOS_REPLY_MAX - 24};

    begin();
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
        req.extra = extras[i];
        CHECK_EQ(toy_lie_call(&peer, &req, &rep, soon(5000)), -FOS_EPROTO);
    }
    req.extra = FOS_REPLY_MAX; /* longer than any reply may be: a stray */
    CHECK_EQ(toy_lie_call(&peer, &req, &rep, soon(50)), -FOS_ETIMEDOUT);
    CHECK_EQ(client()->stats.strays, 1);
    CHECK_EQ(client()->stats.wrong_size, sizeof extras / sizeof *extras);
    adds_work();
    server_end();
}

CASE("rpc: forged replies, also with ids near one's own, are dropped and counted")
{
    struct fos_call call;
    struct toy_later_req req = {.count = 2, .value = 9};
    struct toy_later_rep rep, forged = {.value = 666}, rep2;
    struct toy_add_req add_req = {.a = 1};
    struct toy_add_rep add_rep;
    struct fos_peer to_self, other;
    uint64_t seed = unit_setting("SEED", 1);

    begin();
    adds_work();
    CHECK_EQ(toy_later_start(&call, &peer, &req, &rep), 0);
    /* What another server, called by another peer, may know. */
    CHECK_EQ(fos_peer_open(&other, service.mailbox.cap, FOS_TRANSPORT_AUTO), 0);
    CHECK_EQ(toy_add_call(&other, &add_req, &add_rep, soon(5000)), 3);
    CHECK_EQ(fos_peer_open(&to_self, fos_call_mailbox(), FOS_TRANSPORT_KERNEL), 0);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t id = i < 500 ? other.call_id + (i - 250) * FOS_TAG_ID_ONE
                              : unit_random(&seed) & ~FOS_TAG_OP_MASK;
        forged.head.tag = FOS_TAG(toy, later) | id;
        CHECK_EQ(fos_msg_try_send(&to_self, &forged, i % sizeof forged), 0);
        CHECK_EQ(fos_msg_try_send(&to_self, &forged, sizeof forged), 0);
        if (i % 50 == 49)
            CHECK_EQ(fos_call_finish(&call, 0), -FOS_ETIMEDOUT);
    }
    CHECK_EQ(client()->stats.strays, 2000);
    CHECK_EQ(toy_later_call(&peer, &req, &rep2, soon(5000)), 0);
    CHECK_EQ(fos_call_finish(&call, soon(5000)), 0);
    CHECK_EQ(rep.value, 9);
    server_end();
}

CASE("rpc: a server that is gone is noticed, before the call and while it waits")
{
    struct fos_call call;
    struct toy_later_req req = {.count = 2};
    struct toy_later_rep rep;
    uint64_t until;

    begin();
    CHECK_EQ(toy_later_start(&call, &peer, &req, &rep), 0);
    CHECK_EQ(fos_call_finish(&call, soon(10)), -FOS_ETIMEDOUT);
    server_end();
    until = soon(30000);
    CHECK_EQ(fos_call_finish(&call, until), -FOS_EPERM);
    CHECK(soon(0) < until - 10000ull * MILLISECOND);
    long result = toy_later_call(&peer, &req, &rep, soon(30000));
    CHECK(result == -FOS_EPERM || result == -FOS_EPIPE);
    CHECK_EQ(client()->outstanding, 0);
}

/* ---- clients that lie, or die ---- */

CASE("rpc: a wrong op, version or size is answered with its error and counted")
{
    struct toy_add_req req;
    struct toy_add_rep rep;
    static const struct {
        uint64_t tag;
        uint32_t length;
        long error;
    } wrong[] = {
        {FOS_TAG(toy, add), sizeof req - 1, -FOS_EINVAL},
        {FOS_TAG(toy, add), sizeof req + 1, -FOS_EINVAL},
        {FOS_TAG(toy, add), sizeof req.head, -FOS_EINVAL},
        {FOS_TAG(toy, add) + (1 << FOS_TAG_VERSION_SHIFT), sizeof req, -FOS_EPROTO},
        {FOS_TAG(fleet, ping) + (1 << FOS_TAG_VERSION_SHIFT), 24, -FOS_EPROTO},
        {toy_version << FOS_TAG_VERSION_SHIFT | 0, sizeof req, -FOS_ENOSYS},
        {toy_version << FOS_TAG_VERSION_SHIFT | 4, sizeof req, -FOS_ENOSYS},
        {toy_version << FOS_TAG_VERSION_SHIFT | 8, sizeof req, -FOS_ENOSYS},
        {toy_version << FOS_TAG_VERSION_SHIFT | 239, sizeof req, -FOS_ENOSYS},
        {fleet_version << FOS_TAG_VERSION_SHIFT | 245, 24, -FOS_ENOSYS},
        {fleet_version << FOS_TAG_VERSION_SHIFT | 254, 24, -FOS_ENOSYS},
    };

    begin();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t bytes[sizeof req + 8] = {0};
        memcpy(bytes, &wrong[i].tag, sizeof wrong[i].tag);
        CHECK_EQ(
            fos_call(&peer, bytes, wrong[i].length, &rep, sizeof rep, soon(5000)),
            wrong[i].error);
    }
    adds_work();
    server_end();
    CHECK_EQ(service.troubles.wrong_size, 3);
    CHECK_EQ(service.troubles.wrong_version, 2);
    CHECK_EQ(service.troubles.wrong_op, 6);
}

CASE("rpc: messages that are no requests are counted and nothing else")
{
    static uint8_t junk[5000];

    begin();
    for (uint32_t n = 0; n < sizeof(struct fos_request); n++)
        fos_msg_send(&peer, junk, n);
    fos_msg_send(&peer, junk, sizeof junk);
    adds_work();
    server_end();
    CHECK_EQ(service.troubles.malformed, sizeof(struct fos_request) + 1);
}

CASE("rpc: random requests do no harm")
{
    uint64_t seed = unit_setting("SEED", 1);
    uint64_t bytes[40];

    begin();
    for (int i = 0; i < 20000; i++) {
        for (size_t k = 0; k < sizeof bytes / sizeof *bytes; k++)
            bytes[k] = unit_random(&seed);
        bytes[0] =
            (bytes[0] & ~0xffffull) | toy_version << 8 | (bytes[0] >> 32) % 10;
        if (i % 3 == 0)
            bytes[1] = bytes[2] = 0;
        fos_msg_send(&peer, bytes, (uint32_t)(unit_random(&seed) % sizeof bytes));
    }
    adds_work();
    server_end();
}

static void *die_while_calling(void *argument)
{
    struct fos_call calls[8];
    struct toy_later_req req = {.count = TOY_WAITING_MAX};
    static struct toy_later_rep reps[8];
    struct toy_add_req add = {.a = 1, .b = 2};
    struct toy_add_rep sum;
    struct fos_peer to;

    host_thread_begin();
    REQUIRE(fos_peer_open(&to, service.mailbox.cap, FOS_TRANSPORT_AUTO) == 0);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(toy_later_start(&calls[i], &to, &req, &reps[i]), 0);
    /* Whose reply says that those before it, by whatever way, are there too. */
    CHECK_EQ(toy_add_call(&to, &add, &sum, soon(5000)), 3);
    fos_mailbox_close(&fos_client_self()->mailbox);
    host_thread_end();
    *(bool *)argument = true;
    return NULL;
}

CASE("rpc: a client that dies with calls outstanding costs the service nothing")
{
    struct toy_later_req req = {.count = 9, .value = 1};
    struct toy_later_rep rep;
    pthread_t dying;
    bool dead = false;

    begin();
    REQUIRE(pthread_create(&dying, NULL, die_while_calling, &dead) == 0);
    pthread_join(dying, NULL);
    CHECK(dead);
    CHECK_EQ(toy_later_call(&peer, &req, &rep, soon(5000)), 0);
    adds_work();
    server_end();
    CHECK_EQ(service.troubles.gone, 8);
}

CASE("rpc: a client that does not read its replies delays no one else's")
{
    struct fos_mailbox deaf;
    struct toy_add_req req = {.head.tag = FOS_TAG(toy, add)};

    begin();
    REQUIRE(fos_mailbox_create(&deaf, 64) == 0);
    req.head.reply = deaf.cap;
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(fos_msg_send(&peer, &req, sizeof req), 0);
    adds_work();
    server_end();
    CHECK(service.troubles.dropped > 0);
    CHECK_EQ(service.troubles.dropped, answers_refused);
    fos_mailbox_close(&deaf);
}

CASE("rpc: more clients than the service keeps ways to are all answered, in turns")
{
    enum { N = 2 * FOS_ANSWER_PEERS };
    static struct fos_mailbox boxes[N];
    struct toy_add_req req = {.head.tag = FOS_TAG(toy, add), .a = 1};
    struct toy_add_rep rep;
    uint32_t length;

    begin();
    for (int i = 0; i < N; i++)
        REQUIRE(fos_mailbox_create(&boxes[i], 64) == 0);
    for (int round = 0; round < 5; round++)
        for (int i = 0; i < N; i++) {
            req.head.reply = boxes[i].cap;
            req.b = (uint64_t)i;
            CHECK_EQ(fos_msg_send(&peer, &req, sizeof req), 0);
        }
    for (int i = 0; i < N; i++)
        for (int round = 0; round < 5; round++) {
            CHECK_EQ(fos_msg_recv(&boxes[i], &rep, sizeof rep, &length, soon(5000)),
                     0);
            CHECK_EQ(rep.sum, 1 + i);
        }
    server_end();
    for (int i = 0; i < N; i++)
        fos_mailbox_close(&boxes[i]);
}
