/* SPDX-License-Identifier: MIT */
/*
 * Calling a fleet.
 *
 *     FOS_CLIENT_CALLS(name, NAME_OPS)
 *
 *     fos_peer_open(&peer, mailbox, FOS_TRANSPORT_AUTO);
 *     struct name_lookup_req req = {.alias = alias};
 *     struct name_lookup_rep rep;
 *     long result = name_lookup_call(&peer, &req, &rep, deadline);
 *
 * or, with others under way meanwhile, name_lookup_start and fos_call_finish.
 *
 * Invariants
 *
 *  K1. Replies come to one mailbox of the thread.  One is believed when its tag is
 *      that of a call outstanding; any other (late, forged, repeated) is dropped
 *      and counted.
 *
 *  K2. A tag's id cannot be guessed by who has not seen the request.  Each peer
 *      counts its calls from a number of its own, drawn by SipHash under the secret of
 *      the thread's capability, which besides the process only those know who rule over it
 *      (kernel, process fleet, pager): so a server learns the ids of calls to itself, which it
 *      may answer anyway, and nothing of others'.
 *
 *  K3. A reply goes into the buffer of its call only, and only with the size of
 *      that buffer (FOS_REPLY_UPTO: or less); another size is -FOS_EPROTO.
 *
 *  K4. The replies of all calls outstanding, at their full sizes, have room in the
 *      mailbox: an honest server's reply is not lost because there are many.
 *
 * One thread uses a peer and its calls.
 */
#ifndef FOS_CALL_H
#define FOS_CALL_H

#include <stddef.h>

#include <fos/msg.h>
#include <fos/proto/rpc.h>
#include <fos/siphash.h>
#include <fos/trace.h>

enum {
    FOS_CALL_BUCKETS = 64,
    FOS_CALL_ROOM = 192, /* packets of replies that may be outstanding: K4 */
};

/* Added to a call's `capacity`: a shorter reply is taken, too.  The result, or
 * the reply itself, has to say how much came. */
#define FOS_REPLY_UPTO 0x80000000u

static inline uint32_t fos_reply_room(uint32_t capacity)
{
    return capacity & ~FOS_REPLY_UPTO;
}

/* A call under way.  The caller's memory, not to be moved until it is finished or
 * cancelled; its fields belong to libfos. */
struct fos_call {
    uint64_t tag;
    struct fos_peer *to;
    void *reply;
    uint32_t capacity;
    bool done;
    long result; /* valid when done */
    struct fos_call *next;
};

struct fos_call_stats {
    uint64_t strays;     /* replies to no call outstanding */
    uint64_t wrong_size; /* replies of another size than the call's */
    uint64_t cancelled;
};

/* What one thread has to do with its calls. */
struct fos_client {
    struct fos_mailbox mailbox; /* where replies come to */
    uint32_t outstanding;
    uint32_t room; /* packets not promised: K4 */
    uint64_t
        look_at; /* when, at the latest, a wait looks whether the server lives */
    struct fos_siphash_key key;
    uint64_t peers; /* drawn for so far: K2 */
    struct fos_call_stats stats;
    struct fos_call *buckets[FOS_CALL_BUCKETS];
    uint8_t bounce[FOS_REPLY_MAX] __attribute__((aligned(16)));
};

/* The calling thread's, made at the first call.  NULL: no memory or quota. */
struct fos_client *fos_client_self(void);

/* At the thread's end, when its mailbox is closed. */
void fos_client_free(struct fos_client *client);

/* The mailbox replies come to; id 0: it could not be made. */
struct fos_cap fos_call_mailbox(void);

/* The general cases of the inline function below. */
long fos_call_slow(struct fos_peer *to, void *request, uint32_t length, void *reply,
                   uint32_t capacity, uint64_t deadline);
long fos_call_odd(struct fos_peer *to, uint64_t tag, int error, uint32_t got,
                  void *reply, uint32_t capacity, uint64_t deadline);

/*
 * Sends `request` (`length` bytes that begin with struct fos_request, whose tag is
 * FOS_TAG(service, name); the rest of the head is filled in here) and waits for its
 * reply, copied to `reply` (`capacity` bytes that begin with struct fos_reply).
 *
 * The reply's result, 0 or more, or the service's error; or
 *  -FOS_ETIMEDOUT       no reply until the deadline; the call is cancelled;
 *  -FOS_EPERM -FOS_EPIPE the server is gone, found out within about a second;
 *  -FOS_EPROTO          the reply has not the size expected;
 *  -FOS_EAGAIN          too many outstanding (K4);
 *  -FOS_ENOMEM          there is no room for a reply mailbox.
 * After an error `reply` is undefined.
 */
fos_inline long fos_call(struct fos_peer *to, void *request, uint32_t length,
                         void *reply, uint32_t capacity, uint64_t deadline)
{
    struct fos_client *client = to->thread->client;
    struct fos_request *head = request;
    struct fos_reply *answer = reply;
    uint64_t tag;
    uint32_t got = 0;
    int error;

    if (fos_unlikely(to->call_id == 0 || client->outstanding))
        return fos_call_slow(to, request, length, reply, capacity, deadline);
    to->thread->sleeper.published->calls_made++;
    to->call_id += FOS_TAG_ID_ONE;
    tag = (head->tag & FOS_TAG_OP_MASK) | to->call_id;
    head->tag = tag;
    head->reply = client->mailbox.cap;
    answer->tag = 0;
    fos_trace(FOS_TRACE_call_begin, fos_tag_op(tag), tag);
    error = fos_msg_send_until(to, request, length, deadline);
    if (fos_unlikely(error))
        return error;
    error = fos_msg_recv(&client->mailbox, reply, fos_reply_room(capacity), &got,
                         deadline < client->look_at ? deadline : client->look_at);
    if (fos_unlikely(error || got != capacity || answer->tag != tag))
        return fos_call_odd(to, tag, error, got, reply, capacity, deadline);
    fos_trace(FOS_TRACE_call_end, tag, (uint64_t)answer->result);
    return answer->result;
}

/*
 * The same in two steps.  start sends if there is room now, and never waits: 0; or
 * -FOS_EAGAIN the server's mailbox is full, or too many are outstanding (finish
 * some); -FOS_EMSGSIZE too long for that; an error as above.  `request` may be used
 * again at once; `reply` belongs to the call.
 */
long fos_call_start(struct fos_call *call, struct fos_peer *to, void *request,
                    uint32_t length, void *reply, uint32_t capacity);

/* As fos_call_start, but waits for room until the deadline. */
long fos_call_send(struct fos_call *call, struct fos_peer *to, void *request,
                   uint32_t length, void *reply, uint32_t capacity,
                   uint64_t deadline);

/* Waits for the reply.  As fos_call, but after -FOS_ETIMEDOUT the call is still
 * outstanding: finish it again, or cancel it.  Replies of others are taken in
 * meanwhile. */
long fos_call_finish(struct fos_call *call, uint64_t deadline);

/* Waits until one of the calls is done, or with `all` each.  0; -FOS_ETIMEDOUT. */
long fos_call_finish_any(struct fos_call *const *calls, uint32_t count, bool all,
                         uint64_t deadline);

/* Tells the server that the caller would rather not wait any longer; it answers then,
 * with what it had done or an error.  The call stays outstanding. */
void fos_call_ask_back(const struct fos_call *call, uint64_t deadline);

/* Gives the call up and tells the server so, who may not hear it.  Its result
 * becomes -FOS_ECANCELED, unless it was done already. */
void fos_call_cancel(struct fos_call *call);

/* Whether the mailbox that a peer leads to is no more, or takes other capabilities
 * now: a system call, which sends nothing. */
bool fos_peer_gone(const struct fos_peer *peer);

/* Sends a message by the kernel without waiting for an answer; waits while the
 * mailbox is full. */
long fos_post(struct fos_cap to, const void *message, size_t length,
              uint64_t deadline);

/*
 * For each row of a protocol:
 *     long service_name_call(peer, &req, &rep, deadline)    as fos_call
 *     long service_name_start(&call, peer, &req, &rep)      as fos_call_start
 *     long service_name_post(peer, &req, deadline)          no reply is wanted
 * What follows the struct of a request is sent by fos_call and its like.
 */
#define FOS_CLIENT_CALLS(service, OPS) OPS(FOS_CLIENT_CALL)
#define FOS_CLIENT_CALL(number, service, name, ...)                             \
    _Static_assert(offsetof(struct service##_##name##_req, head) == 0 &&        \
                       offsetof(struct service##_##name##_rep, head) == 0 &&    \
                       sizeof(struct service##_##name##_rep) <= FOS_REPLY_MAX,  \
                   "the messages of " #service "_" #name);                      \
    static inline __attribute__((unused)) long service##_##name##_call(         \
        struct fos_peer *to, struct service##_##name##_req *req,                \
        struct service##_##name##_rep *rep, uint64_t deadline)                  \
    {                                                                           \
        req->head.tag = FOS_TAG(service, name);                                 \
        return fos_call(to, req, sizeof *req, rep, sizeof *rep, deadline);      \
    }                                                                           \
    static inline __attribute__((unused)) long service##_##name##_start(        \
        struct fos_call *call, struct fos_peer *to,                             \
        struct service##_##name##_req *req, struct service##_##name##_rep *rep) \
    {                                                                           \
        req->head.tag = FOS_TAG(service, name);                                 \
        return fos_call_start(call, to, req, sizeof *req, rep, sizeof *rep);    \
    }                                                                           \
    static inline __attribute__((unused)) long service##_##name##_post(         \
        struct fos_peer *to, struct service##_##name##_req *req,                \
        uint64_t deadline)                                                      \
    {                                                                           \
        req->head.tag = FOS_TAG(service, name);                                 \
        req->head.reply.id = 0;                                                 \
        return fos_msg_send_until(to, req, sizeof *req, deadline);              \
    }

#endif
