/* SPDX-License-Identifier: MIT */
/*
 * From writers to the terminal, by one queue that the device empties as it takes it.
 *
 * The log's streams are gathered to lines of up to OUTPUT_LINE_MAX bytes, and only
 * whole lines go to the queue; what has no room is dropped, whole lines at a time,
 * and counted: the count is shown when there is room again.  While a program has the
 * terminal in raw mode they are kept from it (the log has them), and shown after.
 * Programs' own text goes as it comes, and waits for room with its writer.
 *
 * Invariant
 *  O1. The log fills at most half of the queue, programs a quarter; there always is
 *      room for echo of a quarter.
 */
#ifndef CONSOLE_OUTPUT_H
#define CONSOLE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTPUT_LINE_MAX = 1024 };

/* The log's; `now` in nanoseconds. */
void output_write(uint64_t stream, const char *text, size_t length, uint64_t now);

/* Shows what a stream has written of an unfinished line (a prompt); or all streams.
 */
void output_show(uint64_t stream);
void output_show_all(void);
/* Whether output_show_all would show something. */
bool output_unfinished(void);

/* Whether the log is kept from the terminal from now on. */
void output_hold(bool hold);
/* Shows what has been kept from it. */
void output_release(void);

/* A program's text, or echo: as the device shall get it.  What has no room is lost;
 * output_room says whether a program may write (O1). */
void output_tty(const char *text, size_t length);
bool output_room(void);

/* Nothing leaves the queue until it is started again. */
void output_stop(bool stop);
/* Throws away what is queued. */
void output_discard(void);
/* Bytes in the queue. */
size_t output_queued(void);

/* Moves bytes to the device; true when the queue is empty. */
bool output_pump(void);

#endif
