/* SPDX-License-Identifier: MIT */
/* What the two processes of echo-bench say to each other, and what its files share. */
#ifndef ECHO_BENCH_ECHO_H
#define ECHO_BENCH_ECHO_H

#include <fos/bench.h>
#include <fos/msg.h>

enum {
    ECHO_MESSAGE_MAX = 1 << 20, /* bytes; the largest that is measured */
    ECHO_SLOTS = 64,            /* of a mailbox that takes small messages */
    ECHO_SLOTS_LARGE = 4096,    /* of one that takes the kernel's largest */
};

enum echo_op {
    ECHO_BY_CHANNEL, /* n messages come, each is answered through the channel */
    ECHO_BY_KERNEL,  /* n messages come, each is answered through the kernel */
    ECHO_BY_AUTO,    /* n messages come, each is answered as libfos chooses */
    ECHO_FRESH,      /* n messages come, answered by a peer opened for it then */
    ECHO_SERVE,      /* n requests come to the service */
    ECHO_TAKE,       /* n messages come; one empty answer after the last */
    ECHO_TAKE_PAGES, /* the same, by pages where they come so */
    ECHO_MINIMAL,    /* n calls come over the shared line */
    ECHO_TIGHT,      /* the same, no pause between looks */
    ECHO_END,
};

/* The client's command, answered by one empty message before it is carried out.
 * Commands travel by the channel, in order with the messages they speak of. */
struct echo_command {
    uint32_t op;        /* enum echo_op */
    uint32_t transport; /* of ECHO_FRESH */
    uint32_t n;
};

/* Exit status where nothing can be measured: try again later (sysexits.h). */
enum { ECHO_STARVED = 75 };

/* Where in the shared channel's window the lines for the minimal IPC lie: after a
 * page of doorbell and half a ring, of which only the first packet is ever used. */
enum { ECHO_LINES_OFFSET = 4096 + 2048 };
_Static_assert(FOS_MINIMAL_BYTES <= 2048, "the other half");

/* This process and the other one, which answers. */
struct pair {
    struct fos_mailbox inbox;
    struct fos_peer by_channel, by_kernel, by_auto, shared;
    struct fos_cap server;  /* its mailbox */
    struct fos_cap service; /* another of its: takes requests of proto.h */
    uint64_t pid;
    uint64_t
        spin_cycles; /* how long this process waits before it sleeps, elsewhere */
    uint8_t *buffer; /* ECHO_MESSAGE_MAX bytes: what came last */
    void *lines;     /* shared memory for the minimal IPC */
    uint64_t calls;  /* of the minimal IPC so far */
};
extern struct pair pair;

/* Ends the process with a sentence when a call of libfos has failed. */
void must(long result, const char *what);

/* Zeroed memory from the heap, or the process ends.  What is large lies there, so
 * that the senders of the suite `clients`, this program too, stay small. */
void *room(size_t bytes);

/* Starts the server on the next vCPU and connects to it; `slots` of its mailbox and
 * of ours.  pair_close ends it and gives everything back. */
void pair_open(uint32_t slots);
void pair_close(void);

/* Tells the server what to do and waits until it is ready. */
void pair_command(enum echo_op op, uint32_t n);
void pair_command_fresh(enum fos_transport transport, uint32_t n);

/* Waits until the server sleeps: it has left behind what was. */
void pair_await_sleep(void);

/* Waits for a message of `expected` bytes. */
void pair_receive(uint32_t expected);

/* The server's greeting. */
struct echo_greeting {
    struct fos_cap inbox, service;
};

/* The server's service: its mailbox; answers the next `n` requests. */
struct fos_cap serve_open(uint32_t slots);
void serve(uint32_t n);

/* The server: answers commands until ECHO_END.  `client`: the client's mailbox. */
int server_run(struct fos_cap client, uint32_t slots);

/* Another sender of the suite `clients`. */
int client_run(struct fos_cap receiver, int argc, char **argv);

#endif
