/* SPDX-License-Identifier: MIT */
/* What a model program says: one `ok` or `FAIL` line for each exploration. */
#ifndef FOS_MODEL_VERDICT_H
#define FOS_MODEL_VERDICT_H

#include "explore.h"

/* The whole space was explored, no violation found, the end was reached. */
void verdict_holds(const char *sentence, const struct explore_model *model);

/* A violation was found whose text contains `expected`. */
void verdict_finds(const char *sentence, const struct explore_model *model,
                   const char *expected);

/* Plain assertion. */
void verdict_is(const char *sentence, bool holds, const char *why_not);

/* The exit status for main. */
int verdict_status(void);

#endif
