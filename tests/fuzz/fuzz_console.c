/* SPDX-License-Identifier: MIT */
/*
 * The console fleet: records whose first byte is odd are requests (with bit 2, by a
 * process that has a ticket), the others are keys and what else the host writes to the
 * ring (with bit 3, of the attributes in front of them).
 */
#include "fuzz.h"

#include <fos/ticket.h>

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

static const struct fos_siphash_key key = {{5, 6}};

static void request_serve(const uint8_t *data, uint32_t length, bool ticket)
{
    static uint8_t copy[FOS_MESSAGE_MAX];
    struct console_state_req *req = (void *)copy;

    if (length > sizeof copy)
        return;
    memcpy(copy, data, length);
    if (ticket && length >= sizeof *req)
        req->who.ticket = fos_ticket_make(&key, 7);
    system_serve(&service, copy, length);
}

/* Modes, and a few characters. */
static void attributes_set(const uint8_t **data, uint32_t *length)
{
    struct console_termios t = tty.l.t;
    uint32_t words[3];

    if (*length < sizeof words)
        return;
    memcpy(words, *data, sizeof words);
    t.iflag = words[0];
    t.oflag = words[1];
    t.lflag = words[2];
    t.cc[VMIN] = (uint8_t)(words[0] >> 24);
    t.cc[VTIME] = (uint8_t)(words[1] >> 24);
    t.cc[VEOL] = (uint8_t)(words[2] >> 24);
    tty_attributes(&t);
    *data += sizeof words;
    *length -= sizeof words;
}

static void keys_take(const uint8_t *data, uint32_t length, bool attributes)
{
    if (attributes)
        attributes_set(&data, &length);
    host_types(data, length);
}

static void ldisc_sound(void)
{
    const struct ldisc *l = &tty.l;
    size_t marks = 0;

    HOLDS(l->cursor <= l->length && l->length < LDISC_LINE);
    HOLDS(l->tail - l->head <= LDISC_RING);
    for (size_t at = l->head; at != l->tail; at++)
        marks += l->marks[at % LDISC_RING] != LDISC_PLAIN;
    HOLDS(marks == l->records);
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
            request_serve(data + 1, length - 1, data[0] & 4);
        else
            keys_take(data + 1, length - 1, data[0] & 8);
        work();
        ldisc_sound();
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
    tty_init(&key);
    system_run(all_records, &in);
    return 0;
}
