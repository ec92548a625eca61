/* SPDX-License-Identifier: MIT */
/*
 * The log, and the lines that are typed: for fleets, and for programs that use no
 * descriptors.  The terminal as POSIX knows it is libfos/posix/tty.c.
 */
#ifndef FOS_CONSOLE_H
#define FOS_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include <fos/call.h>

/* Writes all `length` bytes; whole lines stay whole.  Waits while the console is
 * busy. 0; EPERM: there is no console. */
long fos_console_write(const void *text, size_t length);

/* The next line typed, at most `capacity` bytes of it; the rest of it next time.
 * Bytes copied; 0: end of the file. */
long fos_console_read(void *buffer, size_t capacity);

/* The same until the deadline: -FOS_ETIMEDOUT. */
long fos_console_read_until(void *buffer, size_t capacity, uint64_t deadline);

/* Returns when everything written has left for the terminal. */
long fos_console_flush(uint64_t deadline);

/* The log from position *from on, or from the oldest byte that is kept: bytes copied,
 * and *from is behind them; 0: that was all. */
long fos_console_log(uint64_t *from, char *to, size_t capacity);

/* Where writes go from now on instead of to the console fleet (the console and
 * process fleets use this for themselves).  NULL: the console fleet. */
void fos_console_divert(void (*sink)(const char *text, size_t length));

/* The calling thread's way to the fleet, for those that call it by its protocol. */
struct fos_peer *fos_console_peer(void);

/* After -FOS_EPERM: the console was restarted; asks for its new mailbox.  0 when there is
 * one. */
long fos_console_again(void);

#endif
