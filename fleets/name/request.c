/* SPDX-License-Identifier: MIT */
/*
 * From messages to the state machine.  A request is here a private copy of its struct's
 * size; what a client says is checked in ask.c; that a message is the fleet's own,
 * here.
 */
#include "request.h"

FOS_SERVICE_TABLE(table, NAME_OPS)

struct fos_service name_service = FOS_SERVICE(name, table);

/* Whether a message comes from the process fleet or a member. */
static bool is_ours(const struct name_control *control)
{
    return ((control->word[0] ^ member.control.word[0]) |
            (control->word[1] ^ member.control.word[1])) == 0;
}

#define REQUEST_PASS(number, service, name)                                \
    static void service##_##name(const struct fos_caller *caller,          \
                                 const struct service##_##name##_req *req, \
                                 size_t length)                            \
    {                                                                      \
        (void)length;                                                      \
        member_##name(&member, caller, req);                               \
    }

NAME_CLIENT_OPS(REQUEST_PASS)

static void name_view(const struct fos_caller *caller,
                      const struct name_view_req *req, size_t length)
{
    (void)caller, (void)length;
    if (is_ours(&req->control))
        member_view(&member, &req->view);
}

static void name_ended(const struct fos_caller *caller,
                       const struct name_ended_req *req, size_t length)
{
    (void)caller, (void)length;
    if (is_ours(&req->control))
        member_ended(&member, req);
}

static void name_copy(const struct fos_caller *caller,
                      const struct name_copy_req *req, size_t length)
{
    const struct name_entry *entries = (const void *)(req + 1);

    (void)caller;
    if (is_ours(&req->control) &&
        req->count <= (length - sizeof *req) / sizeof *entries)
        member_copy(&member, req, entries);
}

static void name_copied(const struct fos_caller *caller,
                        const struct name_copied_req *req, size_t length)
{
    (void)caller, (void)length;
    if (is_ours(&req->control))
        member_copied(&member, req);
}

static void name_filled(const struct fos_caller *caller,
                        const struct name_filled_req *req, size_t length)
{
    (void)caller, (void)length;
    if (is_ours(&req->control))
        member_filled(&member, req);
}
