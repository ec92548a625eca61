/* SPDX-License-Identifier: MIT */
/*
 * Who serves in which fleet, and telling members so (fleet_view, proto/fleet.h) without
 * waiting for them: one that has no room is tried again.  Naming members are told by
 * names.h, the store client takes no messages.
 *
 * Invariants
 *  W1. A fleet's view has another, higher number after each change of who serves.
 *  W2. A member is told of the view that it is in, and of each later one, or of a yet
 *      later one instead.
 */
#ifndef PROC_VIEWS_H
#define PROC_VIEWS_H

#include "table.h"

/* By the name of the fleet, in PROC_NAME_MAX bytes.  False: there is no such one, or nobody
 * serves in a fleet of one. */
bool view_find(const char *name, struct proc_view *view);

/* Tells what is to be told.  Gives when it must be called again. */
uint64_t views_work(void);

#endif
