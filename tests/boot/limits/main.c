/* SPDX-License-Identifier: MIT */
/*
 * Many and large: a thousand mailboxes and 256 channels to one receiver, channels that
 * would take all of a process's frames, mailboxes that take only short messages,
 * mailboxes and channels made and dropped as often as ten thousand processes would.
 * On one processor: to tear a channel down interrupts the other's, and an emulated
 * processor waits tens of milliseconds for another that the host does not run.
 *
 *     test-limits [CYCLES]
 */
#include <fos/event.h>
#include <fos/memory.h>

#include "../family.h"

enum {
    MAILBOXES = 1000,
    CHANNELS = FOS_CHANNELS_MAX,
    ROUNDS = 3,
    LIMIT = 600,
    BATCH = 50, /* channels that a partner holds at a time */
    EARLY = 8,  /* of them, closed accepted or not: fewer than the kernel drops */
    PROCESSES = 40,
};

static struct fos_mailbox inbox;
static uint64_t cycles = 10000;

/* ---- many mailboxes ---- */

static struct fos_mailbox boxes[MAILBOXES];

struct many {
    uint32_t box, number;
};

/* Has so many mailboxes, tells of them, takes `b` messages from all of them, each
 * numbered within its mailbox. */
static int part_many(uint64_t count, uint64_t total)
{
    static uint32_t next[MAILBOXES];
    struct fos_mailbox *which = NULL;
    struct many message;
    uint32_t length;

    CHILD_CHECK(count <= MAILBOXES);
    for (uint64_t i = 0; i < count; i++)
        CHILD_EQUAL(fos_mailbox_create(&boxes[i], FOS_MAILBOX_SLOTS_MIN), 0);
    CHILD_EQUAL(
        fos_msg_recv_any(NULL, 0, &which, &message, sizeof message, &length, 0),
        -FOS_ETIMEDOUT);
    for (uint64_t i = 0; i < count; i++)
        family_report(&boxes[i]);
    for (uint64_t n = 0; n < total; n++) {
        CHILD_EQUAL(fos_msg_recv_any(NULL, 0, &which, &message, sizeof message,
                                     &length, family_deadline()),
                    0);
        CHILD_EQUAL(length, sizeof message);
        CHILD_CHECK(which == &boxes[message.box]);
        CHILD_EQUAL(message.number, next[message.box]++);
    }
    CHILD_EQUAL(fos_thread_self()->inbounds, CHANNELS);
    for (uint64_t i = 0; i < count; i++)
        fos_mailbox_close(&boxes[i]);
    return 0;
}

static void test_many(void)
{
    static struct fos_cap to[MAILBOXES];
    static struct fos_peer peers[MAILBOXES];
    struct child child = {.part = "many",
                          .a = MAILBOXES,
                          .b = MAILBOXES * ROUNDS,
                          .frames = 3000,
                          .objects = MAILBOXES + CHANNELS + 25,
                          .caps = {inbox.cap}};

    case_begin("a receiver has a thousand mailboxes and 256 channels");
    child_start(&child);
    for (int i = 0; i < MAILBOXES && !case_why[0]; i++)
        to[i] = family_await(&inbox, &child);
    for (int i = 0; i < MAILBOXES && !case_why[0]; i++)
        CASE_EQUAL(i < CHANNELS
                       ? family_open(&peers[i], to[i], 1)
                       : fos_peer_open(&peers[i], to[i], FOS_TRANSPORT_KERNEL),
                   0);
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < MAILBOXES && !case_why[0]; i++) {
            struct many message = {i * 7 % MAILBOXES, round};
            CASE_EQUAL(fos_msg_send_until(&peers[message.box], &message,
                                          sizeof message, family_deadline()),
                       0);
        }
    child_expect(&child, 0);
    for (int i = 0; i < CHANNELS; i++)
        fos_peer_close(&peers[i]);
    case_end();
}

static void test_set(void)
{
    struct fos_mailbox *set[2] = {&boxes[0], &boxes[2]}, *which = NULL;
    char text[8];
    uint32_t length;

    case_begin("a set of mailboxes is received from, others are left alone");
    for (int i = 0; i < 3; i++)
        CASE_EQUAL(fos_mailbox_create(&boxes[i], FOS_MAILBOX_SLOTS_MIN), 0);
    CASE_EQUAL(fos_sys_mailbox_send(boxes[1].cap, "one", 3), 0);
    CASE_EQUAL(fos_msg_recv_any(set, 2, &which, text, sizeof text, &length, 0),
               -FOS_ETIMEDOUT);
    CASE_EQUAL(fos_msg_recv_any(set, 2, &which, text, sizeof text, &length,
                                fos_now_ns() + FOS_MILLISECOND),
               -FOS_ETIMEDOUT);
    for (int i = 2; i >= 0; i -= 2) {
        CASE_EQUAL(fos_sys_mailbox_send(boxes[i].cap, "", 0), 0);
        CASE_EQUAL(fos_msg_recv_any(set, 2, &which, text, sizeof text, &length,
                                    family_deadline()),
                   0);
        CASE_CHECK(which == &boxes[i] && length == 0);
    }
    which = NULL;
    CASE_EQUAL(fos_msg_recv_any(NULL, 0, &which, text, sizeof text, &length, 0), 0);
    CASE_CHECK(which == &boxes[1] && length == 3);
    CASE_EQUAL(fos_msg_recv_any(set, 0, &which, text, sizeof text, &length, 0),
               -FOS_EINVAL);
    for (int i = 0; i < 3; i++)
        fos_mailbox_close(&boxes[i]);
    case_end();
}

/* ---- a share of the frames ---- */

enum {
    SHARE_FRAMES =
        3000, /* of the process in question; a quarter is not for rings */
    SHARE_RING = FOS_RING_PAGES_MAX,
    SHARE_MOST = SHARE_FRAMES / 4 * 3 / SHARE_RING,
    SHARE_LEAST = SHARE_MOST - 5, /* it has channels to fleets, too */
    SHARE_KEPT = 200,
};

/* Memory there is whatever came. */
static void kept_check(void)
{
    void *kept = fos_pages_map(SHARE_KEPT);

    CHILD_CHECK(kept);
    fos_pages_unmap(kept, SHARE_KEPT);
}

/* Opens channels to extra 0 until it may have no more, goes on through the kernel, and
 * by a channel again when there is room for it. */
static int part_spender(uint64_t a, uint64_t b)
{
    static struct fos_peer peers[SHARE_MOST + 1];
    struct fos_peer one_more;
    int error = 0, count = 0;

    (void)a, (void)b;
    while (count <= SHARE_MOST && !error) {
        error = family_open(&peers[count], fos_start_extra(0), SHARE_RING);
        count += !error;
    }
    CHILD_EQUAL(error, -FOS_EDQUOT);
    CHILD_CHECK(count >= SHARE_LEAST && count <= SHARE_MOST);
    CHILD_EQUAL(fos_peer_open(&one_more, fos_start_extra(0), FOS_TRANSPORT_AUTO),
                0);
    one_more.pages = SHARE_RING;
    CHILD_EQUAL(fos_peer_connect(&one_more), -FOS_EDQUOT);
    CHILD_EQUAL(fos_msg_send(&one_more, "x", 1), 0);
    CHILD_CHECK(!one_more.window);
    kept_check();
    for (int i = 0; i < count; i++)
        fos_peer_close(&peers[i]);
    CHILD_EQUAL(fos_peer_connect(&one_more), 0);
    CHILD_EQUAL(fos_msg_send(&one_more, "y", 1), 0);
    return 0;
}

static void test_sender_share(void)
{
    struct child child = {
        .part = "spender", .caps = {inbox.cap}, .frames = SHARE_FRAMES};
    char text[2] = "";
    uint32_t length;

    case_begin("a sender's channels leave a quarter of its frames, and it goes on "
               "through the kernel");
    child_start(&child);
    for (int i = 0; i < 2; i++) {
        CASE_EQUAL(fos_msg_recv(&inbox, text, 1, &length, family_deadline()), 0);
        CASE_EQUAL(text[0], 'x' + i);
    }
    child_expect(&child, 0);
    family_settle(&inbox);
    case_end();
}

/* Takes `count` messages, one of each channel there could be. */
static int part_host(uint64_t count, uint64_t b)
{
    struct fos_mailbox box;
    uint32_t length;
    uint64_t i, seen = 0;

    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&box, 1024), 0);
    family_report(&box);
    for (uint64_t n = 0; n < count; n++) {
        CHILD_EQUAL(fos_msg_recv(&box, &i, sizeof i, &length, family_deadline()),
                    0);
        CHILD_CHECK(fos_thread_self()->inbounds <= SHARE_MOST);
        if (n % 16 == 0)
            kept_check();
        seen += i;
    }
    CHILD_EQUAL(seen, count * (count - 1) / 2);
    fos_mailbox_close(&box);
    return 0;
}

static void test_receiver_share(void)
{
    enum { PEERS = SHARE_MOST + 40 };
    static struct fos_peer peers[PEERS];
    struct child child = {.part = "host",
                          .a = PEERS,
                          .caps = {inbox.cap},
                          .frames = SHARE_FRAMES,
                          .objects = PEERS + 50};
    unsigned refused = 0;

    case_begin(
        "channels leave a quarter of the receiver's frames; others come through "
        "the kernel");
    child_start(&child);
    struct fos_cap to = family_await(&inbox, &child);
    for (uint64_t i = 0; i < PEERS && !case_why[0]; i++) {
        CASE_EQUAL(fos_peer_open(&peers[i], to, FOS_TRANSPORT_AUTO), 0);
        peers[i].pages = SHARE_RING;
        int error = fos_peer_connect(&peers[i]);
        CASE_CHECK(error == 0 || error == -FOS_EAGAIN);
        refused += error != 0;
    }
    for (uint64_t i = 0; i < PEERS && !case_why[0]; i++)
        CASE_EQUAL(fos_msg_send_until(&peers[i], &i, sizeof i, family_deadline()),
                   0);
    CASE_CHECK(refused > 0 && refused < PEERS);
    child_expect(&child, 0);
    for (int i = 0; i < PEERS; i++)
        fos_peer_close(&peers[i]);
    case_end();
}

/* ---- short messages only ---- */

/* Sends what the receiver has said it will not take: as the library lets it, then
 * by a ring written by hand. */
static int part_wordy(uint64_t a, uint64_t b)
{
    static uint8_t data[4 * LIMIT];
    enum { RING = 4 };
    uint8_t *window = fos_pages_reserve(1 + RING);
    struct fos_channel_sender sender;
    struct fos_channel_info info;
    struct fos_peer peer;

    (void)a, (void)b;
    for (int channel = 0; channel < 2; channel++) {
        CHILD_EQUAL(fos_peer_open(&peer, fos_start_extra(0), FOS_TRANSPORT_AUTO),
                    0);
        if (channel)
            CHILD_EQUAL(fos_peer_connect(&peer), 0);
        CHILD_EQUAL(fos_msg_send(&peer, data, LIMIT + 1), -FOS_EMSGSIZE);
        CHILD_EQUAL(fos_msg_try_send(&peer, data, LIMIT + 1), -FOS_EMSGSIZE);
        CHILD_EQUAL(fos_msg_send(&peer, data, sizeof data), -FOS_EMSGSIZE);
        CHILD_EQUAL(fos_msg_send(&peer, data, LIMIT), 0);
        CHILD_EQUAL(fos_msg_send(&peer, "", 0), 0);
        fos_peer_close(&peer);
    }
    CHILD_EQUAL(fos_sys_channel_connect(fos_start_extra(0), window, RING, &info),
                0);
    CHILD_EQUAL(info.limit, LIMIT);
    CHILD_EQUAL(fos_channel_sender_init(&sender, window + FOS_PAGE_SIZE, RING * 64,
                                        RING * 16),
                0);
    CHILD_EQUAL(fos_channel_try_send(&sender, data, LIMIT + 1), 0);
    CHILD_EQUAL(fos_channel_try_send(&sender, data, sizeof data), 0);
    CHILD_EQUAL(fos_channel_try_send(&sender, "end", 3), 0);
    CHILD_EQUAL(fos_sys_channel_close(info.channel, FOS_TAKEN_NONE), 0);
    return 0;
}

static void test_limit(void)
{
    static uint8_t data[8 * LIMIT];
    struct fos_mailbox box;
    struct child child = {.part = "wordy"};
    uint32_t length = 0, total = 0;

    case_begin("a mailbox takes no message above its limit, however it is sent");
    CASE_EQUAL(fos_mailbox_create_limited(&box, FOS_MAILBOX_SLOTS_MIN,
                                          FOS_PACKET_PAYLOAD - 1),
               -FOS_EINVAL);
    CASE_EQUAL(fos_mailbox_create_limited(&box, FOS_MAILBOX_SLOTS_MIN, LIMIT), 0);
    child.caps[0] = box.cap;
    child_start(&child);
    for (int i = 0; i < 5; i++) { /* two long, two empty, "end" */
        CASE_EQUAL(
            fos_msg_recv(&box, data, sizeof data, &length, family_deadline()), 0);
        total += length;
    }
    CASE_EQUAL(total, 2 * LIMIT + 3);
    child_expect(&child, 0);
    CASE_EQUAL(box.stats.too_long, 2);
    fos_mailbox_close(&box);
    case_end();
}

/* ---- made and dropped ---- */

/* Waits until the parent has taken a batch. */
static void batch_await(struct fos_mailbox *box, uint64_t batch)
{
    uint64_t taken;
    uint32_t length;

    CHILD_EQUAL(fos_msg_recv(box, &taken, sizeof taken, &length, family_deadline()),
                0);
    CHILD_EQUAL(length, sizeof taken);
    CHILD_EQUAL(taken, batch);
}

/* Opens, uses and closes so many channels, of each batch some before the parent has
 * taken what came by them. */
static int part_partner(uint64_t count, uint64_t b)
{
    static struct fos_peer peers[BATCH];
    struct fos_mailbox box;

    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&box, FOS_MAILBOX_SLOTS_MIN), 0);
    family_report(&box);
    for (uint64_t done = 0; done < count; done += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            uint64_t number = done + (uint64_t)i;
            CHILD_EQUAL(family_open(&peers[i], fos_start_extra(0), 1), 0);
            CHILD_EQUAL(fos_msg_send(&peers[i], &number, sizeof number), 0);
        }
        for (int i = 0; i < EARLY; i++)
            fos_peer_close(&peers[i]);
        batch_await(&box, done);
        for (int i = EARLY; i < BATCH; i++)
            fos_peer_close(&peers[i]);
    }
    fos_mailbox_close(&box);
    return 0;
}

/* Takes a batch, of which each channel brings its own number. */
static void batch_take(uint64_t batch)
{
    uint64_t number, sum = 0;
    uint32_t length;

    for (int i = 0; i < BATCH && !case_why[0]; i++) {
        CASE_EQUAL(fos_msg_recv(&inbox, &number, sizeof number, &length,
                                family_deadline()),
                   0);
        CASE_CHECK(number - batch < BATCH);
        sum += number - batch;
    }
    CASE_EQUAL(sum, BATCH * (BATCH - 1) / 2);
}

static void test_channels_churn(void)
{
    struct child child = {.part = "partner", .a = cycles, .caps = {inbox.cap}};
    struct fos_msg_stats before = inbox.stats;

    case_begin("thousands of channels come and go, and leave nothing");
    child_start(&child);
    struct fos_cap to = family_await(&inbox, &child);
    for (uint64_t batch = 0; batch < cycles && !case_why[0]; batch += BATCH) {
        batch_take(batch);
        CASE_EQUAL(fos_post(to, &batch, sizeof batch, family_deadline()), 0);
    }
    child_expect(&child, 0);
    family_settle(&inbox);
    CASE_EQUAL(inbox.stats.accepted - before.accepted, cycles);
    CASE_EQUAL(inbox.stats.dropped - before.dropped + inbox.stats.evicted -
                   before.evicted,
               cycles);
    case_end();
}

static void test_mailboxes_churn(void)
{
    case_begin("thousands of mailboxes come and go, and leave nothing");
    for (uint64_t done = 0; done < cycles && !case_why[0]; done += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            CASE_EQUAL(fos_mailbox_create(&boxes[i], FOS_MAILBOX_SLOTS_MIN), 0);
            CASE_EQUAL(fos_sys_mailbox_send(boxes[i].cap, &done, sizeof done), 0);
        }
        for (int i = 0; i < BATCH; i++)
            fos_mailbox_close(&boxes[(i * 7) % BATCH]);
    }
    case_end();
}

/* Leaves mailboxes and channels, both ways, to whoever cleans up after it. */
static int part_untidy(uint64_t count, uint64_t b)
{
    static struct fos_peer peers[8];

    (void)b;
    for (uint64_t i = 0; i < count; i++) {
        CHILD_EQUAL(fos_mailbox_create(&boxes[i], FOS_MAILBOX_SLOTS_MIN), 0);
        CHILD_EQUAL(family_open(&peers[i], fos_start_extra(0), 1), 0);
        CHILD_EQUAL(fos_msg_send(&peers[i], &boxes[i].cap, sizeof boxes[i].cap), 0);
    }
    fos_clock_sleep(FOS_NEVER);
    return 0;
}

static void untidy_once(uint64_t count)
{
    static struct fos_peer peers[8];
    struct child child = {.part = "untidy", .a = count, .caps = {inbox.cap}};
    struct fos_cap to;
    uint32_t length;

    child_start(&child);
    for (uint64_t i = 0; i < count && !case_why[0]; i++) {
        CASE_EQUAL(fos_msg_recv(&inbox, &to, sizeof to, &length, family_deadline()),
                   0);
        CASE_EQUAL(family_open(&peers[i], to, 1), 0);
        CASE_EQUAL(fos_msg_send(&peers[i], "x", 1), 0);
    }
    child_kill(&child);
    for (uint64_t i = 0; i < count; i++)
        fos_peer_close(&peers[i]);
}

static void test_untidy(void)
{
    case_begin("processes killed with their mailboxes and channels leave nothing");
    for (uint64_t i = 0; i < PROCESSES && !case_why[0]; i++)
        untidy_once(1 + i % 8);
    family_settle(&inbox);
    case_end();
}

static const struct part parts[] = {
    {"crowd", part_crowd},     {"many", part_many},     {"wordy", part_wordy},
    {"partner", part_partner}, {"untidy", part_untidy}, {"spender", part_spender},
    {"host", part_host},
};

/* What a first use makes the library keep: windows and their page tables. */
static void grow(void)
{
    static void *windows[CHANNELS + BATCH];
    enum { WINDOW_PAGES = 1 + FOS_RING_PAGES_MAX };

    for (int i = 0; i < CHANNELS + BATCH; i++)
        windows[i] = fos_pages_map(WINDOW_PAGES);
    for (int i = 0; i < CHANNELS + BATCH; i++)
        fos_pages_unmap(windows[i], WINDOW_PAGES);
    family_grow(&inbox, inbox.cap, CHANNELS);
    for (int i = 0; i < BATCH; i++)
        CASE_EQUAL(fos_mailbox_create(&boxes[i], FOS_MAILBOX_SLOTS_MIN), 0);
    for (int i = 0; i < BATCH; i++)
        fos_mailbox_close(&boxes[i]);
}

int main(int argc, char **argv)
{
    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    if (argc > 1)
        cycles = strtoull(argv[1], NULL, 0);
    case_begin("");
    CASE_EQUAL(fos_mailbox_create(&inbox, 1024), 0);
    grow();

    test_set();
    test_limit();
    test_many();
    test_sender_share();
    test_receiver_share();
    test_channels_churn();
    test_mailboxes_churn();
    test_untidy();
    fos_mailbox_close(&inbox);
    return cases_status();
}
