/* SPDX-License-Identifier: MIT */
/*
 * The line discipline (POSIX.1-2017, chapter 11): what the terminal's attributes make
 * of keys and of programs' output.  It knows no device, process or clock.
 *
 *     ldisc_input: keys -> echo, signals, the line being edited -> typed bytes
 *     ldisc_take:  typed bytes -> a reader
 *     ldisc_output: a program's text -> what the device is sent
 *
 * Typed bytes wait in a ring.  In canonical mode only whole records leave it: a byte's
 * mark says that a record ends behind it, or that it stands for an end of the file
 * and is then itself nothing.  Without canonical mode marks mean nothing.
 *
 * Invariants
 *  D1. 0 <= cursor <= length < LDISC_LINE, and both stand between characters unless
 *      one of several bytes is being typed there.
 *  D2. The ring has room for the line being edited and one record more: keys that
 *      would break that are refused with a bell.
 *  D3. `records` is the number of marks in the ring.
 */
#ifndef CONSOLE_LDISC_H
#define CONSOLE_LDISC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fos/proto/console.h>

/* Local mode of this system alone (LINEEDIT in its <termios.h>). */
#define CONSOLE_LINEEDIT 0400000u
#define CONSOLE_UTF8     0040000u /* IUTF8 */

enum {
    LDISC_LINE = 4096,
    LDISC_RING = 32768,
    LDISC_HISTORY = 32,
    LDISC_HISTORY_LINE = 256,
};

enum ldisc_mark { LDISC_PLAIN, LDISC_END, LDISC_EOF };

/* What it asks of its surroundings. */
struct ldisc_io {
    void (*put)(const char *text, size_t length); /* to the device, as it is */
    void (*signal)(int number);                   /* to the foreground group */
    void (*stop)(bool stopped);                   /* output, by Ctrl-S and Ctrl-Q */
};

struct ldisc {
    struct console_termios t;
    struct ldisc_io io;
    unsigned column; /* of the terminal's cursor, as far as can be known */
    bool stopped;    /* output */
    bool literal;    /* the next key is taken as it is */

    /* the line being edited */
    uint8_t line[LDISC_LINE];
    size_t length, cursor;
    unsigned start; /* column where the line begins */

    /* an escape sequence under way: 0 none, else the byte it waits behind */
    uint8_t escape;
    unsigned parameter;

    /* lines typed before, the newest at history[(entered - 1) % LDISC_HISTORY] */
    char history[LDISC_HISTORY][LDISC_HISTORY_LINE];
    size_t entered, shown; /* shown == entered: the line that is being typed */
    char draft[LDISC_HISTORY_LINE];

    /* typed: positions [head, tail); what was taken since `kept` may be put back */
    uint8_t ring[LDISC_RING];
    uint8_t marks[LDISC_RING]; /* enum ldisc_mark */
    size_t head, tail, kept, records;
};

/* As after boot. */
struct console_termios ldisc_attributes(void);
void ldisc_init(struct ldisc *l, const struct ldisc_io *io);

/* Takes new attributes; what was typed so far stays readable. */
void ldisc_set(struct ldisc *l, const struct console_termios *t);

void ldisc_input(struct ldisc *l, const char *keys, size_t length);

/* Stops or starts output, as VSTOP and VSTART do. */
void ldisc_stop(struct ldisc *l, bool stop);

/* Throws away what was typed and not read. */
void ldisc_flush(struct ldisc *l);

static inline bool ldisc_canonical(const struct ldisc *l)
{
    return l->t.lflag & 0000002; /* ICANON */
}

/* Bytes that ldisc_take would give to a reader without limits. */
size_t ldisc_readable(const struct ldisc *l);

/* Whether poll calls it readable. */
bool ldisc_ready(const struct ldisc *l);

/*
 * Whether a reader of `capacity` bytes that has waited since `since` is to be answered
 * now; `typed_at` is when the last key came.  If not, *deadline is when to look again
 * although nothing was typed.  All in nanoseconds.
 */
bool ldisc_due(const struct ldisc *l, size_t capacity, uint64_t since,
               uint64_t typed_at, uint64_t now, uint64_t *deadline);

/* Bytes taken, up to `capacity`; an end of the file is taken, too, and gives 0.
 * *used: how many places of the ring that was. */
size_t ldisc_take(struct ldisc *l, uint8_t *to, size_t capacity, size_t *used);

/* Puts back the places that the last ldisc_take used.  False: what was there has been
 * flushed or typed over. */
bool ldisc_untake(struct ldisc *l, size_t used);

/* What the device is sent for `length` bytes of a program's; at most
 * LDISC_OUTPUT_GROWTH times as many. */
enum { LDISC_OUTPUT_GROWTH = 8 };
void ldisc_output(struct ldisc *l, const char *text, size_t length);

/* ---- the parts of it, for each other ---- */

static inline bool ldisc_is(const struct ldisc *l, unsigned which, uint8_t byte)
{
    return byte && l->t.cc[which] == byte;
}

/* typed.c */
bool typed_room(const struct ldisc *l, size_t bytes);
void typed_put(struct ldisc *l, uint8_t byte, enum ldisc_mark mark);

/* edit.c: the line being edited, with its echo. */
void echo_text(struct ldisc *l, const uint8_t *text, size_t length);
void echo_key(struct ldisc *l, uint8_t byte);
void edit_insert(struct ldisc *l, uint8_t byte);
void edit_erase(struct ldisc *l);
void edit_erase_word(struct ldisc *l);
void edit_kill(struct ldisc *l);
void edit_reprint(struct ldisc *l);
void edit_complete(struct ldisc *l, enum ldisc_mark mark);
void edit_forget(struct ldisc *l);

/* history.c: arrow keys. */
void history_add(struct ldisc *l);
bool escape_key(struct ldisc *l, uint8_t byte);
void edit_replace(struct ldisc *l, const char *text, size_t length);
void edit_move(struct ldisc *l, size_t cursor);
void edit_delete(struct ldisc *l, size_t from, size_t to);

#endif
