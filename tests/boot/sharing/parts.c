/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include "registers.h"
#include "turns.h"

#define LONG_ROUND (60 * FOS_MILLISECOND) /* several slices, others' included */

enum { LONG_ROUNDS = 3, SPIN_ROUNDS = 100000, MAILBOX_SLOTS = 64 };

static struct fos_mailbox mailbox;

static void hold(uint64_t seed, uint64_t rounds)
{
    const char *lost;

    registers_fill(seed);
    registers_hold_loop(rounds);
    lost = registers_differ(false);
    if (lost)
        printf("child %llu: another value in %s\n", (unsigned long long)fos_pid(),
               lost);
    if (lost)
        printf("child %llu: another value in %s\n", (unsigned long long)fos_pid(),
               lost);
    CHILD_CHECK(!lost);
}

/* Reports, and waits for what the parent says then.  A peer that was told earlier
 * may have written already: *peers counts its messages. */
static struct go go_await(unsigned *peers)
{
    struct go go;
    uint32_t length;

    CHILD_EQUAL(fos_mailbox_create(&mailbox, MAILBOX_SLOTS), 0);
    family_report(&mailbox);
    for (*peers = 0;; ++*peers) {
        CHILD_EQUAL(
            fos_msg_recv(&mailbox, &go, sizeof go, &length, family_deadline()), 0);
        if (length == sizeof go)
            return go;
        CHILD_EQUAL(length, sizeof(struct ping));
    }
}

/* Keeps all registers through rounds of growing length. */
static int part_registers(uint64_t seed, uint64_t step)
{
    unsigned peers = 0;
    struct go go = go_await(&peers);
    uint64_t rounds = 1 << 16;

    for (int lasted = 0; lasted < LONG_ROUNDS || fos_now_ns() < go.until;
         seed += step) {
        uint64_t begin = fos_now_ns();
        hold(seed, rounds);
        if (fos_now_ns() - begin >= LONG_ROUND)
            lasted++;
        else
            rounds *= 2;
    }
    return 0;
}

/* Never ends. */
static int part_spin(uint64_t seed, uint64_t unused)
{
    (void)unused;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, MAILBOX_SLOTS), 0);
    family_report(&mailbox);
    for (;;)
        hold(seed++, SPIN_ROUNDS);
}

static int part_defaults(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    CHILD_EQUAL(mxcsr_read(), MXCSR_DEFAULT);
    CHILD_EQUAL(control_read(), CONTROL_DEFAULT);
    return 0;
}

static int part_turns(uint64_t a, uint64_t b)
{
    static struct turns turns;
    unsigned peers = 0;
    struct go go = go_await(&peers);

    (void)a, (void)b;
    turns_watch(&turns, go.until_clock, go.gap);
    CHILD_EQUAL(
        fos_post(fos_start_extra(0), &turns, sizeof turns, family_deadline()), 0);
    return 0;
}

static uint64_t calls_made(void)
{
    struct fos_space_info info;

    CHILD_EQUAL(fos_sys_space_status(fos_own_space(), &info), 0);
    return info.syscalls;
}

/* Spins until the peer has begun; enters the kernel in between only when
 * interrupted. */
static int part_begin(uint64_t a, uint64_t b)
{
    unsigned peers = 0;
    struct go go = go_await(&peers);
    struct ping begun = {fos_pid()};
    uint64_t before;
    uint32_t length;
    int error = 0;

    (void)a, (void)b;
    CHILD_EQUAL(fos_post(go.peer, &begun, sizeof begun, family_deadline()), 0);
    before = calls_made();
    if (!peers)
        do
            error = fos_msg_recv(&mailbox, &begun, sizeof begun, &length, 0);
        while (error == -FOS_ETIMEDOUT && turns_clock() < go.until_clock);
    CHILD_EQUAL(error, 0);
    CHILD_EQUAL(calls_made() - before, 1);
    return 0;
}

static int part_sleeper(uint64_t a, uint64_t b)
{
    struct ping ping = {0};
    uint32_t length;

    (void)a, (void)b;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, MAILBOX_SLOTS), 0);
    family_report(&mailbox);
    do {
        CHILD_EQUAL(fos_msg_recv(&mailbox, &ping, sizeof ping, &length, FOS_NEVER),
                    0);
        CHILD_EQUAL(
            fos_post(fos_start_extra(0), &ping, sizeof ping, family_deadline()), 0);
    } while (ping.number);
    return 0;
}

/* ---- system calls with every register in use ---- */

enum first_argument { RANDOM, PAST, SOON };

static const struct call {
    uint64_t number;
    enum first_argument first;
} calls[] = {
    {FOS_SYS_null, RANDOM},         {FOS_SYS_serialize, RANDOM},
    {FOS_SYS_wait, PAST},           {FOS_SYS_wait, SOON},
    {FOS_SYS_kernel_info, RANDOM},  {FOS_SYS_notify, RANDOM},
    {FOS_SYS_mailbox_send, RANDOM}, {FOS_SYS_space_map, RANDOM},
    {FOS_SYS_COUNT + 7, RANDOM},    {~0ull, RANDOM},
};

static const char *call_loses(const struct call *call, uint64_t seed)
{
    registers_fill(seed);
    held_before.general[REG_RAX] = call->number;
    if (call->first != RANDOM)
        held_before.general[REG_RDI] =
            call->first == SOON ? fos_now_ns() + 25 * FOS_MILLISECOND : 0;
    registers_hold_call();
    if (call->number == FOS_SYS_null && held_after.general[REG_RAX] != 0)
        return "rax, the result,";
    if (call->first == RANDOM && call->number > FOS_SYS_serialize &&
        (int64_t)held_after.general[REG_RAX] >= 0)
        return "rax, which has no error,";
    return registers_differ(true);
}

const char *calls_lose(void)
{
    const char *lost = NULL;

    for (uint64_t seed = 0; seed < 12; seed++)
        for (size_t i = 0; i < sizeof calls / sizeof *calls && !lost; i++)
            lost = call_loses(&calls[i], seed * 64 + i);
    return lost;
}

static int part_calls(uint64_t a, uint64_t b)
{
    const char *lost = calls_lose();

    (void)a, (void)b;
    if (lost)
        printf("a system call beside a spinner loses %s\n", lost);
    return lost != NULL;
}

const struct part parts[] = {
    {"registers", part_registers}, {"spin", part_spin},   {"turns", part_turns},
    {"defaults", part_defaults},   {"begin", part_begin}, {"calls", part_calls},
    {"sleeper", part_sleeper},
};
const size_t parts_count = sizeof parts / sizeof *parts;
