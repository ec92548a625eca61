/* SPDX-License-Identifier: MIT */
/*
 * The main program: the command line's, or a login shell, whose end is the machine's.
 */
#ifndef PROC_LOGIN_H
#define PROC_LOGIN_H

#include "cmdline.h"
#include "load.h"

enum { LOGIN_ENVIRONMENT_MAX = 512 };

/* Its name in the boot archive; `load` gets its arguments and environment, in memory
 * that stays. */
const char *login_prepare(const struct cmdline *line, struct load *load);

#endif
