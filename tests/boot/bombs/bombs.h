/* SPDX-License-Identifier: MIT */
/* Programs that take all they can get, for the shell to bear with. */
#ifndef BOMBS_H
#define BOMBS_H

/* Each says `no more ...` once it has all, and goes on trying.  Ended by signals only. */
_Noreturn void bomb_main(const char *kind);

/* Opens /dev/null until that fails: how many times, and errno. */
int descriptors_take(void);

/* limits.c: cases_status there. */
int test_limits(void);
/* A program that tests what it was handed on. */
int limits_inherited(void);

#endif
