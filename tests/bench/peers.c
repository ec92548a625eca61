/* SPDX-License-Identifier: MIT */
/* The peers that are measured: the minimal IPC, the bare channel, the whole API,
 * and memcpy through a ring. */
#include "bench.h"

#include <string.h>
#include <unistd.h>

#include "host.h"

enum {
    RING_SLOTS = FOS_RING_PAGES_DEFAULT * 4096 / FOS_PACKET_SIZE,
    RING_PAGES_LARGE = FOS_RING_PAGES_DEFAULT,
    SMALL = FOS_BENCH_MESSAGE,
    KIB = 1024,
    LARGE = 64 * KIB,
};

void bench_die(const char *what)
{
    fprintf(stderr, "bench: %s failed\n", what);
    _exit(2);
}

static void check(bool holds, const char *what)
{
    if (!holds)
        bench_die(what);
}

static bool always(void)
{
    return true;
}

/* ---- (c) minimal IPC ---- */

static void *lines;
static uint64_t calls; /* so far: which line comes next */

static bool minimal_prepare(void)
{
    lines = host_shared(FOS_MINIMAL_BYTES);
    return true;
}

static void minimal_client(uint64_t n)
{
    while (n--)
        check(fos_minimal_call(fos_minimal_line(lines, calls++), 10, 20),
              "minimal call");
}

static void minimal_server(uint64_t n)
{
    while (n--)
        check(fos_minimal_serve(fos_minimal_line(lines, calls++)), "minimal serve");
}

/* The same without a pause between looks. */
static void minimal_tight_client(uint64_t n)
{
    while (n--)
        check(fos_minimal_call_tight(fos_minimal_line(lines, calls++), 10, 20),
              "minimal call");
}

static void minimal_tight_server(uint64_t n)
{
    while (n--)
        check(fos_minimal_serve_tight(fos_minimal_line(lines, calls++)),
              "minimal serve");
}

/* ---- the bare channel ---- */

struct lane {
    struct fos_channel_sender sender;
    struct fos_channel_receiver receiver;
};

static struct lane forth, back,
    wide; /* private copies: each process uses its ends */
static uint8_t source[LARGE], sink[LARGE];

static void lane_init(struct lane *lane, uint32_t slots)
{
    void *ring = host_shared(slots * FOS_PACKET_SIZE);

    fos_channel_sender_init(&lane->sender, ring, slots,
                            fos_channel_threshold(slots));
    fos_channel_receiver_init(&lane->receiver, ring, slots,
                              fos_channel_threshold(slots));
}

static bool channel_prepare(void)
{
    lane_init(&forth, RING_SLOTS);
    lane_init(&back, RING_SLOTS);
    lane_init(&wide, RING_PAGES_LARGE * 4096 / FOS_PACKET_SIZE);
    return true;
}

static void lane_put(struct fos_channel_sender *sender, const void *data,
                     uint32_t n)
{
    int error;

    while ((error = fos_channel_try_send(sender, data, n)) == -FOS_EAGAIN)
        fos_pause();
    check(!error, "channel send");
}

static void lane_get(struct fos_channel_receiver *receiver, void *data, uint32_t n)
{
    uint32_t length;
    int error;

    receiver->streaming = 1;
    while ((error = fos_channel_try_receive(receiver, data, n, &length)) ==
           -FOS_EAGAIN)
        fos_pause();
    check(!error && length == n, "channel receive");
}

/* Waits as fos_msg_recv does after a send. */
static void lane_await(struct fos_channel_receiver *receiver, struct fos_pace *pace)
{
    uint32_t length;
    int error = -FOS_EAGAIN;

    receiver->streaming = 0;
    if (fos_pace_at_once(pace, FOS_PACE_RING))
        error = fos_channel_try_receive(receiver, sink, SMALL, &length);
    if (!error)
        return;
    if (pace->pauses)
        fos_pause(); /* the peer has less to do than with the API around it, and so
                      * have we: the first look would come too early */
    fos_pace_begin(pace, FOS_PACE_RING);
    while (fos_channel_try_receive(receiver, sink, SMALL, &length))
        fos_pace_again(pace);
}

static struct fos_pace pace;

static void channel_echo_client(uint64_t n)
{
    while (n--) {
        lane_put(&forth.sender, source, SMALL);
        lane_await(&back.receiver, &pace);
    }
}

static void channel_echo_server(uint64_t n)
{
    while (n--) {
        lane_await(&forth.receiver, &pace);
        lane_put(&back.sender, sink, SMALL);
    }
}

static void channel_put_small(uint64_t n)
{
    while (n--)
        lane_put(&forth.sender, source, SMALL);
}

static void channel_get_small(uint64_t n)
{
    while (n--)
        lane_get(&forth.receiver, sink, SMALL);
}

/* BUNDLED small messages at a time. */
enum { BUNDLED = 64 };

static void channel_put_bundle(uint64_t n)
{
    while (n > 0) {
        uint32_t count = n < BUNDLED ? (uint32_t)n : BUNDLED;
        int sent = fos_channel_send_many(&forth.sender, source, SMALL, count);
        check(sent >= 0, "bundle");
        if (sent == 0)
            fos_pause();
        n -= (uint32_t)sent;
    }
}

static void channel_get_bundle(uint64_t n)
{
    uint32_t size, count;
    int error;

    forth.receiver.streaming = 1;
    for (; n > 0; n -= count) {
        while ((error = fos_channel_receive_many(&forth.receiver, sink, sizeof sink,
                                                 &size, &count)) == -FOS_EAGAIN)
            fos_pause();
        check(!error && size == SMALL && count <= n, "bundle");
    }
}

static void channel_put_kib(uint64_t n)
{
    while (n--)
        lane_put(&wide.sender, source, KIB);
}

static void channel_get_kib(uint64_t n)
{
    while (n--)
        lane_get(&wide.receiver, sink, KIB);
}

static void channel_put_large(uint64_t n)
{
    while (n--) {
        uint32_t done = 0;
        int error;
        while ((error = fos_channel_send_stream(&wide.sender, source, LARGE,
                                                &done)) == -FOS_EAGAIN)
            fos_pause();
        check(!error, "channel stream");
    }
}

static void channel_get_large(uint64_t n)
{
    while (n--)
        lane_get(&wide.receiver, sink, LARGE);
}

/* ---- the whole API ---- */

static struct fos_mailbox *inbox[2]; /* the server's, the client's; shared memory */
static _Atomic uint32_t *server_made; /* 1 when the server's exists */
static struct fos_peer to_server, to_server_wide, to_client;

static bool api_prepare(void)
{
    server_made = host_shared(sizeof *server_made);
    inbox[0] = host_shared(sizeof *inbox[0]);
    inbox[1] = host_shared(sizeof *inbox[1]);
    return true;
}

static uint32_t get_byte(struct fos_mailbox *mailbox)
{
    uint32_t length = 0;
    char byte;

    return !fos_msg_recv(mailbox, &byte, 1, &length, FOS_NEVER) && length == 1;
}

/* ---- silent channels to the server, opened by the client ---- */

uint32_t bench_silent;

static void silent_open(void)
{
    static struct fos_peer silent[FOS_CHANNELS_MAX];
    int error = 0;

    check(bench_silent <= FOS_CHANNELS_MAX - 2, "number of silent channels");
    for (uint32_t n = 0; n < bench_silent; n += !error) {
        error = fos_peer_open_ring(&silent[n], inbox[0]->cap, 1);
        check(!error || error == -FOS_EAGAIN, "silent channel");
        /* The server accepts those that wait when it looks for messages. */
        check(!fos_msg_send(&to_server, "x", 1) && get_byte(inbox[1]), "echo");
    }
    check(!fos_msg_send(&to_server, "", 0) && get_byte(inbox[1]), "silence");
}

static void silent_accept(void)
{
    uint32_t length;
    char byte;

    do {
        check(!fos_msg_recv(inbox[0], &byte, 1, &length, FOS_NEVER) &&
                  !fos_msg_send(&to_client, "y", 1),
              "echo");
    } while (length);
    check(inbox[0]->stats.accepted >= bench_silent, "silent channels accepted");
}

static void api_join_server(void)
{
    check(!fos_mailbox_create(inbox[0], 64), "mailbox create");
    fos_store_release(server_made, 1);
    check(get_byte(inbox[0]) &&
              !fos_peer_open(&to_client, inbox[1]->cap, FOS_TRANSPORT_CHANNEL) &&
              !fos_msg_send(&to_client, "y", 1),
          "server's start");
    silent_accept();
}

static void api_join_client(void)
{
    check(!fos_mailbox_create(inbox[1], 64), "mailbox create");
    while (!fos_load_acquire(server_made))
        fos_pause();
    check(
        !fos_peer_open(&to_server, inbox[0]->cap, FOS_TRANSPORT_CHANNEL) &&
            !fos_peer_open_ring(&to_server_wide, inbox[0]->cap, RING_PAGES_LARGE) &&
            !fos_msg_send(&to_server, "x", 1) && get_byte(inbox[1]),
        "client's start");
    silent_open();
}

static bool api_joined;

void bench_forget(void)
{
    if (api_joined)
        memset(fos_thread_self()->pace, 0, sizeof fos_thread_self()->pace);
}

static void api_join(bool server)
{
    api_joined = true;
    host_thread_begin();
    if (server)
        api_join_server();
    else
        api_join_client();
}

static void api_get(struct fos_mailbox *mailbox, uint32_t n)
{
    uint32_t length;

    check(!fos_msg_recv(mailbox, sink, n, &length, FOS_NEVER) && length == n,
          "api receive");
}

static void api_echo_client(uint64_t n)
{
    while (n--) {
        check(!fos_msg_send(&to_server, source, SMALL), "api send");
        api_get(inbox[1], SMALL);
    }
}

static void api_echo_server(uint64_t n)
{
    while (n--) {
        api_get(inbox[0], SMALL);
        check(!fos_msg_send(&to_client, sink, SMALL), "api send");
    }
}

static void api_put(struct fos_peer *peer, uint32_t bytes, uint64_t n)
{
    while (n--)
        check(!fos_msg_send(peer, source, bytes), "api send");
}

static void api_put_small(uint64_t n)
{
    api_put(&to_server, SMALL, n);
}

static void api_get_small(uint64_t n)
{
    while (n--)
        api_get(inbox[0], SMALL);
}

static void api_put_bundle(uint64_t n)
{
    for (uint32_t count; n > 0; n -= count) {
        count = n < BUNDLED ? (uint32_t)n : BUNDLED;
        check(fos_msg_send_many(&to_server, source, SMALL, count, FOS_NEVER) ==
                  count,
              "api bundle");
    }
}

static void api_get_bundle(uint64_t n)
{
    uint32_t size, count;

    for (; n > 0; n -= count)
        check(!fos_msg_recv_many(inbox[0], sink, sizeof sink, &size, &count,
                                 FOS_NEVER) &&
                  size == SMALL && count <= n,
              "api bundle");
}

static void api_put_kib(uint64_t n)
{
    api_put(&to_server_wide, KIB, n);
}

static void api_get_kib(uint64_t n)
{
    while (n--)
        api_get(inbox[0], KIB);
}

static void api_put_large(uint64_t n)
{
    api_put(&to_server_wide, LARGE, n);
}

static void api_get_large(uint64_t n)
{
    while (n--)
        api_get(inbox[0], LARGE);
}

/* ---- memcpy through a ring of the same size and granularity of credit ---- */

struct copy_ring {
    _Atomic uint64_t head __attribute__((aligned(128))); /* bytes written */
    _Atomic uint64_t tail __attribute__((aligned(128))); /* bytes read */
    uint8_t bytes[RING_PAGES_LARGE * 4096] __attribute__((aligned(4096)));
};

enum { COPY_PIECE = RING_PAGES_LARGE * 4096 / 8 };

static struct copy_ring *copy_ring;

static bool copy_prepare(void)
{
    copy_ring = host_shared(sizeof *copy_ring);
    return true;
}

static void copy_put(uint32_t bytes)
{
    uint64_t head = fos_load_relaxed(&copy_ring->head);

    for (uint32_t done = 0, piece; done < bytes; done += piece, head += piece) {
        piece = bytes - done < COPY_PIECE ? bytes - done : COPY_PIECE;
        while (head + piece - fos_load_acquire(&copy_ring->tail) >
               sizeof copy_ring->bytes)
            fos_pause();
        memcpy(copy_ring->bytes + head % sizeof copy_ring->bytes, source + done,
               piece);
        fos_store_release(&copy_ring->head, head + piece);
    }
}

static void copy_get(uint32_t bytes)
{
    uint64_t tail = fos_load_relaxed(&copy_ring->tail);

    for (uint32_t done = 0, piece; done < bytes; done += piece, tail += piece) {
        piece = bytes - done < COPY_PIECE ? bytes - done : COPY_PIECE;
        while (fos_load_acquire(&copy_ring->head) < tail + piece)
            fos_pause();
        memcpy(sink + done, copy_ring->bytes + tail % sizeof copy_ring->bytes,
               piece);
        fos_store_release(&copy_ring->tail, tail + piece);
    }
}

static void copy_put_kib(uint64_t n)
{
    while (n--)
        copy_put(KIB);
}

static void copy_get_kib(uint64_t n)
{
    while (n--)
        copy_get(KIB);
}

static void copy_put_large(uint64_t n)
{
    while (n--)
        copy_put(LARGE);
}

static void copy_get_large(uint64_t n)
{
    while (n--)
        copy_get(LARGE);
}

#define LATENCY(name, prepare, join, what, samples, batch)                    \
    {                                                                         \
        name, prepare, join, what##_client, what##_server, samples, batch, 0, \
            false                                                             \
    }
#define STREAM(name, what, size, bytes, n, messages)                            \
    {                                                                           \
        name, always, NULL, what##_put_##size, what##_get_##size, 15, n, bytes, \
            messages                                                            \
    }

const struct bench_peer bench_peers[] = {
    LATENCY("minimal IPC", minimal_prepare, NULL, minimal, 200, FOS_BENCH_BATCH),
    LATENCY("minimal IPC, no pause", always, NULL, minimal_tight, 200,
            FOS_BENCH_BATCH),
    LATENCY("bare channel echo 32 B", channel_prepare, NULL, channel_echo, 200,
            FOS_BENCH_BATCH),
    LATENCY("full API echo 32 B", api_prepare, api_join, api_echo, 200,
            FOS_BENCH_BATCH),
    LATENCY("typed RPC, sum", rpc_prepare, rpc_join, rpc, 200, FOS_BENCH_BATCH),
    {"fast RPC, sum", always, NULL, rpc_fast_client, rpc_server, 200,
     FOS_BENCH_BATCH, 0, false},
    {"getpid", always, NULL, getpid_client, NULL, 200, FOS_BENCH_BATCH, 0, false},
    LATENCY("pipe echo 32 B", pipe_prepare, NULL, pipe, 100, 1),
    LATENCY("Unix socket echo 32 B", socket_prepare, NULL, socket, 100, 1),
    LATENCY("eventfd echo", eventfd_prepare, NULL, eventfd, 100, 1),
    LATENCY("futex echo", futex_prepare, NULL, futex, 100, 1),
    STREAM("channel one way 32 B", channel, small, SMALL, 40000, true),
    STREAM("full API one way 32 B", api, small, SMALL, 40000, true),
    STREAM("channel 32 B, in bundles", channel, bundle, SMALL, 40000, true),
    STREAM("full API 32 B, in bundles", api, bundle, SMALL, 40000, true),
    {"memcpy ring 1 KiB", copy_prepare, NULL, copy_put_kib, copy_get_kib, 15, 4000,
     KIB, false},
    STREAM("channel one way 1 KiB", channel, kib, KIB, 4000, false),
    STREAM("full API one way 1 KiB", api, kib, KIB, 4000, false),
    STREAM("memcpy ring 64 KiB", copy, large, LARGE, 60, false),
    STREAM("channel one way 64 KiB", channel, large, LARGE, 60, false),
    STREAM("full API one way 64 KiB", api, large, LARGE, 60, false),
};
const size_t bench_peers_count = sizeof bench_peers / sizeof *bench_peers;

bool bench_beside_silence(const struct bench_peer *peer)
{
    return peer->client == minimal_client || peer->client == api_echo_client;
}
