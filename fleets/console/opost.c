/* SPDX-License-Identifier: MIT */
/* Programs' output: OPOST. */
#include <ctype.h>
#include <termios.h>

#include "ldisc.h"

enum { TAB = 8, BATCH = 256 };

struct batch {
    const struct ldisc *l;
    char text[BATCH];
    size_t length;
};

static void batch_put(struct batch *b, char c)
{
    if (b->length == BATCH) {
        b->l->io.put(b->text, b->length);
        b->length = 0;
    }
    b->text[b->length++] = c;
}

static void newline(struct ldisc *l, struct batch *b)
{
    if (l->t.oflag & ONLCR)
        batch_put(b, '\r');
    batch_put(b, '\n');
    if (l->t.oflag & (ONLCR | ONLRET))
        l->column = 0;
}

static void carriage_return(struct ldisc *l, struct batch *b)
{
    if (l->t.oflag & ONOCR && l->column == 0)
        return;
    batch_put(b, l->t.oflag & OCRNL ? '\n' : '\r');
    if (!(l->t.oflag & OCRNL) || l->t.oflag & ONLRET)
        l->column = 0;
}

static void tab(struct ldisc *l, struct batch *b)
{
    unsigned columns = TAB - l->column % TAB;

    l->column += columns;
    if ((l->t.oflag & TABDLY) != XTABS)
        batch_put(b, '\t');
    else
        while (columns--)
            batch_put(b, ' ');
}

static void other(struct ldisc *l, struct batch *b, char c)
{
    uint8_t byte = (uint8_t)c;

    if (l->t.oflag & OLCUC && byte < 0x80)
        c = (char)toupper(c);
    if (byte == '\b')
        l->column -= l->column > 0;
    else if (byte >= ' ' && byte != 0x7f && (byte & 0xc0) != 0x80)
        l->column++;
    batch_put(b, c);
}

static void process(struct ldisc *l, struct batch *b, char c)
{
    switch (c) {
    case '\n':
        newline(l, b);
        break;
    case '\r':
        carriage_return(l, b);
        break;
    case '\t':
        tab(l, b);
        break;
    default:
        other(l, b, c);
    }
}

void ldisc_output(struct ldisc *l, const char *text, size_t length)
{
    struct batch b;

    if (!(l->t.oflag & OPOST)) {
        l->io.put(text, length);
        return;
    }
    b.l = l;
    b.length = 0;
    for (size_t i = 0; i < length; i++)
        process(l, &b, text[i]);
    if (b.length)
        l->io.put(b.text, b.length);
}
