/* SPDX-License-Identifier: MIT */
/* The echo while the receiver has other channels on which nothing comes. */
#include "measure.h"

/* The shared channel of the yardstick is silent too; one more carries the echo. */
enum { OTHERS_MAX = FOS_CHANNELS_MAX - 2, RING_PAGES = 1 };

static struct fos_peer others[OTHERS_MAX];

/* One more silent channel.  The receiver accepts those that wait when it looks for
 * messages: let it look. */
static void other_open(struct fos_peer *other)
{
    while (fos_peer_open_ring(other, pair.server, RING_PAGES) < 0) {
        pair_command(ECHO_BY_CHANNEL, 1);
        channel_echo();
    }
}

static const uint32_t counts[] = {1, 16, OTHERS_MAX + 1};
enum { COUNTS = sizeof counts / sizeof *counts, PASSES = 8, SAMPLES = 100 };

/* How many channels there are in the system; each has two sides, and counts once. */
static uint32_t channels(void)
{
    struct fos_kernel_info info;

    must(fos_sys_kernel_info(&info), "kernel's counts");
    return info.channels;
}

/* The receiver drops closed channels when it looks for messages. */
static void await_channels(uint32_t count)
{
    while (channels() > count) {
        pair_command(ECHO_BY_CHANNEL, 1);
        channel_echo();
    }
}

/* `base`: channels without silent ones of ours. */
static void pass(const struct measurement *m, struct fos_rounds *rounds,
                 uint32_t base)
{
    uint32_t open = 0;

    await_channels(base);
    for (uint32_t i = 0; i < COUNTS; i++) {
        while (open + 1 < counts[i])
            other_open(&others[open++]);
        measure_round(&m[i], &rounds[i], measure_count(SAMPLES));
    }
    must(channels() >= base + open ? 0 : -FOS_EPROTO, "silent channels stay open");
    while (open)
        fos_peer_close(&others[--open]);
}

/* The numbers of silent channels take turns, so that all meet the same moments. */
void suite_silent(void)
{
    struct measurement m[COUNTS];
    struct fos_rounds rounds[COUNTS];
    uint32_t base;

    for (uint32_t i = 0; i < COUNTS; i++) {
        uint32_t capacity = PASSES * measure_count(SAMPLES);
        m[i] = (struct measurement){.suite = "silent",
                                    .name = "user channel echo 32 B",
                                    .x = counts[i],
                                    .once = channel_echo,
                                    .server = ECHO_BY_CHANNEL,
                                    .batch = FOS_BENCH_BATCH};
        rounds[i] = (struct fos_rounds){.samples = room(capacity * sizeof(double)),
                                        .capacity = capacity};
    }
    pair_open(ECHO_SLOTS);
    base = channels();
    for (uint32_t p = 0; p < PASSES; p++)
        pass(m, rounds, base);
    for (uint32_t i = 0; i < COUNTS; i++) {
        measure_keep(&m[i], &rounds[i]);
        free(rounds[i].samples);
    }
    pair_close();
}
