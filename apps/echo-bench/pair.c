/* SPDX-License-Identifier: MIT */
/* The two processes find each other, and part. */
#include "echo.h"

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/proc.h>
#include <fos/start.h>

struct pair pair;

void must(long result, const char *what)
{
    if (result >= 0)
        return;
    printf("echo-bench: %s: %s\n", what, fos_strerror(result));
    exit(1);
}

void *room(size_t bytes)
{
    void *memory = calloc(1, bytes);

    must(memory ? 0 : -FOS_ENOMEM, "memory");
    return memory;
}

void pair_receive(uint32_t expected)
{
    uint32_t length;

    must(fos_msg_recv(&pair.inbox, pair.buffer, ECHO_MESSAGE_MAX, &length,
                      FOS_NEVER),
         "receiving");
    must(length == expected ? 0 : -FOS_EPROTO, "answer");
}

static void command_send(const struct echo_command *command)
{
    must(fos_msg_send(&pair.by_channel, command, sizeof *command), "command");
    pair_receive(0);
}

void pair_command(enum echo_op op, uint32_t n)
{
    command_send(&(struct echo_command){.op = op, .n = n});
}

void pair_command_fresh(enum fos_transport transport, uint32_t n)
{
    command_send(&(struct echo_command){ECHO_FRESH, transport, n});
}

void pair_await_sleep(void)
{
    while (fos_load_acquire(&pair.by_channel.doorbell->state) !=
           FOS_DOORBELL_SLEEPING)
        fos_pause();
    for (int i = 0; i < 20; i++) /* from saying so to sleeping it still has a way */
        must(fos_sys_null(), "null system call");
}

static void server_start(uint32_t slots)
{
    char text[12];
    const char *const argv[] = {"echo-bench", "server", text, NULL};
    struct fos_spawn spawn = {.path = "echo-bench", .argv = argv, .ncaps = 1};
    struct echo_greeting greeting = {0};
    uint32_t length;

    snprintf(text, sizeof text, "%" PRIu32, slots);
    spawn.caps = &pair.inbox.cap;
    spawn.vcpu_plus_one = (fos_start_page->vcpu + 1) % fos_start_page->vcpus + 1;
    must(fos_spawn(&spawn, &pair.pid), "starting the server");
    must(fos_msg_recv(&pair.inbox, &greeting, sizeof greeting, &length,
                      fos_now_ns() + 20 * FOS_SECOND),
         "the server's greeting");
    must(length == sizeof greeting ? 0 : -FOS_EPROTO, "the server's greeting");
    pair.server = greeting.inbox;
    pair.service = greeting.service;
}

/* What a minimal call takes now, ns. */
static uint64_t call_ns(void)
{
    enum { CALLS = 32 };
    uint64_t begin;

    pair_command(ECHO_MINIMAL, CALLS);
    begin = fos_now_ns();
    for (int i = 0; i < CALLS; i++)
        fos_minimal_call(fos_minimal_line(pair.lines, pair.calls++), 1, 2);
    return (fos_now_ns() - begin) / CALLS;
}

/* Two sides that poll in turns on one processor wait for its time slices: everything takes
 * thousands of times as long then, and tells nothing.  That may pass. */
static void processors_await(void)
{
    enum { CALL_MOST_NS = 1000000, PATIENCE_S = 10, PAUSE_MS = 200 };
    uint64_t deadline = fos_now_ns() + PATIENCE_S * FOS_SECOND, each;
    bool waiting = false;

    while ((each = call_ns()) >= CALL_MOST_NS && fos_now_ns() < deadline) {
        printf(waiting ? "." : "    waiting for two processors ");
        fflush(stdout);
        waiting = true;
        fos_clock_sleep(fos_now_ns() + PAUSE_MS * FOS_MILLISECOND);
    }
    if (waiting)
        printf("\n");
    if (each < CALL_MOST_NS)
        return;
    printf("echo-bench: a cache line takes %" PRIu64
           " us to the other vCPU and back, after %d s still: "
           "the host has no two processors for them\n",
           each / 1000, PATIENCE_S);
    exit(ECHO_STARVED);
}

void pair_open(uint32_t slots)
{
    pair.calls = 0;
    pair.buffer = room(ECHO_MESSAGE_MAX);
    must(fos_mailbox_create(&pair.inbox, slots), "mailbox");
    server_start(slots);
    must(fos_peer_open_ring(&pair.shared, pair.server, 1), "shared channel");
    must(fos_msg_send(&pair.shared, "", 1), "shared channel");
    pair_receive(0); /* no other channel before the server knows this one */
    pair.lines = (char *)pair.shared.window + ECHO_LINES_OFFSET;
    must(fos_peer_open(&pair.by_kernel, pair.server, FOS_TRANSPORT_KERNEL),
         "kernel");
    must(fos_peer_open(&pair.by_auto, pair.server, FOS_TRANSPORT_AUTO), "auto");
    must(fos_peer_open(&pair.by_channel, pair.server, FOS_TRANSPORT_CHANNEL),
         "channel");
    /* The one who measures does not sleep: what a sleep costs is measured at the
     * other side. */
    pair.spin_cycles = fos_thread_self()->sleeper.spin_cycles;
    fos_thread_self()->sleeper.spin_cycles = UINT64_MAX / 4;
    processors_await();
}

void pair_close(void)
{
    int status;

    fos_thread_self()->sleeper.spin_cycles = pair.spin_cycles;
    pair_command(ECHO_END, 0);
    must(fos_process_wait(pair.pid, &status, NULL), "the server's end");
    must(status ? -FOS_EPROTO : 0, "the server's end");
    fos_peer_close(&pair.by_channel);
    fos_peer_close(&pair.by_kernel);
    fos_peer_close(&pair.by_auto);
    fos_peer_close(&pair.shared);
    fos_mailbox_close(&pair.inbox);
    free(pair.buffer);
}
