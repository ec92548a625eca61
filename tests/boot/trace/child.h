/* SPDX-License-Identifier: MIT */
/* The parts of the trace test; extra 1 is the trace device where one says so. */
#ifndef CHILD_H
#define CHILD_H

#include <stdint.h>

enum { SCRIBBLES = 20000 };

/* Reports, records `a` marks numbered from 0, reads address `b` if that is not 0. */
int part_marks(uint64_t a, uint64_t b);

/* Sends `a` messages, of length 1, 2, ..., to extra 0 by a channel. */
int part_send(uint64_t a, uint64_t b);

/* Fills the control page with noise of seed `a`, in a hurry.  Extra 1. */
int part_scribble(uint64_t a, uint64_t b);

/* Records all and reports; waits to be killed.  Extra 1. */
int part_watch(uint64_t a, uint64_t b);

/* Fills its own ring with noise of seed `a`, and with events it must not record. */
int part_forge(uint64_t a, uint64_t b);

/* Writes to page `a` of the device, which is not the control page; 0: to what every
 * thread sees of that.  Extra 1. */
int part_poke(uint64_t a, uint64_t b);

#endif
