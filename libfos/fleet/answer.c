/* SPDX-License-Identifier: MIT */
/*
 * The ways to clients: peers by reply mailbox, in sets of a few that are searched.
 * Invariants: see fos/service.h.
 */
#include "fleet.h"

#include <fos/call.h>
#include <fos/cap.h>
#include <fos/line.h>
#include <fos/memory.h>

struct fos_answer_peer {
    struct fos_peer peer; /* mailbox.id 0: free */
    uint64_t used;        /* value of service->answers then */
};

enum {
    PEERS_PAGES =
        (FOS_ANSWER_PEERS * sizeof(struct fos_answer_peer) + FOS_PAGE_SIZE - 1) /
        FOS_PAGE_SIZE
};

bool answers_open(struct fos_service *service)
{
    service->peers = service->recent = fos_pages_map(PEERS_PAGES);
    return service->peers;
}

static void peer_drop(struct fos_answer_peer *slot)
{
    fos_peer_close(&slot->peer);
    slot->peer.mailbox.id = 0;
    slot->used = 0;
}

/* Takes the place of the one unused longest.  NULL: the mailbox is gone. */
static struct fos_answer_peer *peer_make(const struct fos_service *service,
                                         struct fos_answer_peer *set,
                                         struct fos_cap mailbox)
{
    struct fos_answer_peer *slot = set;
    enum fos_transport way =
        service->plain ? FOS_TRANSPORT_KERNEL : FOS_TRANSPORT_AUTO;

    for (int i = 1; i < FOS_ANSWER_WAYS; i++)
        if (set[i].used < slot->used)
            slot = &set[i];
    if (slot->peer.mailbox.id)
        peer_drop(slot);
    if (fos_peer_open(&slot->peer, mailbox, way)) {
        slot->peer.mailbox.id = 0;
        return NULL;
    }
    return slot;
}

static inline bool peer_is(const struct fos_answer_peer *slot,
                           const struct fos_cap *mailbox)
{
    return fos_cap_equal(slot->peer.mailbox, *mailbox);
}

static struct fos_answer_peer *peer_search(struct fos_service *service,
                                           struct fos_cap mailbox)
{
    struct fos_answer_peer *set =
        &service->peers[mailbox.id % FOS_ANSWER_SETS * FOS_ANSWER_WAYS];

    for (struct fos_answer_peer *slot = set; slot < set + FOS_ANSWER_WAYS; slot++)
        if (peer_is(slot, &mailbox))
            return slot;
    return peer_make(service, set, mailbox);
}

/* The last one first: its address does not depend on the request, so that the
 * processor has what it needs of it before the request is there. */
static inline struct fos_answer_peer *peer_find(struct fos_service *service,
                                                const struct fos_cap *mailbox)
{
    struct fos_answer_peer *slot = service->recent;

    if (fos_unlikely(!peer_is(slot, mailbox))) {
        slot = peer_search(service, *mailbox);
        if (slot)
            service->recent = slot;
    }
    return slot;
}

void fos_service_sweep(struct fos_service *service)
{
    for (int i = 0; i < FOS_ANSWER_PEERS; i++)
        if (service->peers[i].peer.window && fos_peer_gone(&service->peers[i].peer))
            peer_drop(&service->peers[i]);
}

/* V1, V3 */
static long answer_failed(struct fos_service *service, struct fos_answer_peer *slot,
                          int error)
{
    if (error == -FOS_ETIMEDOUT) {
        service->troubles.dropped++;
        return -FOS_EAGAIN;
    }
    service->troubles.gone++;
    peer_drop(slot);
    return -FOS_EPERM;
}

fos_inline long answer_by_line(const struct fos_caller *caller,
                               struct fos_reply *head, size_t length)
{
    struct fos_inbound *line = caller->line;

    if (fos_unlikely(line->owes != caller->reply.secret)) /* L3 */
        return -FOS_EPERM;
    return fos_line_answer(caller->service->mailbox.thread, line, head,
                           (uint32_t)length);
}

static long answer_by_peer(const struct fos_caller *caller, struct fos_reply *head,
                           size_t length)
{
    struct fos_service *service = caller->service;
    struct fos_answer_peer *slot;
    int error;

    if (fos_unlikely(!caller->reply.id))
        return -FOS_EPERM;
    slot = peer_find(service, &caller->reply);
    if (fos_unlikely(!slot)) {
        service->troubles.gone++;
        return -FOS_EPERM;
    }
    slot->used = ++service->answers;
    /* A deadline in the past: now or not at all. */
    error = fos_msg_send_until(&slot->peer, head, (uint32_t)length, 0);
    return fos_likely(!error) ? 0 : answer_failed(service, slot, error);
}

/* Nothing but a result. */
static long answer_bare(const struct fos_caller *caller, long result)
{
    struct fos_reply bare = {caller->tag, result};

    return caller->reply.id == FOS_REPLY_LINE
               ? answer_by_line(caller, &bare, sizeof bare)
               : answer_by_peer(caller, &bare, sizeof bare);
}

/* Any answer but a whole one by a line. */
static long answer(const struct fos_caller *caller, long result,
                   struct fos_reply *reply, size_t length)
{
    if (fos_unlikely(!reply || result < 0))
        return answer_bare(caller, result);
    /* A reply too long for a line becomes an error. */
    if (fos_unlikely(caller->reply.id == FOS_REPLY_LINE))
        return answer_bare(caller, -FOS_EMSGSIZE);
    reply->tag = caller->tag;
    reply->result = result;
    return answer_by_peer(caller, reply, length);
}

/* By a line without a call in between, as every instruction until then is seen. */
long fos_answer(const struct fos_caller *caller, long result, void *reply,
                size_t length)
{
    struct fos_reply *head = reply;

    if (caller->reply.id != FOS_REPLY_LINE ||
        fos_unlikely(!head || result < 0 || length > FOS_PACKET_PAYLOAD))
        return answer(caller, result, head, length);
    head->tag = caller->tag;
    head->result = result;
    return answer_by_line(caller, head, length);
}
