/* SPDX-License-Identifier: MIT */
/*
 * The skeleton of a fleet member: a mailbox, a table of handlers made from the
 * protocol's list, and a loop.
 *
 *     FOS_SERVICE_TABLE(table, CONSOLE_OPS)        // wants console_write(), ...
 *     struct fos_service service = {.table = table, .count = FOS_TABLE_COUNT(table)};
 *     fos_service_open(&service, slots, longest);
 *     for (;;)
 *         fos_service_run(&service, deadline);
 *
 * A handler: void service_name(const struct fos_caller *, const struct
 * service_name_req *, size_t length).  The request is a private copy of the
 * `length` bytes that came, followed by zeros up to the struct's size; nothing it
 * says has been checked but `op`.  The handler answers with fos_answer, now or
 * later, once at most.
 */
#ifndef FOS_SERVICE_H
#define FOS_SERVICE_H

#include <stddef.h>

#include <fos/msg.h>
#include <fos/proto/rpc.h>

/* Where an answer goes. */
struct fos_caller {
    uint64_t id;
    struct fos_cap reply;
};

struct fos_handler {
    uint32_t op;
    uint32_t size; /* of the request's struct */
    const char *name;
    void (*handle)(const struct fos_caller *caller, const void *request,
                   size_t length);
};

struct fos_service {
    const struct fos_handler *table;
    size_t count;
    void (*event)(uint64_t bits); /* event slots taken; may be NULL */
    struct fos_mailbox mailbox;
    void *buffer;
    size_t buffer_size;
    uint64_t refused; /* malformed requests */
};

/* Makes the mailbox, and the buffer for requests of up to `longest` bytes. */
long fos_service_open(struct fos_service *service, uint32_t slots, size_t longest);

/* Handles one message, or the events that are pending; waits for either until the
 * deadline. */
void fos_service_run(struct fos_service *service, uint64_t deadline);

/* Sends a reply whose head is filled in here; NULL: nothing but the result. Dropped
 * when the caller wants none, has died or has no room for it.  0 or the error. */
long fos_answer(const struct fos_caller *caller, long result, void *reply,
                size_t length);

#define FOS_OP_PROTOTYPE(number, service, name)                            \
    static void service##_##name(const struct fos_caller *caller,          \
                                 const struct service##_##name##_req *req, \
                                 size_t length);                           \
    static void service##_##name##_enter(const struct fos_caller *caller,  \
                                         const void *req, size_t length)   \
    {                                                                      \
        service##_##name(caller, req, length);                             \
    }
#define FOS_OP_ROW(number, service, name)                  \
    {number, sizeof(struct service##_##name##_req), #name, \
     service##_##name##_enter},

#define FOS_SERVICE_TABLE(table, OPS) \
    OPS(FOS_OP_PROTOTYPE)             \
    static const struct fos_handler table[] = {OPS(FOS_OP_ROW)};
#define FOS_TABLE_COUNT(table) (sizeof(table) / sizeof(table)[0])

#endif
