/* SPDX-License-Identifier: MIT */
/*
 * User channels among strangers: liars, the deaf, the dying.
 *
 *     test-channels [SEED]
 */
#include "adversary.h"

#include <fos/memory.h>

enum { BIG_BYTES = 1 << 20, BIG_COUNT = 6, STORM_CYCLES = 1000 };

static struct fos_mailbox inbox;
static struct dice dice;

/* ---- receiving ---- */

/* What a run of receives has seen. */
struct seen {
    uint64_t key, number; /* honest messages in order so far */
    uint64_t reports;     /* children that have told their end */
    uint64_t garbage;
};

/* One receive; false when the deadline passed. */
static bool take(struct seen *seen, uint64_t deadline)
{
    static struct honest message;
    uint32_t length = 0;
    int error = fos_msg_recv(&inbox, &message, sizeof message, &length, deadline);

    if (error == -FOS_ETIMEDOUT)
        return false;
    if (error == -FOS_EMSGSIZE) {
        fos_msg_discard(&inbox);
        seen->garbage++;
    } else if (error) {
        case_fail("receive answers %s", fos_strerror(error));
    } else if (length >= 16 && message.key == seen->key) {
        if (!honest_check(&message, length, seen->key, seen->number))
            case_fail("honest message %llu came as number %llu, %u bytes",
                      (unsigned long long)seen->number,
                      (unsigned long long)message.number, (unsigned)length);
        seen->number++;
    } else if (length == sizeof(struct report)) {
        seen->reports++;
    } else {
        seen->garbage++;
    }
    return true;
}

/* Takes what there is until all channels but `before` are gone. */
static void settle(struct seen *seen)
{
    uint64_t deadline = family_deadline();
    struct fos_kernel_info info;

    do {
        while (take(seen, 0))
            continue;
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
        fos_sys_kernel_info(&info);
    } while (info.channels != case_before.channels && fos_now_ns() < deadline);
    while (take(seen, 0))
        continue;
}

static uint64_t key_throw(void)
{
    return dice_throw(&dice) >> 1;
}

/* ---- liars ---- */

static void scribblers(uint64_t count, uint64_t channels, uint64_t messages)
{
    struct seen seen = {.key = key_throw()};
    struct child honest = {
        .part = "stream", .a = seen.key, .b = messages, .caps = {inbox.cap}};
    struct child liars[4];
    uint64_t last;

    for (uint64_t i = 0; i < count; i++) {
        liars[i] = (struct child){.part = "scribble",
                                  .a = dice_throw(&dice) >> 32,
                                  .b = channels,
                                  .caps = {inbox.cap}};
        child_start(&liars[i]);
    }
    child_start(&honest);
    last = fos_now_ns();
    while ((seen.number < messages || seen.reports < count) && !case_why[0]) {
        uint64_t before = seen.number;
        take(&seen, fos_now_ns() + FOS_SECOND);
        if (seen.number != before)
            last = fos_now_ns();
        else if (seen.number < messages && fos_now_ns() - last > FAMILY_PATIENCE)
            case_fail("only %llu honest messages came",
                      (unsigned long long)seen.number);
    }
    child_expect(&honest, 0);
    for (uint64_t i = 0; i < count; i++)
        child_expect(&liars[i], 0);
    settle(&seen);
    CASE_EQUAL(seen.number, messages);
}

static void test_scribblers(void)
{
    uint64_t broken = inbox.stats.broken;

    case_begin("senders that scribble into their rings lose them and harm nobody");
    scribblers(2, 200, 3000);
    CASE_CHECK(inbox.stats.broken - broken > 100);
    case_end();
}

/* Sends until the channel breaks; how it ended.  -FOS_EPERM: the liar has left. */
static int send_to_liar(struct fos_cap to)
{
    static uint8_t data[3000];
    struct fos_peer peer;
    int error = family_open(&peer, to, FOS_RING_PAGES_DEFAULT);

    if (error == -FOS_EPERM)
        return error;
    CASE_EQUAL(error, 0);
    for (int i = 0; i < 200 && (!error || error == -FOS_ETIMEDOUT); i++) {
        uint64_t begin = fos_now_ns();
        error = fos_msg_send_until(&peer, data, dice_below(&dice, sizeof data),
                                   begin + FOS_MILLISECOND);
        if (fos_now_ns() - begin > FAMILY_PATIENCE)
            case_fail("a send took longer than its deadline");
    }
    if (error && error != -FOS_ETIMEDOUT && error != -FOS_EPIPE &&
        error != -FOS_EPROTO)
        case_fail("a send answers %s", fos_strerror(error));
    fos_peer_close(&peer);
    return error;
}

static void test_bad_acks(void)
{
    enum { CHANNELS = 200 };
    struct child liar = {.part = "bad-acks",
                         .a = dice_throw(&dice) >> 32,
                         .b = CHANNELS,
                         .caps = {inbox.cap}};
    uint64_t deadline;
    struct fos_cap to;
    int senders = 0, noticed = 0, error = 0;

    case_begin("a receiver that scribbles acknowledgements harms no sender");
    child_start(&liar);
    to = family_await(&inbox, &liar);
    deadline = family_deadline();
    /* It leaves when it has accepted so many; a channel closed before that may be
     * dropped, if others wait to be accepted. */
    for (; error != -FOS_EPERM && !case_why[0] && fos_now_ns() < deadline;
         senders++) {
        error = send_to_liar(to);
        noticed += error == -FOS_EPROTO;
    }
    printf("# %d senders of %d noticed\n", noticed, senders - 1);
    CASE_EQUAL(error, -FOS_EPERM);
    CASE_CHECK(senders > CHANNELS);
    CASE_CHECK(noticed > 0);
    if (case_why[0])
        child_kill(&liar);
    else
        child_expect(&liar, 0);
    case_end();
}

static void test_halfway(void)
{
    struct seen seen = {.key = key_throw()};
    struct child stuck = {
        .part = "halfway", .a = 4 * FOS_SECOND, .b = 10, .caps = {inbox.cap}};
    struct child honest = {
        .part = "stream", .a = seen.key, .b = 500, .caps = {inbox.cap}};
    static uint8_t buffer[8192];
    uint64_t stalled = inbox.stats.stalled, deadline = family_deadline();
    uint32_t length;

    case_begin(
        "a sender that stops in the middle of a long message loses its channel");
    child_start(&stuck);
    /* Room for all of the message: the receiver begins it. */
    while (inbox.stats.stalled == stalled && fos_now_ns() < deadline)
        CASE_EQUAL(fos_msg_recv(&inbox, buffer, sizeof buffer, &length,
                                fos_now_ns() + FOS_MILLISECOND),
                   -FOS_ETIMEDOUT);
    CASE_EQUAL(inbox.stats.stalled, stalled + 1);
    child_start(&honest);
    while (seen.number < 500 && take(&seen, family_deadline()))
        continue;
    CASE_EQUAL(seen.number, 500);
    child_expect(&honest, 0);
    child_expect(&stuck, 0);
    settle(&seen);
    case_end();
}

/* ---- the deaf ---- */

static void fill_channel(struct fos_cap to)
{
    enum { SLOTS = FOS_RING_PAGES_DEFAULT * FOS_PAGE_SIZE / FOS_PACKET_SIZE };
    static uint8_t data[2 * FOS_RING_PAGES_DEFAULT * FOS_PAGE_SIZE];
    struct fos_peer peer;
    uint64_t begin, took;
    int sent = 0;

    CASE_EQUAL(fos_peer_open(&peer, to, FOS_TRANSPORT_CHANNEL), 0);
    while (fos_msg_try_send(&peer, data, 56) == 0)
        sent++;
    CASE_EQUAL(sent, SLOTS);
    CASE_EQUAL(fos_msg_try_send(&peer, data, 1), -FOS_EAGAIN);
    begin = fos_now_ns();
    CASE_EQUAL(fos_msg_send_until(&peer, data, 1, begin + 50 * FOS_MILLISECOND),
               -FOS_ETIMEDOUT);
    took = fos_now_ns() - begin;
    CASE_CHECK(took > 30 * FOS_MILLISECOND && took < 20 * FOS_SECOND);
    fos_peer_close(&peer);
    CASE_EQUAL(fos_msg_try_send(&peer, data, 1), -FOS_EPIPE);
    /* One that is longer than the ring is cut off. */
    CASE_EQUAL(fos_peer_open(&peer, to, FOS_TRANSPORT_CHANNEL), 0);
    CASE_EQUAL(fos_msg_send_until(&peer, data, sizeof data,
                                  fos_now_ns() + FOS_MILLISECOND),
               -FOS_ETIMEDOUT);
    CASE_EQUAL(fos_msg_try_send(&peer, data, 1), -FOS_EPIPE);
    fos_peer_close(&peer);
}

static void test_deaf(void)
{
    struct seen seen = {.key = key_throw()};
    struct child deaf = {.part = "deaf", .caps = {inbox.cap}};
    struct child honest = {
        .part = "stream", .a = seen.key, .b = 200, .caps = {inbox.cap}};

    case_begin("a receiver that never drains blocks only those who wait for it");
    child_start(&deaf);
    fill_channel(family_await(&inbox, &deaf));
    child_start(&honest);
    while (seen.number < 200 && take(&seen, family_deadline()))
        continue;
    CASE_EQUAL(seen.number, 200);
    child_expect(&honest, 0);
    child_kill(&deaf);
    settle(&seen);
    case_end();
}

/* ---- the dying ---- */

static void test_sender_killed(void)
{
    uint64_t broken = inbox.stats.broken, dropped = inbox.stats.dropped;

    case_begin(
        "of a sender killed while it sends, whole messages arrive, in order");
    for (int round = 0; round < 15 && !case_why[0]; round++) {
        struct seen seen = {.key = key_throw()};
        struct child child = {
            .part = "endless", .a = seen.key, .caps = {inbox.cap}};
        uint64_t stop = 1 + dice_below(&dice, 300);

        child_start(&child);
        while (seen.number < stop && take(&seen, family_deadline()))
            continue;
        CASE_EQUAL(seen.number, stop);
        child_kill(&child);
        settle(&seen);
        CASE_EQUAL(seen.garbage, 0);
    }
    CASE_EQUAL(inbox.stats.broken, broken);
    CASE_EQUAL(inbox.stats.dropped, dropped + 15);
    case_end();
}

/* Sends small messages until one is refused. */
static int send_till_error(struct fos_peer *peer)
{
    uint64_t deadline = family_deadline(), word = 1;
    int error = 0;

    while (!error && fos_now_ns() < deadline)
        error = fos_msg_send_until(peer, &word, sizeof word, deadline);
    return error;
}

static void test_receiver_gone(bool kill)
{
    struct child child = {
        .part = kill ? "deaf" : "drain", .a = 100, .caps = {inbox.cap}};
    struct fos_peer peer, second;
    struct fos_cap to;

    case_begin(kill ? "a sender learns that its receiver was killed"
                    : "a sender learns that its receiver has ended");
    child_start(&child);
    to = family_await(&inbox, &child);
    CASE_EQUAL(fos_peer_open(&peer, to, FOS_TRANSPORT_CHANNEL), 0);
    CASE_EQUAL(fos_msg_try_send(&peer, "x", 1), 0);
    if (kill)
        child_kill(&child);
    CASE_EQUAL(send_till_error(&peer), -FOS_EPIPE);
    CASE_EQUAL(fos_msg_try_send(&peer, "x", 1), -FOS_EPIPE);
    if (!kill)
        child_expect(&child, 0);
    CASE_EQUAL(fos_peer_open(&second, to, FOS_TRANSPORT_CHANNEL), -FOS_EPERM);
    fos_peer_close(&peer);
    case_end();
}

static void test_close_pending(void)
{
    enum { PEERS = 3 };
    struct child child = {.part = "close-pending", .a = PEERS, .caps = {inbox.cap}};
    struct fos_peer peers[PEERS];
    struct fos_cap to;

    case_begin("closing a mailbox tells those who wait to be accepted");
    child_start(&child);
    to = family_await(&inbox, &child);
    for (int i = 0; i < PEERS; i++)
        CASE_EQUAL(fos_peer_open(&peers[i], to, FOS_TRANSPORT_CHANNEL), 0);
    for (int i = 0; i < PEERS; i++) {
        CASE_EQUAL(send_till_error(&peers[i]), -FOS_EPIPE);
        fos_peer_close(&peers[i]);
    }
    child_expect(&child, 0);
    case_end();
}

/* ---- many, and large ---- */

/* What a sender that has closed sent is still delivered, unless too many such wait
 * to be accepted (abi/syscalls.def). */
static void storm(uint64_t cycles)
{
    struct seen seen = {0};
    struct child child = {.part = "storm", .a = cycles, .caps = {inbox.cap}};
    uint64_t accepted = inbox.stats.accepted, broken = inbox.stats.broken;

    child_start(&child);
    while (seen.reports == 0 && take(&seen, family_deadline()))
        continue;
    child_expect(&child, 0);
    settle(&seen);
    accepted = inbox.stats.accepted - accepted;
    CASE_EQUAL(seen.reports, 1);
    CASE_EQUAL(seen.garbage, accepted);
    CASE_CHECK(accepted <= cycles && accepted > 0);
    CASE_EQUAL(inbox.stats.broken, broken);
}

static void test_storm(void)
{
    case_begin("a thousand channels, one after the other, each with one message");
    storm(STORM_CYCLES);
    case_end();
}

static void test_big(void)
{
    struct child child = {
        .part = "big", .a = BIG_BYTES, .b = BIG_COUNT, .caps = {inbox.cap}};
    uint8_t *data;
    uint32_t length = 0;

    case_begin("messages of a mebibyte stream through while the receiver drains");
    data = fos_pages_map(BIG_BYTES / FOS_PAGE_SIZE);
    CASE_CHECK(data);
    child_start(&child);
    for (uint64_t i = 0; i < BIG_COUNT && !case_why[0]; i++) {
        CASE_EQUAL(
            fos_msg_recv(&inbox, data, BIG_BYTES, &length, family_deadline()), 0);
        CASE_EQUAL(length, BIG_BYTES);
        for (uint64_t at = 0; at < BIG_BYTES && !case_why[0]; at++)
            if (data[at] != big_byte(i, at))
                case_fail("message %d differs at byte %d", (int)i, (int)at);
    }
    child_expect(&child, 0);
    settle(&(struct seen){.key = 0});
    fos_pages_unmap(data, BIG_BYTES / FOS_PAGE_SIZE);
    case_end();
}

static void test_bad_addresses(void)
{
    struct child deaf = {.part = "deaf", .caps = {inbox.cap}};
    struct child child = {.part = "bad-addresses", .caps = {inbox.cap}};
    struct fos_peer peer;

    case_begin("connect and accept refuse addresses where no channel can be");
    child_start(&deaf);
    child.caps[1] = family_await(&inbox, &deaf);
    child_start(&child);
    CASE_EQUAL(
        fos_peer_open(&peer, family_await(&inbox, &child), FOS_TRANSPORT_CHANNEL),
        0);
    child_expect(&child, 0);
    fos_peer_close(&peer);
    child_kill(&deaf);
    case_end();
}

static void test_offer(void)
{
    struct child child = {.part = "offer", .a = fos_pid(), .caps = {inbox.cap}};
    struct fos_peer first, second;

    case_begin(
        "a channel is accepted where that was offered, unless that is impossible");
    child_start(&child);
    CASE_EQUAL(
        fos_peer_open(&first, family_await(&inbox, &child), FOS_TRANSPORT_CHANNEL),
        0);
    CASE_EQUAL(
        fos_peer_open(&second, family_await(&inbox, &child), FOS_TRANSPORT_CHANNEL),
        0);
    child_expect(&child, 0);
    fos_peer_close(&first);
    fos_peer_close(&second);
    case_end();
}

/* ---- taken back, against the rules ---- */

/* The child sends into the inbox and reports aside, so that what it sent is not taken,
 * and the channel not closed, before it has lied. */
static void test_false_seal(void)
{
    struct fos_mailbox aside;
    struct child child = {.part = "false-seal"};
    uint64_t broken = inbox.stats.broken, deadline = family_deadline();
    uint32_t length;
    char byte;

    case_begin("a sender that claims more than it sent loses its channel");
    CASE_EQUAL(fos_mailbox_create(&aside, FOS_MAILBOX_SLOTS_MIN), 0);
    child.caps[0] = aside.cap;
    child.caps[1] = inbox.cap;
    child_start(&child);
    family_await(&aside, &child);
    while (!case_why[0] && fos_mailbox_evict(&inbox, 1) == 0) {
        /* Accepts what waits. */
        CASE_EQUAL(fos_msg_recv(&aside, &byte, 1, &length, 0), -FOS_ETIMEDOUT);
        CASE_CHECK(fos_now_ns() < deadline);
    }
    family_await(&aside, &child);
    settle(&(struct seen){.key = 0});
    CASE_EQUAL(inbox.stats.broken, broken + 1);
    child_expect(&child, 0);
    fos_mailbox_close(&aside);
    case_end();
}

static void test_false_count(void)
{
    struct child child = {.part = "false-count", .caps = {inbox.cap}};
    struct fos_peer peer;
    struct fos_cap to;
    int error;

    case_begin("a receiver that lies about what it took harms no sender");
    child_start(&child);
    to = family_await(&inbox, &child);
    for (int i = 0; i < 3 && !case_why[0]; i++) {
        CASE_EQUAL(family_open(&peer, to, FOS_RING_PAGES_DEFAULT), 0);
        CASE_EQUAL(fos_msg_try_send(&peer, "x", 1), 0);
        error = send_till_error(&peer);
        CASE_CHECK(error == -FOS_EPROTO || error == -FOS_EPIPE);
        CASE_EQUAL(fos_msg_send(&peer, "x", 1), error);
        fos_peer_close(&peer);
    }
    family_await(&inbox, &child);
    child_expect(&child, 0);
    case_end();
}

static const struct part parts[] = {
    {"crowd", part_crowd},
    {"stream", part_stream},
    {"endless", part_endless},
    {"big", part_big},
    {"scribble", part_scribble},
    {"bad-acks", part_bad_acks},
    {"deaf", part_deaf},
    {"drain", part_drain},
    {"storm", part_storm},
    {"halfway", part_halfway},
    {"bad-addresses", part_bad_addresses},
    {"offer", part_offer},
    {"close-pending", part_close_pending},
    {"false-seal", part_false_seal},
    {"false-count", part_false_count},
};

int main(int argc, char **argv)
{
    uint64_t seed =
        argc > 1 ? strtoull(argv[1], NULL, 0) : fos_wall_ns() % 1000000000;

    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    dice = dice_of(seed);
    printf("channels: seed %llu\n", (unsigned long long)seed);
    case_begin("");
    CASE_EQUAL(fos_mailbox_create(&inbox, 256), 0);
    fos_pages_unmap(fos_pages_map(BIG_BYTES / FOS_PAGE_SIZE),
                    BIG_BYTES / FOS_PAGE_SIZE);
    family_grow(&inbox, inbox.cap, FOS_CHANNELS_MAX + 10);

    test_scribblers();
    test_bad_acks();
    test_halfway();
    test_deaf();
    test_sender_killed();
    test_receiver_gone(false);
    test_receiver_gone(true);
    test_close_pending();
    test_storm();
    test_big();
    test_bad_addresses();
    test_offer();
    test_false_seal();
    test_false_count();
    fos_mailbox_close(&inbox);
    return cases_status();
}
