/* SPDX-License-Identifier: MIT */
/* Names that are given to another mailbox, or end, while the old one lives. */
#include <pthread.h>

#include "names.h"

/* LONG: of a message that the kernel does not take, so that a channel is made. */
enum { LONG = 4096, PROCESSES = 2, SENDERS = 2 * PROCESSES };

static const char path[] = "/test/stale";
static struct fos_mailbox first, second, third, *inbox;
static uint8_t bytes[LONG];

/* What a sender tells of a send. */
struct sent {
    int64_t error;
    uint64_t lookups, resent;
};

static struct sent send_by(uint64_t secret, uint32_t length)
{
    struct fos_name_stats before = fos_name_stats;
    long error = fos_msg_send_alias_until(fos_alias(path), secret, bytes, length,
                                          family_deadline());

    return (struct sent){error, fos_name_stats.lookups - before.lookups,
                         fos_name_stats.resent - before.resent};
}

static struct sent send_one(void)
{
    return send_by(FOS_PUBLIC, 1);
}

/* ---- the other processes ---- */

/* What a sender is told: to send by alias, to open a way by alias and send by that, to
 * send by that once more, to end. */
enum task { BY_ALIAS, OPEN, BY_OPENED, END };

struct order {
    uint32_t task, length;
    uint64_t secret;
};

static struct sent obey(const struct order *order, struct fos_peer *opened)
{
    struct sent sent = {0};

    if (order->task == BY_ALIAS)
        return send_by(order->secret, order->length);
    if (order->task == OPEN) {
        fos_peer_close(opened);
        sent.error = fos_peer_open_alias(opened, fos_alias(path), order->secret,
                                         FOS_TRANSPORT_CHANNEL);
    }
    if (!sent.error)
        sent.error =
            fos_msg_send_until(opened, bytes, order->length, family_deadline());
    return sent;
}

/* A thread with memories and ways of its own. */
static void *sender_run(void *nothing)
{
    struct fos_mailbox orders;
    struct fos_peer opened = {0};
    struct order order;
    uint32_t length;

    CHILD_EQUAL(fos_mailbox_create(&orders, 64), 0);
    family_report(&orders);
    for (;;) {
        CHILD_EQUAL(fos_msg_recv(&orders, &order, sizeof order, &length, FOS_NEVER),
                    0);
        if (order.task == END)
            break;
        struct sent sent = obey(&order, &opened);
        CHILD_EQUAL(
            fos_post(fos_start_extra(0), &sent, sizeof sent, family_deadline()), 0);
    }
    fos_peer_close(&opened);
    fos_mailbox_close(&orders);
    return nothing;
}

/* Two senders. */
int part_sender(uint64_t a, uint64_t b)
{
    pthread_t other;

    (void)a, (void)b;
    CHILD_EQUAL(pthread_create(&other, NULL, sender_run, NULL), 0);
    sender_run(NULL);
    CHILD_EQUAL(pthread_join(other, NULL), 0);
    return 0;
}

static struct child processes[PROCESSES];
static struct fos_cap orders[SENDERS];

static void senders_begin(void)
{
    for (int i = 0; i < PROCESSES; i++) {
        processes[i] = (struct child){.part = "sender", .caps = {inbox->cap}};
        child_start(&processes[i]);
        orders[2 * i] = family_await(inbox, &processes[i]);
        orders[2 * i + 1] = family_await(inbox, &processes[i]);
    }
}

static void senders_end(void)
{
    struct order order = {.task = END};

    for (int i = 0; i < SENDERS; i++)
        CASE_EQUAL(fos_post(orders[i], &order, sizeof order, family_deadline()), 0);
    for (int i = 0; i < PROCESSES; i++)
        child_expect(&processes[i], 0);
}

static struct sent let(int sender, struct order order)
{
    struct sent sent = {.error = 99};
    uint32_t length;

    CASE_EQUAL(fos_post(orders[sender], &order, sizeof order, family_deadline()),
               0);
    CASE_EQUAL(fos_msg_recv(inbox, &sent, sizeof sent, &length,
                            family_deadline() + FAMILY_PATIENCE),
               0);
    return sent;
}

static struct sent let_send(void)
{
    return let(0, (struct order){BY_ALIAS, 1, FOS_PUBLIC});
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

    CASE_EQUAL(fos_msg_recv_any(all, 3, &which, bytes, sizeof bytes, &length,
                                family_deadline()),
               0);
    CASE_CHECK(which == box);
}

static void expect_nothing(void)
{
    struct fos_mailbox *all[] = {&first, &second, &third}, *which = NULL;
    uint32_t length;

    CASE_EQUAL(fos_msg_recv_any(all, 3, &which, bytes, sizeof bytes, &length, 0),
               -FOS_ETIMEDOUT);
}

/* Until nobody believes any more what was so when it was called. */
static void let_pass(void)
{
    fos_clock_sleep(fos_now_ns() + FOS_NAME_POSITIVE + 50 * FOS_MILLISECOND);
}

/* ---- other processes ---- */

/* All senders send: what they get, and where it arrives if that is 0.  Those of the last
 * process send `length` bytes. */
static void all_send(uint32_t length, long error, const struct fos_mailbox *box)
{
    for (int i = 0; i < SENDERS; i++) {
        uint32_t size = i < SENDERS - 2 ? 1 : length;
        struct sent sent = let(i, (struct order){BY_ALIAS, size, FOS_PUBLIC});
        CASE_EQUAL(sent.error, error);
        if (!error)
            expect_in(box);
    }
    expect_nothing();
}

static void leave(void)
{
    struct fos_registration made, other;

    boxes_open();
    senders_begin();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    all_send(LONG, 0, &first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, &first), 0);
    all_send(1, 0, &second);
    all_send(LONG, 0, &second);
    CASE_EQUAL(fos_name_update(&made, first.cap, NAME_PUBLIC, &second), 0);
    all_send(LONG, 0, &first);
    CASE_EQUAL(fos_name_unregister(&made, &first), 0);
    all_send(1, -FOS_ENOENT, NULL);
    CASE_EQUAL(fos_name_register(path, second.cap, NAME_PUBLIC, 0, &made), 0);
    let_pass();
    all_send(LONG, 0, &second);
    CASE_EQUAL(fos_name_unregister(&made, &second), 0);
    CASE_EQUAL(fos_name_register(path, third.cap, NAME_PUBLIC, 0, &other), 0);
    all_send(1, 0, &third);
    CASE_EQUAL(fos_name_unregister(&other, &third), 0);
    all_send(1, -FOS_ENOENT, NULL);
    senders_end();
    boxes_close();
}

static void test_left(void)
{
    leave(); /* tables under the windows of channels are made, and kept */
    case_begin("nothing arrives at a mailbox that lives when its name has left it");
    leave();
    names_case_end();
}

static void test_given(void)
{
    struct fos_registration made;
    uint64_t given;

    case_begin("who was given a capability cannot use it once the name has moved");
    boxes_open();
    senders_begin();
    given = first.cap.secret;
    CASE_EQUAL(fos_name_register(path, first.cap, 0, 0, &made), 0);
    CASE_EQUAL(let(0, (struct order){BY_ALIAS, 1, given}).error, 0);
    expect_in(&first);
    CASE_EQUAL(let(0, (struct order){BY_ALIAS, 1, FOS_PUBLIC}).error, -FOS_EPERM);
    CASE_EQUAL(fos_name_update(&made, second.cap, 0, &first), 0);
    CASE_EQUAL(let(0, (struct order){BY_ALIAS, 1, given}).error, -FOS_EPERM);
    given = second.cap.secret;
    CASE_EQUAL(let(0, (struct order){BY_ALIAS, 1, given}).error, 0);
    expect_in(&second);
    CASE_EQUAL(let(0, (struct order){BY_ALIAS, 1, FOS_PUBLIC}).error, -FOS_EPERM);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, NULL), 0);
    CASE_EQUAL(let(0, (struct order){BY_ALIAS, 1, FOS_PUBLIC}).error, 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made, &second), 0);
    CASE_EQUAL(let(0, (struct order){BY_ALIAS, 1, given}).error, -FOS_ENOENT);
    expect_nothing();
    senders_end();
    boxes_close();
    names_case_end();
}

static void test_opened(void)
{
    struct order open = {OPEN, 1, FOS_PUBLIC}, again = {BY_OPENED, 1, FOS_PUBLIC};
    struct fos_registration made;

    case_begin(
        "a way opened by name ends when the name has moved, another leads on");
    boxes_open();
    senders_begin();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(let(0, open).error, 0);
    expect_in(&first);
    CASE_EQUAL(let(1, (struct order){BY_ALIAS, 1, FOS_PUBLIC}).error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, &first), 0);
    CASE_EQUAL(let(0, again).error, -FOS_EPERM);
    CASE_EQUAL(let(0, open).error, 0); /* though it remembers the old one */
    expect_in(&second);
    CASE_EQUAL(let(1, open).error, 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made, &second), 0);
    CASE_EQUAL(let(0, again).error, -FOS_EPERM);
    CASE_EQUAL(let(0, open).error, -FOS_ENOENT);
    expect_nothing();
    senders_end();
    boxes_close();
    names_case_end();
}

static void test_kept(void)
{
    struct fos_registration made;

    case_begin("a mailbox that keeps its capability is left within a second");
    boxes_open();
    senders_begin();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(let_send().error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, NULL), 0);
    let_pass();
    CASE_EQUAL(let_send().error, 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    let_pass();
    CASE_EQUAL(let_send().error, -FOS_ENOENT);
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    let_pass();
    CASE_EQUAL(let_send().error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    senders_end();
    boxes_close();
    names_case_end();
}

/* Whether the box has another capability than the one it had. */
static bool renewed(const struct fos_mailbox *box, struct fos_cap *had)
{
    bool other = box->cap.secret != had->secret;

    CASE_EQUAL(box->cap.id, had->id);
    *had = box->cap;
    return other;
}

static void test_refused(void)
{
    struct fos_registration made, forged;

    case_begin(
        "a mailbox's capability is renewed unless the name may stay with it");
    boxes_open();
    struct fos_cap had = first.cap;
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(fos_name_update(&made, first.cap, NAME_PUBLIC, &first), -FOS_EINVAL);
    CASE_EQUAL(fos_name_update(&made, second.cap, ~0u, &first), -FOS_EINVAL);
    CASE_CHECK(!renewed(&first, &had));
    forged = (struct fos_registration){made.alias, made.secret ^ 1};
    CASE_EQUAL(fos_name_update(&forged, second.cap, NAME_PUBLIC, &first),
               -FOS_EPERM);
    CASE_CHECK(renewed(&first, &had));
    CASE_EQUAL(fos_name_unregister(&forged, &first), -FOS_EPERM);
    CASE_CHECK(renewed(&first, &had));
    CASE_EQUAL(fos_name_unregister(&made, &first), 0);
    CASE_CHECK(renewed(&first, &had));
    CASE_EQUAL(fos_name_unregister(&made, &first), -FOS_ENOENT);
    CASE_CHECK(renewed(&first, &had));
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, &first),
               -FOS_ENOENT);
    CASE_CHECK(renewed(&first, &had));
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
    senders_begin();
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(let_send().error, 0);
    expect_in(&first);
    sent = let_send();
    CASE_EQUAL(sent.error, 0);
    CASE_CHECK(!sent.lookups || fos_now_ns() > begun + FOS_NAME_POSITIVE);
    expect_in(&first);
    fos_mailbox_close(&first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, NULL), 0);
    sent = let_send();
    CASE_EQUAL(sent.error, 0);
    CASE_EQUAL(sent.lookups, 1);
    CASE_CHECK(sent.resent == 1 || fos_now_ns() > begun + FOS_NAME_POSITIVE);
    CASE_EQUAL(fos_mailbox_create(&first, 64), 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    senders_end();
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
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, NULL), 0);
    CASE_EQUAL(send_one().error, 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    CASE_EQUAL(send_one().error, -FOS_ENOENT);
    CASE_EQUAL(fos_name_register(path, first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(send_one().error, 0);
    expect_in(&first);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    CASE_EQUAL(fos_name_register(path, third.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(send_one().error, 0);
    expect_in(&third);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
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
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, NULL), 0);
    pthread_barrier_wait(&turn);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    CASE_EQUAL(after_change.error, 0);
    expect_in(&second);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
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
    test_left();
    test_given();
    test_opened();
    test_kept();
    test_refused();
    test_gone();
    test_own();
    test_lease();
    test_threads();
    return cases_status();
}
