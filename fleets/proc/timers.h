/* SPDX-License-Identifier: MIT */
/* Each process's one timer of real time, which sends it SIGALRM. */
#ifndef PROC_TIMERS_H
#define PROC_TIMERS_H

#include "table.h"

void timer_handle(const struct fos_caller *caller,
                  const struct proc_timer_req *req);

/* Sends what is due.  Gives when it must be called again. */
uint64_t timers_work(void);

#endif
