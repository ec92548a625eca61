/* SPDX-License-Identifier: MIT */
/*
 * Calls to a service in another process: many at once, given up, to a server that
 * dies, from clients that die; and floods, during which others must be served.
 */
#include "parts.h"

#include <fos/line.h>
#include <fos/proto/console.h>

FOS_CLIENT_CALLS(console, CONSOLE_OPS)
FOS_FAST_CALL(toy, add)
FOS_FAST_CALL(toy, fail)
FOS_FAST_CALL(toy, later)

enum {
    SERVER_SLOTS = 1024,
    FLOODED_SLOTS = 64,
    POLITE = 4,
    POLITE_CALLS = 15,
    DYING_CALLS = 20,
    FLOOD_BEGUN = 300, /* requests served before others come */
};

static struct fos_mailbox inbox;
static struct child server;
static struct fos_cap server_mailbox, server_space;
static struct fos_peer to_server;

static void server_begin_with(uint64_t slots)
{
    uint32_t length = 0;

    server = (struct child){.part = "server", .a = slots, .caps = {inbox.cap}};
    child_start(&server);
    server_mailbox = family_await(&inbox, &server);
    CASE_EQUAL(fos_msg_recv(&inbox, &server_space, sizeof server_space, &length,
                            family_deadline()),
               0);
    CASE_EQUAL(fos_peer_open(&to_server, server_mailbox, FOS_TRANSPORT_AUTO), 0);
}

static void server_begin(void)
{
    server_begin_with(SERVER_SLOTS);
}

static void server_stop(void)
{
    struct fleet_stop_req req = {.self = server_space};
    struct fleet_stop_rep rep;

    CASE_EQUAL(fleet_stop_call(&to_server, &req, &rep, family_deadline()), 0);
    child_expect(&server, 0);
    fos_peer_close(&to_server);
}

static struct fleet_stats_rep server_stats(void)
{
    struct fleet_stats_req req;
    struct fleet_stats_rep rep = {0};

    CASE_EQUAL(fleet_stats_call(&to_server, &req, &rep, family_deadline()), 0);
    return rep;
}

/* ---- calls ---- */

static void adds_make(uint64_t count)
{
    for (uint64_t i = 0; i < count && !case_why[0]; i++) {
        struct toy_add_req req = {.a = i, .b = 5};
        struct toy_add_rep rep = {0};
        CASE_EQUAL(toy_add_call(&to_server, &req, &rep, family_deadline()), 0);
        CASE_EQUAL(rep.sum, i + 5);
    }
}

static void test_calls(void)
{
    struct toy_fail_req bad = {.error = -FOS_ENOSPC};
    struct toy_fail_rep nothing;
    struct toy_bulk_req bulk = {.fill = 7};
    static struct toy_bulk_rep bytes;

    case_begin("calls to another process give results, long ones, and errors");
    server_begin();
    adds_make(3000);
    CASE_EQUAL(toy_fail_call(&to_server, &bad, &nothing, family_deadline()),
               -FOS_ENOSPC);
    CASE_EQUAL(toy_bulk_call(&to_server, &bulk, &bytes, family_deadline()), 0);
    CASE_EQUAL(bytes.bytes[TOY_LONG - 1], 7);
    server_stop();
    case_end();
}

static void test_outstanding(void)
{
    enum { N = 64, ROUNDS = 30 };
    static struct fos_call calls[N];
    static struct toy_later_rep reps[N];
    struct toy_later_req req = {.count = N};

    case_begin(
        "64 calls outstanding, answered in reverse, each gets its own reply");
    server_begin();
    for (int round = 0; round < ROUNDS && !case_why[0]; round++) {
        for (uint64_t i = 0; i < N; i++) {
            req.value = 1000 + i;
            CASE_EQUAL(toy_later_start(&calls[i], &to_server, &req, &reps[i]), 0);
        }
        for (uint64_t i = 0; i < N; i++) {
            CASE_EQUAL(fos_call_finish(&calls[i], family_deadline()), 0);
            CASE_EQUAL(reps[i].value, 1000 + i);
        }
    }
    CASE_EQUAL(fos_client_self()->stats.strays, 0);
    server_stop();
    case_end();
}

static void test_cancel(void)
{
    struct toy_later_req req = {.count = 2, .value = 1};
    struct toy_later_rep rep;

    case_begin("a call past its deadline is dropped by the server too");
    server_begin();
    CASE_EQUAL(
        toy_later_call(&to_server, &req, &rep, fos_now_ns() + 20 * FOS_MILLISECOND),
        -FOS_ETIMEDOUT);
    CASE_EQUAL(server_stats().troubles.cancels, 1);
    /* Were it still waiting, this would be the second. */
    CASE_EQUAL(
        toy_later_call(&to_server, &req, &rep, fos_now_ns() + 20 * FOS_MILLISECOND),
        -FOS_ETIMEDOUT);
    server_stop();
    case_end();
}

/* ---- deaths ---- */

static void test_dead_server(void)
{
    struct toy_later_req req = {.count = 2};
    struct toy_later_rep rep;
    struct fos_call call;

    case_begin(
        "who waits for a server that dies is told, and so is the next caller");
    server_begin();
    CASE_EQUAL(toy_later_start(&call, &to_server, &req, &rep), 0);
    CASE_EQUAL(fos_call_finish(&call, fos_now_ns() + 5 * FOS_MILLISECOND),
               -FOS_ETIMEDOUT);
    child_kill(&server);
    CASE_EQUAL(fos_call_finish(&call, family_deadline()), -FOS_EPERM);
    long result = toy_later_call(&to_server, &req, &rep, family_deadline());
    CASE_CHECK(result == -FOS_EPERM || result == -FOS_EPIPE);
    fos_peer_close(&to_server);
    case_end();
}

static void test_dead_client(void)
{
    struct toy_later_req req = {.count = DYING_CALLS + 1, .value = 3};
    struct toy_later_rep rep;
    struct child dying = {.part = "dying", .a = DYING_CALLS};

    case_begin(
        "a client that dies with calls outstanding costs the service nothing");
    server_begin();
    dying.caps[0] = inbox.cap;
    dying.caps[1] = server_mailbox;
    child_start(&dying);
    child_expect(&dying, 0);
    CASE_EQUAL(toy_later_call(&to_server, &req, &rep, family_deadline()), 0);
    CASE_EQUAL(rep.value, 3);
    CASE_EQUAL(server_stats().troubles.gone, DYING_CALLS);
    server_stop();
    case_end();
}

/* ---- call lines ---- */

static void test_fast_calls(void)
{
    struct toy_fail_req bad = {.error = -FOS_ENOSPC};
    struct toy_fail_rep nothing;
    struct toy_later_req later = {.count = 2};
    struct toy_later_rep value;
    struct fos_line line;

    case_begin("fast calls give results and errors, and notice a server that dies");
    server_begin();
    CASE_EQUAL(fos_line_open(&line, server_mailbox), 0);
    for (uint64_t i = 0; i < 3000 && !case_why[0]; i++) {
        struct toy_add_req req = {.a = i, .b = 5};
        struct toy_add_rep rep = {0};
        CASE_EQUAL(toy_add_fast(&line, &req, &rep, family_deadline()), 0);
        CASE_EQUAL(rep.sum, i + 5);
    }
    CASE_EQUAL(toy_fail_fast(&line, &bad, &nothing, family_deadline()),
               -FOS_ENOSPC);
    CASE_EQUAL(
        toy_later_fast(&line, &later, &value, fos_now_ns() + 20 * FOS_MILLISECOND),
        -FOS_ETIMEDOUT);
    later.count = 1;
    CASE_EQUAL(toy_later_fast(&line, &later, &value, family_deadline()), 0);
    child_kill(&server);
    CASE_EQUAL(toy_later_fast(&line, &later, &value, family_deadline()),
               -FOS_EPIPE);
    CASE_EQUAL(toy_later_fast(&line, &later, &value, family_deadline()),
               -FOS_EPERM);
    fos_line_close(&line);
    fos_peer_close(&to_server);
    case_end();
}

/* ---- bad requests to the fleets that run ---- */

static void bad_requests(struct fos_peer *to, uint64_t tag, uint32_t length)
{
    static uint8_t bytes[8192];
    struct fos_reply rep;
    uint64_t version = 1 << FOS_TAG_VERSION_SHIFT;

#define ANSWER(t, l)                   \
    (memcpy(bytes, &(uint64_t){t}, 8), \
     fos_call(to, bytes, l, &rep, sizeof rep, family_deadline()))
    CASE_EQUAL(ANSWER(tag + version, length), -FOS_EPROTO);
    CASE_EQUAL(ANSWER(tag + 100, length), -FOS_ENOSYS);
    CASE_EQUAL(ANSWER(tag - fos_tag_op(tag), length), -FOS_ENOSYS);
    CASE_EQUAL(ANSWER(tag, length - 1), -FOS_EINVAL);
    CASE_EQUAL(ANSWER(tag, length + 1), -FOS_EINVAL);
    CASE_EQUAL(ANSWER(tag, sizeof(struct fos_request)), -FOS_EINVAL);
#undef ANSWER
    for (uint32_t n = 0; n < sizeof(struct fos_request); n++)
        CASE_EQUAL(fos_msg_send_until(to, bytes, n, family_deadline()), 0);
}

static void test_bad_requests(void)
{
    struct fleet_ping_req ping;
    struct fleet_ping_rep pong;
    struct fos_peer console;

    case_begin(
        "console and proc answer a wrong op, version or size with its error");
    CASE_EQUAL(fos_peer_open(&console, fos_start_page->caps[FOS_START_CONSOLE],
                             FOS_TRANSPORT_KERNEL),
               0);
    bad_requests(&console, FOS_TAG(console, read), sizeof(struct console_read_req));
    bad_requests(fos_proc_peer(), FOS_TAG(proc, kill),
                 sizeof(struct proc_kill_req));
    CASE_EQUAL(fleet_ping_call(&console, &ping, &pong, family_deadline()), 0);
    CASE_EQUAL(fleet_ping_call(fos_proc_peer(), &ping, &pong, family_deadline()),
               0);
    fos_peer_close(&console);
    case_end();
}

/* ---- fairness ---- */

/* How many others may be served before a request that has arrived (fos/msg.h, M7): in
 * the kernel's buffer are so many before it, or before its channel is accepted; then it
 * is its channel's turn. */
static uint64_t ahead_max(enum flood flood)
{
    uint64_t others = FOS_MSG_OTHERS(FLOOD_CHANNELS + POLITE + 1),
             polite = POLITE + 1, by_kernel = FOS_MSG_OTHERS(0);

    switch (flood) {
    case FLOOD_CHANNEL:
        return polite * by_kernel + others;
    case FLOOD_ALL:
        return FLOODED_SLOTS * by_kernel + others;
    default: /* of channels the polite ones' only: each other go is the kernel's */
        return 2 * FLOODED_SLOTS + others;
    }
}

static void flood_begin(struct child *flooder, enum flood flood)
{
    uint64_t deadline = family_deadline();

    *flooder = (struct child){
        .part = "flood", .a = flood, .caps = {inbox.cap, server_mailbox}};
    child_start(flooder);
    while (!case_why[0] && server_stats().load.served < FLOOD_BEGUN)
        CASE_CHECK(fos_now_ns() < deadline);
}

static void polite_begin(struct child *polite)
{
    for (int i = 0; i < POLITE; i++) {
        polite[i] =
            (struct child){.part = "polite",
                           .a = POLITE_CALLS,
                           .b = i % 2 ? FOS_TRANSPORT_KERNEL : FOS_TRANSPORT_AUTO,
                           .caps = {inbox.cap, server_mailbox, server_space}};
        child_start(&polite[i]);
    }
}

/* The worst of all. */
static struct polite_tally polite_end(struct child *polite)
{
    struct polite_tally worst = {0};

    for (int i = 0; i < POLITE; i++) {
        struct polite_tally tally = {0};
        uint32_t length;
        CASE_EQUAL(
            fos_msg_recv(&inbox, &tally, sizeof tally, &length, family_deadline()),
            0);
        CASE_EQUAL(tally.calls, POLITE_CALLS);
        if (tally.median_ns > worst.median_ns)
            worst.median_ns = tally.median_ns;
        if (tally.longest_ns > worst.longest_ns)
            worst.longest_ns = tally.longest_ns;
        if (tally.most_ahead > worst.most_ahead)
            worst.most_ahead = tally.most_ahead;
    }
    for (int i = 0; i < POLITE; i++)
        child_expect(&polite[i], 0);
    return worst;
}

static void flood_test(const char *sentence, bool flooded, enum flood flood)
{
    struct child flooder, polite[POLITE];

    case_begin(sentence);
    server_begin_with(FLOODED_SLOTS);
    if (flooded)
        flood_begin(&flooder, flood);
    polite_begin(polite);
    struct polite_tally worst = polite_end(polite);
    struct fleet_stats_rep stats = server_stats();
    printf("rpc: %s: worst client: median %llu us, longest %llu us, %llu served "
           "before it, of %llu allowed; %llu served in all, %llu dropped\n",
           sentence, (unsigned long long)worst.median_ns / 1000,
           (unsigned long long)worst.longest_ns / 1000,
           (unsigned long long)worst.most_ahead,
           (unsigned long long)ahead_max(flood),
           (unsigned long long)stats.load.served,
           (unsigned long long)stats.troubles.dropped);
    CASE_CHECK(worst.most_ahead <= ahead_max(flood));
    if (flooded)
        child_kill(&flooder);
    server_stop();
    family_settle(&inbox);
    case_end();
}

static const struct part parts[] = {
    {"server", part_server},
    {"flood", part_flood},
    {"polite", part_polite},
    {"dying", part_dying},
};

int main(int argc, char **argv)
{
    family_program = argv[0];
    if (argc > 1)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    case_begin("");
    CASE_EQUAL(fos_mailbox_create(&inbox, 256), 0);
    for (int i = 0; i < 2;
         i++) { /* what is made once and kept is there afterwards */
        server_begin();
        adds_make(1000);
        server_stop();
    }
    family_settle(&inbox);
    test_calls();
    test_outstanding();
    test_cancel();
    test_dead_server();
    test_dead_client();
    test_fast_calls();
    test_bad_requests();
    flood_test("four polite clients, and no flood", false, 0);
    flood_test("four polite clients beside a flood through the kernel", true,
               FLOOD_KERNEL);
    flood_test("four polite clients beside a flood through a channel", true,
               FLOOD_CHANNEL);
    flood_test("four polite clients beside one who never reads his replies", true,
               FLOOD_DEAF);
    flood_test("four polite clients beside a flood through channels and the kernel",
               true, FLOOD_ALL);
    fos_mailbox_close(&inbox);
    return cases_status();
}
