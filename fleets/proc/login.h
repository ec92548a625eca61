/* SPDX-License-Identifier: MIT */
/*
 * The main program: the command line's, or a login shell.  Its end is the machine's, but
 * for a login shell that was ended for lack of its memory: with its member of the memory
 * fleet, by that one when there were no pages, or between two programs, by exec.  Another
 * follows it, in a session of its own; what else was in the old session goes on.
 */
#ifndef PROC_LOGIN_H
#define PROC_LOGIN_H

#include "cmdline.h"
#include "load.h"

enum { LOGIN_ENVIRONMENT_MAX = 512 };

/* Its name in the boot archive; `load` gets its arguments and environment, in memory
 * that stays. */
const char *login_prepare(const struct cmdline *line, struct load *load);

/* Whether it is a login shell. */
bool login_is_shell(const struct cmdline *line);

#endif
