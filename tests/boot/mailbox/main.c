/* SPDX-License-Identifier: MIT */
/* Kernel messages: whole, in order, and without trust in the receiver or the
 * sender. */
#include "mailbox.h"
#include "streams.h"

static uint8_t sent[FOS_MESSAGE_MAX + 1], got[FOS_MESSAGE_MAX + 1];

/* ---- sizes ---- */

static const uint32_t sizes[] = {0,
                                 1,
                                 8,
                                 55,
                                 56,
                                 57,
                                 63,
                                 64,
                                 65,
                                 111,
                                 112,
                                 113,
                                 4095,
                                 4096,
                                 4097,
                                 30000,
                                 0,
                                 1,
                                 FOS_MESSAGE_MAX - 1,
                                 FOS_MESSAGE_MAX,
                                 56};
enum { SIZES = sizeof sizes / sizeof *sizes };

static int run_sizes(uint64_t rounds, uint64_t b)
{
    static const uint64_t over[] = {FOS_MESSAGE_MAX + 1, 1 << 20,    1ull << 32,
                                    (1ull << 32) + 1,    1ull << 63, ~0ull};
    struct fos_cap to = fos_start_extra(0);

    (void)b;
    for (uint64_t i = 0; i < rounds * SIZES; i++) {
        struct dice dice = dice_of(i);
        dice_fill(&dice, sent, sizes[i % SIZES]);
        for (size_t k = 0; k < sizeof over / sizeof *over; k++)
            CHILD_EQUAL(fos_sys_mailbox_send(to, sent, over[k]), -FOS_EMSGSIZE);
        CHILD_EQUAL(fos_post(to, sent, sizes[i % SIZES], family_deadline()), 0);
    }
    return 0;
}

static void test_sizes(struct fos_mailbox *inbox)
{
    enum { ROUNDS = 20 };
    struct child child = {.part = "sizes", .a = ROUNDS, .caps = {inbox->cap}};

    case_begin("messages of every size arrive intact, longer ones are refused");
    child_start(&child);
    for (uint64_t i = 0; i < ROUNDS * SIZES; i++) {
        struct dice dice = dice_of(i);
        uint32_t length = 0, size = sizes[i % SIZES];
        dice_fill(&dice, sent, size);
        CASE_EQUAL(fos_msg_recv(inbox, got, sizeof got, &length, family_deadline()),
                   0);
        CASE_EQUAL(length, size);
        CASE_CHECK(memcmp(sent, got, size) == 0);
        if (case_why[0])
            break;
    }
    child_expect(&child, 0);
    case_end();
}

static void test_small(void)
{
    enum { HALF = FOS_MAILBOX_SLOTS_MIN / 2 * FOS_MAILBOX_PAYLOAD };
    struct raw raw;
    struct dice dice = dice_of(1);
    uint32_t length = 0;

    case_begin("no message takes more than half of a mailbox");
    raw_open(&raw, FOS_MAILBOX_SLOTS_MIN);
    dice_fill(&dice, sent, HALF + 1);
    for (int i = 0; i < 100; i++) {
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, sent, HALF + 1), -FOS_EMSGSIZE);
        CASE_EQUAL(fos_mailbox_take(&raw.reader, got, sizeof got, &length),
                   -FOS_EAGAIN);
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, sent, HALF), 0);
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, "x", 1), 0);
        CASE_EQUAL(fos_mailbox_take(&raw.reader, got, sizeof got, &length), 0);
        CASE_CHECK(length == HALF && memcmp(sent, got, HALF) == 0);
        CASE_EQUAL(fos_mailbox_take(&raw.reader, got, sizeof got, &length), 0);
        CASE_CHECK(length == 1 && got[0] == 'x');
    }
    raw_close(&raw);
    case_end();
}

/* ---- full ---- */

static uint64_t full_count(void)
{
    struct fos_space_info info = {0};

    CASE_EQUAL(fos_sys_space_status(fos_own_space(), &info), 0);
    return info.mailbox_full;
}

static void fill_and_drain(struct raw *raw, uint64_t lap)
{
    uint64_t value, refused = full_count();
    uint32_t length = 0;

    for (uint64_t i = 0; i < raw->reader.count; i++) {
        value = lap << 32 | i;
        CASE_EQUAL(fos_sys_mailbox_send(raw->cap, &value, sizeof value), 0);
    }
    CASE_EQUAL(fos_sys_mailbox_send(raw->cap, &value, sizeof value), -FOS_EAGAIN);
    CASE_EQUAL(full_count(), refused + 1);
    CASE_EQUAL(fos_mailbox_take(&raw->reader, &value, sizeof value, &length), 0);
    CASE_EQUAL(value, lap << 32);
    CASE_EQUAL(fos_sys_mailbox_send(raw->cap, sent, FOS_MAILBOX_PAYLOAD + 1),
               -FOS_EAGAIN);
    CASE_EQUAL(fos_sys_mailbox_send(raw->cap, "", 0), 0);
    CASE_EQUAL(fos_sys_mailbox_send(raw->cap, "", 0), -FOS_EAGAIN);
    for (uint64_t i = 1; i < raw->reader.count; i++) {
        CASE_EQUAL(fos_mailbox_take(&raw->reader, &value, sizeof value, &length),
                   0);
        CASE_CHECK(length == sizeof value && value == (lap << 32 | i));
    }
    CASE_EQUAL(fos_mailbox_take(&raw->reader, &value, sizeof value, &length), 0);
    CASE_EQUAL(length, 0);
    CASE_EQUAL(fos_mailbox_take(&raw->reader, &value, sizeof value, &length),
               -FOS_EAGAIN);
}

static void test_full(uint32_t slots)
{
    struct raw raw;
    uint64_t start;

    case_begin(
        slots == FOS_MAILBOX_SLOTS_MIN
            ? "a full mailbox answers EAGAIN at once, and takes more once drained"
            : "so does the largest");
    raw_open(&raw, slots);
    for (uint64_t lap = 0; lap < 5; lap++)
        fill_and_drain(&raw, lap);
    for (uint32_t i = 0; i < slots; i++)
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, "", 0), 0);
    start = fos_now_ns();
    for (int i = 0; i < 1000; i++)
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, "", 0), -FOS_EAGAIN);
    CASE_CHECK(fos_now_ns() - start < FOS_SECOND);
    raw_close(&raw);
    case_end();
}

/* Sends until it is refused, `count` messages it should be. */
static int run_flood(uint64_t count, uint64_t b)
{
    struct fos_cap to = fos_start_extra(0);

    (void)b;
    for (uint64_t i = 0; i < count; i++)
        CHILD_EQUAL(fos_sys_mailbox_send(to, "", 0), 0);
    for (int i = 0; i < 100; i++)
        CHILD_EQUAL(fos_sys_mailbox_send(to, "", 0), -FOS_EAGAIN);
    return 0;
}

static void test_share(void)
{
    enum { QUARTER = FOS_MAILBOX_SLOTS_MIN / 4 };
    const uint64_t counts[] = {3 * QUARTER, 1, 1};
    struct raw raw;

    case_begin(
        "who floods a mailbox leaves room for a message of each of the others");
    raw_open(&raw, FOS_MAILBOX_SLOTS_MIN);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct child child = {.part = "flood", .a = counts[i], .caps = {raw.cap}};
        child_start(&child);
        child_expect(&child, 0);
    }
    for (int i = 0; i < QUARTER - 2; i++)
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, "", 0), 0);
    CASE_EQUAL(fos_sys_mailbox_send(raw.cap, "", 0), -FOS_EAGAIN);
    raw_close(&raw);
    case_end();
}

/* Tags hold 16 bits of the lap; two messages make one. */
static void test_laps(void)
{
    enum { MESSAGES = 2 * 65536 + 2000, SIZE = 31 * FOS_MAILBOX_PAYLOAD + 1 };
    struct raw raw;
    uint32_t length = 0;

    case_begin("a mailbox goes on when its count of laps wraps");
    raw_open(&raw, FOS_MAILBOX_SLOTS_MIN);
    for (uint32_t i = 0; i < MESSAGES && !case_why[0]; i++) {
        memcpy(sent, &i, sizeof i);
        memcpy(sent + SIZE - sizeof i, &i, sizeof i);
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, sent, SIZE), 0);
        CASE_EQUAL(fos_mailbox_take(&raw.reader, got, sizeof got, &length), 0);
        CASE_CHECK(length == SIZE && memcmp(got, &i, sizeof i) == 0 &&
                   memcmp(got + SIZE - sizeof i, &i, sizeof i) == 0);
        CASE_CHECK(i % 64 || !fos_mailbox_ready(&raw.reader));
    }
    raw_close(&raw);
    case_end();
}

/* ---- memory ---- */

static void test_buffer(void)
{
    uint8_t *pages = fos_pages_map(2), *edge = pages + FOS_PAGE_SIZE;
    const struct {
        const void *at;
        uint64_t length;
    } bad[] = {
        {edge - 100, 200}, /* the end is not mapped */
        {edge, 1},
        {edge - 1, 2},
        {edge - FOS_PAGE_SIZE, FOS_PAGE_SIZE + 1},
        {edge - 1, 60000},
        {NULL, 1},
        {(void *)0xffff800000000000, 8},  /* Xen's */
        {(void *)0xffffffff80000000, 8},  /* the kernel's */
        {(void *)0x0000800000000000, 8},  /* no address at all */
        {(void *)(FOS_USER_END - 8), 16}, /* beyond the end */
        {(void *)(0 - 8ull), 16},         /* around it */
    };
    struct raw raw;
    uint32_t length = 0;

    CASE_CHECK(fos_range_unmap((uint64_t)edge, 1) == 0);
    case_begin("a message whose memory is not all there is refused as a whole");
    raw_open(&raw, FOS_MAILBOX_SLOTS_MAX);
    memset(pages, 7, FOS_PAGE_SIZE);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, bad[i].at, bad[i].length),
                   -FOS_EFAULT);
        CASE_EQUAL(fos_mailbox_take(&raw.reader, got, sizeof got, &length),
                   -FOS_EAGAIN);
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, edge - 100, 100), 0);
        CASE_EQUAL(fos_mailbox_take(&raw.reader, got, sizeof got, &length), 0);
        CASE_CHECK(length == 100 && memcmp(got, edge - 100, 100) == 0);
    }
    raw_close(&raw);
    case_end();
    fos_range_unmap((uint64_t)pages, 1);
    fos_pages_release(pages, 2);
}

static void test_create(void)
{
    struct fos_mailbox_slot *slots = fos_pages_map(4);
    _Atomic uint64_t *head = (_Atomic uint64_t *)(slots + 3 * 64);
    char *odd = (char *)slots + 1, *half = (char *)slots + 64;
    struct fos_cap cap = {1, 2};
    const struct {
        void *slots;
        uint64_t count;
        void *head;
        int error;
    } bad[] = {
        {slots, 32, head, FOS_EINVAL},
        {slots, 0, head, FOS_EINVAL},
        {slots, 65, head, FOS_EINVAL},
        {slots, 2 * FOS_MAILBOX_SLOTS_MAX, head, FOS_EINVAL},
        {slots, 1ull << 63, head, FOS_EINVAL},
        {odd, 64, head, FOS_EINVAL},
        {half, 64, head, FOS_EINVAL},
        {slots, 64, (char *)head + 4, FOS_EINVAL},
        {slots, 512, head, FOS_EFAULT}, /* its end is not mapped */
        {slots, 64, slots + 4 * 64, FOS_EFAULT},
        {(void *)0x400000, 64, head, FOS_EFAULT}, /* the program: read-only */
        {slots, 64, (void *)0x400000, FOS_EFAULT},
        {(void *)0xffff800000000000, 64, head, FOS_EFAULT},
        {slots, 64, (void *)0xffff800000000000, FOS_EFAULT},
        {NULL, 64, head, FOS_EFAULT},
    };

    case_begin("a mailbox is made only of writable memory of its owner");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CASE_EQUAL(fos_sys_mailbox_create(bad[i].slots, bad[i].count, bad[i].head,
                                          ~0ull, &cap),
                   -bad[i].error);
    CASE_EQUAL(fos_sys_mailbox_create(slots, 64, head, ~0ull, (void *)0x400000),
               -FOS_EFAULT);
    CASE_CHECK(cap.id == 1 && cap.secret == 2);
    case_end();
    fos_pages_unmap(slots, 4);
}

/* The kernel keeps the frames; they come back when the mailbox is closed. */
static void test_unmapped(void)
{
    struct raw raw, other;
    uint32_t length = 0;

    case_begin("a receiver that unmaps its buffer harms nobody");
    raw_open(&raw, 256);
    raw_open(&other, 64);
    fos_range_unmap((uint64_t)raw.pages, raw.count + 1);
    for (int i = 0; i < 256; i++) {
        CASE_EQUAL(fos_sys_mailbox_send(raw.cap, sent, 50), 0);
        CASE_EQUAL(fos_sys_mailbox_send(other.cap, sent, 50), 0);
        CASE_EQUAL(fos_mailbox_take(&other.reader, got, sizeof got, &length), 0);
    }
    CASE_EQUAL(fos_sys_mailbox_send(raw.cap, sent, 50), -FOS_EAGAIN);
    CASE_EQUAL(fos_range_map((uint64_t)raw.pages, raw.count + 1,
                             FOS_PROT_READ | FOS_PROT_WRITE),
               0);
    raw_close(&raw);
    raw_close(&other);
    case_end();
}

static void test_closed(void)
{
    struct raw raw;

    case_begin("nothing can be sent to a closed mailbox");
    raw_open(&raw, 64);
    CASE_EQUAL(fos_sys_mailbox_send(raw.cap, sent, 50), 0);
    raw_close(&raw);
    CASE_EQUAL(fos_sys_mailbox_send(raw.cap, sent, 50), -FOS_EPERM);
    CASE_EQUAL(fos_sys_mailbox_close(raw.cap), -FOS_EPERM);
    case_end();
}

/* ---- */

static const struct part parts[] = {
    {"nothing", run_nothing}, {"sizes", run_sizes},     {"stream", run_stream},
    {"rogue", run_rogue},     {"receive", run_receive}, {"press", run_press},
    {"flood", run_flood},
};

static void warm_up(void)
{
    struct child child = {.part = "nothing"};
    struct raw raw;

    raw_open(&raw, FOS_MAILBOX_SLOTS_MAX);
    raw_close(&raw);
    child_start(&child);
    child_expect(&child, 0);
    puts("# mailbox");
}

int main(int argc, char **argv)
{
    static struct fos_mailbox inbox;

    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    case_begin("what the mailbox test needs can be made");
    CASE_EQUAL(fos_mailbox_create(&inbox, FOS_MAILBOX_SLOTS_MAX), 0);
    warm_up();
    if (case_why[0]) {
        printf("FAIL %s: %s\n", case_sentence, case_why);
        return 1;
    }
    test_sizes(&inbox);
    test_small();
    test_full(FOS_MAILBOX_SLOTS_MIN);
    test_full(FOS_MAILBOX_SLOTS_MAX);
    test_share();
    test_laps();
    test_buffer();
    test_create();
    test_unmapped();
    test_closed();
    test_streams(&inbox);
    return cases_status();
}
