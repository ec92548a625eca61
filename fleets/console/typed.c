/* SPDX-License-Identifier: MIT */
/* Typed bytes and their readers. */
#include <string.h>
#include <termios.h>

#include "ldisc.h"

#define DECISECOND 100000000ull

bool typed_room(const struct ldisc *l, size_t bytes)
{
    return l->tail - l->head + bytes <= LDISC_RING;
}

void typed_put(struct ldisc *l, uint8_t byte, enum ldisc_mark mark)
{
    if (!typed_room(l, 1))
        return;
    l->ring[l->tail % LDISC_RING] = byte;
    l->marks[l->tail % LDISC_RING] = (uint8_t)mark;
    l->tail++;
    l->records += mark != LDISC_PLAIN;
}

void ldisc_flush(struct ldisc *l)
{
    l->head = l->kept = l->tail;
    l->records = 0;
    edit_forget(l);
}

size_t ldisc_readable(const struct ldisc *l)
{
    size_t at = l->head;

    if (!ldisc_canonical(l))
        return l->tail - l->head;
    if (!l->records)
        return 0;
    while (l->marks[at % LDISC_RING] == LDISC_PLAIN)
        at++;
    return at - l->head + (l->marks[at % LDISC_RING] == LDISC_END);
}

bool ldisc_ready(const struct ldisc *l)
{
    size_t least = l->t.cc[VTIME] || !l->t.cc[VMIN] ? 1 : l->t.cc[VMIN];

    return ldisc_canonical(l) ? l->records > 0 : l->tail - l->head >= least;
}

/* Waits until `then`. */
static bool wait_until(uint64_t then, uint64_t now, uint64_t *deadline)
{
    if (now < then)
        *deadline = then;
    return now >= then;
}

bool ldisc_due(const struct ldisc *l, size_t capacity, uint64_t since,
               uint64_t typed_at, uint64_t now, uint64_t *deadline)
{
    size_t there = l->tail - l->head, least = l->t.cc[VMIN];
    uint64_t time = l->t.cc[VTIME] * DECISECOND;

    *deadline = UINT64_MAX;
    if (ldisc_canonical(l))
        return l->records;
    if (there && there >= (least < capacity ? least : capacity))
        return true;
    if (!least)
        return !time || wait_until(since + time, now, deadline);
    if (!time || !there)
        return false;
    return wait_until((typed_at > since ? typed_at : since) + time, now, deadline);
}

size_t ldisc_take(struct ldisc *l, uint8_t *to, size_t capacity, size_t *used)
{
    bool whole = false;
    size_t count = 0, before = l->head;

    while (l->head != l->tail && !whole) {
        uint8_t mark = l->marks[l->head % LDISC_RING];
        bool byte = mark != LDISC_EOF || !ldisc_canonical(l);
        if (byte && count == capacity)
            break;
        if (byte)
            to[count++] = l->ring[l->head % LDISC_RING];
        l->head++;
        l->records -= mark != LDISC_PLAIN;
        whole = mark != LDISC_PLAIN && ldisc_canonical(l);
    }
    *used = l->head - before;
    return count;
}

bool ldisc_untake(struct ldisc *l, size_t used)
{
    if (l->head - l->kept < used || l->tail - l->head + used > LDISC_RING)
        return false;
    for (size_t i = 0; i < used; i++) {
        l->head--;
        l->records += l->marks[l->head % LDISC_RING] != LDISC_PLAIN;
    }
    return true;
}

/* A change of mode ends the record under way: what was typed stays readable. */
void ldisc_set(struct ldisc *l, const struct console_termios *t)
{
    bool was = ldisc_canonical(l);

    l->t = *t;
    if (was && !ldisc_canonical(l)) {
        for (size_t i = 0; i < l->length; i++)
            typed_put(l, l->line[i], LDISC_PLAIN);
        edit_forget(l);
    }
    uint8_t *last = &l->marks[(l->tail - 1) % LDISC_RING];
    if (!was && ldisc_canonical(l) && l->head != l->tail && *last == LDISC_PLAIN) {
        *last = LDISC_END;
        l->records++;
    }
    if (l->stopped && !(t->iflag & IXON)) {
        l->stopped = false;
        l->io.stop(false);
    }
}
