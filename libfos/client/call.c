/* SPDX-License-Identifier: MIT */
/* Calls to fleets.  Invariants: see fos/call.h. */
#include <fos/call.h>

#include <string.h>

#include <fos/memory.h>
#include <fos/syscall.h>

/* Twice what may be outstanding (K4), so that strays find room too. */
enum { REPLY_SLOTS = 256 };
enum { LOOK_NS_FIRST = 20000000, LOOK_NS_LAST = 1000000000 };

_Static_assert(REPLY_SLOTS >= (int)FOS_CALL_ROOM, "K4");

/* ---- the thread's client ---- */

static int client_init(struct fos_client *client, const struct fos_thread *thread)
{
    int error = fos_mailbox_create(&client->mailbox, REPLY_SLOTS);

    if (error)
        return error;
    client->key = (struct fos_siphash_key){{thread->cap.secret, thread->cap.id}};
    fos_mailbox_events(&client->mailbox, 0);
    client->room = FOS_CALL_ROOM;
    return 0;
}

enum {
    CLIENT_PAGES = (sizeof(struct fos_client) + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE
};

struct fos_client *fos_client_self(void)
{
    struct fos_thread *thread = fos_thread_self();
    struct fos_client *client = thread->client;

    if (client)
        return client;
    client = fos_pages_map(CLIENT_PAGES);
    if (!client)
        return NULL;
    if (client_init(client, thread)) {
        fos_pages_unmap(client, CLIENT_PAGES);
        return NULL;
    }
    thread->client = client;
    return client;
}

void fos_client_free(struct fos_client *client)
{
    fos_pages_unmap(client, CLIENT_PAGES);
}

struct fos_cap fos_call_mailbox(void)
{
    struct fos_client *client = fos_client_self();

    return client ? client->mailbox.cap : (struct fos_cap){0};
}

/* ---- calls outstanding ---- */

static struct fos_call **bucket_of(struct fos_client *client, uint64_t tag)
{
    return &client->buckets[tag / FOS_TAG_ID_ONE % FOS_CALL_BUCKETS];
}

static struct fos_call **call_find(struct fos_client *client, uint64_t tag)
{
    struct fos_call **link = bucket_of(client, tag);

    while (*link && (*link)->tag != tag)
        link = &(*link)->next;
    return link;
}

static uint32_t room_of(const struct fos_call *call)
{
    return fos_packets_for(fos_reply_room(call->capacity));
}

static int call_insert(struct fos_client *client, struct fos_call *call)
{
    struct fos_call **bucket = bucket_of(client, call->tag);

    if (client->room < room_of(call))
        return -FOS_EAGAIN;
    client->room -= room_of(call);
    client->outstanding++;
    call->next = *bucket;
    *bucket = call;
    return 0;
}

static void call_end(struct fos_client *client, struct fos_call *call, long result)
{
    struct fos_call **link = call_find(client, call->tag);

    if (*link != call)
        return;
    *link = call->next;
    client->outstanding--;
    client->room += room_of(call);
    call->done = true;
    call->result = result;
    fos_trace(FOS_TRACE_call_end, call->tag, (uint64_t)result);
}

/* A new call by this peer, not yet sent. */
static int call_begin(struct fos_call *call, struct fos_peer *to,
                      struct fos_request *head, void *reply, uint32_t capacity)
{
    struct fos_client *client = fos_client_self();

    if (!client)
        return -FOS_ENOMEM;
    if (to->call_id == 0) { /* K2 */
        client->peers++;
        to->call_id =
            fos_siphash(&client->key, &client->peers, sizeof client->peers) &
            ~FOS_TAG_OP_MASK;
    }
    to->thread->sleeper.published->calls_made++;
    to->call_id += FOS_TAG_ID_ONE;
    head->tag = (head->tag & FOS_TAG_OP_MASK) | to->call_id;
    head->reply = client->mailbox.cap;
    *call = (struct fos_call){
        .tag = head->tag, .to = to, .reply = reply, .capacity = capacity};
    fos_trace(FOS_TRACE_call_begin, fos_tag_op(call->tag), call->tag);
    return call_insert(client, call);
}

/* ---- replies ---- */

static bool size_fits(const struct fos_call *call, uint32_t got)
{
    return call->capacity & FOS_REPLY_UPTO ? got <= fos_reply_room(call->capacity)
                                           : got == call->capacity;
}

/* What came to the mailbox: `got` bytes, for whom?  K1, K3 */
static void reply_take(struct fos_client *client, const void *from, uint32_t got)
{
    const struct fos_reply *head = from;
    struct fos_call *call =
        got < sizeof *head ? NULL : *call_find(client, head->tag);

    if (!call) {
        client->stats.strays++;
    } else if (head->result < 0) {
        call_end(client, call, head->result);
    } else if (!size_fits(call, got)) {
        client->stats.wrong_size++;
        call_end(client, call, -FOS_EPROTO);
    } else {
        if (from != call->reply)
            memcpy(call->reply, from, got);
        call_end(client, call, head->result);
    }
}

/* Takes in one message.  0, -FOS_ETIMEDOUT, or -FOS_EINTR (struct fos_sleeper). */
static int reply_receive(struct fos_client *client, uint64_t deadline)
{
    uint32_t got;
    int error = fos_msg_recv(&client->mailbox, client->bounce,
                             sizeof client->bounce, &got, deadline);

    if (error == -FOS_EMSGSIZE) {
        client->stats.strays++;
        fos_msg_discard(&client->mailbox);
        return 0;
    }
    if (!error)
        reply_take(client, client->bounce, got);
    return error;
}

/* Nothing came for a while: a server that is gone will not answer; what it had
 * answered is there. */
static void server_look(struct fos_client *client, struct fos_call *call)
{
    if (!fos_peer_gone(call->to))
        return;
    while (!call->done && reply_receive(client, 0) == 0)
        continue;
    call_end(client, call, -FOS_EPERM);
}

static long call_wait(struct fos_client *client, struct fos_call *call,
                      uint64_t deadline)
{
    struct fos_sleeper *sleeper = &call->to->thread->sleeper;
    uint64_t patience = LOOK_NS_FIRST;

    while (!call->done) {
        uint64_t now = fos_sleeper_now(sleeper);

        client->look_at = now + patience;
        int error = reply_receive(
            client, deadline < client->look_at ? deadline : client->look_at);
        if (error == 0)
            continue;
        if (error == -FOS_EINTR)
            return error;
        if (client->look_at >= deadline)
            return -FOS_ETIMEDOUT;
        server_look(client, call);
        if (patience < LOOK_NS_LAST)
            patience *= 2;
    }
    return call->result;
}

/* ---- the interface ---- */

long fos_call_start(struct fos_call *call, struct fos_peer *to, void *request,
                    uint32_t length, void *reply, uint32_t capacity)
{
    long error = call_begin(call, to, request, reply, capacity);

    if (error)
        return error;
    error = fos_msg_try_send(to, request, length);
    if (error)
        call_end(to->thread->client, call, error);
    return error;
}

long fos_call_send(struct fos_call *call, struct fos_peer *to, void *request,
                   uint32_t length, void *reply, uint32_t capacity,
                   uint64_t deadline)
{
    long error = call_begin(call, to, request, reply, capacity);

    if (error)
        return error;
    error = fos_msg_send_until(to, request, length, deadline);
    if (error)
        call_end(to->thread->client, call, error);
    return error;
}

long fos_call_finish(struct fos_call *call, uint64_t deadline)
{
    if (call->done)
        return call->result;
    return call_wait(call->to->thread->client, call, deadline);
}

static uint32_t calls_done(struct fos_call *const *calls, uint32_t count)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < count; i++)
        done += calls[i]->done;
    return done;
}

long fos_call_finish_any(struct fos_call *const *calls, uint32_t count, bool all,
                         uint64_t deadline)
{
    struct fos_client *client = calls[0]->to->thread->client;
    uint64_t patience = LOOK_NS_FIRST;

    while (calls_done(calls, count) < (all ? count : 1)) {
        uint64_t look =
            fos_sleeper_now(&client->mailbox.thread->sleeper) + patience;
        int error = reply_receive(client, deadline < look ? deadline : look);
        if (error == 0)
            continue;
        if (error == -FOS_EINTR)
            return error;
        if (look >= deadline)
            return -FOS_ETIMEDOUT;
        for (uint32_t i = 0; i < count; i++)
            if (!calls[i]->done)
                server_look(client, calls[i]);
        if (patience < LOOK_NS_LAST)
            patience *= 2;
    }
    return 0;
}

static int cancel_send(const struct fos_call *call, uint64_t deadline)
{
    struct fos_request cancel = {.tag =
                                     (call->tag & ~FOS_TAG_OP_MASK) | FOS_OP_CANCEL,
                                 .reply = call->to->thread->client->mailbox.cap};

    return fos_msg_send_until(call->to, &cancel, sizeof cancel, deadline);
}

void fos_call_cancel(struct fos_call *call)
{
    struct fos_client *client = call->to->thread->client;

    if (call->done)
        return;
    call_end(client, call, -FOS_ECANCELED);
    client->stats.cancelled++;
    cancel_send(call, 0);
}

void fos_call_ask_back(const struct fos_call *call, uint64_t deadline)
{
    cancel_send(call, deadline);
}

/* After this neither side knows the call any more. */
static long call_complete(struct fos_call *call, uint64_t deadline)
{
    long result = call_wait(call->to->thread->client, call, deadline);

    if (result == -FOS_ETIMEDOUT)
        fos_call_cancel(call);
    return result;
}

long fos_call_slow(struct fos_peer *to, void *request, uint32_t length, void *reply,
                   uint32_t capacity, uint64_t deadline)
{
    struct fos_call call;
    long error =
        fos_call_send(&call, to, request, length, reply, capacity, deadline);

    return error ? error : call_complete(&call, deadline);
}

long fos_call_odd(struct fos_peer *to, uint64_t tag, int error, uint32_t got,
                  void *reply, uint32_t capacity, uint64_t deadline)
{
    struct fos_client *client = to->thread->client;
    struct fos_call call = {
        .tag = tag, .to = to, .reply = reply, .capacity = capacity};

    if (call_insert(client, &call))
        return -FOS_EAGAIN;
    if (!error)
        reply_take(client, reply, got);
    return call_complete(&call, deadline);
}

long fos_post(struct fos_cap to, const void *message, size_t length,
              uint64_t deadline)
{
    struct fos_peer peer;
    int error = fos_peer_open(&peer, to, FOS_TRANSPORT_KERNEL);

    if (!error)
        error = fos_msg_send_until(&peer, message, (uint32_t)length, deadline);
    fos_peer_close(&peer);
    return error;
}

/* The kernel looks at the length only when it has found the mailbox. */
bool fos_peer_gone(const struct fos_peer *peer)
{
    return fos_sys_mailbox_send(peer->mailbox, "", FOS_MESSAGE_MAX + 1) ==
           -FOS_EPERM;
}
