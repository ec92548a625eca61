/* SPDX-License-Identifier: MIT */
/* A service of toy.h with callers that wait, and that may think better of it. */
#ifndef TOY_LATER_H
#define TOY_LATER_H

#include "toy_service.h"

enum { TOY_WAITING_MAX = 128 };

static struct {
    struct fos_caller caller;
    uint64_t value;
} toy_waiting[TOY_WAITING_MAX];
static size_t toy_waiting_count;
static _Atomic size_t toy_cancelled; /* of them, in time */

static void toy_cancel(const struct fos_caller *caller)
{
    size_t kept = 0, before = toy_waiting_count;

    for (size_t i = 0; i < before; i++)
        if (!fos_caller_same(&toy_waiting[i].caller, caller))
            toy_waiting[kept++] = toy_waiting[i];
    toy_waiting_count = kept;
    toy_cancelled += before - kept;
}

static void toy_later(const struct fos_caller *caller,
                      const struct toy_later_req *req, size_t length)
{
    (void)length;
    if (toy_waiting_count == TOY_WAITING_MAX) {
        fos_answer(caller, -FOS_EBUSY, NULL, 0);
        return;
    }
    toy_waiting[toy_waiting_count].caller = *caller;
    toy_waiting[toy_waiting_count++].value = req->value;
    if (toy_waiting_count < req->count)
        return;
    while (toy_waiting_count) {
        struct toy_later_rep rep = {.value =
                                        toy_waiting[--toy_waiting_count].value};
        fos_answer(&toy_waiting[toy_waiting_count].caller, 0, &rep, sizeof rep);
    }
}

#endif
