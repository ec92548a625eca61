/* SPDX-License-Identifier: MIT */
/*
 * Calling a fleet: a request by kernel message, the reply in a mailbox of this
 * process.  One call at a time.
 */
#ifndef FOS_CALL_H
#define FOS_CALL_H

#include <stddef.h>

#include <fos/proto/rpc.h>

/*
 * Sends `request` (`length` bytes, which begin with struct fos_request; op is
 * filled in by the caller, id and reply here) and waits for its reply, copied to
 * `reply` (`capacity` bytes, which begin with struct fos_reply).
 * Gives the reply's result; or ETIMEDOUT, EPERM the mailbox is gone, EPROTO the
 * reply has not the size expected, or an error of setting up the reply mailbox.
 */
long fos_call(struct fos_cap to, void *request, size_t length, void *reply,
              size_t capacity, uint64_t deadline);

/* Sends without waiting for a reply; waits while the mailbox is full. */
long fos_post(struct fos_cap to, const void *request, size_t length,
              uint64_t deadline);

/* The mailbox replies come to, made at first use; id 0: it could not be made. */
struct fos_cap fos_call_mailbox(void);

#endif
