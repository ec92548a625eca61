/* SPDX-License-Identifier: MIT */
/*
 * The ring page (Xen public io/console.h): two byte rings whose indices run freely
 * and are reduced when used.  We own in_cons and out_prod, of which private copies
 * count; in_prod and out_cons are the other side's, read once for each use and
 * checked.
 *
 * Invariants
 *  R1. 0 <= in_prod - in_cons <= IN_SIZE and 0 <= out_prod - out_cons <= OUT_SIZE
 *      for every value used; another makes the ring count as empty, or full.
 *  R2. Bytes are written before out_prod (release, pairs with the back end's barrier
 *      after reading it), and read after in_prod (acquire) and before in_cons
 *      (release).
 */
#include "terminal.h"

#include <stdatomic.h>

#include <fos/memory.h>
#include <fos/syscall.h>

enum { IN_SIZE = 1024, OUT_SIZE = 2048 };

struct ring {
    char in[IN_SIZE];
    char out[OUT_SIZE];
    _Atomic uint32_t in_cons, in_prod;
    _Atomic uint32_t out_cons, out_prod;
};

_Static_assert(offsetof(struct ring, in_cons) == 3072, "the ABI's layout");
_Static_assert(sizeof(struct ring) == 3088, "the ABI's layout");

static struct fos_cap device;
static struct ring *ring; /* NULL: console_io */
static uint32_t in_cons, out_prod;
static uint64_t nonsense;

size_t terminal_kernel_log(struct fos_cap cap, char *buffer, size_t capacity)
{
    long length = fos_sys_console_io(
        cap, FOS_CONSOLE_IO_LOG, buffer,
        capacity < FOS_CONSOLE_IO_MAX ? capacity : FOS_CONSOLE_IO_MAX);

    return length < 0 ? 0 : (size_t)length;
}

long terminal_open(struct fos_cap cap, bool use_ring, unsigned event)
{
    device = cap;
    if (use_ring) {
        void *page = fos_pages_reserve(1);
        if (!page)
            return -FOS_ENOMEM;
        long error = fos_sys_device_map(device, page);
        if (error < 0)
            return error;
        ring = page;
        in_cons = atomic_load(&ring->in_cons);
        out_prod = atomic_load(&ring->out_prod);
    }
    long error = fos_sys_device_bind(device, event);
    return error < 0 ? error : 0;
}

/* R1 */
static uint32_t out_used(void)
{
    uint32_t used =
        out_prod - atomic_load_explicit(&ring->out_cons, memory_order_acquire);

    if (used <= OUT_SIZE)
        return used;
    nonsense++;
    return OUT_SIZE;
}

static size_t ring_put(const char *text, size_t length)
{
    size_t room = OUT_SIZE - out_used();

    if (length > room)
        length = room;
    for (size_t i = 0; i < length; i++)
        ring->out[(out_prod + i) % OUT_SIZE] = text[i];
    if (length) {
        out_prod += (uint32_t)length;
        atomic_store_explicit(&ring->out_prod, out_prod,
                              memory_order_release); /* R2 */
        fos_sys_device_notify(device);
    }
    return length;
}

static size_t ring_get(char *buffer, size_t capacity)
{
    uint32_t prod =
        atomic_load_explicit(&ring->in_prod, memory_order_acquire); /* R2 */
    size_t length = prod - in_cons;

    if (length > IN_SIZE) {
        nonsense++;
        in_cons = prod;
        atomic_store_explicit(&ring->in_cons, in_cons, memory_order_release);
        return 0;
    }
    if (length > capacity)
        length = capacity;
    for (size_t i = 0; i < length; i++)
        buffer[i] = ring->in[(in_cons + i) % IN_SIZE];
    if (length) {
        in_cons += (uint32_t)length;
        atomic_store_explicit(&ring->in_cons, in_cons,
                              memory_order_release); /* R2 */
        fos_sys_device_notify(device);
    }
    return length;
}

size_t terminal_put(const char *text, size_t length)
{
    if (ring)
        return ring_put(text, length);
    if (length > FOS_CONSOLE_IO_MAX)
        length = FOS_CONSOLE_IO_MAX;
    /* What Xen refuses nobody will take later: it counts as put. */
    fos_sys_console_io(device, FOS_CONSOLE_IO_WRITE, (void *)text, length);
    return length;
}

/* Xen's own console passes on seven bits of a byte: one with the eighth comes as HIGH
 * and those seven (tools/run sends it so). */
static size_t eight_bits(char *text, size_t length)
{
    enum { HIGH = 0x1d };
    static bool high;
    size_t out = 0;

    for (size_t i = 0; i < length; i++) {
        if (!high && text[i] == HIGH) {
            high = true;
            continue;
        }
        text[out++] = (char)(text[i] | (high ? 0x80 : 0));
        high = false;
    }
    return out;
}

/* 0: there is nothing more. */
static size_t io_get(char *buffer, size_t capacity)
{
    long length;
    size_t left;

    if (capacity > FOS_CONSOLE_IO_MAX)
        capacity = FOS_CONSOLE_IO_MAX;
    do {
        length = fos_sys_console_io(device, FOS_CONSOLE_IO_READ, buffer, capacity);
        left = length > 0 ? eight_bits(buffer, (size_t)length) : 0;
    } while (length > 0 && left == 0);
    return left;
}

size_t terminal_get(char *buffer, size_t capacity)
{
    return ring ? ring_get(buffer, capacity) : io_get(buffer, capacity);
}

bool terminal_drained(void)
{
    return !ring || out_used() == 0;
}

void terminal_ack(void)
{
    fos_sys_device_ack(device);
}

bool terminal_wants_cr(void)
{
    return ring;
}

uint64_t terminal_nonsense(void)
{
    return nonsense;
}
