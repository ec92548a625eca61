/* SPDX-License-Identifier: MIT */
/* What the two processes of echo-bench say to each other. */
#ifndef ECHO_BENCH_ECHO_H
#define ECHO_BENCH_ECHO_H

#include <fos/bench.h>
#include <fos/msg.h>

enum { MAILBOX_SLOTS = 64 };

enum echo_op {
    ECHO_BY_CHANNEL, /* n messages come, each is answered through the channel */
    ECHO_BY_KERNEL,  /* n messages come, each is answered through the kernel */
    ECHO_MINIMAL,    /* n calls come over the shared line */
    ECHO_TIGHT,      /* the same, no pause between looks */
    ECHO_END,
};

/* The client's command, answered by one empty message before it is carried out.
 * Commands travel by the channel, in order with the messages they speak of. */
struct echo_command {
    uint32_t op; /* enum echo_op */
    uint32_t n;
};

/* Where in the shared channel's window the lines for the minimal IPC lie: after a
 * page of doorbell and half a ring, of which only the first packet is ever used. */
enum { ECHO_LINES_OFFSET = 4096 + 2048 };
_Static_assert(FOS_MINIMAL_BYTES <= 2048, "the other half");

/* Ends the process with a sentence when a call of libfos has failed. */
void must(long result, const char *what);

/* The server: answers commands until ECHO_END.  `client`: the client's mailbox. */
int server_run(struct fos_cap client);

#endif
