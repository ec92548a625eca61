/* SPDX-License-Identifier: MIT */
/* The parts of this scenario. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "../family.h"

extern struct dice exchange_dice;

void test_calls(void);

#endif
