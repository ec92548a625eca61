/* SPDX-License-Identifier: MIT */
/*
 * Terminals report the size of their text area as ESC [ 8 ; ROWS ; COLUMNS t when they
 * are asked.  tools/run does whenever it changes, with a byte for ESC that is in no
 * character of UTF-8, and so no key.  A report may come in pieces, a byte at a time on a
 * slow line: what may become one is held until it cannot.
 */
#include <string.h>

#include "tty.h"

enum { SIZE_MAX_ = 9999 };

#define ESC     '\x1b'
#define NOT_KEY '\xff'

static char held[REPORTS_HELD_MAX];
static size_t holding;

static bool is_start(char c)
{
    return c == ESC || c == NOT_KEY;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the number at *at. */
static unsigned number(const char *text, size_t length, size_t *at)
{
    unsigned value = 0;

    for (; *at < length && is_digit(text[*at]); ++*at)
        if (value <= SIZE_MAX_)
            value = value * 10 + (unsigned)(text[*at] - '0');
    return value;
}

/* What `held` may still become: 1 a report, it is one; 0 perhaps one; -1 none. */
static int judge(unsigned *rows, unsigned *columns)
{
    static const char start[] = {'[', '8', ';'};
    size_t at = 1 + sizeof start;

    if (memcmp(held + 1, start, (holding < at ? holding : at) - 1) != 0)
        return -1;
    if (holding <= at)
        return 0;
    *rows = number(held, holding, &at);
    if (at == holding)
        return holding < REPORTS_HELD_MAX ? 0 : -1;
    if (held[at++] != ';')
        return -1;
    *columns = number(held, holding, &at);
    if (at == holding)
        return holding < REPORTS_HELD_MAX ? 0 : -1;
    return held[at] == 't' && *rows && *columns && *rows <= SIZE_MAX_ &&
                   *columns <= SIZE_MAX_
               ? 1
               : -1;
}

size_t reports_held(void)
{
    return holding && held[0] == ESC ? holding : 0;
}

size_t reports_release(char *keys)
{
    size_t length = holding;

    memcpy(keys, held, length);
    holding = 0;
    return length;
}

size_t reports_take(char *keys, size_t length,
                    void (*sized)(unsigned rows, unsigned columns))
{
    char in[512];
    unsigned rows = 0, columns = 0;
    size_t out = 0;

    length = length < sizeof in ? length : sizeof in;
    memcpy(in, keys, length);
    for (size_t i = 0; i < length; i++) {
        if (holding == 0 && !is_start(in[i])) {
            keys[out++] = in[i];
            continue;
        }
        held[holding++] = in[i];
        int verdict = judge(&rows, &columns);
        if (verdict > 0) {
            holding = 0;
            sized(rows, columns);
        } else if (verdict < 0 && is_start(in[i])) {
            holding--;
            out += reports_release(keys + out);
            held[holding++] = in[i];
        } else if (verdict < 0) {
            out += reports_release(keys + out);
        }
    }
    return out;
}
