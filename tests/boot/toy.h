/* SPDX-License-Identifier: MIT */
/* A protocol for tests of the RPC code. */
#ifndef TOY_H
#define TOY_H

#include <fos/proto/rpc.h>

enum { TOY_TEXT_MAX = 100, TOY_LONG = 2000 };

#define TOY_OPS(OP)                \
    OP(1, toy, add)                \
    OP(2, toy, fail)               \
    OP(3, toy, later)              \
    OP(5, toy, text, TOY_TEXT_MAX) \
    OP(6, toy, lie)                \
    OP(7, toy, bulk)
FOS_PROTOCOL(toy, 3, TOY_OPS)

/* The sum; how many requests were served before, if the server counts them. */
struct toy_add_req {
    struct fos_request head;
    uint64_t a, b;
};

struct toy_add_rep {
    struct fos_reply head;
    uint64_t sum, served;
};

/* The error `error`. */
struct toy_fail_req {
    struct fos_request head;
    int64_t error;
};

struct toy_fail_rep {
    struct fos_reply head;
    uint64_t unused;
};

/* Answered when `count` of them wait, the youngest first. */
struct toy_later_req {
    struct fos_request head;
    uint64_t value, count;
};

struct toy_later_rep {
    struct fos_reply head;
    uint64_t value;
};

/* How much text there is, and its sum. */
struct toy_text_req {
    struct fos_request head;
};

struct toy_text_rep {
    struct fos_reply head;
    uint64_t length, sum;
};

/* A reply that is `extra` bytes too long. */
struct toy_lie_req {
    struct fos_request head;
    int64_t extra;
};

struct toy_lie_rep {
    struct fos_reply head;
    uint64_t value;
};

struct toy_bulk_req {
    struct fos_request head;
    uint64_t fill;
};

struct toy_bulk_rep {
    struct fos_reply head;
    uint8_t bytes[TOY_LONG];
};

#endif
