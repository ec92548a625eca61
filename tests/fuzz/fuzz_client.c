/* SPDX-License-Identifier: MIT */
/*
 * A client's reply mailbox: records are replies; the first byte of one says whose
 * tag it gets, if any.
 */
#include "fuzz.h"

#include <fos/call.h>

#include "tests/boot/toy.h"

FOS_CLIENT_CALLS(toy, TOY_OPS)

enum { CALLS = 6 };

static struct fos_peer peer;

/* Buffers of exactly their size: a byte too much is found. */
static struct fos_call calls[CALLS];
static void *replies[CALLS];

static void calls_start(void)
{
    struct toy_add_req add = {.a = 1};
    struct toy_bulk_req bulk = {.fill = 1};

    for (int i = 0; i < CALLS; i++) {
        bool large = i % 3 == 2;
        replies[i] = malloc(large ? sizeof(struct toy_bulk_rep)
                                  : sizeof(struct toy_add_rep));
        HOLDS(replies[i]);
        long error = large ? toy_bulk_start(&calls[i], &peer, &bulk, replies[i])
                           : toy_add_start(&calls[i], &peer, &add, replies[i]);
        HOLDS(error == 0);
    }
}

static void calls_end(void)
{
    for (int i = 0; i < CALLS; i++) {
        long result = fos_call_finish(&calls[i], 0);
        HOLDS((result == -FOS_ETIMEDOUT) != calls[i].done || result < 0);
        fos_call_cancel(&calls[i]);
        free(replies[i]);
    }
    HOLDS(fos_client_self()->outstanding == 0);
    HOLDS(fos_client_self()->room == FOS_CALL_ROOM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    const uint8_t *record;
    uint32_t length;

    if (!peer.thread)
        fos_peer_open(&peer, (struct fos_cap){4, 4}, FOS_TRANSPORT_KERNEL);
    calls_start();
    while (input_record(&in, &record, &length)) {
        static uint8_t message[1 << 16];
        uint32_t whose = length ? record[0] : 0;
        if (length == 0 || !memcpy(message, record + 1, length - 1))
            continue;
        if (whose < CALLS && length > 8)
            memcpy(message, &calls[whose].tag, sizeof calls[whose].tag);
        system_deliver(&fos_client_self()->mailbox, message, length - 1);
        if (whose & 0x40)
            fos_call_finish(&calls[whose % CALLS], 0);
        if (whose & 0x80)
            fos_call_cancel(&calls[whose % CALLS]);
    }
    calls_end();
    return 0;
}
