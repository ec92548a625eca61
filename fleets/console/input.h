/* SPDX-License-Identifier: MIT */
/*
 * From the keyboard to readers: lines, with echo, backspace, Ctrl-U (erase the
 * line) and Ctrl-D (end of file).  Lines typed ahead are kept; a line goes to the
 * reader that has waited longest and is still there.
 */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include <stddef.h>

#include <fos/service.h>

/* 0, or EBUSY: too many wait. */
long input_reader_add(const struct fos_caller *caller);

/* The reader of this call, if it waits, has given up. */
void input_reader_cancel(const struct fos_caller *caller);

void input_typed(const char *text, size_t length);

#endif
