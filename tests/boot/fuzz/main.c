/* SPDX-License-Identifier: MIT */
/*
 * Random system calls by unprivileged processes.
 *
 *     test-fuzz [CALLS [SEED]]
 *
 * Several children at a time make them, two of their threads even in one space;
 * each is given some thousand, and replaced by one with the next seed when it is
 * through or has ended itself.  The same seed throws the same dice.
 */
#include "../family.h"
#include "child.h"

enum {
    CALLS_DEFAULT = 1000000,
    CALLS_EACH = 10000,
    AT_ONCE_MAX = 2, /* processes; every fourth time, as emulated processors that
                      * contend are slow */
    HOST_PEERS = 16,
    SHOW_EACH = 100000,
    FRAMES = 2000, /* quotas of a child */
    OBJECTS = 200,
};

static struct fos_mailbox inbox;
static struct child host = {.part = "host"};

static struct {
    uint64_t calls, children, through, faulted, ended, hung;
    struct fuzz_tally tally;
} sum;

/* ---- the process that accepts everybody's channels, and connects to who reports
 * ---- */

static int host_main(uint64_t a, uint64_t b)
{
    static _Alignas(struct report) uint8_t buffer[8192];
    static struct fos_peer peers[HOST_PEERS];
    struct fos_mailbox mailbox;
    uint32_t length;
    int error;

    (void)a;
    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 256), 0);
    family_report(&mailbox);
    for (unsigned i = 0;;) {
        error = fos_msg_recv(&mailbox, buffer, sizeof buffer, &length, FOS_NEVER);
        if (error == -FOS_EMSGSIZE)
            fos_msg_discard(&mailbox);
        if (error || length != sizeof(struct report))
            continue;
        fos_peer_close(&peers[i]);
        fos_peer_open(&peers[i], ((struct report *)buffer)->mailbox,
                      FOS_TRANSPORT_CHANNEL);
        i = (i + 1) % HOST_PEERS;
    }
}

/* ---- children ---- */

static struct fos_cap cap_dead(void)
{
    struct fos_mailbox mailbox = {0};

    CASE_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    fos_mailbox_close(&mailbox);
    return mailbox.cap;
}

/* Like child_wait, but a child that has gone astray is ended. */
static void fuzzer_wait(struct child *c)
{
    struct proc_wait_req req = {.self = fos_own_space(), .pid = c->pid};
    struct proc_wait_rep rep;
    long error = proc_wait_call(fos_proc_peer(), &req, &rep, family_deadline());

    sum.children++;
    if (error == -FOS_ETIMEDOUT) {
        sum.hung++;
        printf("fuzz: seed %llu hangs\n", (unsigned long long)c->a);
        CASE_EQUAL(fos_process_kill(c->pid), 0);
        return;
    }
    CASE_EQUAL(error, 0);
    sum.calls += rep.info.syscalls;
    sum.through += rep.info.state == FOS_SPACE_EXITED && rep.status == 0;
    sum.faulted += rep.info.state == FOS_SPACE_FAULTED;
    sum.ended += rep.info.state == FOS_SPACE_KILLED ||
                 (rep.info.state == FOS_SPACE_EXITED && rep.status != 0);
}

/* A random space_copy may have gone over it. */
static bool tally_fits(const struct fuzz_tally *tally, uint64_t calls)
{
    uint64_t all = 0;

    for (int i = 0; i < FOS_SYS_COUNT; i++)
        all += tally->done[i];
    return all <= calls;
}

/* Anything may have been sent here: what has the right size and is no more than a
 * child's `calls` is believed, the rest is thrown away. */
static void tallies_take(uint64_t calls)
{
    struct fuzz_tally tally;
    uint32_t length;
    int error;

    while ((error = fos_msg_recv(&inbox, &tally, sizeof tally, &length, 0)) !=
           -FOS_ETIMEDOUT) {
        if (error == -FOS_EMSGSIZE)
            fos_msg_discard(&inbox);
        if (error || length != sizeof tally || !tally_fits(&tally, calls))
            continue;
        for (int i = 0; i < FOS_SYS_COUNT; i++)
            sum.tally.done[i] += tally.done[i];
    }
}

static void generation(uint64_t seed, int at_once, uint64_t calls,
                       struct fos_cap dead)
{
    struct child children[AT_ONCE_MAX];

    for (int i = 0; i < at_once; i++) {
        children[i] = (struct child){.part = "fuzz",
                                     .a = seed + (uint64_t)i,
                                     .b = calls,
                                     .caps = {inbox.cap, host.caps[1], dead},
                                     .frames = FRAMES,
                                     .objects = OBJECTS};
        child_start(&children[i]);
    }
    for (int i = 0; i < at_once; i++) {
        if (children[i].pid)
            fuzzer_wait(&children[i]);
        tallies_take(calls);
    }
}

static void test_random(uint64_t total, uint64_t seed)
{
    struct fos_cap dead;
    uint64_t each = total / AT_ONCE_MAX + 1, shown = 0;
    int generations = 0;
    char sentence[120];

    snprintf(sentence, sizeof sentence, "%llu random system calls, seed %llu",
             (unsigned long long)total, (unsigned long long)seed);
    case_begin(sentence);
    host.caps[0] = inbox.cap;
    child_start(&host);
    host.caps[1] = family_await(&inbox, &host);
    dead = cap_dead();
    while (sum.calls < total && !case_why[0]) {
        if (sum.calls / SHOW_EACH >= shown) {
            shown = sum.calls / SHOW_EACH + 1;
            printf("fuzz: %llu calls, next seed %llu\n",
                   (unsigned long long)sum.calls, (unsigned long long)seed);
        }
        int at_once = generations++ % 4 == 0 ? AT_ONCE_MAX : 1;
        generation(seed, at_once, each < CALLS_EACH ? each : CALLS_EACH, dead);
        seed += (uint64_t)at_once;
    }
    child_kill(&host);
    family_settle(&inbox);
    case_end();
    printf("fuzz: %llu calls by %llu processes: %llu through, %llu faulted, %llu "
           "ended "
           "themselves, %llu hung\n",
           (unsigned long long)sum.calls, (unsigned long long)sum.children,
           (unsigned long long)sum.through, (unsigned long long)sum.faulted,
           (unsigned long long)sum.ended, (unsigned long long)sum.hung);
}

/* Dice that never hit would prove nothing. */
static void test_hits(void)
{
    static const char *const names[] = {
#define SYSCALL(number, name, args, sentence) [number] = #name,
#include <fos/abi/syscalls.def>
#undef SYSCALL
    };

    case_begin("every system call that needs no privilege was done at random");
    for (int i = 0; i < FOS_SYS_COUNT; i++) {
        bool privileged = i == FOS_SYS_exit ||
                          (i >= FOS_SYS_device_control && i <= FOS_SYS_shutdown);
        if (privileged && sum.tally.done[i])
            case_fail("%s was done %u times", names[i],
                      (unsigned)sum.tally.done[i]);
        if (!privileged && !sum.tally.done[i])
            case_fail("%s was never done", names[i]);
    }
    case_end();
}

/* ---- afterwards ---- */

static int echo_main(uint64_t a, uint64_t b)
{
    struct fos_mailbox mailbox;
    struct fos_peer parent;
    uint64_t word = 0;
    uint32_t length;

    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);
    CHILD_EQUAL(fos_peer_open(&parent, fos_start_extra(0), FOS_TRANSPORT_CHANNEL),
                0);
    for (uint64_t i = 0; i < a; i++) {
        CHILD_EQUAL(
            fos_msg_recv(&mailbox, &word, sizeof word, &length, family_deadline()),
            0);
        CHILD_EQUAL(fos_msg_send(&parent, &word, sizeof word), 0);
    }
    return 0;
}

static void answers_check(void)
{
    enum { ROUNDS = 1000 };
    struct child echo = {.part = "echo", .a = ROUNDS};
    struct fos_mailbox mailbox;
    struct fos_peer peer;
    uint64_t word = 0;
    uint32_t length;

    CASE_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    echo.caps[0] = mailbox.cap;
    child_start(&echo);
    CASE_EQUAL(
        fos_peer_open(&peer, family_await(&mailbox, &echo), FOS_TRANSPORT_CHANNEL),
        0);
    for (uint64_t i = 0; i < ROUNDS && !case_why[0]; i++) {
        CASE_EQUAL(fos_msg_send_until(&peer, &i, sizeof i, family_deadline()), 0);
        CASE_EQUAL(
            fos_msg_recv(&mailbox, &word, sizeof word, &length, family_deadline()),
            0);
        CASE_EQUAL(word, i);
    }
    child_expect(&echo, 0);
    fos_peer_close(&peer);
    fos_mailbox_close(&mailbox);
}

static void test_answers(void)
{
    case_begin("the system still starts processes and carries their messages");
    answers_check();
    case_end();
}

static const struct part parts[] = {
    {"crowd", part_crowd},
    {"host", host_main},
    {"fuzz", fuzz_child},
    {"echo", echo_main},
};

int main(int argc, char **argv)
{
    uint64_t total = argc > 1 ? strtoull(argv[1], NULL, 0) : CALLS_DEFAULT;
    uint64_t seed =
        argc > 2 ? strtoull(argv[2], NULL, 0) : fos_wall_ns() % 1000000000;

    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    case_begin("");
    CASE_EQUAL(fos_mailbox_create(&inbox, 256), 0);
    answers_check(); /* what is made once and kept is there afterwards */
    /* The console's quota of objects ends before FOS_CHANNELS_MAX. */
    family_grow(&inbox, fos_start_page->caps[FOS_START_PROC],
                FOS_CHANNELS_MAX + 10);
    family_grow(&inbox, fos_start_page->caps[FOS_START_CONSOLE], 100);
    family_grow(&inbox, inbox.cap, FOS_CHANNELS_MAX + 10);
    test_random(total ? total : CALLS_DEFAULT, seed);
    if (total >= CALLS_DEFAULT)
        test_hits();
    test_answers();
    fos_mailbox_close(&inbox);
    return cases_status();
}
