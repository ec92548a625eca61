/* SPDX-License-Identifier: MIT */
/* The protocol of rpc.c. */
#ifndef FOS_BENCH_SUM_H
#define FOS_BENCH_SUM_H

#include <fos/proto/rpc.h>

#define SUM_OPS(OP) OP(0, sum, add)
FOS_PROTOCOL(sum, 1, SUM_OPS)

struct sum_add_req {
    struct fos_request head;
    uint64_t a, b;
};

struct sum_add_rep {
    struct fos_reply head;
    uint64_t sum;
};

#endif
