/* SPDX-License-Identifier: MIT */
/*
 * The console fleet's protocol: the log (write, read, flush, log) and the terminal
 * (all that begin with struct console_who).
 *
 * Text written by `write` is the log of fleets and of the system: whole lines, kept
 * for `log`, and shown on the terminal unless a program has it in raw mode.  Text
 * written by `send` is a program's on its terminal: it goes out as it comes, by the
 * rules of struct console_termios.  The terminal is one; its attributes, window
 * size, foreground process group and session outlive the processes that set them.
 *
 * Flags, special characters and queue selectors have the values of <termios.h>.
 */
#ifndef FOS_PROTO_CONSOLE_H
#define FOS_PROTO_CONSOLE_H

#include <fos/proto/rpc.h>

enum {
    CONSOLE_WRITE_MAX = 1024, /* bytes of one write or send */
    CONSOLE_LINE_MAX = 512,
    CONSOLE_FETCH_MAX = 1024, /* bytes of one fetch */
    CONSOLE_LOG_MAX = 2048,
    CONSOLE_CC = 20, /* special characters: NCCS */
};

#define CONSOLE_OPS(OP)                      \
    OP(1, console, write, CONSOLE_WRITE_MAX) \
    OP(2, console, read)                     \
    OP(3, console, flush)                    \
    OP(4, console, state)                    \
    OP(5, console, attributes)               \
    OP(6, console, window)                   \
    OP(7, console, foreground)               \
    OP(8, console, session)                  \
    OP(9, console, fetch)                    \
    OP(10, console, send, CONSOLE_WRITE_MAX) \
    OP(11, console, poll)                    \
    OP(12, console, queue)                   \
    OP(13, console, log)
FOS_PROTOCOL(console, 1, CONSOLE_OPS)

/*
 * Text for the log, behind the struct; normally without a reply.  The lines of
 * one `stream`, a number nobody else can guess, are kept whole.
 */
struct console_write_req {
    struct fos_request head;
    uint64_t stream;
};

struct console_write_rep {
    struct fos_reply head;
};

/* What `fetch` gives to a process without a ticket or a session, up to
 * CONSOLE_LINE_MAX bytes; length 0 is the end of the file.  What the stream has
 * written of an unfinished line is shown first.  EBUSY: too many readers. */
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

/*
 * Who uses the terminal.  The ticket says which process (fos/ticket.h); its process
 * group and session are what libfos knows from the process fleet, 0: none.  A
 * session leader's first use of a terminal without a session makes it that
 * session's controlling terminal, with its group in the foreground.
 *
 * When that leader ends (fos/service.h, .ended), the foreground group gets SIGHUP and
 * SIGCONT, and the terminal is free for another session, with attributes as at boot.
 * Who is left of that session may write; what else needs the terminal fails with EIO.
 *
 * Errors of all that begin with it: EACCES the ticket is no ticket, or the terminal
 * is another session's and the op needs it to be the caller's (ENOTTY); ECANCELED
 * the caller is in a background group and the op would stop it: it is to send
 * itself SIGTTIN (fetch) or SIGTTOU (send with TOSTOP, attributes, window,
 * foreground, session, queue) and to ask again, or to ask with
 * CONSOLE_FORCE when it ignores or blocks SIGTTOU; a fetch fails with EIO then.
 */
enum { CONSOLE_FORCE = 1, CONSOLE_NONBLOCK = 2 };

struct console_who {
    struct fos_cap ticket;
    uint64_t group, session;
    uint32_t flags; /* CONSOLE_FORCE, CONSOLE_NONBLOCK */
    uint32_t reserved;
};

struct console_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t cc[CONSOLE_CC];
    uint32_t ispeed, ospeed; /* bits a second: remembered, without effect */
};

struct console_window {
    uint16_t rows, columns, width, height; /* characters; pixels or 0 */
};

/* All there is to know about the terminal. */
struct console_state_req {
    struct fos_request head;
    struct console_who who;
};

struct console_state_rep {
    struct fos_reply head;
    struct console_termios termios;
    struct console_window window;
    uint64_t foreground; /* process group; 0: none */
    uint64_t session;    /* 0: none */
    uint32_t readable;   /* bytes that a fetch would give now */
    uint32_t unsent;     /* bytes of output the device has not taken */
};

/* when: 0 at once, 1 after all output has left, 2 the same and unread input is
 * thrown away (TCSANOW, TCSADRAIN, TCSAFLUSH). */
struct console_attributes_req {
    struct fos_request head;
    struct console_who who;
    uint32_t when;
    uint32_t reserved;
    struct console_termios termios;
};

struct console_attributes_rep {
    struct fos_reply head;
};

/* Sets the window size; a change sends SIGWINCH to the foreground group. */
struct console_window_req {
    struct fos_request head;
    struct console_who who;
    struct console_window window;
};

struct console_window_rep {
    struct fos_reply head;
};

/* Puts a group of the caller's session into the foreground. */
struct console_foreground_req {
    struct fos_request head;
    struct console_who who;
    uint64_t group;
};

struct console_foreground_rep {
    struct fos_reply head;
};

/* what: 0 makes it the controlling terminal of the caller, a session leader; 1
 * gives it up: the leader's doing so hangs the foreground group up. */
struct console_session_req {
    struct fos_request head;
    struct console_who who;
    uint32_t what;
    uint32_t reserved;
};

struct console_session_rep {
    struct fos_reply head;
};

/*
 * Input by the terminal's attributes, up to `capacity` bytes; waits as VMIN and
 * VTIME or canonical mode say.  length 0 is the end of the file.  A call that is
 * cancelled is answered: EINTR, unless it was before.  EAGAIN: nothing there, CONSOLE_NONBLOCK; EBUSY: too many
 * readers.
 */
struct console_fetch_req {
    struct fos_request head;
    struct console_who who;
    uint32_t capacity;
    uint32_t reserved;
};

struct console_fetch_rep {
    struct fos_reply head;
    uint32_t length;
    uint32_t reserved;
    char text[CONSOLE_FETCH_MAX];
};

/* Output, behind the struct.  Answers when all of it is queued; the result is how
 * many bytes (less than all only for CONSOLE_NONBLOCK, which gives EAGAIN instead of
 * 0). */
struct console_send_req {
    struct fos_request head;
    struct console_who who;
};

struct console_send_rep {
    struct fos_reply head;
};

/* Answers with those of `events` (POLLIN 1, POLLOUT 4) that hold, as soon as one
 * does; at once with CONSOLE_NONBLOCK, the result may then be 0. */
struct console_poll_req {
    struct fos_request head;
    struct console_who who;
    uint32_t events;
    uint32_t reserved;
};

struct console_poll_rep {
    struct fos_reply head;
};

/* what: */
enum console_queue_op {
    CONSOLE_DRAIN = 0,     /* answer when all output has left */
    CONSOLE_FLUSH_IN = 1,  /* throw away what was typed and not read */
    CONSOLE_FLUSH_OUT = 2, /* ... written and not sent */
    CONSOLE_FLUSH_ALL = 3,
    CONSOLE_SUSPEND = 4, /* output (as Ctrl-S) */
    CONSOLE_RESUME = 5,
    CONSOLE_SEND_STOP = 6, /* send the STOP, START character */
    CONSOLE_SEND_START = 7,
    CONSOLE_BREAK = 8, /* no effect on this terminal */
};

struct console_queue_req {
    struct fos_request head;
    struct console_who who;
    uint32_t what; /* enum console_queue_op */
    uint32_t reserved;
};

struct console_queue_rep {
    struct fos_reply head;
};

/* The log from byte `from` on, or from the oldest byte kept; each line begins with
 * its time.  length 0: that was all. */
struct console_log_req {
    struct fos_request head;
    uint64_t from;
};

struct console_log_rep {
    struct fos_reply head;
    uint64_t first; /* position of text[0] */
    uint32_t length;
    uint32_t reserved;
    char text[CONSOLE_LOG_MAX];
};

#endif
