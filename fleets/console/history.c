/* SPDX-License-Identifier: MIT */
/*
 * Arrow keys in canonical mode: within the line, and through those typed before.
 * Sequences as terminals of the VT100's family send them: ESC [ or ESC O, a number
 * perhaps, and a letter or ~.
 */
#include <string.h>
#include <termios.h>

#include "ldisc.h"
#include "width.h"

enum { ESCAPE = 0x1b, PARAMETER_MAX = 99 };

static bool edits(const struct ldisc *l)
{
    uint32_t needed = CONSOLE_LINEEDIT | ECHO | ECHOE | IEXTEN;

    return (l->t.lflag & needed) == needed;
}

static char *entry(struct ldisc *l, size_t number)
{
    return l->history[number % LDISC_HISTORY];
}

/* The line just typed, unless it is empty, long, or the same again. */
void history_add(struct ldisc *l)
{
    if (!edits(l) || !l->length || l->length >= LDISC_HISTORY_LINE)
        return;
    if (memchr(l->line, '\0', l->length))
        return;
    if (l->entered) {
        const char *last = entry(l, l->entered - 1);
        if (strlen(last) == l->length && memcmp(last, l->line, l->length) == 0)
            return;
    }
    char *to = entry(l, l->entered++);
    memcpy(to, l->line, l->length);
    to[l->length] = '\0';
}

static void draft_keep(struct ldisc *l)
{
    size_t length =
        l->length < LDISC_HISTORY_LINE ? l->length : LDISC_HISTORY_LINE - 1;

    memcpy(l->draft, l->line, length);
    l->draft[length] = '\0';
}

static void history_show(struct ldisc *l, size_t number)
{
    const char *text = number == l->entered ? l->draft : entry(l, number);

    if (l->shown == l->entered)
        draft_keep(l);
    l->shown = number;
    edit_replace(l, text, strlen(text));
}

static void history_older(struct ldisc *l)
{
    size_t oldest = l->entered > LDISC_HISTORY ? l->entered - LDISC_HISTORY : 0;

    if (l->shown > oldest)
        history_show(l, l->shown - 1);
}

static void history_newer(struct ldisc *l)
{
    if (l->shown < l->entered)
        history_show(l, l->shown + 1);
}

static size_t next_of(const struct ldisc *l)
{
    unsigned columns;

    if (!(l->t.iflag & CONSOLE_UTF8))
        return 1;
    return character_next(l->line + l->cursor, l->length - l->cursor, &columns);
}

static void move_left(struct ldisc *l)
{
    bool utf8 = l->t.iflag & CONSOLE_UTF8;

    if (l->cursor)
        edit_move(l, l->cursor - character_last(l->line, l->cursor, utf8));
}

static void move_right(struct ldisc *l)
{
    if (l->cursor < l->length)
        edit_move(l, l->cursor + next_of(l));
}

static void delete_here(struct ldisc *l)
{
    if (l->cursor < l->length)
        edit_delete(l, l->cursor, l->cursor + next_of(l));
}

/* ESC [ 3 ~ and its like. */
static void numbered_key(struct ldisc *l, unsigned number)
{
    if (number == 1 || number == 7)
        edit_move(l, 0);
    else if (number == 4 || number == 8)
        edit_move(l, l->length);
    else if (number == 3)
        delete_here(l);
}

static void sequence_end(struct ldisc *l, uint8_t byte)
{
    switch (byte) {
    case 'A':
        history_older(l);
        break;
    case 'B':
        history_newer(l);
        break;
    case 'C':
        move_right(l);
        break;
    case 'D':
        move_left(l);
        break;
    case 'H':
        edit_move(l, 0);
        break;
    case 'F':
        edit_move(l, l->length);
        break;
    case '~':
        numbered_key(l, l->parameter);
        break;
    }
}

static void sequence_byte(struct ldisc *l, uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        if (l->parameter < PARAMETER_MAX)
            l->parameter = l->parameter * 10 + (byte - '0');
    } else if (byte == ';') {
        l->parameter = 0;
    } else {
        l->escape = 0;
        sequence_end(l, byte);
    }
}

/* True: the byte belongs to a sequence.  What turns out to be none is typed text. */
bool escape_key(struct ldisc *l, uint8_t byte)
{
    if (!edits(l))
        return false;
    if (l->escape == ESCAPE && (byte == '[' || byte == 'O')) {
        l->escape = byte;
        l->parameter = 0;
    } else if (l->escape == ESCAPE) {
        l->escape = 0;
        edit_insert(l, ESCAPE);
        return false;
    } else if (l->escape && byte >= ' ') {
        sequence_byte(l, byte);
    } else {
        bool begins = byte == ESCAPE;
        l->escape = begins ? ESCAPE : 0;
        return begins;
    }
    return true;
}
