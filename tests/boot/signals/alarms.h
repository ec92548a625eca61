/* SPDX-License-Identifier: MIT */
/* A signal that comes again and again: one may come before what it is to end has begun. */
#ifndef SIGNALS_ALARMS_H
#define SIGNALS_ALARMS_H

#include <signal.h>

#include "../scenario.h"

extern volatile sig_atomic_t got; /* the number of the signal that came last */

/* Lets `signal` be noted in `got`. */
void note_set(int signal, int flags);

/* SIGALRM, in a while and from then on. */
void alarm_soon(void);
/* No more; its action is the default one. */
void alarm_end(void);

/* waits.c, goes_on.c: cases_status there. */
int test_waits(void);
int test_goes_on(void);

#endif
