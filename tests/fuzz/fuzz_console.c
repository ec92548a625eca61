/* SPDX-License-Identifier: MIT */
/*
 * The console fleet: records whose first byte is odd are requests, the others are
 * keys (and what else the host writes to the ring).
 */
#include "fuzz.h"

#define main console_main
int console_main(int argc, char **argv);
#include "fleets/console/main.c"
#undef main

struct ring {
    char in[1024], out[2048];
    _Atomic uint32_t in_cons, in_prod, out_cons, out_prod;
};

static void host_types(const uint8_t *keys, uint32_t length)
{
    struct ring *ring = system_device_page;

    if (length > 5 && keys[0] == 0xff) { /* indices that make no sense */
        memcpy((void *)&ring->in_prod, keys + 1, 4);
        length = 0;
    }
    for (uint32_t i = 0; i < length; i++)
        ring->in[ring->in_prod++ % sizeof ring->in] = (char)keys[i];
    device_event(1ull << DEVICE_EVENT);
    ring->out_cons = ring->out_prod;
}

static void all_records(void *argument)
{
    struct input *in = argument;
    const uint8_t *data;
    uint32_t length;

    while (input_record(in, &data, &length)) {
        if (length == 0)
            continue;
        if (data[0] & 1)
            system_serve(&service, data + 1, length - 1);
        else
            host_types(data + 1, length - 1);
        work();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    if (!service.buffer) {
        service.stop = system_end;
        HOLDS(terminal_open((struct fos_cap){1, 1}, true, DEVICE_EVENT) == 0);
        HOLDS(fos_service_open(&service, MAILBOX_SLOTS) == 0);
    }
    system_run(all_records, &in);
    return 0;
}
