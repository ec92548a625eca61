/* SPDX-License-Identifier: MIT */
/* The server as a member of a fleet would be: typed requests, answered. */
#include "echo.h"

#include <fos/service.h>

#include "proto.h"

FOS_SERVICE_TABLE(table, BENCH_OPS)

static struct fos_service service = FOS_SERVICE(bench, table);
static uint32_t served;

static void bench_sum(const struct fos_caller *caller,
                      const struct bench_sum_req *req, size_t length)
{
    struct bench_sum_rep rep = {.sum = req->a + req->b};

    (void)length;
    fos_answer(caller, 0, &rep, sizeof rep);
    served++;
}

struct fos_cap serve_open(uint32_t slots)
{
    must(fos_service_open(&service, slots), "server: service");
    return service.mailbox.cap;
}

void serve(uint32_t n)
{
    for (served = 0; served < n;)
        fos_service_run(&service, FOS_NEVER);
}
