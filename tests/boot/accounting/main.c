/* SPDX-License-Identifier: MIT */
/*
 * What space_status tells of a space's threads: their state, their times, and the
 * counters they publish.  Times are compared only in directions that a slow machine
 * cannot turn round.
 */
#include "../family.h"

enum { MOMENT_MS = 50 };
#define MOMENT (MOMENT_MS * FOS_MILLISECOND)

static struct fos_mailbox inbox;

static struct fos_published *own_counters(void)
{
    return fos_published_of((struct fos_doorbell *)fos_start_page->doorbell);
}

/* Tells the parent its space's capability in place of a mailbox's. */
static void space_report(void)
{
    family_report(&(struct fos_mailbox){.cap = fos_own_space()});
}

static void busy_until(uint64_t deadline)
{
    while (fos_sleeper_now(&fos_thread_self()->sleeper) < deadline)
        fos_pause();
}

/* ---- parts ---- */

/* Tells who it is, sleeps `a` ms, ends. */
static int part_sleep(uint64_t a, uint64_t b)
{
    (void)b;
    space_report();
    fos_clock_sleep(fos_now_ns() + a * FOS_MILLISECOND);
    return 0;
}

/* Tells who it is, computes for `a` ms, ends. */
static int part_busy(uint64_t a, uint64_t b)
{
    (void)b;
    fos_thread_self();
    space_report();
    busy_until(fos_now_ns() + a * FOS_MILLISECOND);
    return 0;
}

/* Publishes nonsense, ends when its parent ends it. */
static int part_liar(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    fos_thread_self();
    memset(own_counters(), 0xff, sizeof(struct fos_published));
    space_report();
    fos_clock_sleep(FOS_NEVER);
    return 0;
}

/* ---- cases ---- */

static struct fos_space_info status(struct fos_cap space)
{
    struct fos_space_info info = {0};

    CASE_EQUAL(fos_sys_space_status(space, &info), 0);
    return info;
}

static uint64_t lifetime(const struct fos_space_info *info)
{
    return info->ns_running + info->ns_ready + info->ns_waiting;
}

static void test_self(void)
{
    struct fos_space_info before, after;
    uint64_t begin;

    case_begin(
        "a thread that asks about itself runs, on its vCPU, and time passes");
    before = status(fos_own_space());
    begin = fos_now_ns();
    busy_until(begin + MOMENT);
    after = status(fos_own_space());
    CASE_EQUAL(after.threads, 1);
    CASE_EQUAL(after.thread_state, FOS_THREAD_RUNNING);
    CASE_EQUAL(after.vcpu, fos_start_page->vcpu);
    CASE_CHECK(lifetime(&after) - lifetime(&before) >= MOMENT * 9 / 10);
    CASE_CHECK(after.ns_running > before.ns_running);
    CASE_EQUAL(after.ns_waiting, before.ns_waiting);
    case_end();
}

static void test_sleeper(void)
{
    struct child child = {.part = "sleep", .a = MOMENT_MS, .caps = {inbox.cap}};

    case_fleets_grow = true; /* proc's heap, with the first program it starts */
    case_begin("time asleep is counted as waiting");
    child_start(&child);
    family_await(&inbox, &child);
    child_expect(&child, 0);
    CASE_CHECK(child.info.ns_waiting > 0);
    CASE_CHECK(child.info.ns_running > 0);
    CASE_CHECK(lifetime(&child.info) >= MOMENT * 9 / 10);
    CASE_EQUAL(child.info.threads, 1);
    CASE_EQUAL(child.info.thread_state, FOS_THREAD_ENDED);
    case_end();
    case_fleets_grow = false;
}

/* Waits until the space's thread is in `state`. */
static struct fos_space_info state_await(struct fos_cap space, uint32_t state)
{
    uint64_t deadline = family_deadline();
    struct fos_space_info info = status(space);

    while (info.thread_state != state && fos_now_ns() < deadline && !case_why[0])
        info = status(space);
    CASE_EQUAL(info.thread_state, state);
    return info;
}

static void test_waiting(void)
{
    struct child child = {.part = "liar", .caps = {inbox.cap}, .vcpu_plus_one = 2};
    struct fos_space_info first, second;
    struct fos_cap space;

    case_begin("a sleeping thread is seen to wait, and its time grows meanwhile");
    child_start(&child);
    space = family_await(&inbox, &child);
    first = state_await(space, FOS_THREAD_WAITING);
    CASE_EQUAL(first.vcpu, 1);
    busy_until(fos_now_ns() + MOMENT);
    second = status(space);
    CASE_CHECK(second.ns_waiting - first.ns_waiting >= MOMENT * 9 / 10);
    CASE_EQUAL(second.ns_running, first.ns_running);
    child_kill(&child);
    case_end();
}

static void test_sharing(void)
{
    uint64_t deadline = family_deadline(), ready = 0;
    struct fos_cap spaces[2];
    struct child both[2];

    case_begin("two that share a vCPU wait for it in turn");
    for (int i = 0; i < 2; i++) {
        both[i] = (struct child){
            .part = "busy", .a = 60000, .caps = {inbox.cap}, .vcpu_plus_one = 2};
        child_start(&both[i]);
        spaces[i] = family_await(&inbox, &both[i]);
    }
    while (ready <= 10 * FOS_MILLISECOND && fos_now_ns() < deadline && !case_why[0])
        ready = status(spaces[0]).ns_ready + status(spaces[1]).ns_ready;
    CASE_CHECK(ready > 10 * FOS_MILLISECOND);
    for (int i = 0; i < 2; i++) {
        child_kill(&both[i]);
        CASE_CHECK(both[i].info.ns_running > 0);
    }
    case_end();
}

static void test_published(void)
{
    struct fos_published *own = own_counters(), saved = *own;
    struct fos_space_info info;

    case_begin("published counters are copied as they are");
    own->kernel_sent = 11;
    own->channel_received = 22;
    own->reserved[3] = 33;
    info = status(fos_own_space());
    CASE_EQUAL(info.published.kernel_sent, 11);
    CASE_EQUAL(info.published.channel_received, 22);
    CASE_EQUAL(info.published.reserved[3], 33);
    *own = saved;
    case_end();
}

static void test_liar(void)
{
    struct child child = {.part = "liar", .caps = {inbox.cap}};
    struct fos_space_info info;
    struct fos_cap space;

    case_begin("nonsense in the counters is copied and harms nobody");
    child_start(&child);
    space = family_await(&inbox, &child);
    info = status(space);
    CASE_CHECK(info.published.kernel_received == UINT64_MAX);
    CASE_CHECK(info.ns_running > 0 && info.ns_running < family_deadline());
    child_kill(&child);
    case_end();
}

static bool never(void *argument)
{
    (void)argument;
    return false;
}

static bool at_once(void *argument)
{
    (void)argument;
    return true;
}

static void test_sleeps(void)
{
    struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;
    struct fos_space_info before = status(fos_own_space()), after;

    case_begin("attempts to sleep and sleeps are counted");
    fos_sleep(sleeper, 0, at_once, NULL, FOS_NEVER);
    fos_sleep(sleeper, 0, never, NULL, fos_now_ns() + MOMENT);
    after = status(fos_own_space());
    CASE_EQUAL(after.published.sleep_tries - before.published.sleep_tries, 2);
    CASE_EQUAL(after.published.sleeps - before.published.sleeps, 1);
    case_end();
}

static const struct part parts[] = {
    {"sleep", part_sleep},
    {"busy", part_busy},
    {"liar", part_liar},
};

int main(int argc, char **argv)
{
    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    case_begin("");
    CASE_EQUAL(fos_mailbox_create(&inbox, 64), 0);
    test_self();
    test_sleeper();
    test_waiting();
    test_sharing();
    test_published();
    test_liar();
    test_sleeps();
    fos_mailbox_close(&inbox);
    return cases_status();
}
