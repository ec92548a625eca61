/* SPDX-License-Identifier: MIT */
/* A typed call of a service: the minimal IPC's sum, through stubs and dispatch. */
#include "bench.h"

#include <fos/call.h>
#include <fos/line.h>
#include <fos/service.h>

#include "host.h"
#include "sum.h"

FOS_CLIENT_CALLS(sum, SUM_OPS)
FOS_FAST_CALL(sum, add)
FOS_SERVICE_TABLE(table, SUM_OPS)

enum { SLOTS = 64 };

static struct fos_service service = FOS_SERVICE(sum, table);
static uint64_t served;
static struct fos_peer to_service;
static struct fos_line line_to_service;

static struct opened {
    struct fos_cap mailbox;
    _Atomic uint32_t made;
} * opened; /* seen by both processes */

/* ---- both sides ---- */

bool rpc_prepare(void)
{
    opened = host_shared(sizeof *opened);
    return true;
}

void rpc_join(bool server)
{
    if (server) {
        if (fos_service_open(&service, SLOTS))
            bench_die("service");
        opened->mailbox = service.mailbox.cap;
        fos_store_release(&opened->made, 1);
        return;
    }
    while (!fos_load_acquire(&opened->made))
        fos_pause();
    if (fos_peer_open(&to_service, opened->mailbox, FOS_TRANSPORT_CHANNEL))
        bench_die("way to the service");
    if (fos_line_open(&line_to_service, opened->mailbox))
        bench_die("call line to the service");
}

static void sum_add(const struct fos_caller *caller, const struct sum_add_req *req,
                    size_t length)
{
    struct sum_add_rep rep = {.sum = req->a + req->b};

    (void)length;
    fos_answer(caller, 0, &rep, sizeof rep);
    served++;
}

void rpc_client(uint64_t n)
{
    while (n--) {
        struct sum_add_req req = {.a = 10, .b = 20};
        struct sum_add_rep rep = {0};
        if (sum_add_call(&to_service, &req, &rep, FOS_NEVER) || rep.sum != 30)
            bench_die("call");
    }
}

void rpc_fast_client(uint64_t n)
{
    while (n--) {
        struct sum_add_req req = {.a = 10, .b = 20};
        struct sum_add_rep rep = {0};
        if (sum_add_fast(&line_to_service, &req, &rep, FOS_NEVER) || rep.sum != 30)
            bench_die("fast call");
    }
}

void rpc_server(uint64_t n)
{
    for (served = 0; served < n;)
        fos_service_run(&service, FOS_NEVER);
}
