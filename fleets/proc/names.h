/* SPDX-License-Identifier: MIT */
/*
 * The naming fleet, as far as this one is concerned: its members are started here and
 * started again when they die, four at once and then one a second.
 */
#ifndef PROC_NAMES_H
#define PROC_NAMES_H

#include "members.h"
#include "table.h"

/* Draws the keys; before any process is started. */
void names_init(unsigned count);

/* What tickets are made with. */
const struct fos_siphash_key *names_tickets(void);

/* Starts the members and waits, a few seconds, until they serve. */
void names_start(void);

/* Tells members what they have to know, starts what is due.  Gives when it must be
 * called again. */
uint64_t names_work(void);

/* A process has ended; a member. */
void names_end(const struct process *p);

/* A member serves; has joined. */
void names_ready(const struct process *p, struct fos_cap mailbox);
void names_joined(const struct process *p, uint64_t number);

const struct proc_view *names_view(void);

#endif
