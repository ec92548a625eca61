/* SPDX-License-Identifier: MIT */
/* The calls that echo-bench makes by RPC. */
#ifndef ECHO_BENCH_PROTO_H
#define ECHO_BENCH_PROTO_H

#include <fos/proto/rpc.h>

#define BENCH_OPS(OP) OP(0, bench, sum)
FOS_PROTOCOL(bench, 1, BENCH_OPS)

/* What the minimal IPC computes, too. */
struct bench_sum_req {
    struct fos_request head;
    uint64_t a, b;
};

struct bench_sum_rep {
    struct fos_reply head;
    uint64_t sum;
};

#endif
