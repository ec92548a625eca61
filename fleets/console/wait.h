/* SPDX-License-Identifier: MIT */
/*
 * Calls that wait: for input, for room for output, for its end.
 *
 * Invariants
 *  W1. A waiting call is answered once: when it is served, when its caller gives it
 *      up (EINTR), or never when the caller has gone, which is found out then.
 *  W2. What a caller that is gone would have got is the next one's.
 *  W3. A reader whose group is put into the background is sent away to ask again
 *      (EAGAIN without CONSOLE_NONBLOCK): it then learns that it is there.
 *  W4. While a signal is on its way nobody is given input, and when it has arrived
 *      readers are sent away: who has it asks no more.
 */
#ifndef CONSOLE_WAIT_H
#define CONSOLE_WAIT_H

#include <stdbool.h>

#include <fos/service.h>

#include "tty.h"

/* A read (who NULL) or fetch.  All of these answer, now or later. */
void wait_input(const struct fos_caller *caller, const struct console_who *who,
                size_t capacity, uint64_t now);
void wait_poll(const struct fos_caller *caller, const struct console_who *who,
               uint32_t events);
void wait_output(const struct fos_caller *caller, const struct console_who *who,
                 const char *text, size_t length);

/* Until all output has left, two seconds at most when `flush`.  Attributes that are
 * not NULL are then set; `discard` throws away the input before. */
void wait_drained(const struct fos_caller *caller, uint64_t now, bool flush,
                  const struct console_termios *attributes, bool discard);

/* The caller has given up. */
void wait_cancel(const struct fos_caller *caller);

/* Serves who can be served.  When to come again although nothing happens. */
uint64_t wait_input_serve(uint64_t now);
void wait_output_serve(void);
uint64_t wait_drained_serve(bool drained, uint64_t now);

/* Whether somebody waits for output. */
bool wait_output_any(void);

#endif
