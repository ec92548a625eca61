/* SPDX-License-Identifier: MIT */
/*
 * The frame of every request to a fleet and of its reply.
 *
 * A protocol is one header with a list of rows OP(number, service, name) and, for
 * each row, struct service_name_req and struct service_name_rep, which begin with
 * these.  libfos/include/fos/service.h makes the server's table from the list,
 * fos/call.h sends requests.  What a message carries behind its struct (text, an
 * image) is counted by a field of it.
 */
#ifndef FOS_PROTO_RPC_H
#define FOS_PROTO_RPC_H

#include <stdint.h>

#include <fos/abi/types.h>

struct fos_request {
    uint32_t op;
    uint32_t reserved;
    uint64_t id;          /* repeated in the reply */
    struct fos_cap reply; /* mailbox for the reply; id 0: none is wanted */
};

struct fos_reply {
    uint64_t id;
    int32_t result; /* 0 or more, or a negated error */
    uint32_t reserved;
};

/* No reply is longer, in bytes. */
enum { FOS_REPLY_MAX = 1024 };

/* enum { OPS(FOS_OP_NUMBER) } gives service_name_op; FOS_OP_NAMES gives a function
 * from number to name, whose switch makes a number given twice a compile error. */
#define FOS_OP_NUMBER(number, service, name) service##_##name##_op = number,
#define FOS_OP_CASE(number, service, name) \
    case number:                           \
        return #name;
#define FOS_OP_NAMES(service, OPS)                           \
    static inline const char *service##_op_name(uint32_t op) \
    {                                                        \
        switch (op) {                                        \
            OPS(FOS_OP_CASE)                                 \
        default:                                             \
            return "unknown";                                \
        }                                                    \
    }

#endif
