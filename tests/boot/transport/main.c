/* SPDX-License-Identifier: MIT */
/*
 * The choice of transport and its change: order and completeness over switches at
 * random moments, receivers short of room, deaths in between.
 *
 *     test-transport [SEED [MESSAGES]]
 */
#include <malloc.h>

#include "../family.h"

enum {
    SENDERS = 3,
    LONGEST = 14000, /* streamed: longer than a ring holds */
    CONNECT_ONE_IN = 2048,
    EVICT_ONE_IN = 2048,
    VOICES = 12, /* channels of one sender, */
    STAY = 5,    /* of which so many are to stay */
    SPOKEN = 400,
    SMALL = 10000, /* messages, ... */
    SMALL_FIRST =
        200, /* ... and those before, after which the receiver has what it needs */
    CROWD = 40,
    CROWD_ROUNDS = 12,
    CROWD_BURST = 30,
    SCARCE_OBJECTS = 14,
    SCARCE_FRAMES = 198,
};

static struct fos_mailbox inbox;
static struct dice dice;
static uint64_t messages = 700000; /* of each sender */

/* ---- messages whose content follows from sender and number ---- */

struct stamp {
    uint32_t sender, number;
};

static uint8_t data[LONGEST], wanted[LONGEST];

static uint32_t message_make(uint8_t *to, uint32_t sender, uint32_t number)
{
    struct stamp stamp = {sender, number};
    uint32_t most = 40, length;
    struct dice d = dice_of((uint64_t)sender << 32 | number);

    if (number % 256 == 255)
        most = 3000;
    if (number % 8192 == 8191)
        most = LONGEST - (uint32_t)sizeof stamp;
    length = (uint32_t)sizeof stamp + dice_below(&d, most + 1);
    memcpy(to, &stamp, sizeof stamp);
    memset(to + sizeof stamp, (int)(sender + number), length - sizeof stamp);
    return length;
}

/* What has come from each sender. */
struct tally {
    uint32_t next[CROWD];
    uint64_t total;
};

static bool message_check(struct tally *tally, uint32_t length)
{
    struct stamp stamp;

    memcpy(&stamp, data, sizeof stamp);
    if (length < sizeof stamp || stamp.sender >= CROWD)
        case_fail("a message of %u bytes that nobody sent", (unsigned)length);
    else if (stamp.number != tally->next[stamp.sender])
        case_fail("sender %u: message %u instead of %u", (unsigned)stamp.sender,
                  (unsigned)stamp.number, (unsigned)tally->next[stamp.sender]);
    else if (message_make(wanted, stamp.sender, stamp.number) != length ||
             memcmp(data, wanted, length))
        case_fail("sender %u: message %u is damaged", (unsigned)stamp.sender,
                  (unsigned)stamp.number);
    if (case_why[0])
        return false;
    tally->next[stamp.sender]++;
    tally->total++;
    return true;
}

/* False: none came, or a wrong one. */
static bool message_take(struct fos_mailbox *mailbox, struct tally *tally,
                         uint64_t deadline)
{
    uint32_t length = 0;
    int error = fos_msg_recv(mailbox, data, sizeof data, &length, deadline);

    if (error && (deadline || error != -FOS_ETIMEDOUT))
        case_fail("receiving: %s", fos_strerror(error));
    return !error && message_check(tally, length);
}

/* ---- parts ---- */

static int stream(struct fos_peer *peer, uint32_t sender, uint64_t count,
                  uint32_t one_in)
{
    struct dice d = dice_of(fos_now_ns() ^ sender);
    int error = 0;

    for (uint32_t n = 0; n < count && !error; n++) {
        uint32_t length = message_make(data, sender, n);
        if (dice_below(&d, one_in) == 0)
            fos_peer_connect(peer);
        error = fos_msg_send_until(peer, data, length, family_deadline());
    }
    return error;
}

/* Sends so many messages, and opens its channel itself now and then. */
static int part_stream(uint64_t sender, uint64_t count)
{
    struct fos_peer peer;

    CHILD_EQUAL(fos_peer_open(&peer, fos_start_extra(0), FOS_TRANSPORT_AUTO), 0);
    CHILD_EQUAL(stream(&peer, (uint32_t)sender, count, CONNECT_ONE_IN), 0);
    fos_peer_close(&peer);
    return 0;
}

/* Without an end, so that it can be killed, or see its receiver die. */
static int part_endless(uint64_t sender, uint64_t one_in)
{
    struct fos_peer peer;
    int error;

    CHILD_EQUAL(fos_peer_open(&peer, fos_start_extra(0), FOS_TRANSPORT_AUTO), 0);
    error = stream(&peer, (uint32_t)sender, UINT32_MAX, (uint32_t)one_in);
    CHILD_CHECK(error == -FOS_EPIPE || error == -FOS_EPERM);
    return 0;
}

/* Takes what comes for ever and gives channels back all the time. */
static int part_fickle(uint64_t first, uint64_t one_in)
{
    struct dice d = dice_of(fos_now_ns());
    struct fos_mailbox mailbox;
    struct tally tally = {0};

    CHILD_EQUAL(fos_mailbox_create(&mailbox, 1024), 0);
    family_report(&mailbox);
    for (;;) {
        if (dice_below(&d, (uint32_t)one_in) == 0)
            fos_mailbox_evict(&mailbox, 1);
        CHILD_CHECK(message_take(&mailbox, &tally, family_deadline()));
        if (tally.total == first)
            CHILD_EQUAL(fos_post(fos_start_extra(0), "got", 3, family_deadline()),
                        0);
    }
}

/* Takes `count` messages with what little it has, then tells how it went. */
static int part_scarce(uint64_t count, uint64_t b)
{
    struct fos_mailbox mailbox;
    struct tally tally = {0};
    uint64_t counts[2];

    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);
    while (tally.total < count)
        if (!message_take(&mailbox, &tally, family_deadline())) {
            printf("child: %s\n", case_why);
            return 1;
        }
    counts[0] = mailbox.stats.accepted;
    counts[1] = mailbox.stats.evicted;
    CHILD_EQUAL(
        fos_post(fos_start_extra(0), counts, sizeof counts, family_deadline()), 0);
    fos_mailbox_close(&mailbox);
    return 0;
}

/* Sends by one channel after the other, then by any. */
static int part_voices(uint64_t seed, uint64_t b)
{
    static struct fos_peer peers[VOICES];
    struct dice d = dice_of(seed);

    (void)b;
    for (uint32_t i = 0; i < VOICES; i++)
        CHILD_EQUAL(
            family_open(&peers[i], fos_start_extra(0), FOS_RING_PAGES_DEFAULT), 0);
    for (uint32_t n = 0; n < SPOKEN; n++) {
        struct stamp stamp = {n < VOICES ? n : dice_below(&d, VOICES), n};
        CHILD_EQUAL(fos_msg_send_until(&peers[stamp.sender], &stamp, sizeof stamp,
                                       family_deadline()),
                    0);
    }
    fos_clock_sleep(family_deadline());
    return 0;
}

/* Sends small messages the one way. */
static int part_small(uint64_t way, uint64_t count)
{
    struct fos_peer peer;

    CHILD_EQUAL(fos_peer_open(&peer, fos_start_extra(0), (enum fos_transport)way),
                0);
    for (uint32_t n = 0; n < count; n++) {
        struct stamp stamp = {0, n};
        CHILD_EQUAL(
            fos_msg_send_until(&peer, &stamp, sizeof stamp, family_deadline()), 0);
    }
    fos_peer_close(&peer);
    return 0;
}

/* ---- who stays ---- */

/* Takes all that the voices say: when each spoke last, and by which channel. */
static void voices_hear(uint32_t *last, uint64_t *channel)
{
    for (uint32_t n = 1; n <= SPOKEN && !case_why[0]; n++) {
        struct stamp stamp = {0};
        uint32_t length = 0;
        CASE_EQUAL(
            fos_msg_recv(&inbox, &stamp, sizeof stamp, &length, family_deadline()),
            0);
        CASE_CHECK(length == sizeof stamp && stamp.sender < VOICES);
        if (case_why[0])
            return;
        last[stamp.sender] = n;
        channel[stamp.sender] = inbox.channels.next->channel.id;
    }
}

static bool channel_is_there(uint64_t id)
{
    for (const struct fos_inbound *i = inbox.channels.next; i != &inbox.channels;
         i = i->next)
        if (i->channel.id == id)
            return true;
    return false;
}

static void test_recent(void)
{
    struct child child = {
        .part = "voices", .a = dice_throw(&dice), .caps = {inbox.cap}};
    uint32_t last[VOICES] = {0}, stayed = 0;
    uint64_t channel[VOICES] = {0};

    case_begin("of many channels those stay that spoke last");
    child_start(&child);
    voices_hear(last, channel);
    CASE_EQUAL(fos_mailbox_evict(&inbox, VOICES - STAY), VOICES - STAY);
    for (unsigned i = 0; i < VOICES; i++) {
        unsigned later = 0;
        for (unsigned other = 0; other < VOICES; other++)
            later += last[other] > last[i];
        CASE_EQUAL(channel_is_there(channel[i]), later < STAY);
        stayed += channel_is_there(channel[i]);
    }
    CASE_EQUAL(stayed, STAY);
    child_kill(&child);
    family_settle(&inbox);
    case_end();
}

/* ---- what receiving takes ---- */

/* What this process has, in bytes of the heap and frames. */
struct holdings {
    uint64_t heap, used, frames;
};

static struct holdings holdings_now(void)
{
    struct mallinfo heap = mallinfo();
    struct fos_space_info own = {0};

    fos_sys_space_status(fos_own_space(), &own);
    return (struct holdings){(uint64_t)heap.arena, (uint64_t)heap.uordblks,
                             own.frames_used};
}

static void small_take(uint32_t first, uint32_t count)
{
    for (uint32_t n = first; n < first + count && !case_why[0]; n++) {
        struct stamp stamp = {0};
        uint32_t length = 0;
        CASE_EQUAL(
            fos_msg_recv(&inbox, &stamp, sizeof stamp, &length, family_deadline()),
            0);
        CASE_EQUAL(stamp.number, n);
    }
}

static void test_small(enum fos_transport way, const char *sentence)
{
    struct child child = {.part = "small",
                          .a = (uint64_t)way,
                          .b = SMALL_FIRST + SMALL,
                          .caps = {inbox.cap}};

    case_begin(sentence);
    child_start(&child);
    small_take(0, SMALL_FIRST);
    struct holdings before = holdings_now();
    small_take(SMALL_FIRST, SMALL);
    struct holdings after = holdings_now();
    CASE_EQUAL(after.heap, before.heap);
    CASE_EQUAL(after.used, before.used);
    CASE_EQUAL(after.frames, before.frames);
    child_expect(&child, 0);
    family_settle(&inbox);
    case_end();
}

/* ---- order over switches ---- */

static void test_switches(void)
{
    struct child children[SENDERS];
    struct tally tally = {0};
    uint64_t evicted = inbox.stats.evicted, accepted = inbox.stats.accepted;

    case_begin("two million messages keep their order over switches at random");
    for (unsigned i = 0; i < SENDERS; i++) {
        children[i] = (struct child){
            .part = "stream", .a = i, .b = messages, .caps = {inbox.cap}};
        child_start(&children[i]);
    }
    while (tally.total < SENDERS * messages && !case_why[0]) {
        if (dice_below(&dice, EVICT_ONE_IN) == 0)
            fos_mailbox_evict(&inbox, 1 + dice_below(&dice, SENDERS));
        message_take(&inbox, &tally, family_deadline());
    }
    for (unsigned i = 0; i < SENDERS; i++)
        child_expect(&children[i], 0);
    CASE_CHECK(!message_take(&inbox, &tally, 0));
    /* One in EVICT_ONE_IN, of one to SENDERS each; of those that have none, none. */
    CASE_CHECK(inbox.stats.evicted - evicted >
               SENDERS * messages / EVICT_ONE_IN / 10);
    printf("# %llu messages, %llu channels made, %llu given back\n",
           (unsigned long long)tally.total,
           (unsigned long long)(inbox.stats.accepted - accepted),
           (unsigned long long)(inbox.stats.evicted - evicted));
    family_settle(&inbox);
    case_end();
}

static void test_sender_killed(void)
{
    case_begin("a sender killed among switches leaves whole messages in order");
    for (int round = 0; round < 8 && !case_why[0]; round++) {
        struct child victim = {
            .part = "endless", .a = 1, .b = 8, .caps = {inbox.cap}};
        struct tally tally = {0};
        uint32_t stop = 1 + dice_below(&dice, 2000);

        child_start(&victim);
        while (tally.total < stop && !case_why[0]) {
            if (dice_below(&dice, 8) == 0)
                fos_mailbox_evict(&inbox, 1);
            message_take(&inbox, &tally, family_deadline());
        }
        child_kill(&victim);
        while (message_take(&inbox, &tally, 0))
            continue;
        family_settle(&inbox);
    }
    case_end();
}

static void test_receiver_killed(void)
{
    case_begin("a receiver killed while it gives channels back ends its senders");
    for (uint64_t round = 0; round < 5 && !case_why[0]; round++) {
        struct child receiver = {
            .part = "fickle", .a = 1 + round * 300, .b = 8, .caps = {inbox.cap}};
        struct child senders[2];
        uint32_t length;

        child_start(&receiver);
        struct fos_cap to = family_await(&inbox, &receiver);
        for (unsigned i = 0; i < 2; i++) {
            senders[i] =
                (struct child){.part = "endless", .a = i, .b = 8, .caps = {to}};
            child_start(&senders[i]);
        }
        CASE_EQUAL(
            fos_msg_recv(&inbox, data, sizeof data, &length, family_deadline()), 0);
        child_kill(&receiver);
        for (unsigned i = 0; i < 2; i++)
            child_expect(&senders[i], 0);
    }
    case_end();
}

/* ---- the choice ---- */

static void test_choice(void)
{
    struct child child = {.part = "scarce", .a = 400, .caps = {inbox.cap}};
    struct fos_peer automatic, kernel;
    struct fos_published *counters = fos_thread_self()->sleeper.published;
    uint64_t by_kernel, by_channel, counts[2];
    uint32_t length;
    struct fos_cap to;

    case_begin("a busy destination gets a channel, and one that must not has none");
    child_start(&child);
    to = family_await(&inbox, &child);
    CASE_EQUAL(fos_peer_open(&automatic, to, FOS_TRANSPORT_AUTO), 0);
    CASE_EQUAL(fos_peer_open(&kernel, to, FOS_TRANSPORT_KERNEL), 0);
    CASE_EQUAL(fos_peer_connect(&automatic), 0);
    by_kernel = counters->kernel_sent;
    by_channel = counters->channel_sent + fos_thread_self()->unpushed;
    for (uint32_t n = 0; n < 200; n++)
        CASE_EQUAL(fos_msg_send(&kernel, data, message_make(data, 0, n)), 0);
    CASE_EQUAL(counters->kernel_sent - by_kernel, 200);
    for (uint32_t n = 0; n < 200; n++)
        CASE_EQUAL(fos_msg_send(&automatic, data, message_make(data, 1, n)), 0);
    CASE_EQUAL(counters->channel_sent + fos_thread_self()->unpushed - by_channel,
               200);
    CASE_CHECK(automatic.window && !kernel.window);
    CASE_EQUAL(
        fos_msg_recv(&inbox, counts, sizeof counts, &length, family_deadline()), 0);
    CASE_EQUAL(counts[0], 1);
    fos_peer_close(&automatic);
    fos_peer_close(&kernel);
    child_expect(&child, 0);
    case_end();
}

/* The prices measured here; connecting costs so many kernel sends, about. */
static void test_own_choice(void)
{
    enum { COUNT = 2000 };
    struct child child = {.part = "scarce", .a = COUNT, .caps = {inbox.cap}};
    const struct fos_costs *costs = &fos_thread_self()->costs;
    struct fos_peer peer;
    uint64_t counts[2];
    uint32_t length, first = 0;

    case_begin("a destination makes its channel itself, when that pays");
    child_start(&child);
    CASE_EQUAL(
        fos_peer_open(&peer, family_await(&inbox, &child), FOS_TRANSPORT_AUTO), 0);
    for (uint32_t n = 0; n < COUNT; n++) {
        CASE_EQUAL(fos_msg_send(&peer, data, message_make(data, 2, n)), 0);
        if (peer.window && !first)
            first = n + 1;
    }
    CASE_CHECK(first > 1 && first < COUNT / 2);
    printf("# cycles (emulated): kernel send %llu, channel send %llu, making a "
           "channel %llu: made with message %u\n",
           (unsigned long long)costs->kernel, (unsigned long long)costs->channel,
           (unsigned long long)costs->connect, (unsigned)first);
    CASE_EQUAL(
        fos_msg_recv(&inbox, counts, sizeof counts, &length, family_deadline()), 0);
    fos_peer_close(&peer);
    child_expect(&child, 0);
    case_end();
}

/* A kernel send now makes the next message worth a channel. */
static void prices_set(struct fos_costs *costs)
{
    *costs = (struct fos_costs){.connect = 1, .accept = 1};
}

static void test_ahead(void)
{
    struct child child = {.part = "scarce", .a = 4, .caps = {inbox.cap}};
    struct fos_thread *thread = fos_thread_self();
    struct fos_costs before = thread->costs;
    struct fos_peer service, closed, asker;
    uint64_t counts[2];
    uint32_t length;
    struct fos_cap to;

    case_begin(
        "who waits for an answer makes the next message's channel meanwhile");
    child_start(&child);
    to = family_await(&inbox, &child);
    CASE_EQUAL(fos_peer_open(&service, to, FOS_TRANSPORT_AUTO), 0);
    CASE_EQUAL(fos_peer_open(&closed, to, FOS_TRANSPORT_AUTO), 0);
    CASE_EQUAL(fos_peer_open(&asker, to, FOS_TRANSPORT_AUTO), 0);
    prices_set(&thread->costs);
    CASE_EQUAL(fos_msg_try_send(&service, data, message_make(data, 0, 0)), 0);
    CASE_CHECK(!thread->ahead);
    prices_set(&thread->costs);
    CASE_EQUAL(fos_msg_send(&closed, data, message_make(data, 1, 0)), 0);
    CASE_CHECK(thread->ahead == &closed);
    fos_peer_close(&closed);
    CASE_CHECK(!thread->ahead);
    prices_set(&thread->costs);
    CASE_EQUAL(fos_msg_send(&asker, data, message_make(data, 2, 0)), 0);
    CASE_CHECK(!asker.window);
    CASE_EQUAL(fos_msg_recv(&inbox, counts, sizeof counts, &length,
                            fos_now_ns() + 50 * FOS_MILLISECOND),
               -FOS_ETIMEDOUT);
    CASE_CHECK(asker.window && !service.window);
    CASE_EQUAL(fos_msg_send(&asker, data, message_make(data, 2, 1)), 0);
    CASE_EQUAL(
        fos_msg_recv(&inbox, counts, sizeof counts, &length, family_deadline()), 0);
    CASE_EQUAL(counts[0], 1);
    thread->costs = before;
    fos_peer_close(&service);
    fos_peer_close(&asker);
    child_expect(&child, 0);
    case_end();
}

/* ---- receivers short of room ---- */

/* All peers in turn, so that those of the last turns have been silent longest. */
static void crowd_send(struct fos_peer *peers)
{
    static uint32_t next[CROWD];

    memset(next, 0, sizeof next);
    for (int round = 0; round < CROWD_ROUNDS; round++)
        for (uint32_t i = 0; i < CROWD; i++)
            for (int n = 0; n < CROWD_BURST && !case_why[0]; n++) {
                uint32_t length = message_make(data, i, next[i]++);
                if (n == 0)
                    fos_peer_connect(&peers[i]);
                CASE_EQUAL(
                    fos_msg_send_until(&peers[i], data, length, family_deadline()),
                    0);
            }
}

static void test_crowd(void)
{
    static struct fos_peer peers[CROWD];
    struct child child = {.part = "scarce",
                          .a = CROWD * CROWD_ROUNDS * CROWD_BURST,
                          .objects = SCARCE_OBJECTS,
                          .caps = {inbox.cap}};
    uint64_t counts[2] = {0};
    uint32_t length;
    struct fos_cap to;

    case_begin("a receiver with room for few serves many, the idle give way");
    child_start(&child);
    to = family_await(&inbox, &child);
    for (uint32_t i = 0; i < CROWD; i++)
        CASE_EQUAL(fos_peer_open(&peers[i], to, FOS_TRANSPORT_AUTO), 0);
    crowd_send(peers);
    CASE_EQUAL(
        fos_msg_recv(&inbox, counts, sizeof counts, &length, family_deadline()), 0);
    CASE_CHECK(counts[0] > SCARCE_OBJECTS && counts[1] > 0);
    printf("# %llu channels accepted, %llu given back\n",
           (unsigned long long)counts[0], (unsigned long long)counts[1]);
    for (uint32_t i = 0; i < CROWD; i++)
        fos_peer_close(&peers[i]);
    child_expect(&child, 0);
    case_end();
}

static void test_large_ring(void)
{
    enum { EACH = 50 };
    struct child child = {.part = "scarce",
                          .a = 3 * EACH,
                          .frames = SCARCE_FRAMES,
                          .caps = {inbox.cap}};
    struct fos_peer large[16], small, automatic;
    uint64_t counts[2];
    uint32_t length, opened = 0;
    struct fos_cap to;
    int error = 0;

    case_begin("a ring that the receiver cannot pay is refused, and blocks nobody");
    child_start(&child);
    to = family_await(&inbox, &child);
    while (!error && opened < 16)
        error = fos_peer_open_ring(&large[opened++], to, FOS_RING_PAGES_MAX);
    opened -= error != 0;
    CASE_EQUAL(error, -FOS_EAGAIN);
    CASE_EQUAL(fos_peer_open_ring(&small, to, 1), 0);
    CASE_EQUAL(fos_peer_open(&automatic, to, FOS_TRANSPORT_AUTO), 0);
    automatic.pages = FOS_RING_PAGES_MAX;
    for (uint32_t n = 0; n < EACH; n++) {
        CASE_EQUAL(fos_msg_send(&small, data, message_make(data, 0, n)), 0);
        CASE_EQUAL(fos_msg_send(&automatic, data, message_make(data, 1, n)), 0);
        if (opened)
            CASE_EQUAL(fos_msg_send(&large[0], data, message_make(data, 2, n)), 0);
    }
    CASE_CHECK(opened > 0);
    CASE_EQUAL(
        fos_msg_recv(&inbox, counts, sizeof counts, &length, family_deadline()), 0);
    for (uint32_t i = 0; i < opened; i++)
        fos_peer_close(&large[i]);
    fos_peer_close(&small);
    fos_peer_close(&automatic);
    child_expect(&child, 0);
    case_end();
}

static const struct part parts[] = {
    {"crowd", part_crowd},   {"stream", part_stream}, {"endless", part_endless},
    {"fickle", part_fickle}, {"scarce", part_scarce}, {"voices", part_voices},
    {"small", part_small},
};

int main(int argc, char **argv)
{
    uint64_t seed =
        argc > 1 ? strtoull(argv[1], NULL, 0) : fos_wall_ns() % 1000000000;

    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    if (argc > 2)
        messages = strtoull(argv[2], NULL, 0);
    dice = dice_of(seed);
    printf("transport: seed %llu\n", (unsigned long long)seed);
    case_begin("");
    CASE_EQUAL(fos_mailbox_create(&inbox, 1024), 0);
    family_grow(&inbox, inbox.cap, CROWD);

    test_small(FOS_TRANSPORT_KERNEL,
               "small messages by the kernel take no memory to receive");
    test_small(FOS_TRANSPORT_CHANNEL,
               "small messages by a channel take no memory to receive");
    test_recent();
    test_switches();
    test_sender_killed();
    test_receiver_killed();
    test_choice();
    test_own_choice();
    test_ahead();
    test_crowd();
    test_large_ring();
    fos_mailbox_close(&inbox);
    return cases_status();
}
