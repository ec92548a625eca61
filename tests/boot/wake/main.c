/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost: two processes play ping-pong with pauses of random length, so
 * that each often goes to sleep just when the other sends.  Every receive has a
 * deadline; one that passes means a wake-up that did not come.
 *
 *     test-wake [ROUNDS [SEED]]
 */
#include <fos/trace.h>

#include "../family.h"

enum { ROUNDS_DEFAULT = 400, PAUSE_NS_MAX = 1000000, WARM_UP = 20 };

/* The transport of pings and pongs. */
struct ball {
    uint64_t round;
    uint64_t pause_ns; /* what the other side shall wait before it answers */
};

static struct fos_mailbox inbox;
static struct dice dice;

static void pause_ns(uint64_t ns)
{
    const struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;
    uint64_t until = fos_sleeper_now(sleeper) + ns;

    while (fos_sleeper_now(sleeper) < until)
        fos_pause();
}

/* How long to poll the next time before sleeping: anything up to the longest pause, or,
 * every other time, not at all: a poll that lasts lets the other run on the same vCPU, and
 * has its answer without a sleep. */
static void patience_throw(void)
{
    struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;
    uint64_t us = dice_below(&dice, 2) ? dice_below(&dice, PAUSE_NS_MAX / 1000) : 0;

    sleeper->spin_cycles = sleeper->tsc_hz / 1000000 * us;
}

/* a: rounds, b: transport of the answers */
static int answer(uint64_t a, uint64_t b)
{
    struct fos_mailbox mailbox;
    struct fos_peer parent;
    struct ball ball;
    uint32_t length;

    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);
    CHILD_EQUAL(fos_peer_open(&parent, fos_start_extra(0), (enum fos_transport)b),
                0);
    dice = dice_of(a);
    for (uint64_t i = 0; i < a; i++) {
        patience_throw();
        CHILD_EQUAL(
            fos_msg_recv(&mailbox, &ball, sizeof ball, &length, family_deadline()),
            0);
        CHILD_EQUAL(ball.round, i);
        pause_ns(ball.pause_ns);
        CHILD_EQUAL(
            fos_msg_send_until(&parent, &ball, sizeof ball, family_deadline()), 0);
    }
    fos_peer_close(&parent);
    fos_mailbox_close(&mailbox);
    return 0;
}

static void rally(struct fos_peer *peer, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds && !case_why[0]; i++) {
        struct ball ball = {i, dice_below(&dice, PAUSE_NS_MAX)}, back = {0};
        uint32_t length;

        pause_ns(dice_below(&dice, PAUSE_NS_MAX));
        CASE_EQUAL(fos_msg_send_until(peer, &ball, sizeof ball, family_deadline()),
                   0);
        patience_throw();
        if (fos_msg_recv(&inbox, &back, sizeof back, &length, family_deadline()))
            case_fail("round %llu: no answer came", (unsigned long long)i);
        CASE_EQUAL(back.round, i);
    }
}

/* Who hardly tried to sleep has shown nothing.  Half of all waits outlast the poller's
 * patience; on a machine that takes processors away fewer do, since the ball is there. */
static void tries_check(const char *who, uint64_t rounds, uint64_t tries,
                        uint64_t sleeps)
{
    printf("wake: %s: %llu attempts to sleep, %llu sleeps\n", who,
           (unsigned long long)tries, (unsigned long long)sleeps);
    if (tries < rounds / 10)
        case_fail("%s tried to sleep %llu times in %llu rounds", who,
                  (unsigned long long)tries, (unsigned long long)rounds);
}

static void play(enum fos_transport transport, unsigned vcpu_plus_one,
                 uint64_t rounds)
{
    struct child child = {.part = "answer",
                          .a = rounds,
                          .b = transport,
                          .caps = {inbox.cap},
                          .vcpu_plus_one = vcpu_plus_one};
    struct fos_published before = *fos_thread_self()->sleeper.published;
    const struct fos_published *own = fos_thread_self()->sleeper.published;
    const struct fos_published *other = &child.info.published;
    struct fos_peer peer;

    child_start(&child);
    CASE_EQUAL(fos_peer_open(&peer, family_await(&inbox, &child), transport), 0);
    rally(&peer, rounds);
    if (case_why[0])
        child_kill(&child);
    else
        child_expect(&child, 0);
    fos_peer_close(&peer);
    family_settle(&inbox);
    if (rounds > WARM_UP && !case_why[0]) {
        tries_check("the one", rounds, own->sleep_tries - before.sleep_tries,
                    own->sleeps - before.sleeps);
        tries_check("the other", rounds, other->sleep_tries, other->sleeps);
    }
}

static void test_play(const char *sentence, enum fos_transport transport,
                      unsigned vcpu_plus_one, uint64_t rounds)
{
    case_begin(sentence);
    play(transport, vcpu_plus_one, rounds);
    case_end();
}

/* a: for how many ns it keeps its vCPU busy */
static int busy(uint64_t a, uint64_t b)
{
    (void)b;
    pause_ns(a);
    return 0;
}

/* Whether the word, which the kernel sets, is so for a moment. */
static bool comes_to_be(const _Atomic uint32_t *word, bool set)
{
    uint64_t deadline = family_deadline();

    while ((fos_load_relaxed(word) != 0) != set)
        if (fos_now_ns() > deadline)
            return false;
    return true;
}

static void test_hints(unsigned here)
{
    const struct fos_events *events = fos_thread_self()->sleeper.events;
    struct child other = {
        .part = "busy", .a = 100 * FOS_MILLISECOND, .vcpu_plus_one = here};

    case_begin(
        "who polls is told that others want its vCPU, and when they have left");
    child_start(&other);
    CASE_CHECK(comes_to_be(&events->crowded, true));
    CASE_CHECK(comes_to_be(&events->crowded, false));
    child_expect(&other, 0);
    CASE_CHECK(comes_to_be(&fos_trace_control->called, false));
    case_end();
}

static const struct part parts[] = {
    {"answer", answer},
    {"busy", busy},
};

int main(int argc, char **argv)
{
    uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 0) : ROUNDS_DEFAULT;
    uint64_t seed =
        argc > 2 ? strtoull(argv[2], NULL, 0) : fos_wall_ns() % 1000000000;
    unsigned here = fos_start_page->vcpu + 1;
    unsigned there = here % fos_start_page->vcpus + 1;

    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    dice = dice_of(seed);
    printf("wake: %llu rounds, seed %llu\n", (unsigned long long)rounds,
           (unsigned long long)seed);
    case_begin("");
    CASE_EQUAL(fos_mailbox_create(&inbox, 64), 0);
    play(FOS_TRANSPORT_CHANNEL, there, WARM_UP);
    test_play("no wake-up is lost over a channel, on two vCPUs",
              FOS_TRANSPORT_CHANNEL, there, rounds);
    test_play("no wake-up is lost over the kernel, on two vCPUs",
              FOS_TRANSPORT_KERNEL, there, rounds);
    test_play("no wake-up is lost over a channel, on one vCPU",
              FOS_TRANSPORT_CHANNEL, here, rounds / 10);
    test_play("no wake-up is lost over the kernel, on one vCPU",
              FOS_TRANSPORT_KERNEL, here, rounds / 10);
    test_hints(here);
    fos_mailbox_close(&inbox);
    return cases_status();
}
