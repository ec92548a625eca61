/* SPDX-License-Identifier: MIT */
/* Messages by pages of honest senders, and of those who end. */
#include "exchange.h"

#include <fos/memory.h>

enum { MIX = 80, SENDERS = 2, KILLS = 8 };

struct fos_mailbox exchange_inbox;
static struct fos_mailbox *const inbox = &exchange_inbox;

/* One receive, in one of the ways there are.  *at is where the message lies. */
static int receive_somehow(void **at, uint32_t *length, uint64_t deadline)
{
    uint32_t way = dice_below(&exchange_dice, 4);
    int error;

    *at = exchange_buffer;
    if (way == 0)
        return fos_msg_recv(inbox, exchange_buffer, HUGE_MAX, length, deadline);
    error = fos_msg_recv_pages(inbox, at, exchange_buffer,
                               way == 1 ? 200 : HUGE_MAX, length, deadline);
    if (error == -FOS_EMSGSIZE) { /* it has not come by pages: it stays */
        *at = exchange_buffer;
        error = fos_msg_recv(inbox, exchange_buffer, HUGE_MAX, length, deadline);
    }
    return error;
}

struct stream {
    uint64_t key, number;
};

static void take_next(struct stream *streams, int count)
{
    uint32_t length = 0;
    void *at;
    int error = receive_somehow(&at, &length, family_deadline());
    struct stream *s = NULL;

    for (int i = 0; i < count && !error; i++)
        if (length == mix_length(streams[i].key, streams[i].number) &&
            words_check(at, streams[i].key, streams[i].number, length))
            s = &streams[i];
    if (error)
        case_fail("receive answers %s", fos_strerror(error));
    else if (!s)
        case_fail("a message of %u bytes is nobody's next", (unsigned)length);
    else
        s->number++;
    if (at != exchange_buffer && !error) /* it is the program's to write */
        memset(at, 0xee, length);
}

static uint64_t key_throw(void)
{
    return dice_throw(&exchange_dice) >> 1;
}

static uint64_t mix_pages(const struct stream *streams, int count)
{
    uint64_t pages = 0;

    for (int i = 0; i < count; i++)
        for (uint64_t n = 0; n < streams[i].number; n++)
            pages += mix_length(streams[i].key, n) / FOS_PAGE_SIZE;
    return pages;
}

/* `evict`: every so many messages a channel is given back. */
static void mix(uint32_t evict)
{
    struct child children[SENDERS];
    struct stream streams[SENDERS];
    uint64_t by_pages = inbox->stats.by_pages, evicted = inbox->stats.evicted;

    for (int i = 0; i < SENDERS; i++) {
        streams[i] = (struct stream){.key = key_throw()};
        children[i] = (struct child){
            .part = "mix", .a = streams[i].key, .b = MIX, .caps = {inbox->cap}};
        child_start(&children[i]);
    }
    for (int i = 0; i < SENDERS * MIX && !case_why[0]; i++) {
        take_next(streams, SENDERS);
        if (evict && dice_below(&exchange_dice, evict) == 0)
            fos_mailbox_evict(inbox, SENDERS);
    }
    for (int i = 0; i < SENDERS; i++) {
        if (case_why[0])
            child_kill(&children[i]);
        else
            child_expect(&children[i], 0);
    }
    by_pages = inbox->stats.by_pages - by_pages;
    evicted = inbox->stats.evicted - evicted;
    printf("# %u messages, %u pages; %u came by pages; %u channels given back\n",
           SENDERS * MIX, (unsigned)mix_pages(streams, SENDERS), (unsigned)by_pages,
           (unsigned)evicted);
    CASE_CHECK(by_pages > (evict ? MIX / 8 : SENDERS * MIX / 3));
    CASE_CHECK(!evict || evicted > 4);
    family_settle(inbox);
    exchange_settle_held(inbox);
}

static void test_mix(void)
{
    case_begin("long messages by pages arrive whole and in order between others");
    mix(0);
    case_end();
    case_begin("so they do while their channels are given back");
    mix(5);
    case_end();
}

/* Takes messages of `child` until it reports.  How many. */
static uint64_t take_until_report(const struct child *child)
{
    uint64_t number = 0;
    uint32_t length;
    void *at;

    for (;;) {
        int error = fos_msg_recv_pages(inbox, &at, exchange_buffer, HUGE_MAX,
                                       &length, family_deadline());
        CASE_EQUAL(error, 0);
        if (case_why[0] || length == sizeof(struct report))
            return number;
        CASE_CHECK(words_check(at, child->a, number++, length));
    }
}

static void test_odd(void)
{
    struct child child = {.part = "odd",
                          .a = key_throw(),
                          .b = FOS_MSG_PAGES_LEAST / FOS_PAGE_SIZE + 8,
                          .caps = {inbox->cap}};
    uint64_t by_pages = inbox->stats.by_pages, all;

    case_begin(
        "pages that are shared, to be copied, read-only or not whole stream");
    child_start(&child);
    all = take_until_report(&child);
    child_expect(&child, 0);
    CASE_EQUAL(inbox->stats.by_pages - by_pages, ODD_KINDS + 1);
    CASE_CHECK(all > 2 * ODD_KINDS + 1);
    family_settle(inbox);
    exchange_settle_held(inbox);
    case_end();
}

static void test_huge(void)
{
    enum { COUNT = 8 };
    struct child child = {
        .part = "huge", .a = key_throw(), .b = COUNT, .caps = {inbox->cap}};
    uint64_t by_pages = inbox->stats.by_pages;
    uint32_t length;
    void *at;

    case_begin("what cannot all change places comes in part, and the rest streams");
    child_start(&child);
    for (uint64_t i = 0; i < COUNT; i++) {
        int error = i == 3
                        ? fos_msg_recv(inbox, at = exchange_buffer, HUGE_MAX,
                                       &length, family_deadline())
                        : fos_msg_recv_pages(inbox, &at, exchange_buffer, HUGE_MAX,
                                             &length, family_deadline());
        CASE_EQUAL(error, 0);
        CASE_CHECK(words_check(at, child.a, i, length));
        if (i == 5) { /* the next, unseen */
            CASE_EQUAL(
                fos_msg_recv(inbox, exchange_buffer, 9, &length, family_deadline()),
                -FOS_EMSGSIZE);
            fos_msg_discard(inbox);
            i++;
        }
    }
    child_expect(&child, 0);
    CASE_CHECK(inbox->stats.by_pages - by_pages >= COUNT / 2);
    family_settle(inbox);
    exchange_settle_held(inbox);
    case_end();
}

static void test_unwanted(void)
{
    struct fos_mailbox plain;
    struct child child = {.part = "plain",
                          .a = key_throw(),
                          .b = FOS_MSG_PAGES_LEAST / FOS_PAGE_SIZE + 8};
    uint32_t length = 0;

    case_begin("who takes no pages gets all messages through the ring");
    CASE_EQUAL(fos_mailbox_create(&plain, 64), 0);
    child.caps[0] = plain.cap;
    child_start(&child);
    for (uint64_t i = 0; i < 4; i++) {
        CASE_EQUAL(fos_msg_recv(&plain, exchange_buffer, HUGE_MAX, &length,
                                family_deadline()),
                   0);
        CASE_CHECK(words_check(exchange_buffer, child.a, i, length));
    }
    child_expect(&child, 0);
    CASE_EQUAL(plain.stats.by_pages, 0);
    fos_mailbox_close(&plain);
    case_end();
}

/* ---- the dying ---- */

static void test_sender_killed(void)
{
    uint64_t broken = inbox->stats.broken;

    case_begin(
        "of a sender killed while it sends, whole messages arrive, in order");
    for (int round = 0; round < KILLS && !case_why[0]; round++) {
        struct stream s = {.key = key_throw()};
        struct child child = {
            .part = "mix", .a = s.key, .b = 1000000, .caps = {inbox->cap}};
        uint64_t stop = 1 + dice_below(&exchange_dice, 12);
        void *at;
        uint32_t length;

        child_start(&child);
        while (s.number < stop && !case_why[0])
            take_next(&s, 1);
        child_kill(&child);
        while (!receive_somehow(&at, &length, 0)) {
            CASE_CHECK(words_check(at, s.key, s.number++, length));
        }
        family_settle(inbox);
        exchange_settle_held(inbox);
    }
    CASE_EQUAL(inbox->stats.broken, broken);
    case_end();
}

/* The message in place is the program's, whatever has become of its sender. */
static void test_held(void)
{
    struct child child = {
        .part = "huge", .a = key_throw(), .b = 1000000, .caps = {inbox->cap}};
    uint32_t length = 0;
    uint64_t number = 0;
    uint8_t byte;
    void *at = exchange_buffer;

    case_begin("a message in place outlives its sender and its channel");
    child_start(&child);
    while (at == exchange_buffer && number < 10) {
        CASE_EQUAL(fos_msg_recv_pages(inbox, &at, exchange_buffer, HUGE_MAX,
                                      &length, family_deadline()),
                   0);
        number++;
    }
    child_kill(&child);
    family_settle(inbox);
    CASE_CHECK(at != exchange_buffer &&
               words_check(at, child.a, number - 1, length));
    memset(at, 1, length);
    CASE_EQUAL(fos_msg_recv_pages(inbox, &at, &byte, 1, &length, 0),
               -FOS_ETIMEDOUT);
    case_end();
}

static void test_receiver_killed(void)
{
    uint8_t *data = NULL;

    case_begin("a sender by pages learns that its receiver was killed");
    data = fos_pages_map(LONG_PAGES);
    CASE_CHECK(data);
    for (int round = 0; round < 4 && !case_why[0]; round++) {
        uint64_t key = key_throw(), number = 0;
        struct child child = {.part = "taker",
                              .a = (uint64_t)(1 + round),
                              .b = key,
                              .caps = {inbox->cap}};
        struct fos_peer peer;
        int error = 0;

        child_start(&child);
        CASE_EQUAL(
            family_open(&peer, family_await(inbox, &child), FOS_RING_PAGES_DEFAULT),
            0);
        while (!error && number < 20) {
            words_fill(data, key, number++, LONG_MAX);
            error = fos_msg_send_pages(&peer, data, LONG_MAX,
                                       fos_now_ns() + 200 * FOS_MILLISECOND);
        }
        CASE_CHECK(error == -FOS_ETIMEDOUT || error == -FOS_EPIPE);
        child_kill(&child);
        CASE_EQUAL(fos_msg_send_pages(&peer, data, LONG_MAX, family_deadline()),
                   -FOS_EPIPE);
        fos_peer_close(&peer);
    }
    fos_pages_unmap(data, LONG_PAGES);
    case_end();
}

int test_messages(const char *program)
{
    family_program = program;
    test_mix();
    test_odd();
    test_huge();
    test_unwanted();
    test_sender_killed();
    test_held();
    test_receiver_killed();
    return cases_status();
}
