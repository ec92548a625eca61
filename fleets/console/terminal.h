/* SPDX-License-Identifier: MIT */
/*
 * The terminal's device: the Xen console ring, or, for a privileged guest, Xen's
 * own console through the kernel.  Neither call waits.
 */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fos/abi/types.h>

/* ring: map the ring page of the device; else use console_io. */
long terminal_open(struct fos_cap device, bool ring, unsigned event);

/* What the kernel wrote before; to be asked before terminal_open.  Bytes. */
size_t terminal_kernel_log(struct fos_cap device, char *buffer, size_t capacity);

/* Bytes the device took, from 0 to length. */
size_t terminal_put(const char *text, size_t length);
/* Bytes typed. */
size_t terminal_get(char *buffer, size_t capacity);

/* True when the other side has taken all that was put. */
bool terminal_drained(void);
/* To be called for the device's event, before looking at it. */
void terminal_ack(void);
/* A newline is to be sent as CR LF. */
bool terminal_wants_cr(void);

/* How often the other side set an index out of range. */
uint64_t terminal_nonsense(void);

#endif
