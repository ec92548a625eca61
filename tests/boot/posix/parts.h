/* SPDX-License-Identifier: MIT */
/* What the children of this scenario do, named by their first argument. */
#ifndef PARTS_H
#define PARTS_H

int part_main(int argc, char **argv);

/* alias.c.  0: all went well, else 1. */
int test_alias(void);

#endif
