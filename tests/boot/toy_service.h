/* SPDX-License-Identifier: MIT */
/* What every service of toy.h does with some of its requests; the rest is its own. */
#ifndef TOY_SERVICE_H
#define TOY_SERVICE_H

#include <string.h>

#include <fos/service.h>

#include "toy.h"

static void toy_fail(const struct fos_caller *caller,
                     const struct toy_fail_req *req, size_t length)
{
    (void)length;
    fos_answer(caller, req->error, NULL, 0);
}

static void toy_text(const struct fos_caller *caller,
                     const struct toy_text_req *req, size_t length)
{
    const uint8_t *text = (const uint8_t *)(req + 1);
    struct toy_text_rep rep = {.length = length - sizeof *req};

    for (size_t i = 0; i < rep.length; i++)
        rep.sum += text[i];
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void toy_bulk(const struct fos_caller *caller,
                     const struct toy_bulk_req *req, size_t length)
{
    struct toy_bulk_rep rep = {0};

    (void)length;
    memset(rep.bytes, (int)req->fill, sizeof rep.bytes);
    fos_answer(caller, 0, &rep, sizeof rep);
}

#endif
