/* SPDX-License-Identifier: MIT */
/*
 * The xenstore client, whose ring's other side is the input: a byte below 0xf0 says
 * how many of the following are moved to the ring, others write to its indices.
 */
#include "fuzz.h"

#include <fos/memory.h>

#define main store_main
int store_main(void);
#include "fleets/store/main.c"
#undef main

enum { RING = 1024, INDEX_FIRST = 0xf0 };

static struct input input;

struct ring {
    char req[RING], rsp[RING];
    _Atomic uint32_t req_cons, req_prod, rsp_cons, rsp_prod;
};

static uint64_t host_moves(uint64_t mask, uint64_t deadline)
{
    struct ring *ring = system_device_page;
    uint64_t what = input_number(&input, 1);

    (void)deadline;
    if (input.left == 0)
        return 0;
    if (what < INDEX_FIRST) {
        ring->req_cons = ring->req_prod;
        for (; what && input.left; what--)
            ring->rsp[ring->rsp_prod++ % RING] = (char)input_number(&input, 1);
    } else if (what & 1) {
        ring->rsp_prod = (uint32_t)input_number(&input, 4);
    } else {
        ring->req_cons = (uint32_t)input_number(&input, 4);
    }
    return mask;
}

static void session(void *argument)
{
    (void)argument;
    long error = serve();
    HOLDS(error < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = (struct input){data, size};
    system_event = host_moves;
    system_run(session, NULL);
    fos_pages_unmap(system_device_page, 1);
    return 0;
}
