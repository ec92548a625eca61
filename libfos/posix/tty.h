/* SPDX-License-Identifier: MIT */
/* Calls to the terminal by this process, with what job control asks for (proto/console.h,
 * struct console_who). */
#ifndef FOS_POSIX_TTY_H
#define FOS_POSIX_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include <fos/proto/console.h>

/* Who this process is, as the process fleet keeps it on the start page. */
void fos_tty_who(struct console_who *who);

/*
 * Calls the console fleet; `request` begins with struct fos_request and struct
 * console_who, which is filled in here but for `flags`.  Handlers of signals run
 * meanwhile.  In the background the process is sent `signal` (SIGTTIN, SIGTTOU; 0:
 * none) and the call made anew when it goes on.
 *
 * The result, or -FOS_ENOTTY not the controlling terminal; -FOS_EIO in the background
 * and cannot be stopped, or there is no console; -FOS_EINTR; those of the op.
 */
long fos_tty_call(void *request, uint32_t length, void *reply, uint32_t capacity,
                  int signal, bool restart);

#endif
