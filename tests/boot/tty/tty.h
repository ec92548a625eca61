/* SPDX-License-Identifier: MIT */
/* What the system tests let somebody at the terminal see (interactive.c). */
#ifndef TEST_TTY_H
#define TEST_TTY_H

/* `lines`: shows each line read, until `end`; `keys`: each byte in raw mode, until q;
 * `size`: the window, at the start and at each SIGWINCH, until q; `flood`: output without end.
 * The exit status. */
int interactive(const char *what);

#endif
