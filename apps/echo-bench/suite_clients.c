/* SPDX-License-Identifier: MIT */
/*
 * Many to one: N processes send, one receives.
 *
 * The senders stand on every second vCPU from the receiver's on: where vCPUs are
 * pinned in turn to two processors, the receiver keeps one of them and the senders
 * share the other.
 */
#include "measure.h"

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/proc.h>
#include <fos/start.h>

enum {
    CLIENTS_MAX = 8,
    RUNS = 5,
    BY_CHANNEL = 400000, /* messages in a run at 100 percent, of all clients */
    BY_KERNEL = 4000,
    CLIENT_FRAMES = 512,
    CLIENT_OBJECTS = 32,
};

static const struct {
    const char *name;
    enum fos_transport transport;
    uint32_t messages;
} ways[] = {
    {"user channel", FOS_TRANSPORT_CHANNEL, BY_CHANNEL},
    {"kernel messaging", FOS_TRANSPORT_KERNEL, BY_KERNEL},
};
enum { WAYS = sizeof ways / sizeof *ways };

static struct fos_mailbox inbox;

static void take(void *buffer, uint32_t size)
{
    uint32_t length;

    must(fos_msg_recv(&inbox, buffer, size, &length, FOS_NEVER), "receiving");
    must(length == size ? 0 : -FOS_EPROTO, "a client's message");
}

/* ---- a client: greets, and sends `n` messages whenever told to ---- */

int client_run(struct fos_cap receiver, int argc, char **argv)
{
    enum fos_transport transport = argc > 0 ? (enum fos_transport)atoi(argv[0]) : 0;
    uint8_t message[FOS_BENCH_MESSAGE] = {0};
    struct fos_peer to, stream;
    uint32_t n = 0;

    must(fos_mailbox_create(&inbox, ECHO_SLOTS), "client: mailbox");
    must(fos_peer_open(&to, receiver, FOS_TRANSPORT_KERNEL), "client: kernel");
    must(fos_peer_open(&stream, receiver, transport), "client: stream");
    must(fos_msg_send(&to, &inbox.cap, sizeof inbox.cap), "client: greeting");
    for (take(&n, sizeof n); n; take(&n, sizeof n))
        while (n--)
            must(fos_msg_send(&stream, message, sizeof message), "client: sending");
    fos_peer_close(&stream);
    return 0;
}

/* ---- the receiver ---- */

static struct client {
    uint64_t pid;
    struct fos_peer peer;
} clients[CLIENTS_MAX];

static uint32_t clients_max(void)
{
    uint32_t places = fos_start_page->vcpus / 2;

    return places < CLIENTS_MAX ? places : CLIENTS_MAX;
}

static void client_start(uint32_t i, enum fos_transport transport)
{
    char text[12];
    const char *const argv[] = {"echo-bench", "client", text, NULL};
    struct fos_spawn spawn = {.path = "echo-bench",
                              .argv = argv,
                              .caps = &inbox.cap,
                              .ncaps = 1,
                              .frames = CLIENT_FRAMES,
                              .objects = CLIENT_OBJECTS};
    struct fos_cap mailbox;

    snprintf(text, sizeof text, "%d", (int)transport);
    spawn.vcpu_plus_one =
        (fos_start_page->vcpu + 1 + 2 * i) % fos_start_page->vcpus + 1;
    must(fos_spawn(&spawn, &clients[i].pid), "starting a client");
    take(&mailbox, sizeof mailbox);
    must(fos_peer_open(&clients[i].peer, mailbox, FOS_TRANSPORT_KERNEL), "client");
}

static void tell(uint32_t count, uint32_t n)
{
    for (uint32_t i = 0; i < count; i++)
        must(fos_msg_send(&clients[i].peer, &n, sizeof n), "telling a client");
}

/* Thousands of messages a second, from the first that comes to the last. */
static double run_once(uint32_t count, uint32_t messages)
{
    uint8_t message[FOS_BENCH_MESSAGE];
    uint32_t each = messages / count + 1;
    uint64_t begin;

    tell(count, each);
    take(message, sizeof message);
    begin = fos_bench_tsc();
    for (uint32_t i = count * each - 1; i > 0; i--)
        take(message, sizeof message);
    return (count * each - 1) /
           ((double)(fos_bench_tsc() - begin) / measure_tsc_hz) / 1e3;
}

static void clients_end(uint32_t count)
{
    int status;

    tell(count, 0);
    for (uint32_t i = 0; i < count; i++) {
        must(fos_process_wait(clients[i].pid, &status, NULL), "a client's end");
        must(status ? -FOS_EPROTO : 0, "a client's end");
        fos_peer_close(&clients[i].peer);
    }
}

static void measure_way(uint32_t way, uint32_t count)
{
    uint32_t messages = measure_count(ways[way].messages);
    struct fos_figure f = {.suite = "clients",
                           .name = ways[way].name,
                           .unit = "k/s",
                           .x = count,
                           .emulated = measure_emulated &&
                                       ways[way].transport == FOS_TRANSPORT_KERNEL};
    double rates[RUNS];

    must(fos_mailbox_create(&inbox, ECHO_SLOTS_LARGE), "mailbox");
    for (uint32_t i = 0; i < count; i++)
        client_start(i, ways[way].transport);
    run_once(count, messages / 4);
    for (uint32_t r = 0; r < RUNS; r++)
        rates[r] = run_once(count, messages);
    f.summary = fos_bench_summary(rates, RUNS, messages);
    figure_keep(&f, true);
    clients_end(count);
    fos_mailbox_close(&inbox);
}

void suite_clients(void)
{
    for (uint32_t way = 0; way < WAYS; way++)
        for (uint32_t count = 1; count <= clients_max(); count *= 2)
            measure_way(way, count);
}
