/* SPDX-License-Identifier: MIT */
#include <fos/service.h>

#include <string.h>

#include <fos/event.h>
#include <fos/memory.h>
#include <fos/syscall.h>

long fos_service_open(struct fos_service *service, uint32_t slots, size_t longest)
{
    size_t pages = (longest + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE;

    service->buffer = fos_pages_map(pages);
    if (!service->buffer)
        return -FOS_ENOMEM;
    service->buffer_size = longest;
    long error = fos_mailbox_create(&service->mailbox, slots);
    if (error < 0)
        fos_pages_unmap(service->buffer, pages);
    return error;
}

static const struct fos_handler *handler_find(const struct fos_service *service,
                                              uint32_t op)
{
    for (size_t i = 0; i < service->count; i++)
        if (service->table[i].op == op)
            return &service->table[i];
    return NULL;
}

/* The request lies in the service's buffer, where its sender cannot reach it. */
static void dispatch(struct fos_service *service, size_t length)
{
    const struct fos_request *head = service->buffer;

    if (length < sizeof *head) {
        service->refused++;
        return;
    }
    struct fos_caller caller = {.id = head->id, .reply = head->reply};
    const struct fos_handler *handler = handler_find(service, head->op);
    if (!handler) {
        service->refused++;
        fos_answer(&caller, -FOS_ENOSYS, NULL, 0);
        return;
    }
    if (length < handler->size)
        memset((char *)service->buffer + length, 0, handler->size - length);
    handler->handle(&caller, service->buffer, length);
}

void fos_service_run(struct fos_service *service, uint64_t deadline)
{
    uint32_t length;
    int error = fos_msg_recv(&service->mailbox, service->buffer,
                             (uint32_t)service->buffer_size, &length, deadline);

    if (!error) {
        dispatch(service, length);
    } else if (error == -FOS_EMSGSIZE) {
        service->refused++;
        fos_msg_discard(&service->mailbox);
    } else if (error == -FOS_EINTR) {
        uint64_t bits = fos_event_take(~FOS_EVENTS_RESERVED);
        if (bits && service->event)
            service->event(bits);
    }
}

long fos_answer(const struct fos_caller *caller, long result, void *reply,
                size_t length)
{
    struct fos_reply bare;
    struct fos_reply *head = reply ? reply : &bare;

    if (!caller->reply.id)
        return -FOS_EPERM;
    head->id = caller->id;
    head->result = (int32_t)result;
    head->reserved = 0;
    return fos_sys_mailbox_send(caller->reply, head, reply ? length : sizeof bare);
}
