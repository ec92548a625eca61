/* SPDX-License-Identifier: MIT */
/* Echoes by the means of Linux's kernel, to stand beside ours. */
#define _GNU_SOURCE
#include "bench.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"

struct ends {
    int request[2], reply[2]; /* read end, write end */
};

static struct ends pipes, sockets, events;
static char message[FOS_BENCH_MESSAGE];

static void put(int fd, const void *data, size_t bytes)
{
    if (write(fd, data, bytes) != (ssize_t)bytes)
        bench_die("write");
}

static void get(int fd, void *data, size_t bytes)
{
    for (size_t got = 0; got < bytes;) {
        ssize_t n = read(fd, (char *)data + got, bytes - got);
        if (n <= 0)
            bench_die("read");
        got += (size_t)n;
    }
}

static void call(const struct ends *e, void *data, size_t bytes, uint64_t n)
{
    while (n--) {
        put(e->request[1], data, bytes);
        get(e->reply[0], data, bytes);
    }
}

static void serve(const struct ends *e, void *data, size_t bytes, uint64_t n)
{
    while (n--) {
        get(e->request[0], data, bytes);
        put(e->reply[1], data, bytes);
    }
}

bool pipe_prepare(void)
{
    return pipe(pipes.request) == 0 && pipe(pipes.reply) == 0;
}

void pipe_client(uint64_t n)
{
    call(&pipes, message, sizeof message, n);
}

void pipe_server(uint64_t n)
{
    serve(&pipes, message, sizeof message, n);
}

bool socket_prepare(void)
{
    int s[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
        return false;
    sockets = (struct ends){{s[1], s[0]}, {s[0], s[1]}};
    return true;
}

void socket_client(uint64_t n)
{
    call(&sockets, message, sizeof message, n);
}

void socket_server(uint64_t n)
{
    serve(&sockets, message, sizeof message, n);
}

bool eventfd_prepare(void)
{
    int request = eventfd(0, 0), reply = eventfd(0, 0);

    events = (struct ends){{request, request}, {reply, reply}};
    return request >= 0 && reply >= 0;
}

void eventfd_client(uint64_t n)
{
    uint64_t one = 1;
    call(&events, &one, sizeof one, n);
}

void eventfd_server(uint64_t n)
{
    uint64_t one = 1;
    serve(&events, &one, sizeof one, n);
}

/* ---- futex ---- */

struct word {
    _Atomic uint32_t value __attribute__((aligned(128)));
};

static struct word *request, *reply;

bool futex_prepare(void)
{
    request = host_shared(2 * sizeof *request);
    reply = request + 1;
    return true;
}

static void word_wait(struct word *w, uint32_t seen)
{
    while (atomic_load(&w->value) == seen)
        syscall(SYS_futex, &w->value, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void word_post(struct word *w)
{
    atomic_fetch_add(&w->value, 1);
    syscall(SYS_futex, &w->value, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void futex_client(uint64_t n)
{
    while (n--) {
        uint32_t seen = atomic_load(&reply->value);
        word_post(request);
        word_wait(reply, seen);
    }
}

void futex_server(uint64_t n)
{
    static uint32_t seen;

    while (n--) {
        word_wait(request, seen++);
        word_post(reply);
    }
}

void getpid_client(uint64_t n)
{
    while (n--)
        syscall(SYS_getpid);
}
