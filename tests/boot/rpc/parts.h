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

/* How a flood comes: by the kernel; by a channel; by the kernel from one who never
 * reads his replies; by many channels and the kernel. */
enum flood { FLOOD_KERNEL, FLOOD_CHANNEL, FLOOD_DEAF, FLOOD_ALL };
enum { FLOOD_CHANNELS = 24 };

/* What a polite client tells at its end: its calls, how long they took, and how many
 * others at most were served from when one of them had been sent until it was. */
struct polite_tally {
    uint64_t pid;
    uint64_t calls;
    uint64_t median_ns, longest_ns;
    uint64_t most_ahead;
};

/* Serves the toy protocol with a mailbox of a slots until it is told to stop; reports
 * its mailbox, then the capability of its space. */
int part_server(uint64_t a, uint64_t b);

/* Sends requests to extra 1 as fast as it can, in the manner a (enum flood), until
 * it is killed. */
int part_flood(uint64_t a, uint64_t b);

/* Makes a calls to extra 1, one after the other, by transport b, and tells a struct
 * polite_tally.  Extra 2 is the server's space. */
int part_polite(uint64_t a, uint64_t b);

/* Begins a calls to extra 1 that nobody answers, and ends. */
int part_dying(uint64_t a, uint64_t b);

#endif
