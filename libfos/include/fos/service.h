/* SPDX-License-Identifier: MIT */
/*
 * The skeleton of a fleet member: a mailbox, a table of handlers made from the
 * protocol's list, and a loop.
 *
 *     FOS_SERVICE_TABLE(table, CONSOLE_OPS)        // wants console_write(), ...
 *     static struct fos_service service = FOS_SERVICE(console, table);
 *     fos_service_open(&service, slots);
 *     for (;;)
 *         fos_service_run(&service, deadline);
 *
 * A handler: void service_name(const struct fos_caller *, const struct
 * service_name_req *, size_t length).  The request is a private copy of the
 * `length` bytes that came: exactly its struct, or as many more as its row allows;
 * nothing it says has been checked but op, version and length.  The handler answers
 * with fos_answer, now or later, once at most; a copy of the caller is all that
 * takes.
 *
 * Invariants
 *
 *  V1. The service never waits for a client: an answer that finds no room is dropped
 *      and counted, and is then that client's to miss (fos/call.h, K4).
 *
 *  V2. One client's flood does not starve others (fos/msg.h, M7).
 *
 *  V3. The ways to clients are at most FOS_ANSWER_PEERS; the one unused longest in
 *      its set makes room for another.  One whose client is gone is given up at the
 *      first answer that finds out, or at a heartbeat.
 */
#ifndef FOS_SERVICE_H
#define FOS_SERVICE_H

#include <stddef.h>

#include <fos/msg.h>
#include <fos/proto/fleet.h>

#define FOS_BEAT_NS      1000000000ull
#define FOS_BEAT_IDLE_NS (4 * FOS_BEAT_NS)

enum { FOS_ANSWER_SETS = 16, FOS_ANSWER_WAYS = 4 };
enum { FOS_ANSWER_PEERS = FOS_ANSWER_SETS * FOS_ANSWER_WAYS };

/* Where an answer goes.  May be copied and kept. */
struct fos_caller {
    uint64_t tag;
    struct fos_cap reply; /* id 0: no answer is wanted; FOS_REPLY_LINE: */
    struct fos_service *service;
    struct fos_inbound
        *line; /* by this one, while reply.secret is its channel's id */
};

struct fos_handler {
    uint32_t size; /* of the request's struct */
    uint32_t more; /* bytes that may follow it */
    void (*handle)(const struct fos_caller *caller, const void *request,
                   size_t length);
};

/* This member among those of its fleet, as the process fleet said last: kept by the
 * skeleton (fleet_view), of a naming member by itself. */
struct fos_membership {
    uint32_t slot;    /* its own place */
    uint32_t members; /* 0: it has not been told */
    uint64_t view;
};

struct fos_service {
    const struct fos_handler *table; /* by op */
    uint32_t count;
    uint32_t version;
    /* Event slots taken; may be NULL. */
    void (*event)(uint64_t bits);
    /* The caller has given up this call (fos_caller_same); may be NULL. */
    void (*cancel)(const struct fos_caller *caller);
    struct fos_mailbox mailbox;
    /* A second mailbox, whose messages are no requests: they go to aside_take.  May be
     * set after fos_service_open. */
    struct fos_mailbox *aside;
    void (*aside_take)(const void *message, uint32_t length);
    struct fos_mailbox *spoke; /* of the two, the last one */
    void *buffer;
    uint32_t buffer_size;
    /* Called by a fleet_stop request before the process ends; may be NULL. */
    void (*stop)(void);
    /* Processes that have ended, told by the process fleet; may be NULL. */
    void (*ended)(const uint64_t *pids, uint32_t count);
    /* Answers go through the kernel only: calls are few, and clients many. */
    bool plain;
    struct fos_answer_peer *peers;  /* FOS_ANSWER_PEERS of them */
    struct fos_answer_peer *recent; /* who was answered last */
    uint64_t answers;               /* so far */
    uint32_t until_sample;          /* requests until one is timed */
    uint64_t beat_at;               /* when to look at the load; FOS_NEVER */
    uint64_t told_served, told_at;  /* in the last heartbeat, and when */
    uint64_t latency;               /* cycles in a handler, sliding mean */
    struct fos_membership membership;
    struct fleet_troubles troubles;
};

/* Makes the mailbox, and the buffer for the longest request of the table. */
long fos_service_open(struct fos_service *service, uint32_t slots);

/* Tells the process fleet that this member serves.  From then on it gets a heartbeat
 * (struct fleet_load) from fos_service_run: every second in which something was
 * served, else every FOS_BEAT_IDLE_NS. */
void fos_service_ready(struct fos_service *service);

/* Handles one message, or the events that are pending; waits for either until the
 * deadline, or less. */
void fos_service_run(struct fos_service *service, uint64_t deadline);

/* Closes the channels to clients that are gone.  fos_service_run does it with each
 * heartbeat; a service that hears of an end may do it then. */
void fos_service_sweep(struct fos_service *service);

/*
 * Sends a reply whose head is filled in here; NULL, or a negative result: nothing
 * but the result.  0; -FOS_EPERM when the caller wants none or is gone; -FOS_EAGAIN
 * when it has no room (V1).
 */
long fos_answer(const struct fos_caller *caller, long result, void *reply,
                size_t length);

/* Whether both are the same call of the same client. */
static inline bool fos_caller_same(const struct fos_caller *a,
                                   const struct fos_caller *b)
{
    return (a->tag ^ b->tag) < FOS_TAG_ID_ONE && a->reply.id == b->reply.id &&
           a->reply.secret == b->reply.secret;
}

#define FOS_OP_MORE(...)              FOS_OP_MORE_(0, ##__VA_ARGS__, 0, 0)
#define FOS_OP_MORE_(none, more, ...) (more)
#define FOS_OP_PROTOTYPE(number, service, name, ...)                           \
    _Static_assert((number) >= 0 && (number) < FOS_OP_CANCEL &&                \
                       offsetof(struct service##_##name##_req, head) == 0 &&   \
                       offsetof(struct service##_##name##_rep, head) == 0 &&   \
                       sizeof(struct service##_##name##_rep) <= FOS_REPLY_MAX, \
                   "the messages of " #service "_" #name);                     \
    static void service##_##name(const struct fos_caller *caller,              \
                                 const struct service##_##name##_req *req,     \
                                 size_t length);                               \
    static void service##_##name##_enter(const struct fos_caller *caller,      \
                                         const void *req, size_t length)       \
    {                                                                          \
        service##_##name(caller, req, length);                                 \
    }
#define FOS_OP_ROW(number, service, name, ...)                                   \
    [number] = {sizeof(struct service##_##name##_req), FOS_OP_MORE(__VA_ARGS__), \
                service##_##name##_enter},

#define FOS_SERVICE_TABLE(table, OPS)                            \
    OPS(FOS_OP_PROTOTYPE)                                        \
    static const struct fos_handler table[] = {OPS(FOS_OP_ROW)}; \
    _Static_assert(FOS_TABLE_COUNT(table) <= FOS_OP_COMMON, "ops of " #table);
#define FOS_TABLE_COUNT(table) (sizeof(table) / sizeof(table)[0])
#define FOS_SERVICE(service, handlers, ...)                    \
    {                                                          \
        .table = handlers, .count = FOS_TABLE_COUNT(handlers), \
        .version = service##_version, ##__VA_ARGS__            \
    }

#endif
