/* SPDX-License-Identifier: MIT */
/* Errors and clocks. */
#ifndef FOS_ERROR_H
#define FOS_ERROR_H

#include <stdint.h>

#include <fos/abi/errors.h>

/* A sentence for an error, negated or not; never NULL. */
const char *fos_strerror(long error);

/* Sets errno and gives -1 when `result` is an error; else gives `result`. */
long fos_errno(long result);

#endif
