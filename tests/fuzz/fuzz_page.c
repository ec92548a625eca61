/* SPDX-License-Identifier: MIT */
/*
 * A member of the page fleet: each record is a request.  The word of the fleets is zeros
 * here.  Frames never end.
 */
#include "fuzz.h"

#define main page_main
int page_main(int argc, char **argv);
#include "fleets/page/main.c"
#undef main

enum { LIMIT = 1000 };

/* Behind the head of a request. */
struct words {
    struct fos_request head;
    struct fos_cap control;
};

/* What may be promised after this request: no more than before, and than the limit, but
 * for what the asker says that it has promised already. */
static uint64_t promises_most(const void *request, uint32_t length)
{
    const struct page_promise_req *req = request;
    uint64_t most = promises_sum(&promises);

    if (length == sizeof *req && fos_tag_op(req->head.tag) == page_promise_op &&
        req->holder < PROC_MEMBERS_MAX && req->held <= UINT64_MAX / 16)
        most += req->held > promises.held[req->holder]
                    ? req->held - promises.held[req->holder]
                    : 0;
    return most > LIMIT ? most : LIMIT;
}

static void request_serve(const uint8_t *data, uint32_t length)
{
    static uint8_t copy[65536] __attribute__((aligned(16)));
    struct words *words = (struct words *)copy;

    memcpy(copy, data, length);
    if (length >= sizeof *words && words->control.id == 0)
        words->control = fos_start_page->caps[FOS_START_CONTROL];
    uint64_t most = promises_most(copy, length);
    system_serve(&service, copy, length);
    HOLDS(fos_page_ring_count(&pool.ring) <= pool.ring.places);
    HOLDS(promises_sum(&promises) <= most);
}

static void all_records(void *argument)
{
    struct input *in = argument;
    const uint8_t *data;
    uint32_t length;

    while (input_record(in, &data, &length))
        if (length)
            request_serve(data, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    service.stop = system_end;
    fos_start_page->caps[FOS_START_CONTROL] = (struct fos_cap){77, 78};
    if (!service.buffer)
        HOLDS(begin() == 0);
    promises = (struct promises){.limit = LIMIT};
    system_run(all_records, &in);
    return 0;
}
