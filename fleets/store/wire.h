/* SPDX-License-Identifier: MIT */
/*
 * Talking to xenstored over the shared ring (Xen public io/xs_wire.h): one request
 * at a time, its reply awaited; watch events that come in between are remembered.
 *
 * Errors: -FOS_EPROTO the other side broke the protocol, the connection is useless;
 * -FOS_ETIMEDOUT; -FOS_EINVAL xenstored refused, wire_error() says how.
 */
#ifndef STORE_WIRE_H
#define STORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fos/abi/types.h>

enum wire_type {
    WIRE_READ = 2,
    WIRE_WATCH = 4,
    WIRE_WRITE = 11,
    WIRE_WATCH_EVENT = 15,
    WIRE_ERROR = 16,
};

enum { WIRE_VALUE_MAX = 256 };

/* Takes the ring as it is, which another process may have used before.  The ids of this
 * one's requests come after `id`, and were not used before. */
long wire_open(struct fos_cap device, unsigned event, uint32_t id);

long wire_watch(const char *path, const char *token);
/* `value` becomes NUL-terminated; longer ones are cut off. */
long wire_read(const char *path, char value[WIRE_VALUE_MAX]);
long wire_write(const char *path, const char *value);

/* xenstored's word for the last -FOS_EINVAL. */
const char *wire_error(void);

/* Waits until a watch has fired since the last call. */
long wire_watch_wait(void);

#endif
