/* SPDX-License-Identifier: MIT */
/*
 * From writers to the terminal.  Each stream's text is gathered to lines of up to
 * OUTPUT_LINE_MAX bytes; whole lines go to one queue, the queue to the device as it
 * takes them.  A full queue drops whole lines and counts what it dropped; the count
 * is shown when there is room again.
 */
#ifndef CONSOLE_OUTPUT_H
#define CONSOLE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTPUT_LINE_MAX = 1024 };

void output_write(uint64_t stream, const char *text, size_t length);

/* Shows what a stream has written of an unfinished line (a prompt); or all streams.
 */
void output_show(uint64_t stream);
void output_show_all(void);
/* Whether output_show_all would show something. */
bool output_unfinished(void);

/* Echo of input: on the line that is on the screen now. */
void output_echo(const char *text, size_t length);

/* Moves bytes to the device; true when the queue is empty. */
bool output_pump(void);

#endif
