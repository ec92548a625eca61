/* SPDX-License-Identifier: MIT */
/* The two between whom a capability is passed on. */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <stdint.h>

/* Answers whoever sends it a mailbox. */
int run_server(uint64_t a, uint64_t b);

/* Sends its mailbox to the one it is told of, and passes the answer on. */
int run_client(uint64_t a, uint64_t b);

#endif
