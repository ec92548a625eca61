/* SPDX-License-Identifier: MIT */
/*
 * The line being edited, and what of it is on the screen.  Columns are worked out
 * from the text each time: nothing that is shown has to be remembered but where the
 * line began.
 */
#include <string.h>
#include <termios.h>

#include "ldisc.h"
#include "width.h"

enum { TAB = 8, CTRL_BIT = 0x40, DELETE = 0x7f };

static bool is_control(uint8_t byte)
{
    return byte < ' ' || byte == DELETE;
}

static bool shows_control(const struct ldisc *l, uint8_t byte)
{
    return is_control(byte) && byte != '\t' && l->t.lflag & ECHOCTL;
}

static bool is_utf8(const struct ldisc *l)
{
    return l->t.iflag & CONSOLE_UTF8;
}

/* Where the cursor stands behind the line's first `end` bytes. */
static unsigned column_of(const struct ldisc *l, size_t end)
{
    unsigned column = l->start, more;

    for (size_t i = 0; i < end;) {
        uint8_t byte = l->line[i];
        size_t size = 1;
        more = 1;
        if (byte == '\t')
            more = TAB - column % TAB;
        else if (is_control(byte))
            more = shows_control(l, byte) ? 2 : 0;
        else if (is_utf8(l))
            size = character_next(l->line + i, end - i, &more);
        column += more;
        i += size;
    }
    return column;
}

/* Sends `c` so many times. */
static void repeat(struct ldisc *l, char c, unsigned count)
{
    char text[64];

    memset(text, c, sizeof text);
    for (; count > sizeof text; count -= sizeof text)
        l->io.put(text, sizeof text);
    if (count)
        l->io.put(text, count);
}

void echo_text(struct ldisc *l, const uint8_t *text, size_t length)
{
    size_t plain = 0;

    for (size_t i = 0; i < length; i++) {
        if (!shows_control(l, text[i]))
            continue;
        char shown[2] = {'^', (char)(text[i] ^ CTRL_BIT)};
        if (i > plain)
            l->io.put((const char *)text + plain, i - plain);
        l->io.put(shown, sizeof shown);
        plain = i + 1;
    }
    if (length > plain)
        l->io.put((const char *)text + plain, length - plain);
}

void echo_key(struct ldisc *l, uint8_t byte)
{
    echo_text(l, &byte, 1);
    l->column += shows_control(l, byte) ? 2 : byte >= ' ' && byte != DELETE;
}

static void bell(struct ldisc *l)
{
    if (l->t.iflag & IMAXBEL)
        l->io.put("\a", 1);
}

/* The screen's cursor goes back over what it has passed. */
static void go_back(struct ldisc *l, unsigned from, unsigned to)
{
    repeat(l, '\b', from - to);
    l->column = to;
}

/* Shows the line from the cursor on, wipes what was shown up to column `end`, and
 * goes back to the cursor. */
static void redraw(struct ldisc *l, unsigned end)
{
    unsigned here = column_of(l, l->cursor), now = column_of(l, l->length);

    echo_text(l, l->line + l->cursor, l->length - l->cursor);
    if (end > now) {
        repeat(l, ' ', end - now);
        go_back(l, end, now);
    }
    go_back(l, now, here);
}

void edit_move(struct ldisc *l, size_t cursor)
{
    unsigned from = column_of(l, l->cursor), to = column_of(l, cursor);

    if (l->t.lflag & ECHO) {
        if (cursor > l->cursor) {
            echo_text(l, l->line + l->cursor, cursor - l->cursor);
            l->column = to;
        } else {
            go_back(l, from, to);
        }
    }
    l->cursor = cursor;
}

static bool echo_erases(const struct ldisc *l)
{
    return l->t.lflag & ECHO && l->t.lflag & ECHOE;
}

/* Takes the bytes [from, to) out; the cursor stands at one of their ends. */
void edit_delete(struct ldisc *l, size_t from, size_t to)
{
    unsigned end = column_of(l, l->length);

    if (echo_erases(l))
        edit_move(l, from);
    memmove(l->line + from, l->line + to, l->length - to);
    l->length -= to - from;
    l->cursor = from;
    if (echo_erases(l))
        redraw(l, end);
}

void edit_insert(struct ldisc *l, uint8_t byte)
{
    unsigned end = column_of(l, l->length);

    if (l->length >= LDISC_LINE - 2 || !typed_room(l, l->length + 2)) {
        bell(l);
        return;
    }
    if (!l->length)
        l->start = l->column;
    memmove(l->line + l->cursor + 1, l->line + l->cursor, l->length - l->cursor);
    l->line[l->cursor++] = byte;
    l->length++;
    if (!(l->t.lflag & ECHO))
        return;
    if (l->cursor == l->length) {
        echo_text(l, &byte, 1);
        l->column = column_of(l, l->length);
        return;
    }
    size_t last = l->cursor - 1;
    if (is_utf8(l) && character_unfinished(l->line, l->cursor))
        return;
    if (is_utf8(l))
        last = l->cursor - character_last(l->line, l->cursor, true);
    echo_text(l, l->line + last, l->cursor - last);
    redraw(l, end);
}

/* Without ECHOE it is the key that is seen. */
static void erase_to(struct ldisc *l, size_t from, unsigned which)
{
    bool shown = !echo_erases(l) && l->t.lflag & ECHO;

    edit_delete(l, from, l->cursor);
    if (shown)
        echo_key(l, l->t.cc[which]);
}

void edit_erase(struct ldisc *l)
{
    if (l->cursor)
        erase_to(l, l->cursor - character_last(l->line, l->cursor, is_utf8(l)),
                 VERASE);
}

static bool is_word(uint8_t byte)
{
    return byte >= 0x80 || byte == '_' || (byte >= '0' && byte <= '9') ||
           ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

void edit_erase_word(struct ldisc *l)
{
    size_t from = l->cursor;

    while (from && !is_word(l->line[from - 1]))
        from--;
    while (from && is_word(l->line[from - 1]))
        from--;
    if (from != l->cursor)
        erase_to(l, from, VWERASE);
}

void edit_kill(struct ldisc *l)
{
    bool wipes = echo_erases(l) && l->t.lflag & ECHOKE;

    if (wipes) {
        edit_move(l, l->length);
        edit_delete(l, 0, l->length);
        return;
    }
    l->length = l->cursor = 0;
    if (l->t.lflag & ECHO) {
        echo_key(l, l->t.cc[VKILL]);
        if (l->t.lflag & ECHOK)
            ldisc_output(l, "\n", 1);
    }
}

void edit_reprint(struct ldisc *l)
{
    size_t cursor = l->cursor;

    if (!(l->t.lflag & ECHO))
        return;
    echo_key(l, l->t.cc[VREPRINT]);
    ldisc_output(l, "\n", 1);
    l->start = l->column;
    l->cursor = 0;
    edit_move(l, l->length);
    edit_move(l, cursor);
}

void edit_replace(struct ldisc *l, const char *text, size_t length)
{
    edit_move(l, l->length);
    edit_delete(l, 0, l->length);
    for (size_t i = 0; i < length; i++)
        edit_insert(l, (uint8_t)text[i]);
}

void edit_forget(struct ldisc *l)
{
    l->length = l->cursor = 0;
    l->escape = 0;
    l->literal = false;
    l->shown = l->entered;
}

/* The line goes to the readers.  An end of the file behind text ends the record
 * there, and is nothing more. */
void edit_complete(struct ldisc *l, enum ldisc_mark mark)
{
    if (!typed_room(l, l->length + 1)) {
        bell(l);
        l->length -= mark == LDISC_END;
        return;
    }
    for (size_t i = 0; i < l->length; i++)
        typed_put(l, l->line[i],
                  mark == LDISC_END && i + 1 == l->length ? LDISC_END
                                                          : LDISC_PLAIN);
    if (mark == LDISC_EOF)
        typed_put(l, l->t.cc[VEOF], LDISC_EOF);
    edit_forget(l);
}
