/* SPDX-License-Identifier: MIT */
/*
 * The frame of every request to a fleet and of its reply.
 *
 * A protocol is one header: a list of rows OP(number, service, name), the line
 * FOS_PROTOCOL(service, version, LIST), and for each row struct service_name_req and
 * struct service_name_rep, which begin with the heads below.  From the list are
 * made the op numbers, the client's typed calls (fos/call.h), the server's table and
 * the prototypes of its handlers (fos/service.h), and names for traces.  A fourth
 * argument of a row says how many bytes may follow the request's struct (text, an
 * image); the message's length counts them.
 *
 * The tag, one word, is repeated in the reply:
 *
 *     bits    name
 *     0..7    op        below FOS_OP_COMMON the service's own
 *     8..15   version   of the protocol
 *     16..63  id        of the call; nobody but its two sides can guess it
 *
 * So a call with up to 32 bytes of arguments and 40 of results is one packet each
 * way.  A request that the service cannot take is answered with
 *
 *     -FOS_EPROTO   the versions differ
 *     -FOS_ENOSYS   there is no such op
 *     -FOS_EINVAL   the length is not that of the op's struct
 */
#ifndef FOS_PROTO_RPC_H
#define FOS_PROTO_RPC_H

#include <stdint.h>

#include <fos/abi/types.h>

struct fos_request {
    uint64_t tag;         /* FOS_TAG(service, name); the client adds the id */
    struct fos_cap reply; /* mailbox for the reply; id 0: none is wanted */
};

struct fos_reply {
    uint64_t tag;   /* the request's */
    int64_t result; /* 0 or more, or a negated error: then nothing follows */
};

/* id of struct fos_request's reply: the answer goes into the call line that the
 * request came by (fos/line.h). */
#define FOS_REPLY_LINE (~0ull)

enum {
    FOS_OP_COMMON = 240,  /* ops from here on are every service's (proto/fleet.h) */
    FOS_OP_CANCEL = 255,  /* the caller has given up the call of this id */
    FOS_REPLY_MAX = 4096, /* no reply is longer, in bytes */
};

#define FOS_TAG_VERSION_SHIFT 8
#define FOS_TAG_ID_ONE        (1ull << 16)
#define FOS_TAG_OP_MASK       (FOS_TAG_ID_ONE - 1)
#define FOS_TAG(service, name)                              \
    ((uint64_t)service##_version << FOS_TAG_VERSION_SHIFT | \
     (uint64_t)service##_##name##_op)

static inline uint8_t fos_tag_op(uint64_t tag)
{
    return (uint8_t)tag;
}

static inline uint8_t fos_tag_version(uint64_t tag)
{
    return (uint8_t)(tag >> FOS_TAG_VERSION_SHIFT);
}

/* Gives service_version, service_name_op for each row, and service_op_name(), whose
 * switch makes a number given twice a compile error. */
#define FOS_PROTOCOL(service, number, OPS)     \
    enum { service##_version = (number) };     \
    enum service##_op{OPS(FOS_OP_NUMBER)};     \
    static inline __attribute__((unused))      \
    const char *service##_op_name(uint32_t op) \
    {                                          \
        switch (op) {                          \
            OPS(FOS_OP_CASE)                   \
        default:                               \
            return "unknown";                  \
        }                                      \
    }
#define FOS_OP_NUMBER(number, service, name, ...) service##_##name##_op = number,
#define FOS_OP_CASE(number, service, name, ...) \
    case number:                                \
        return #name;

_Static_assert(sizeof(struct fos_request) == 24, "32 of a packet's bytes are left");
_Static_assert(sizeof(struct fos_reply) == 16, "40 of a packet's bytes are left");

#endif
