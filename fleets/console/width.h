/* SPDX-License-Identifier: MIT */
/* How characters of UTF-8 take up columns of a terminal. */
#ifndef CONSOLE_WIDTH_H
#define CONSOLE_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character at the beginning of `length` bytes (one or more): its bytes, and in
 * *columns 0, 1 or 2.  Bytes that are no UTF-8 are characters of one column; a
 * sequence that the text's end cuts off takes none.
 */
size_t character_next(const uint8_t *text, size_t length, unsigned *columns);

/* Bytes of the last character of a text that is not empty. */
size_t character_last(const uint8_t *text, size_t length, bool utf8);

/* Whether the text ends within a character. */
bool character_unfinished(const uint8_t *text, size_t length);

#endif
