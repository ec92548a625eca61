/* SPDX-License-Identifier: MIT */
/* The calling thread's way to the console fleet, for those that call it by its protocol. */
#ifndef FOS_CLIENT_CONSOLE_H
#define FOS_CLIENT_CONSOLE_H

#include <fos/call.h>
#include <fos/console.h>

struct fos_peer *fos_console_peer(void);

/* After -FOS_EPERM: the console was restarted; asks for its new mailbox.  0 when there is
 * one. */
long fos_console_again(void);

#endif
