/* SPDX-License-Identifier: MIT */
/* Included before everything: time passes when it is looked at, and when somebody
 * sleeps. */
#ifndef FUZZ_CLOCK_H
#define FUZZ_CLOCK_H

#include <stdint.h>

uint64_t system_tsc(void);
#define fos_tsc() system_tsc()

#endif
