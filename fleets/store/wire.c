/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *  W1. We own req_prod and rsp_cons, of which private copies count.  req_cons and
 *      rsp_prod are the other side's: read once for each use; a distance over
 *      RING_SIZE breaks the connection.
 *  W2. Bytes are written before req_prod (release) and read after rsp_prod
 *      (acquire) and before rsp_cons (release); the other side has the partners.
 *  W3. A message is taken whole: its header says how long, and no longer than
 *      PAYLOAD_MAX is accepted.
 *  W4. Indices move from one message's end to the next one's, but for messages longer than
 *      the ring: whoever takes the ring over from one that was killed begins with a whole
 *      one.  Its ids are others, so that no answer to that one is taken for its own.
 */
#include "wire.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/event.h>
#include <fos/memory.h>
#include <fos/syscall.h>

enum { RING_SIZE = 1024, PAYLOAD_MAX = 4096 };

#define REPLY_TIME (10 * FOS_SECOND)

struct ring {
    char req[RING_SIZE];
    char rsp[RING_SIZE];
    _Atomic uint32_t req_cons, req_prod;
    _Atomic uint32_t rsp_cons, rsp_prod;
};

struct header {
    uint32_t type, id, transaction, length;
};

_Static_assert(offsetof(struct ring, rsp_prod) == 2060, "the ABI's layout");
_Static_assert(sizeof(struct header) == 16, "the ABI's layout");

static struct fos_cap device;
static uint64_t event_bit;
static struct ring *ring;
static uint32_t req_prod, rsp_cons, last_id;
static bool watch_fired;

static struct header header; /* of the message in payload */
static char payload[PAYLOAD_MAX + 1];

long wire_open(struct fos_cap cap, unsigned event, uint32_t id)
{
    void *page = fos_pages_reserve(1);

    if (!page)
        return -FOS_ENOMEM;
    device = cap;
    event_bit = 1ull << event;
    last_id = id;
    long error = fos_sys_device_map(device, page);
    if (error < 0)
        return error;
    ring = page;
    req_prod = atomic_load(&ring->req_prod);
    rsp_cons = atomic_load(&ring->rsp_cons);
    return fos_sys_device_bind(device, event);
}

/* Re-arms before the ring is looked at again: nothing is missed. */
static long device_wait(uint64_t deadline)
{
    if (!fos_event_wait(event_bit, deadline))
        return -FOS_ETIMEDOUT;
    fos_sys_device_ack(device);
    return 0;
}

/* Bytes that may be written, or read, now.  W1 */
static long room(void)
{
    uint32_t used =
        req_prod - atomic_load_explicit(&ring->req_cons, memory_order_acquire);

    return used > RING_SIZE ? -FOS_EPROTO : RING_SIZE - (long)used;
}

static long filled(void)
{
    uint32_t used =
        atomic_load_explicit(&ring->rsp_prod, memory_order_acquire) - rsp_cons;

    return used > RING_SIZE ? -FOS_EPROTO : (long)used;
}

/* So many bytes, of RING_SIZE at most, or why not. */
static long bytes_await(long (*there)(void), size_t least, uint64_t deadline)
{
    for (;;) {
        long now = there();
        if (now < 0 || (size_t)now >= least)
            return now;
        long error = device_wait(deadline);
        if (error)
            return error;
    }
}

static size_t piece_of(size_t length)
{
    return length < RING_SIZE ? length : RING_SIZE;
}

/* W4 */
static long bytes_put(const char *from, size_t length, uint64_t deadline)
{
    while (length) {
        size_t piece = piece_of(length);
        long now = bytes_await(room, piece, deadline);
        if (now < 0)
            return now;
        for (size_t i = 0; i < piece; i++)
            ring->req[(req_prod + i) % RING_SIZE] = from[i];
        req_prod += (uint32_t)piece;
        atomic_store_explicit(&ring->req_prod, req_prod,
                              memory_order_release); /* W2 */
        fos_sys_device_notify(device);
        from += piece;
        length -= piece;
    }
    return 0;
}

/* They are there. */
static void bytes_look(char *to, size_t length)
{
    for (size_t i = 0; i < length; i++)
        to[i] = ring->rsp[(rsp_cons + i) % RING_SIZE];
}

static void bytes_taken(size_t length)
{
    rsp_cons += (uint32_t)length;
    atomic_store_explicit(&ring->rsp_cons, rsp_cons, memory_order_release); /* W2 */
    fos_sys_device_notify(device);
}

/* The header, of `skip` bytes, and what is behind it: W4. */
static long payload_get(size_t skip, size_t length, uint64_t deadline)
{
    char *to = payload;

    do {
        size_t piece = piece_of(skip + length);
        long now = bytes_await(filled, piece, deadline);
        if (now < 0)
            return now;
        rsp_cons += (uint32_t)skip;
        bytes_look(to, piece - skip);
        bytes_taken(piece - skip);
        to += piece - skip;
        length -= piece - skip;
        skip = 0;
    } while (length);
    return 0;
}

/* One message into header and payload, NUL-terminated.  W3 */
static long message_get(uint64_t deadline)
{
    long error = bytes_await(filled, sizeof header, deadline);

    if (error < 0)
        return error;
    bytes_look((char *)&header, sizeof header);
    if (header.length > PAYLOAD_MAX)
        return -FOS_EPROTO;
    /* Its rest is on the way, or the other side is broken. */
    error = payload_get(sizeof header, header.length, fos_now_ns() + REPLY_TIME);
    payload[error ? 0 : header.length] = '\0';
    if (!error && header.type == WIRE_WATCH_EVENT)
        watch_fired = true;
    return error == -FOS_ETIMEDOUT ? -FOS_EPROTO : error;
}

static long reply_wait(enum wire_type type, uint64_t deadline)
{
    for (;;) {
        long error = message_get(deadline);
        if (error)
            return error;
        if (header.type == WIRE_WATCH_EVENT || header.id != last_id)
            continue;
        if (header.type == WIRE_ERROR)
            return -FOS_EINVAL;
        return header.type == type ? 0 : -FOS_EPROTO;
    }
}

static char *append(char *to, const void *from, size_t length)
{
    memcpy(to, from, length);
    return to + length;
}

/* Both strings with their NUL, except the value of a write. */
static long request(enum wire_type type, const char *path, const char *second)
{
    static char whole[sizeof(struct header) + PAYLOAD_MAX];
    size_t path_size = strlen(path) + 1;
    size_t second_size = second ? strlen(second) + (type == WIRE_WATCH) : 0;
    size_t size = sizeof(struct header) + path_size + second_size;
    uint64_t deadline = fos_now_ns() + REPLY_TIME;

    assert(size <= sizeof whole);
    struct header h = {.type = type,
                       .id = ++last_id,
                       .length = (uint32_t)(path_size + second_size)};
    char *end = append(append(whole, &h, sizeof h), path, path_size);
    if (second)
        append(end, second, second_size);
    long error = bytes_put(whole, size, deadline);
    return error ? error : reply_wait(type, deadline);
}

long wire_watch(const char *path, const char *token)
{
    return request(WIRE_WATCH, path, token);
}

long wire_read(const char *path, char value[WIRE_VALUE_MAX])
{
    long error = request(WIRE_READ, path, NULL);

    if (error)
        return error;
    size_t length = strnlen(payload, WIRE_VALUE_MAX - 1);
    memcpy(value, payload, length);
    value[length] = '\0';
    return 0;
}

long wire_write(const char *path, const char *value)
{
    return request(WIRE_WRITE, path, value);
}

const char *wire_error(void)
{
    return payload;
}

long wire_watch_wait(void)
{
    while (!watch_fired) {
        long error = message_get(FOS_NEVER);
        if (error)
            return error;
    }
    watch_fired = false;
    return 0;
}
