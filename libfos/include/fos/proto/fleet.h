/* SPDX-License-Identifier: MIT */
/* What every member of every fleet answers, besides its own protocol. */
#ifndef FOS_PROTO_FLEET_H
#define FOS_PROTO_FLEET_H

#include <fos/proto/rpc.h>

#define FLEET_OPS(OP)     \
    OP(240, fleet, ping)  \
    OP(241, fleet, stats) \
    OP(242, fleet, stop)  \
    OP(243, fleet, ended) \
    OP(244, fleet, view)
FOS_PROTOCOL(fleet, 1, FLEET_OPS)

/* How busy a member is. */
struct fleet_load {
    uint64_t served; /* requests since its start */
    uint32_t queue; /* messages that wait in its mailbox, channels that hold some */
    uint32_t latency_ns; /* that a request takes its handler: a sliding mean */
};

/* Requests that were no handler's, and answers that did not get through. */
struct fleet_troubles {
    uint64_t malformed; /* no head, or longer than any request: not answered */
    uint64_t wrong_version, wrong_op, wrong_size;
    uint64_t cancels;
    uint64_t dropped; /* answers for which the client had no room */
    uint64_t gone;    /* answers to clients that are no more */
};

/* Does nothing; measures the way there and back. */
struct fleet_ping_req {
    struct fos_request head;
};

struct fleet_ping_rep {
    struct fos_reply head;
};

struct fleet_stats_req {
    struct fos_request head;
};

struct fleet_stats_rep {
    struct fos_reply head;
    struct fleet_load load;
    struct fleet_troubles troubles;
    uint64_t pid;
    uint32_t member;  /* its place in the fleet */
    uint32_t members; /* how many it knows of, itself included */
    uint64_t view;    /* number of that state of the fleet */
};

/* Ends the member, in order.  Who may end its space may ask: `self` is the
 * capability of the member's space.  EPERM. */
struct fleet_stop_req {
    struct fos_request head;
    struct fos_cap self;
};

struct fleet_stop_rep {
    struct fos_reply head;
};

/* From the process fleet, without a reply: these processes are gone, and with them
 * everything the kernel knew of them. */
enum { FLEET_ENDED_MAX = 32 };

struct fleet_ended_req {
    struct fos_request head;
    struct fos_cap control; /* of the member's start page */
    uint32_t count;
    uint32_t reserved;
    uint64_t pids[FLEET_ENDED_MAX];
};

struct fleet_ended_rep {
    struct fos_reply head;
};

/* From the process fleet, without a reply: a member's fleet, as it is now, for the
 * skeleton to keep.  The numbers grow; a lower one is not heeded.  Naming members get
 * more, and from each other too (name_view). */
struct fleet_view_req {
    struct fos_request head;
    struct fos_cap control; /* of the member's start page */
    uint64_t number;
    uint32_t member;  /* the place of the one that is told */
    uint32_t members; /* that serve */
};

struct fleet_view_rep {
    struct fos_reply head;
};

#endif
