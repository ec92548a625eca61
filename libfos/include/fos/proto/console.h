/* SPDX-License-Identifier: MIT */
/* The console fleet's protocol. */
#ifndef FOS_PROTO_CONSOLE_H
#define FOS_PROTO_CONSOLE_H

#include <fos/proto/rpc.h>

enum { CONSOLE_WRITE_MAX = 1024, CONSOLE_LINE_MAX = 512 };

#define CONSOLE_OPS(OP)                      \
    OP(1, console, write, CONSOLE_WRITE_MAX) \
    OP(2, console, read)                     \
    OP(3, console, flush)
FOS_PROTOCOL(console, 1, CONSOLE_OPS)

/*
 * Text for the terminal, behind the struct; normally without a reply.  The lines of
 * one `stream`, a number nobody else can guess, are kept whole.
 */
struct console_write_req {
    struct fos_request head;
    uint64_t stream;
};

struct console_write_rep {
    struct fos_reply head;
};

/* The next line of input, with its newline; length 0 is the end of the file.  What
 * the stream has written of an unfinished line is shown first.  EBUSY: too many
 * readers. */
struct console_read_req {
    struct fos_request head;
    uint64_t stream;
};

struct console_read_rep {
    struct fos_reply head;
    uint32_t length;
    uint32_t reserved;
    char text[CONSOLE_LINE_MAX];
};

/* Answers when everything written before has gone to the terminal, or been dropped
 * because nobody takes it. */
struct console_flush_req {
    struct fos_request head;
    uint64_t stream;
};

struct console_flush_rep {
    struct fos_reply head;
};

#endif
