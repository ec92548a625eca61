/* SPDX-License-Identifier: MIT */
/* Names that are given to another mailbox, or end, while the old one lives. */
#include <pthread.h>

#include "names.h"

static const char path[] = "/test/stale";
static struct fos_mailbox first, second, third, *inbox;

/* What a sender tells of a send. */
struct sent {
    int64_t error;
    uint64_t lookups, resent;
};

static struct sent send_one(void)
{
    struct fos_name_stats before = fos_name_stats;
    long error = fos_msg_send_alias_until(fos_alias(path), FOS_PUBLIC, "x", 1,
                                          family_deadline());

    return (struct sent){error, fos_name_stats.lookups - before.lookups,
                         fos_name_stats.resent - before.resent};
}

/* ---- the other process ---- */

/* Sends whenever it gets an 's', until a 'q'. */
int part_sender(uint64_t a, uint64_t b)
{
    static struct fos_mailbox orders;
    uint32_t length;
    char order;

    (void)a, (void)b;
    CHILD_EQUAL(fos_mailbox_create(&orders, 64), 0);
    family_report(&orders);
    for (;;) {
        CHILD_EQUAL(fos_msg_recv(&orders, &order, 1, &length, FOS_NEVER), 0);
        if (order == 'q')
            return 0;
        struct sent sent = send_one();
        CHILD_EQUAL(
            fos_post(fos_start_extra(0), &sent, sizeof sent, family_deadline()), 0);
    }
}

static struct child sender;
static struct fos_cap orders;

static struct sent let_send(void)
{
    struct sent sent = {.error = 99};
    uint32_t length;

    CASE_EQUAL(fos_post(orders, "s", 1, family_deadline()), 0);
    CASE_EQUAL(
        fos_msg_recv(inbox, &sent, sizeof sent, &length, 2 * family_deadline()), 0);
    return sent;
}

static void sender_begin(void)
{
    sender = (struct child){.part = "sender", .caps = {inbox->cap}};
    child_start(&sender);
    orders = family_await(inbox, &sender);
}

static void sender_end(void)
{
    CASE_EQUAL(fos_post(orders, "q", 1, family_deadline()), 0);
    child_expect(&sender, 0);
}

/* ---- mailboxes ---- */

static void boxes_open(void)
{
    CASE_EQUAL(fos_mailbox_create(&first, 64), 0);
    CASE_EQUAL(fos_mailbox_create(&second, 64), 0);
    CASE_EQUAL(fos_mailbox_create(&third, 64), 0);
}

static void boxes_close(void)
{
    fos_name_close();
    fos_mailbox_close(&first);
    fos_mailbox_close(&second);
    fos_mailbox_close(&third);
}

/* The message that was sent is in this one. */
static void expect_in(const struct fos_mailbox *box)
{
    struct fos_mailbox *all[] = {&first, &second, &third}, *which = NULL;
    uint32_t length;
    char got;

    CASE_EQUAL(
        fos_msg_recv_any(all, 3, &which, &got, 1, &length, family_deadline()), 0);
    CASE_CHECK(which == box);
}

/* Until nobody believes any more what was so when it was called. */
static void let_pass(void)
{
    fos_clock_sleep(fos_now_ns() + FOS_NAME_POSITIVE + 50 * FOS_MILLISECOND);
}

/* ---- cases ---- */

static void test_others(void)
{
    struct fos_registration made;

    case_begin(
        "other processes follow a changed name though the old mailbox lives");
    boxes_open();
    sender_begin();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(let_send().error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC), 0);
    let_pass();
    CASE_EQUAL(let_send().error, 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made), 0);
    let_pass();
    CASE_EQUAL(let_send().error, -FOS_ENOENT);
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    let_pass();
    CASE_EQUAL(let_send().error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_unregister(&made), 0);
    CASE_EQUAL(fos_name_register(path, third.cap, NAME_PUBLIC, 0, &made), 0);
    let_pass();
    CASE_EQUAL(let_send().error, 0);
    expect_in(&third);
    CASE_EQUAL(fos_name_unregister(&made), 0);
    sender_end();
    boxes_close();
    names_case_end();
}

static void test_gone(void)
{
    struct fos_registration made;
    struct sent sent;
    uint64_t begun = fos_now_ns();

    case_begin(
        "a mailbox that is gone costs others one failed send and one look-up");
    boxes_open();
    sender_begin();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(let_send().error, 0);
    expect_in(&first);
    sent = let_send();
    CASE_EQUAL(sent.error, 0);
    CASE_CHECK(!sent.lookups || fos_now_ns() > begun + FOS_NAME_POSITIVE);
    expect_in(&first);
    fos_mailbox_close(&first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC), 0);
    sent = let_send();
    CASE_EQUAL(sent.error, 0);
    CASE_EQUAL(sent.lookups, 1);
    CASE_CHECK(sent.resent == 1 || fos_now_ns() > begun + FOS_NAME_POSITIVE);
    CASE_EQUAL(fos_mailbox_create(&first, 64), 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made), 0);
    sender_end();
    boxes_close();
    names_case_end();
}

static void test_own(void)
{
    struct fos_registration made;

    case_begin("the process that changes a name heeds it at once");
    boxes_open();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(send_one().error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC), 0);
    CASE_EQUAL(send_one().error, 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made), 0);
    CASE_EQUAL(send_one().error, -FOS_ENOENT);
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(send_one().error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_unregister(&made), 0);
    CASE_EQUAL(fos_name_register(path, third.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(send_one().error, 0);
    expect_in(&third);
    CASE_EQUAL(fos_name_unregister(&made), 0);
    boxes_close();
    names_case_end();
}

static void test_lease(void)
{
    enum { LEASE = 300 * FOS_MILLISECOND };
    struct fos_registration made;
    uint64_t begun = fos_now_ns();

    case_begin("what is remembered of a name ends with its lease");
    boxes_open();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, LEASE, &made), 0);
    CASE_CHECK(send_one().error == 0 || fos_now_ns() > begun + LEASE);
    fos_clock_sleep(fos_now_ns() + LEASE);
    CASE_EQUAL(send_one().error, -FOS_ENOENT);
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(send_one().error, 0);
    CASE_EQUAL(fos_name_renew(&made, LEASE), 0);
    fos_clock_sleep(fos_now_ns() + LEASE);
    CASE_EQUAL(send_one().error, -FOS_ENOENT);
    boxes_close();
    names_case_end();
}

/* ---- threads ---- */

static pthread_barrier_t turn;
static struct sent before_change, after_change;

static void *other_thread(void *nothing)
{
    before_change = send_one();
    pthread_barrier_wait(&turn);
    pthread_barrier_wait(&turn);
    after_change = send_one();
    return nothing;
}

static void change_beside_thread(void)
{
    struct fos_registration made;
    pthread_t thread;

    boxes_open();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    pthread_barrier_init(&turn, NULL, 2);
    CASE_EQUAL(pthread_create(&thread, NULL, other_thread, NULL), 0);
    pthread_barrier_wait(&turn);
    CASE_EQUAL(before_change.error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC), 0);
    pthread_barrier_wait(&turn);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    CASE_EQUAL(after_change.error, 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made), 0);
    pthread_barrier_destroy(&turn);
    boxes_close();
}

static void test_threads(void)
{
    change_beside_thread(); /* a stack is made, and kept */
    case_begin("a thread heeds at once what another of its process has changed");
    change_beside_thread();
    names_case_end();
}

int test_stale(const char *program, struct fos_mailbox *answers)
{
    family_program = program;
    inbox = answers;
    test_others();
    test_gone();
    test_own();
    test_lease();
    test_threads();
    return cases_status();
}
