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

static void measure_silent(uint32_t silent)
{
    struct measurement m = {.suite = "silent",
                            .name = "user channel echo 32 B",
                            .x = silent,
                            .once = channel_echo,
                            .server = ECHO_BY_CHANNEL,
                            .batch = FOS_BENCH_BATCH,
                            .samples = 1600};

    measure(&m);
}

void suite_silent(void)
{
    static const uint32_t counts[] = {1, 16, OTHERS_MAX + 1};
    uint32_t open = 0;

    pair_open(ECHO_SLOTS);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        while (open + 1 < counts[i])
            other_open(&others[open++]);
        measure_silent(counts[i]);
    }
    while (open)
        fos_peer_close(&others[--open]);
    pair_close();
}
