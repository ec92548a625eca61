/* SPDX-License-Identifier: MIT */
#include <fos/call.h>

#include <string.h>

#include <fos/clock.h>
#include <fos/msg.h>
#include <fos/syscall.h>

/* A reply takes at most 19 slots; late ones of earlier calls are few. */
enum { REPLY_SLOTS = 64 };

static struct fos_mailbox replies;
static uint64_t last_id;

long fos_post(struct fos_cap to, const void *request, size_t length,
              uint64_t deadline)
{
    struct fos_peer peer;
    int error = fos_peer_open(&peer, to, FOS_TRANSPORT_KERNEL);

    if (!error)
        error = fos_msg_send_until(&peer, request, (uint32_t)length, deadline);
    fos_peer_close(&peer);
    return error;
}

struct fos_cap fos_call_mailbox(void)
{
    if (!replies.cap.id && fos_mailbox_create(&replies, REPLY_SLOTS) == 0)
        fos_mailbox_events(&replies, 0);
    return replies.cap;
}

/* What comes to the reply mailbox is believed after a check of id and length; late
 * replies to calls given up are thrown away. */
static long reply_wait(void *reply, size_t capacity, uint64_t deadline)
{
    _Alignas(16) char buffer[FOS_REPLY_MAX] = {0};
    struct fos_reply *head = (struct fos_reply *)buffer;
    uint32_t length;

    for (;;) {
        int error =
            fos_msg_recv(&replies, buffer, sizeof buffer, &length, deadline);
        if (error == -FOS_EMSGSIZE)
            fos_msg_discard(&replies);
        else if (error)
            return error;
        else if (length >= sizeof *head && head->id == last_id)
            break;
    }
    if (head->result < 0)
        return head->result;
    if (length != capacity)
        return -FOS_EPROTO;
    memcpy(reply, buffer, capacity);
    return head->result;
}

long fos_call(struct fos_cap to, void *request, size_t length, void *reply,
              size_t capacity, uint64_t deadline)
{
    struct fos_request *head = request;

    head->id = ++last_id;
    head->reply = fos_call_mailbox();
    if (!head->reply.id)
        return -FOS_ENOMEM;
    long error = fos_post(to, request, length, deadline);
    return error < 0 ? error : reply_wait(reply, capacity, deadline);
}
