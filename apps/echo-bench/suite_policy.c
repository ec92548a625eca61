/* SPDX-License-Identifier: MIT */
/*
 * Figure 5-2: what the first n messages of a conversation cost in all, when both
 * sides use only the kernel, or open a channel at once, or let libfos decide.
 *
 * A trial opens fresh peers at both sides and makes n echoes; the clock is read
 * after each.  The policies take turns, so that all meet the same moments; each
 * begins when the channels of the one before are gone and the other side sleeps.  A trial
 * in which one step took over a millisecond lost its processor, and is made again.
 */
#include "measure.h"

enum { COUNT = 1000, TRIALS_MIN = 12, TRIALS_MAX = 32, ATTEMPTS = 4 };

static const struct {
    const char *name;
    enum fos_transport transport;
} policies[] = {
    {"kernel only", FOS_TRANSPORT_KERNEL},
    {"user only", FOS_TRANSPORT_CHANNEL},
    {"hybrid", FOS_TRANSPORT_AUTO},
};
enum { POLICIES = sizeof policies / sizeof *policies };

static uint8_t message[FOS_BENCH_MESSAGE];
/* Of a policy after n messages in each trial, cycles. */
static double (*cost)[COUNT + 1][TRIALS_MAX];

/* Both sides have noticed that the other one's channels are closed. */
static void settle(void)
{
    uint32_t length;

    must(fos_msg_recv(&pair.inbox, pair.buffer, ECHO_MESSAGE_MAX, &length, 0) ==
                 -FOS_ETIMEDOUT
             ? 0
             : -FOS_EPROTO,
         "nothing more");
    pair_await_sleep();
}

/* Whether nothing came in between. */
static bool trial(uint32_t policy, uint32_t t)
{
    double(*into)[TRIALS_MAX] = cost[policy];
    double most = measure_tsc_hz / 1000;
    struct fos_peer fresh;
    bool smooth = true;
    uint64_t begin;

    pair_command_fresh(policies[policy].transport, COUNT);
    settle();
    begin = fos_bench_tsc();
    must(fos_peer_open(&fresh, pair.server, policies[policy].transport),
         "fresh peer");
    into[0][t] = (double)(fos_bench_tsc() - begin);
    for (uint32_t n = 1; n <= COUNT; n++) {
        must(fos_msg_send(&fresh, message, sizeof message), "sending");
        pair_receive(sizeof message);
        into[n][t] = (double)(fos_bench_tsc() - begin);
        smooth &= into[n][t] - into[n - 1][t] < most;
    }
    fos_peer_close(&fresh);
    return smooth;
}

static void trials_run(uint32_t trials)
{
    for (uint32_t t = 0; t < trials; t++)
        for (uint32_t p = 0; p < POLICIES; p++)
            for (int left = ATTEMPTS; left && !trial(p, t); left--)
                ;
}

/* Every count at first, then ever fewer, the last one in any case. */
static uint32_t next_count(uint32_t n)
{
    uint32_t next = n < 32 ? n + 1 : n < 100 ? n + 4 : n + n / 20 / 5 * 5;

    return n < COUNT && next > COUNT ? COUNT : next;
}

static void keep(uint32_t policy, uint32_t trials)
{
    for (uint32_t n = 0; n <= COUNT; n = next_count(n)) {
        struct fos_figure f = {.suite = "policy",
                               .name = policies[policy].name,
                               .unit = "cycles",
                               .x = n,
                               .emulated = measure_emulated};
        f.summary = fos_bench_summary(cost[policy][n], trials, 1);
        figure_keep(&f, n % 100 == 0 || n == 1 || n == 10);
    }
}

void suite_policy(void)
{
    uint32_t trials = measure_count(TRIALS_MAX);

    trials = trials < TRIALS_MIN ? TRIALS_MIN : trials;
    trials = trials > TRIALS_MAX ? TRIALS_MAX : trials;
    cost = room(POLICIES * sizeof *cost);
    pair_open(ECHO_SLOTS);
    trials_run(trials);
    for (uint32_t p = 0; p < POLICIES; p++)
        keep(p, trials);
    pair_close();
    free(cost);
}
