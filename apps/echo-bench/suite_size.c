/* SPDX-License-Identifier: MIT */
/* Figure 5-1: the echo's latency by the size of the message. */
#include "measure.h"

static uint8_t *message;
static uint32_t bytes;

static const uint32_t sizes[] = {
    1,        8,         32,        56,        64,      128,      256,
    512,      1 << 10,   2 << 10,   4 << 10,   8 << 10, 16 << 10, 32 << 10,
    64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20,
};

static void echo_by_channel(void)
{
    must(fos_msg_send(&pair.by_channel, message, bytes), "sending");
    pair_receive(bytes);
}

static void echo_by_kernel(void)
{
    must(fos_msg_send(&pair.by_kernel, message, bytes), "sending by the kernel");
    pair_receive(bytes);
}

/* Small messages are timed many at once; large ones take long enough alone. */
static uint32_t batch_of(uint32_t size)
{
    return size <= 256 ? 64 : size <= 8 << 10 ? 8 : 1;
}

static uint32_t samples_of(uint32_t size)
{
    return size <= 64 << 10 ? 320 : 160;
}

void suite_size(void)
{
    message = room(ECHO_MESSAGE_MAX);
    pair_open(ECHO_SLOTS_LARGE);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct measurement m = {.suite = "size", .x = sizes[i]};
        bytes = sizes[i];
        m.batch = batch_of(bytes);
        m.samples = samples_of(bytes);
        m.name = "user channel";
        m.once = echo_by_channel;
        m.server = ECHO_BY_CHANNEL;
        measure(&m);
        if (bytes > FOS_MESSAGE_MAX)
            continue;
        m.name = "kernel messaging";
        m.once = echo_by_kernel;
        m.server = ECHO_BY_KERNEL;
        m.traps = true;
        measure(&m);
    }
    pair_close();
    free(message);
}
