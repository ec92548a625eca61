/* SPDX-License-Identifier: MIT */
/* The host benchmark: what its files share. */
#ifndef FOS_BENCH_BENCH_H
#define FOS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fos/bench.h>

/*
 * Something measured: `n` operations of the client against `n` of the server, which
 * runs in another process on the other processor.  A peer without a server runs
 * alone.
 */
struct bench_peer {
    const char *name;
    bool (*prepare)(void);     /* once, before the fork; false: not available */
    void (*join)(bool server); /* once in each process, after it; server first */
    void (*client)(uint64_t n);
    void (*server)(uint64_t n);
    uint64_t samples, batch; /* a round: samples of `batch` operations each */
    uint64_t bytes;          /* moved by an operation; 0: latency, in cycles */
    bool messages;           /* throughput in messages, not bytes */
};

extern const struct bench_peer bench_peers[];
extern const size_t bench_peers_count;

/* Channels on which nothing comes, at the receiver of the whole API's echo; when not
 * 0 only that echo and the yardstick are measured.  Set before the fork. */
extern uint32_t bench_silent;
bool bench_beside_silence(const struct bench_peer *peer);

/* Before each measurement, at both sides: what the waits of another one had taught this
 * thread is forgotten. */
void bench_forget(void);

/* A failed check inside a measurement: says so and ends the process. */
_Noreturn void bench_die(const char *what);

/* A typed call of a service. */
bool rpc_prepare(void);
void rpc_join(bool server);
void rpc_client(uint64_t n);
void rpc_fast_client(uint64_t n);
void rpc_server(uint64_t n);

/* Kernel IPC of Linux. */
bool pipe_prepare(void);
bool socket_prepare(void);
bool eventfd_prepare(void);
bool futex_prepare(void);
void pipe_client(uint64_t n);
void pipe_server(uint64_t n);
void socket_client(uint64_t n);
void socket_server(uint64_t n);
void eventfd_client(uint64_t n);
void eventfd_server(uint64_t n);
void futex_client(uint64_t n);
void futex_server(uint64_t n);
void getpid_client(uint64_t n);

#endif
