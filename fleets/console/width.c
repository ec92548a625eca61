/* SPDX-License-Identifier: MIT */
#include "width.h"

/* East Asian wide and fullwidth characters and emoji (Unicode UAX #11), by blocks. */
static const struct range {
    uint32_t first, last;
} wide[] =
    {
        {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0x303e},
        {0x3041, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
        {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
        {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
        {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
},
  combining[] = {
      {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},
      {0x064b, 0x065f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
      {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count && ranges[i].first <= code; i++)
        if (code <= ranges[i].last)
            return true;
    return false;
}

static unsigned code_columns(uint32_t code)
{
    if (code < 0x300)
        return 1;
    if (in_ranges(combining, sizeof combining / sizeof *combining, code))
        return 0;
    return in_ranges(wide, sizeof wide / sizeof *wide, code) ? 2 : 1;
}

static bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes that a sequence beginning with this one should have; 1 also for nonsense. */
static size_t sequence_size(uint8_t byte)
{
    return byte >= 0xf8   ? 1
           : byte >= 0xf0 ? 4
           : byte >= 0xe0 ? 3
           : byte >= 0xc2 ? 2
                          : 1;
}

size_t character_next(const uint8_t *text, size_t length, unsigned *columns)
{
    size_t size = sequence_size(*text), i = 1;
    uint32_t code = size == 1 ? *text : *text & (0x7fu >> size);

    for (; i < size && i < length && is_tail(text[i]); i++)
        code = code << 6 | (text[i] & 0x3f);
    if (i == size) {
        *columns = code_columns(code);
        return size;
    }
    *columns = i == length ? 0 : 1;
    return i == length ? length : 1;
}

size_t character_last(const uint8_t *text, size_t length, bool utf8)
{
    size_t size = 1;

    while (utf8 && size < 4 && size < length && is_tail(text[length - size]))
        size++;
    return sequence_size(text[length - size]) >= size ? size : 1;
}

bool character_unfinished(const uint8_t *text, size_t length)
{
    if (length == 0)
        return false;
    size_t size = character_last(text, length, true);
    return sequence_size(text[length - size]) > size;
}
