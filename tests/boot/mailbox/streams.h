/* SPDX-License-Identifier: MIT */
/*
 * Streams of numbered messages, whose length and content follow from sender and
 * number: the receiver knows what must come, and takes nothing else.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include "mailbox.h"

enum {
    SENDERS = 4,
    LONGEST = 1700, /* fits into half of the smallest mailbox */
    EACH = 4000,
    ROGUE_MILLISECONDS = 1000, /* at least, and until */
    ROGUE_SLOTS = 1000,        /* were filled all the same */
};

struct stamp {
    uint32_t sender, length;
    uint64_t number;
};

/* What has come from each sender. */
struct tally {
    uint64_t next[SENDERS];
    uint64_t total;
};

static uint8_t buffer[LONGEST], expected[LONGEST];

/* Makes the message; its length is the result.  One in eight is long. */
static uint32_t message_make(uint8_t *to, uint32_t sender, uint64_t number)
{
    struct dice dice = dice_of((uint64_t)sender << 40 | number);
    uint32_t span = (dice_below(&dice, 8) ? 120 : LONGEST) - sizeof(struct stamp);
    struct stamp stamp = {sender, 0, number};

    stamp.length = (uint32_t)sizeof stamp + dice_below(&dice, span + 1);
    memcpy(to, &stamp, sizeof stamp);
    dice_fill(&dice, to + sizeof stamp, stamp.length - sizeof stamp);
    return stamp.length;
}

/* Whether what came is a whole message, and the next of its sender. */
static bool message_check(struct tally *tally, uint32_t length)
{
    struct stamp stamp;

    memcpy(&stamp, buffer, sizeof stamp);
    if (length < sizeof stamp || stamp.length != length || stamp.sender >= SENDERS)
        case_fail("a message of %u bytes is not whole", (unsigned)length);
    else if (stamp.number != tally->next[stamp.sender])
        case_fail("sender %u: message %llu instead of %llu", (unsigned)stamp.sender,
                  (unsigned long long)stamp.number,
                  (unsigned long long)tally->next[stamp.sender]);
    else if (message_make(expected, stamp.sender, stamp.number) != length ||
             memcmp(buffer, expected, length))
        case_fail("sender %u: message %llu is damaged", (unsigned)stamp.sender,
                  (unsigned long long)stamp.number);
    if (case_why[0])
        return false;
    tally->next[stamp.sender]++;
    tally->total++;
    return true;
}

static bool message_take(struct fos_mailbox *inbox, struct tally *tally,
                         uint64_t deadline)
{
    uint32_t length = 0;
    int error = fos_msg_recv(inbox, buffer, sizeof buffer, &length, deadline);

    if (error && deadline)
        case_fail("receiving: %s", fos_strerror(error));
    return !error && message_check(tally, length);
}

/* ---- children ---- */

static int run_nothing(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    return 0;
}

static int run_stream(uint64_t sender, uint64_t count)
{
    for (uint64_t number = 0; number < count; number++) {
        uint32_t length = message_make(buffer, (uint32_t)sender, number);
        CHILD_EQUAL(fos_post(fos_start_extra(0), buffer, length, family_deadline()),
                    0);
    }
    return 0;
}

/* Sends until the receiver is gone; that, and a full mailbox, is all it may meet.
 */
static int run_press(uint64_t sender, uint64_t least)
{
    uint64_t number = 0;
    long error;

    for (;;) {
        uint32_t length = message_make(buffer, (uint32_t)sender, number);
        error = fos_sys_mailbox_send(fos_start_extra(0), buffer, length);
        if (error == 0)
            number++;
        else if (error != -FOS_EAGAIN)
            break;
        else
            fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND / 4);
    }
    CHILD_EQUAL(error, -FOS_EPERM);
    CHILD_CHECK(number >= least);
    return 0;
}

/* Receives for ever, and tells its parent once it has got so many from each of two.
 */
static int run_receive(uint64_t first, uint64_t b)
{
    static struct fos_mailbox inbox;
    struct tally tally = {0};
    bool told = false;

    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&inbox, FOS_MAILBOX_SLOTS_MIN), 0);
    family_report(&inbox);
    for (;;) {
        if (!message_take(&inbox, &tally, FOS_NEVER)) {
            printf("child: %s\n", case_why);
            return 1;
        }
        if (!told && tally.next[0] >= first && tally.next[1] >= first) {
            told = true;
            CHILD_EQUAL(fos_post(fos_start_extra(0), "got", 3, family_deadline()),
                        0);
        }
    }
}

/* About how many slots the kernel has filled, read off their tags. */
static uint64_t tail_guess(const struct raw *raw)
{
    uint64_t last = 0;

    for (uint64_t i = 0; i < raw->reader.count; i++) {
        uint64_t lap = fos_load_relaxed(&raw->reader.slots[i].tag) >> 48;
        uint64_t end = lap ? (lap - 1) * raw->reader.count + i + 1 : 0;
        last = end > last ? end : last;
    }
    return last;
}

static uint64_t head_nonsense(struct dice *dice, const struct raw *raw)
{
    switch (dice_below(dice, 8)) {
    case 0:
        return dice_throw(dice);
    case 1:
        return 0 - (uint64_t)dice_below(dice, 200);
    case 2:
        return tail_guess(raw) + 0x8000000000000000;
    case 3:
        return dice_below(dice, 200);
    default:
        return tail_guess(raw) + dice_below(dice, 2 * raw->reader.count + 1) -
               raw->reader.count;
    }
}

/* The kernel must not write outside the slots, nor to the head: around them, and on
 * the rest of the head's page, all stays as it was. */
static bool zero(const uint8_t *at, const uint8_t *end)
{
    while (at < end)
        if (*at++)
            return false;
    return true;
}

static int run_rogue(uint64_t milliseconds, uint64_t b)
{
    struct dice dice = dice_of(fos_now_ns());
    uint64_t until = fos_now_ns() + milliseconds * FOS_MILLISECOND;
    uint8_t *before = fos_pages_map(1); /* the addresses follow, but for a gap */
    struct fos_mailbox fake = {0};
    struct raw raw;
    uint8_t *end;

    (void)b;
    raw_open(&raw, FOS_MAILBOX_SLOTS_MIN);
    CHILD_CHECK(!case_why[0]);
    fake.cap = raw.cap;
    family_report(&fake);
    while (fos_now_ns() < until || tail_guess(&raw) < ROGUE_SLOTS) {
        for (int i = 0; i < 200; i++) {
            uint64_t value = head_nonsense(&dice, &raw);
            fos_store_release(raw.reader.head, value);
            CHILD_CHECK(fos_load_acquire(raw.reader.head) == value);
        }
    }
    end = (uint8_t *)raw.reader.head;
    CHILD_CHECK(zero(before, before + FOS_PAGE_SIZE));
    CHILD_CHECK(zero(end + sizeof *raw.reader.head, end + FOS_PAGE_SIZE));
    return 0;
}

/* ---- cases ---- */

static void test_order(struct fos_mailbox *inbox)
{
    struct child children[3];
    struct tally tally = {0};

    case_begin("messages of concurrent senders arrive whole, in each one's order");
    for (unsigned i = 0; i < 3; i++) {
        children[i] = (struct child){
            .part = "stream", .a = i, .b = EACH, .caps = {inbox->cap}};
        child_start(&children[i]);
    }
    while (tally.total < 3 * EACH && !case_why[0])
        message_take(inbox, &tally, family_deadline());
    for (unsigned i = 0; i < 3; i++) {
        child_expect(&children[i], 0);
        CASE_EQUAL(tally.next[i], EACH);
    }
    CASE_CHECK(!message_take(inbox, &tally, 0));
    case_end();
}

/* The victim is killed after so many messages of its own were received. */
static void kill_sender(struct fos_mailbox *inbox, uint64_t after)
{
    struct child victim = {
        .part = "stream", .a = 3, .b = ~0ull, .caps = {inbox->cap}};
    struct child other = {
        .part = "stream", .a = 1, .b = 1000, .caps = {inbox->cap}};
    struct tally tally = {0};

    child_start(&victim);
    child_start(&other);
    while (tally.next[3] < after && !case_why[0])
        message_take(inbox, &tally, family_deadline());
    child_kill(&victim);
    while (tally.next[1] < 1000 && !case_why[0])
        message_take(inbox, &tally, family_deadline());
    child_expect(&other, 0);
    while (message_take(inbox, &tally, 0))
        ;
    CASE_EQUAL(tally.next[1], 1000);
}

static void test_killed_sender(struct fos_mailbox *inbox)
{
    case_begin(
        "a sender killed in mid-stream leaves whole messages in order, and others "
        "go on");
    for (uint64_t round = 0; round < 6 && !case_why[0]; round++)
        kill_sender(inbox, 1 + round * round * 60);
    case_end();
}

static void kill_receiver(struct fos_mailbox *inbox, uint64_t after)
{
    struct child receiver = {.part = "receive", .a = after, .caps = {inbox->cap}};
    struct child senders[2];
    struct fos_cap to;
    uint32_t length;

    child_start(&receiver);
    to = family_await(inbox, &receiver);
    for (unsigned i = 0; i < 2; i++) {
        senders[i] =
            (struct child){.part = "press", .a = i, .b = after, .caps = {to}};
        child_start(&senders[i]);
    }
    CASE_EQUAL(
        fos_msg_recv(inbox, buffer, sizeof buffer, &length, family_deadline()), 0);
    child_kill(&receiver);
    CASE_EQUAL(fos_sys_mailbox_send(to, "x", 1), -FOS_EPERM);
    for (unsigned i = 0; i < 2; i++)
        child_expect(&senders[i], 0);
}

static void test_killed_receiver(struct fos_mailbox *inbox)
{
    case_begin("senders to a killed receiver get EPERM");
    for (uint64_t round = 0; round < 4 && !case_why[0]; round++)
        kill_receiver(inbox, 1 + 150 * round);
    case_end();
}

/* Sends to the rogue until it has ended, and in between to itself. */
static void bother(struct fos_mailbox *inbox, struct fos_cap rogue,
                   struct tally *tally)
{
    struct dice dice = dice_of(3);
    uint64_t taken = 0, refused = 0, number = 0;
    long error;

    do {
        uint32_t length =
            1 + dice_below(&dice, dice_below(&dice, 4) ? 100 : LONGEST);
        error = fos_sys_mailbox_send(rogue, expected, length);
        taken += error == 0;
        refused += error == -FOS_EAGAIN;
        length = message_make(buffer, 3, number++);
        CASE_EQUAL(fos_sys_mailbox_send(inbox->cap, buffer, length), 0);
        while (tally->next[3] < number && !case_why[0])
            message_take(inbox, tally, family_deadline());
    } while ((error == 0 || error == -FOS_EAGAIN) && !case_why[0]);
    CASE_EQUAL(error, -FOS_EPERM);
    CASE_CHECK(taken > 0);
    CASE_CHECK(refused > 0);
}

static void test_rogue(struct fos_mailbox *inbox)
{
    struct child rogue = {
        .part = "rogue", .a = ROGUE_MILLISECONDS, .caps = {inbox->cap}};
    struct child other = {.part = "press", .a = 1};
    struct child good = {.part = "stream", .a = 2, .b = 500, .caps = {inbox->cap}};
    struct tally tally = {0};

    case_begin("a receiver that writes nonsense into its head harms only itself");
    child_start(&rogue);
    other.caps[0] = family_await(inbox, &rogue);
    child_start(&other);
    child_start(&good);
    bother(inbox, other.caps[0], &tally);
    while (tally.next[2] < 500 && !case_why[0])
        message_take(inbox, &tally, family_deadline());
    child_expect(&rogue, 0);
    child_expect(&other, 0);
    child_expect(&good, 0);
    case_end();
}

static void test_streams(struct fos_mailbox *inbox)
{
    test_order(inbox);
    test_killed_sender(inbox);
    test_killed_receiver(inbox);
    test_rogue(inbox);
}

#endif
