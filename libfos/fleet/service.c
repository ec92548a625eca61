/* SPDX-License-Identifier: MIT */
#include "fleet.h"

#include <fos/event.h>
#include <fos/memory.h>
#include <fos/syscall.h>

static size_t pages_of(uint32_t bytes)
{
    return (bytes + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE;
}

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
    service->buffer_size = longest_request(service);
    service->buffer = fos_pages_map(pages_of(service->buffer_size));
    if (!service->buffer || !answers_open(service))
        return -FOS_ENOMEM;
    return fos_mailbox_create(&service->mailbox, slots);
}

static void refuse(const struct fos_caller *caller, uint64_t *counter, int error)
{
    ++*counter;
    fos_answer(caller, error, NULL, 0);
}

/* The requests that are no handler's. */
static void dispatch_odd(struct fos_service *service,
                         const struct fos_caller *caller)
{
    uint8_t op = fos_tag_op(caller->tag);

    if (op == FOS_OP_CANCEL) {
        service->stats.cancels++;
        if (service->cancel)
            service->cancel(caller);
    } else if (fos_tag_version(caller->tag) != service->version) {
        refuse(caller, &service->stats.wrong_version, -FOS_EPROTO);
    } else if (op >= service->count || !service->table[op].handle) {
        refuse(caller, &service->stats.wrong_op, -FOS_ENOSYS);
    } else {
        refuse(caller, &service->stats.wrong_size, -FOS_EINVAL);
    }
}

/* The request lies in the service's buffer, where its sender cannot reach it. */
static inline void dispatch(struct fos_service *service, uint32_t length)
{
    const struct fos_request *head = service->buffer;
    struct fos_caller caller = {head->tag, head->reply, service};
    uint8_t op = fos_tag_op(caller.tag);

    if (fos_unlikely(length < sizeof *head)) {
        service->stats.malformed++;
        return;
    }
    if (fos_likely(op < service->count &&
                   fos_tag_version(caller.tag) == service->version)) {
        const struct fos_handler *handler = &service->table[op];
        /* Too short wraps around to more than any row allows. */
        if (fos_likely(handler->handle &&
                       length - handler->size <= handler->more)) {
            service->stats.served++;
            handler->handle(&caller, service->buffer, length);
            return;
        }
    }
    dispatch_odd(service, &caller);
}

static void run_odd(struct fos_service *service, int error)
{
    if (error == -FOS_EMSGSIZE) {
        service->stats.malformed++;
        fos_msg_discard(&service->mailbox);
    } else if (error == -FOS_EINTR) {
        uint64_t bits = fos_event_take(~FOS_EVENTS_RESERVED);
        if (bits && service->event)
            service->event(bits);
    }
}

void fos_service_run(struct fos_service *service, uint64_t deadline)
{
    uint32_t length;
    int error = fos_msg_recv(&service->mailbox, service->buffer,
                             service->buffer_size, &length, deadline);

    if (fos_likely(!error))
        dispatch(service, length);
    else
        run_odd(service, error);
}
