/* SPDX-License-Identifier: MIT */
/*
 * The event bits the kernel sets for this thread (abi/types.h).
 *
 * Who waits for some of them takes those and leaves the others pending, so that two
 * users in one thread (a server's loop, a call it makes) do not take each other's.
 */
#ifndef FOS_EVENT_H
#define FOS_EVENT_H

#include <stdint.h>

#include <fos/abi/types.h>

/* Takes the bits of `mask` that are pending. */
uint64_t fos_event_take(uint64_t mask);

/* Waits until a bit of `mask` is pending and takes them; 0: the deadline has passed, or a
 * signal waits. */
uint64_t fos_event_wait(uint64_t mask, uint64_t deadline);

#endif
