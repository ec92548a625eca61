/* SPDX-License-Identifier: MIT */
/* Tables 5.1 and 5.2: 32 bytes by each transport, and what they are made of. */
#include "measure.h"

static uint8_t message[FOS_BENCH_MESSAGE];

void channel_echo(void)
{
    must(fos_msg_send(&pair.by_channel, message, sizeof message), "sending");
    pair_receive(sizeof message);
}

static void auto_echo(void)
{
    must(fos_msg_send(&pair.by_auto, message, sizeof message), "sending");
    pair_receive(sizeof message);
}

void kernel_echo(void)
{
    must(fos_msg_send(&pair.by_kernel, message, sizeof message),
         "sending by the kernel");
    pair_receive(sizeof message);
}

static void minimal_call(void)
{
    must(fos_minimal_call(fos_minimal_line(pair.lines, pair.calls++), 10, 20)
             ? 0
             : -FOS_EPROTO,
         "minimal IPC");
}

static void minimal_call_tight(void)
{
    must(fos_minimal_call_tight(fos_minimal_line(pair.lines, pair.calls++), 10, 20)
             ? 0
             : -FOS_EPROTO,
         "minimal IPC");
}

static void null_call(void)
{
    must(fos_sys_null(), "null system call");
}

/* The copies of an echo through the kernel: in and out, there and back. */
static void four_copies(void)
{
    static _Alignas(16) uint8_t a[FOS_BENCH_MESSAGE], b[FOS_BENCH_MESSAGE];

    for (int i = 0; i < 2; i++) {
        plain_copy(b, a, sizeof a);
        plain_copy(a, b, sizeof a);
    }
}

/* One system call, no other processor. */
static void kernel_to_self(void)
{
    must(fos_sys_mailbox_send(pair.inbox.cap, message, sizeof message),
         "sending to oneself");
    pair_receive(sizeof message);
}

/* A channel is made, and its first message answered: so the other side has
 * accepted. */
static void set_up(void)
{
    struct fos_peer fresh;

    must(fos_peer_open(&fresh, pair.server, FOS_TRANSPORT_CHANNEL), "channel");
    must(fos_msg_send(&fresh, message, sizeof message), "first message");
    pair_receive(sizeof message);
    fos_peer_close(&fresh);
}

/* What is timed singly takes minutes where traps are emulated. */
enum { SINGLY = 150 * 1024 };

#define ROW(what, run, prepare, op, many, count, trap)                 \
    {                                                                  \
        .suite = "echo", .name = what, .once = run, .before = prepare, \
        .server = op, .batch = many, .samples = count, .traps = trap,  \
        .whole = many == 1 ? SINGLY : 0                                \
    }

static const struct measurement rows[] = {
    ROW("minimal IPC", minimal_call, NULL, ECHO_MINIMAL, 64, 2400, false),
    ROW("minimal IPC, no pause", minimal_call_tight, NULL, ECHO_TIGHT, 64, 2400,
        false),
    ROW("user channel echo 32 B", channel_echo, NULL, ECHO_BY_CHANNEL, 64, 2400,
        false),
    ROW("echo as libfos chooses 32 B", auto_echo, NULL, ECHO_BY_AUTO, 64, 2400,
        false),
    ROW("kernel messaging echo 32 B", kernel_echo, NULL, ECHO_BY_KERNEL, 64, 2400,
        true),
    ROW("null system call", null_call, NULL, ECHO_END, 64, 2400, true),
    ROW("copy of 32 B, four times", four_copies, NULL, ECHO_END, 64, 2400, false),
    ROW("kernel message to oneself 32 B", kernel_to_self, NULL, ECHO_END, 64, 2400,
        true),
    ROW("channel set-up, first echo", set_up, NULL, ECHO_BY_CHANNEL, 1, 512, true),
    ROW("channel echo, receiver asleep", channel_echo, pair_await_sleep,
        ECHO_BY_CHANNEL, 1, 512, true),
    ROW("kernel echo, receiver asleep", kernel_echo, pair_await_sleep,
        ECHO_BY_KERNEL, 1, 512, true),
};

void suite_echo(void)
{
    pair_open(ECHO_SLOTS);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        measure(&rows[i]);
    pair_close();
}
