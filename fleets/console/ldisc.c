/* SPDX-License-Identifier: MIT */
/* Keys: what each does by the terminal's attributes. */
#include "ldisc.h"

#include <signal.h>
#include <string.h>
#include <termios.h>

enum { CTRL_BIT = 0x40, SPEED = 38400 };

#define CONTROL(letter) ((letter) ^ CTRL_BIT)

struct console_termios ldisc_attributes(void)
{
    return (struct console_termios){
        .iflag = BRKINT | ICRNL | IXON | IMAXBEL | CONSOLE_UTF8,
        .oflag = OPOST | ONLCR,
        .cflag = CS8 | CREAD | CLOCAL,
        .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN |
                 CONSOLE_LINEEDIT,
        .cc = {[VINTR] = CONTROL('C'),
               [VQUIT] = CONTROL('\\'),
               [VERASE] = 0x7f,
               [VKILL] = CONTROL('U'),
               [VEOF] = CONTROL('D'),
               [VMIN] = 1,
               [VSTART] = CONTROL('Q'),
               [VSTOP] = CONTROL('S'),
               [VSUSP] = CONTROL('Z'),
               [VREPRINT] = CONTROL('R'),
               [VDISCARD] = CONTROL('O'),
               [VWERASE] = CONTROL('W'),
               [VLNEXT] = CONTROL('V')},
        .ispeed = SPEED,
        .ospeed = SPEED,
    };
}

void ldisc_init(struct ldisc *l, const struct ldisc_io *io)
{
    memset(l, 0, sizeof *l);
    l->io = *io;
    l->t = ldisc_attributes();
}

void ldisc_stop(struct ldisc *l, bool stop)
{
    if (l->stopped == stop)
        return;
    l->stopped = stop;
    l->io.stop(stop);
}

/* IXON.  True: the key is used up. */
static bool flow_key(struct ldisc *l, uint8_t byte)
{
    if (!(l->t.iflag & IXON))
        return false;
    if (ldisc_is(l, VSTOP, byte)) {
        ldisc_stop(l, !l->stopped || l->t.cc[VSTOP] != l->t.cc[VSTART]);
        return true;
    }
    if (ldisc_is(l, VSTART, byte)) {
        ldisc_stop(l, false);
        return true;
    }
    if (l->t.iflag & IXANY)
        ldisc_stop(l, false);
    return false;
}

/* ISIG. */
static bool signal_key(struct ldisc *l, uint8_t byte)
{
    int number = ldisc_is(l, VINTR, byte)   ? SIGINT
                 : ldisc_is(l, VQUIT, byte) ? SIGQUIT
                 : ldisc_is(l, VSUSP, byte) ? SIGTSTP
                                            : 0;

    if (!number || !(l->t.lflag & ISIG))
        return false;
    ldisc_stop(l, false);
    if (!(l->t.lflag & NOFLSH))
        ldisc_flush(l);
    l->io.signal(number); /* throws away output, so that the echo comes after */
    if (l->t.lflag & ECHO)
        echo_key(l, byte);
    return true;
}

static bool edit_key(struct ldisc *l, uint8_t byte)
{
    bool extended = l->t.lflag & IEXTEN;

    if (ldisc_is(l, VERASE, byte) || (byte == '\b' && l->t.cc[VERASE] == 0x7f))
        edit_erase(l);
    else if (ldisc_is(l, VKILL, byte))
        edit_kill(l);
    else if (extended && ldisc_is(l, VWERASE, byte))
        edit_erase_word(l);
    else if (extended && ldisc_is(l, VREPRINT, byte))
        edit_reprint(l);
    else if (ldisc_is(l, VEOF, byte))
        edit_complete(l, LDISC_EOF);
    else
        return false;
    return true;
}

static bool ends_line(const struct ldisc *l, uint8_t byte)
{
    return byte == '\n' || ldisc_is(l, VEOL, byte) ||
           (ldisc_is(l, VEOL2, byte) && l->t.lflag & IEXTEN);
}

static void line_end(struct ldisc *l, uint8_t byte)
{
    edit_move(l, l->length);
    if (byte == '\n') {
        if (l->t.lflag & (ECHO | ECHONL))
            ldisc_output(l, "\n", 1);
    } else if (l->t.lflag & ECHO) {
        echo_key(l, byte);
    }
    history_add(l);
    l->line[l->length++] = byte;
    edit_complete(l, LDISC_END);
}

static void canonical_key(struct ldisc *l, uint8_t byte)
{
    if (escape_key(l, byte) || edit_key(l, byte))
        return;
    if (ends_line(l, byte))
        line_end(l, byte);
    else
        edit_insert(l, byte);
}

static void raw_key(struct ldisc *l, uint8_t byte)
{
    if (!typed_room(l, 1))
        return;
    typed_put(l, byte, LDISC_PLAIN);
    if (byte == '\n' && l->t.lflag & ECHO)
        ldisc_output(l, "\n", 1);
    else if (l->t.lflag & ECHO)
        echo_key(l, byte);
}

/* ICRNL and its like.  False: the byte is dropped. */
static bool translate(const struct ldisc *l, uint8_t *byte)
{
    if (*byte == '\r' && l->t.iflag & IGNCR)
        return false;
    if (*byte == '\r' && l->t.iflag & ICRNL)
        *byte = '\n';
    else if (*byte == '\n' && l->t.iflag & INLCR)
        *byte = '\r';
    return true;
}

static bool literal_key(struct ldisc *l, uint8_t byte)
{
    if (!l->literal && ldisc_canonical(l) && l->t.lflag & IEXTEN &&
        ldisc_is(l, VLNEXT, byte)) {
        l->literal = true;
        if (l->t.lflag & ECHO && l->t.lflag & ECHOCTL)
            l->io.put("^\b", 2);
        return true;
    }
    if (!l->literal)
        return false;
    l->literal = false;
    if (ldisc_canonical(l))
        edit_insert(l, byte);
    else
        raw_key(l, byte);
    return true;
}

static void key(struct ldisc *l, uint8_t byte)
{
    if (l->t.iflag & ISTRIP)
        byte &= 0x7f;
    if (literal_key(l, byte) || flow_key(l, byte) || signal_key(l, byte) ||
        !translate(l, &byte))
        return;
    if (ldisc_canonical(l))
        canonical_key(l, byte);
    else
        raw_key(l, byte);
}

void ldisc_input(struct ldisc *l, const char *keys, size_t length)
{
    for (size_t i = 0; i < length; i++)
        key(l, (uint8_t)keys[i]);
}
