/* SPDX-License-Identifier: MIT */
/* newlib's state of a thread: errno, strtok, locale, ... */
#ifndef FOS_REENT_H
#define FOS_REENT_H

#include <reent.h>

/* The calling thread's from now on; the first thread has newlib's own. */
void fos_reent_bind(struct _reent *reent);

#endif
