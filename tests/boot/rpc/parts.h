/* SPDX-License-Identifier: MIT */
/* The children of this scenario: a service, clients that behave, and others. */
#ifndef PARTS_H
#define PARTS_H

#include <fos/call.h>
#include <fos/service.h>

#include "../family.h"
#include "../toy.h"

FOS_CLIENT_CALLS(toy, TOY_OPS)
FOS_CLIENT_CALLS(fleet, FLEET_OPS)

/* How a flood comes. */
enum flood { FLOOD_KERNEL, FLOOD_CHANNEL, FLOOD_DEAF };

/* What a polite client tells at its end: its calls, and how long they took. */
struct polite_tally {
    uint64_t pid;
    uint64_t calls;
    uint64_t median_ns, longest_ns;
};

/* Serves the toy protocol until it is told to stop; reports its mailbox, then the
 * capability of its space. */
int part_server(uint64_t a, uint64_t b);

/* Sends requests to extra 1 as fast as it can, in the manner a (enum flood), until
 * it is killed. */
int part_flood(uint64_t a, uint64_t b);

/* Makes a calls to extra 1, one after the other, and tells a struct polite_tally. */
int part_polite(uint64_t a, uint64_t b);

/* Begins a calls to extra 1 that nobody answers, and ends. */
int part_dying(uint64_t a, uint64_t b);

#endif
