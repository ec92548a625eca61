/* SPDX-License-Identifier: MIT */
/*
 * Processes that share a vCPU: each keeps its registers, they take turns, and who
 * sleeps there is woken although another never stops.
 */
#include "parts.h"
#include "registers.h"
#include "turns.h"

enum {
    CROWD_MAX = TURN_TAKERS_MAX,
    MAILBOX_SLOTS = 512,
    PINGS = 20,
    TURNS_LEAST = 10
};

#define SHARE_TIME (600 * FOS_MILLISECOND)
#define WAKE_USUAL FOS_SECOND        /* three in four messages */
#define WAKE_BOUND (10 * FOS_SECOND) /* all, even where the host is busy */

static struct fos_mailbox inbox;
static struct child crowd[CROWD_MAX];
static struct fos_cap crowd_boxes[CROWD_MAX];

/* A child on the last vCPU, which no server of the system uses unless it is the
 * only one. */
static void start_shared(struct child *c, const char *part, uint64_t a)
{
    *c = (struct child){.part = part,
                        .a = a,
                        .b = CROWD_MAX,
                        .caps = {inbox.cap},
                        .vcpu_plus_one = fos_start_page->vcpus};
    child_start(c);
}

static void crowd_start(const char *part, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        start_shared(&crowd[i], part, i);
        crowd_boxes[i] = family_await(&inbox, &crowd[i]);
    }
}

/* All have started: now they run beside each other. */
static void crowd_go(unsigned count, uint64_t span)
{
    struct fos_kernel_info info = {0};
    uint64_t ms;

    fos_sys_kernel_info(&info);
    ms = info.tsc_hz / 1000;
    struct go go = {.until = fos_now_ns() + span,
                    .until_clock = turns_clock() + ms * (span / FOS_MILLISECOND),
                    .gap = 5 * ms};
    for (unsigned i = 0; i < count; i++) {
        go.peer = crowd_boxes[(i + 1) % count];
        CASE_EQUAL(fos_post(crowd_boxes[i], &go, sizeof go, family_deadline()), 0);
    }
}

static void crowd_expect(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        child_expect(&crowd[i], 0);
}

/* It ends of itself only when it has lost a register. */
static void spinner_end(void)
{
    child_kill(&crowd[0]);
    CASE_EQUAL(crowd[0].info.state, FOS_SPACE_KILLED);
}

static void registers_shared(unsigned count, uint64_t span)
{
    crowd_start("registers", count);
    crowd_go(count, span);
    crowd_expect(count);
}

static void test_registers(unsigned count, const char *sentence)
{
    case_begin(sentence);
    registers_shared(count, SHARE_TIME);
    case_end();
}

static void test_defaults(void)
{
    struct child fresh;

    case_begin(
        "mxcsr and x87 control word are the usual ones in a new process beside "
        "one that changes them");
    crowd_start("spin", 1);
    for (int i = 0; i < 4; i++) {
        start_shared(&fresh, "defaults", 0);
        child_expect(&fresh, 0);
    }
    spinner_end();
    case_end();
}

static void test_calls(void)
{
    const char *lost;

    case_begin("a system call keeps every register but rax, rcx and r11");
    lost = calls_lose();
    if (lost)
        case_fail("it loses %s", lost);
    case_end();
}

static void test_calls_shared(void)
{
    struct child caller;

    case_begin("so does one during which another process has the vCPU");
    crowd_start("spin", 1);
    start_shared(&caller, "calls", 0);
    child_expect(&caller, 0);
    spinner_end();
    case_end();
}

/* In the order of the crowd, whoever tells first. */
static void turns_collect(struct turns *all, unsigned count)
{
    static struct turns turns;

    for (unsigned got = 0; got < count; got++) {
        uint32_t length = 0;
        CASE_EQUAL(
            fos_msg_recv(&inbox, &turns, sizeof turns, &length, family_deadline()),
            0);
        CASE_EQUAL(length, sizeof turns);
        for (unsigned i = 0; i < count; i++)
            if (crowd[i].pid == turns.pid)
                all[i] = turns;
    }
}

static void test_turns(unsigned count, const char *sentence)
{
    static struct turns all[CROWD_MAX];
    const char *wrong;

    memset(all, 0, sizeof all);
    case_begin(sentence);
    crowd_start("turns", count);
    crowd_go(count, SHARE_TIME);
    turns_collect(all, count);
    crowd_expect(count);
    wrong = turns_judge(all, count, TURNS_LEAST);
    if (wrong)
        case_fail("%s", wrong);
    case_end();
}

static void test_begin(void)
{
    case_begin("two that spin until the other has begun both end");
    crowd_start("begin", 2);
    crowd_go(2, FAMILY_PATIENCE);
    crowd_expect(2);
    case_end();
}

/* One message there and back; how long it took. */
static uint64_t ping(struct fos_cap to, uint64_t number)
{
    struct ping ping = {number};
    uint64_t begin = fos_now_ns();
    uint32_t length = 0;

    CASE_EQUAL(fos_post(to, &ping, sizeof ping, family_deadline()), 0);
    CASE_EQUAL(fos_msg_recv(&inbox, &ping, sizeof ping, &length, family_deadline()),
               0);
    CASE_EQUAL(ping.number, number);
    begin = fos_now_ns() - begin;
    if (begin >= WAKE_BOUND)
        case_fail("it took %d ms", (int)(begin / FOS_MILLISECOND));
    return begin;
}

static void test_sleeper(void)
{
    struct fos_cap box;
    struct child sleeper;
    int slow = 0;

    case_begin("a sleeper beside a spinner is woken by each message, mostly within "
               "a second");
    crowd_start("spin", 1);
    start_shared(&sleeper, "sleeper", 0);
    box = family_await(&inbox, &sleeper);
    for (uint64_t number = PINGS; number <= PINGS; number--) {
        fos_clock_sleep(fos_now_ns() + 15 * FOS_MILLISECOND);
        slow += ping(box, number) >= WAKE_USUAL;
    }
    CASE_CHECK(slow <= PINGS / 4);
    child_expect(&sleeper, 0);
    spinner_end();
    case_end();
}

int main(int argc, char **argv)
{
    family_program = "test-sharing";
    if (argc > 3)
        return family_child(argv, parts, parts_count);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (fos_mailbox_create(&inbox, MAILBOX_SLOTS) < 0)
        return 1;
    printf("vector registers of %d bits\n", registers_avx() ? 256 : 128);
    registers_shared(CROWD_MAX, 0);

    test_registers(
        2, "two processes on one vCPU keep general, vector, x87 and control "
           "registers");
    test_registers(3, "so do three");
    test_defaults();
    test_calls();
    test_calls_shared();
    test_turns(
        2, "two processes that spin on one vCPU take turns, never both at once");
    test_turns(3, "so do three, in the same order each time");
    test_begin();
    test_sleeper();
    return cases_status();
}
