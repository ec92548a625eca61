/* SPDX-License-Identifier: MIT */
#include "fleet.h"

#include <fos/call.h>
#include <fos/event.h>
#include <fos/line.h>
#include <fos/memory.h>
#include <fos/syscall.h>
#include <fos/trace.h>

static uint32_t longest_request(const struct fos_service *service)
{
    uint32_t longest = sizeof(struct fos_request);

    for (uint32_t op = 0; op < service->count; op++) {
        const struct fos_handler *handler = &service->table[op];
        if (handler->size + handler->more > longest)
            longest = handler->size + handler->more;
    }
    return longest;
}

long fos_service_open(struct fos_service *service, uint32_t slots)
{
    size_t pages = (longest_request(service) + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE;

    service->buffer = fos_pages_map(pages);
    service->buffer_size = (uint32_t)(pages * FOS_PAGE_SIZE);
    /* The client is made now: what a fleet has does not grow with its first call. */
    if (!service->buffer || !answers_open(service) || !fos_client_self())
        return -FOS_ENOMEM;
    service->until_sample = LOAD_SAMPLE;
    service->beat_at = FOS_NEVER;
    return fos_mailbox_create(&service->mailbox, slots);
}

static void refuse(const struct fos_caller *caller, uint64_t *counter, int error)
{
    ++*counter;
    fos_answer(caller, error, NULL, 0);
}

static void cancelled(struct fos_service *service, const struct fos_caller *caller)
{
    service->troubles.cancels++;
    if (service->cancel)
        service->cancel(caller);
}

/* Whether a message of this length is the row's.  Too short wraps around to more than any
 * row allows. */
static inline bool fits(const struct fos_handler *handler, uint32_t length)
{
    return handler->handle && length - handler->size <= handler->more;
}

/* The service's own handler of a request that has this tag and length; or NULL. */
fos_inline const struct fos_handler *handler_of(const struct fos_service *service,
                                                uint64_t tag, uint32_t length)
{
    /* The op, with the version in it unless that is the service's. */
    uint32_t row = (uint16_t)tag ^ service->version << FOS_TAG_VERSION_SHIFT;

    return row < service->count && fits(&service->table[row], length)
               ? &service->table[row]
               : NULL;
}

/* A request in the service's buffer, where its sender cannot reach it. */
fos_inline void handle(struct fos_service *service, uint32_t length,
                       const struct fos_caller *caller,
                       const struct fos_handler *handler)
{
    service->mailbox.thread->sleeper.published->calls_served++;
    fos_trace(FOS_TRACE_serve_begin, fos_tag_op(caller->tag), caller->tag);
    handler->handle(caller, service->buffer, length);
    fos_trace(FOS_TRACE_serve_end, fos_tag_op(caller->tag), caller->tag);
}

/* The same for one of `count` handlers, or none. */
static void enter(struct fos_service *service, uint32_t length,
                  const struct fos_caller *caller, const struct fos_handler *table,
                  uint32_t count, uint32_t version)
{
    const struct fos_handler *handler = &table[fos_tag_op(caller->tag)];

    if (fos_tag_version(caller->tag) != version)
        refuse(caller, &service->troubles.wrong_version, -FOS_EPROTO);
    else if (fos_tag_op(caller->tag) >= count || !handler->handle)
        refuse(caller, &service->troubles.wrong_op, -FOS_ENOSYS);
    else if (!fits(handler, length))
        refuse(caller, &service->troubles.wrong_size, -FOS_EINVAL);
    else
        handle(service, length, caller, handler);
}

/* A request that says it came by a call line: by the first of the channels, then, if what was
 * taken of that last has not been begun yet.  False: it did not. */
fos_inline bool line_found(struct fos_caller *caller)
{
    struct fos_inbound *front = caller->service->mailbox.channels.next;
    uint8_t number = (uint8_t)front->receiver.at.number;
    bool found = fos_line_owed(front) && front->receiver.served != number;

    front->receiver.served = number;
    caller->line = front;
    caller->reply.secret = front->channel.id;
    if (found)
        front->owes = front->channel.id;
    return found;
}

/* One of those that every service answers, or a cancellation. */
static void dispatch_common(struct fos_service *service, uint32_t length,
                            const struct fos_caller *caller)
{
    if (fos_tag_op(caller->tag) == FOS_OP_CANCEL)
        cancelled(service, caller);
    else
        enter(service, length, caller, common_table, common_count, fleet_version);
}

fos_inline void dispatch(struct fos_service *service, uint32_t length)
{
    const struct fos_request *head = service->buffer;
    struct fos_caller caller = {
        head->tag, {head->reply.id, head->reply.secret}, service, NULL};
    const struct fos_handler *handler = handler_of(service, caller.tag, length);

    if (fos_unlikely(length < sizeof *head ||
                     (caller.reply.id == FOS_REPLY_LINE && !line_found(&caller))))
        service->troubles.malformed++;
    else if (fos_likely(handler != NULL))
        handle(service, length, &caller, handler);
    else if (fos_tag_op(caller.tag) < FOS_OP_COMMON)
        enter(service, length, &caller, service->table, service->count,
              service->version);
    else
        dispatch_common(service, length, &caller);
}

static void dispatch_timed(struct fos_service *service, uint32_t length)
{
    uint64_t begin = fos_tsc();

    service->until_sample = LOAD_SAMPLE;
    dispatch(service, length);
    load_sampled(service, fos_tsc() - begin);
    load_look(service);
}

static void run_odd(struct fos_service *service, int error)
{
    uint64_t bits;

    switch (error) {
    case -FOS_EMSGSIZE:
        service->troubles.malformed++;
        fos_msg_discard(service->aside ? service->spoke : &service->mailbox);
        break;
    case -FOS_EINTR:
        bits = fos_event_take(~FOS_EVENTS_RESERVED);
        if (bits && service->event)
            service->event(bits);
        break;
    default:
        load_look(service);
    }
}

static int receive(struct fos_service *service, uint32_t *length, uint64_t deadline)
{
    struct fos_mailbox *const both[] = {&service->mailbox, service->aside};

    if (fos_likely(!service->aside))
        return fos_msg_recv(&service->mailbox, service->buffer,
                            service->buffer_size, length, deadline);
    return fos_msg_recv_any(both, 2, &service->spoke, service->buffer,
                            service->buffer_size, length, deadline);
}

/* Whether the next request is looked for at the line that was answered last, and neither traced
 * nor timed. */
fos_inline bool line_expected(const struct fos_service *service)
{
    const struct fos_mailbox *mailbox = &service->mailbox;
    struct fos_thread *thread = mailbox->thread;
    const struct fos_channel_receiver *front = &mailbox->channels.next->receiver;

    return thread->unpushed && mailbox->budget && front->line && !front->done &&
           service->until_sample > 1 && !service->aside && !fos_traced() &&
           fos_pace_waits(&thread->pace[FOS_PACE_SERVE]);
}

/* A request by that line, as fos_msg_recv and dispatch would take and serve it: the way
 * of most fast calls, where each instruction is seen.  False: none was taken. */
fos_inline bool serve_line(struct fos_service *service)
{
    struct fos_inbound *line = service->mailbox.channels.next;
    struct fos_caller caller = {
        0, {FOS_REPLY_LINE, line->channel.id}, service, line};
    uint8_t number = (uint8_t)(line->receiver.at.number + 1);
    const struct fos_request *head = service->buffer;
    const struct fos_handler *handler;
    uint32_t length;

    fos_unpushed_count(service->mailbox.thread);
    if (!fos_line_next(&service->mailbox, line, service->buffer,
                       service->buffer_size, &length))
        return false;
    service->until_sample--;
    caller.tag = head->tag;
    handler = handler_of(service, caller.tag, length);
    if (fos_unlikely(!handler || length < sizeof *head ||
                     head->reply.id != FOS_REPLY_LINE)) {
        dispatch_timed(service, length);
        return true;
    }
    line->receiver.served = number;
    line->owes = caller.reply.secret;
    service->mailbox.thread->sleeper.published->calls_served++;
    handler->handle(&caller, head, length);
    return true;
}

void fos_service_run(struct fos_service *service, uint64_t deadline)
{
    uint32_t length;
    int error;

    if (line_expected(service) && serve_line(service))
        return;
    error = receive(service, &length,
                    deadline < service->beat_at ? deadline : service->beat_at);
    if (fos_unlikely(error))
        run_odd(service, error);
    else if (fos_unlikely(service->aside && service->spoke == service->aside))
        service->aside_take(service->buffer, length);
    else if (fos_unlikely(--service->until_sample == 0))
        dispatch_timed(service, length);
    else
        dispatch(service, length);
}
