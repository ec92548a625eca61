/* SPDX-License-Identifier: MIT */
/* The parts of this scenario: see main.c. */
#ifndef NAMES_H
#define NAMES_H

#include <fos/name.h>

#include "../family.h"

FOS_CLIENT_CALLS(name, NAME_OPS)

/* Every case ends with nothing open to members. */
static inline void names_case_end(void)
{
    fos_name_close();
    case_end();
}

/* Each file keeps its own count of cases: 0 all went well, else 1. */

/* adversary.c */
int test_adversary(void);

/* load.c: look-ups while members are killed. */
int test_kills(const char *program, struct fos_mailbox *inbox);
int part_asker(uint64_t number, uint64_t seed);

#endif
