/* SPDX-License-Identifier: MIT */
/* Typed calls of a service: one at a time, by messages and by a call line, and with others
 * under way meanwhile. */
#include "measure.h"

#include <fos/call.h>
#include <fos/line.h>

#include "proto.h"

FOS_CLIENT_CALLS(bench, BENCH_OPS)
FOS_FAST_CALL(bench, sum)

enum { OUTSTANDING_MAX = 64, RUN = 512 /* calls */ };

static struct fos_peer peer;
static struct fos_line line;
static uint32_t outstanding;

static void check(long result, const struct bench_sum_rep *rep)
{
    must(result, "call");
    must(rep->sum == 30 ? 0 : -FOS_EPROTO, "sum");
}

static void call_once(void)
{
    struct bench_sum_req req = {.a = 10, .b = 20};
    struct bench_sum_rep rep = {0};

    check(bench_sum_call(&peer, &req, &rep, FOS_NEVER), &rep);
}

static void call_fast(void)
{
    struct bench_sum_req req = {.a = 10, .b = 20};
    struct bench_sum_rep rep = {0};

    check(bench_sum_fast(&line, &req, &rep, FOS_NEVER), &rep);
}

/* RUN calls, `outstanding` of them under way at a time. */
static void call_many(void)
{
    static struct fos_call calls[OUTSTANDING_MAX];
    static struct bench_sum_rep reps[OUTSTANDING_MAX];
    struct bench_sum_req req = {.a = 10, .b = 20};

    for (uint32_t i = 0; i < RUN + outstanding; i++) {
        uint32_t at = i % outstanding;
        if (i >= outstanding)
            check(fos_call_finish(&calls[at], FOS_NEVER), &reps[at]);
        if (i < RUN)
            must(bench_sum_start(&calls[at], &peer, &req, &reps[at]), "start");
    }
}

/* One call at a time. */
static void measure_calls(const char *name, void (*once)(void))
{
    struct measurement m = {.suite = "rpc",
                            .name = name,
                            .once = once,
                            .server = ECHO_SERVE,
                            .batch = FOS_BENCH_BATCH,
                            .samples = 1600};

    measure(&m);
}

static void measure_many(void)
{
    struct measurement many = {.suite = "rpc",
                               .name = "calls outstanding",
                               .once = call_many,
                               .server = ECHO_SERVE,
                               .batch = 1,
                               .operations = RUN,
                               .samples = 320};

    for (outstanding = 1; outstanding <= OUTSTANDING_MAX; outstanding *= 2) {
        many.x = outstanding;
        measure(&many);
    }
}

void suite_rpc(void)
{
    pair_open(ECHO_SLOTS);
    must(fos_peer_open(&peer, pair.service, FOS_TRANSPORT_CHANNEL), "service");
    must(fos_line_open(&line, pair.service), "call line to the service");
    measure_calls("typed RPC", call_once);
    measure_calls("fast RPC", call_fast);
    measure_many();
    fos_line_close(&line);
    fos_peer_close(&peer);
    pair_close();
}
