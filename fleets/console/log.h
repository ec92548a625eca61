/* SPDX-License-Identifier: MIT */
/*
 * The log: the newest LOG_SIZE bytes of what fleets have written, each line behind
 * the time it was written.  Positions run freely and are never used twice.
 */
#ifndef CONSOLE_LOG_H
#define CONSOLE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum { LOG_SIZE = 65536 };

/* `now` in nanoseconds since boot. */
void log_put(const char *text, size_t length, uint64_t now);

/* Bytes from position *from on, or from the oldest line kept, whose position is then
 * in *from; `capacity` at most. */
size_t log_get(uint64_t *from, char *to, size_t capacity);

/* Where the next byte will be. */
uint64_t log_end(void);

#endif
