/* SPDX-License-Identifier: MIT */
/* Capabilities, compared. */
#ifndef FOS_CAP_H
#define FOS_CAP_H

#include <stdbool.h>

#include <fos/abi/types.h>

/* Both are looked at wholly: the time tells nothing about the secret. */
static inline bool fos_cap_equal(struct fos_cap a, struct fos_cap b)
{
    return ((a.id ^ b.id) | (a.secret ^ b.secret)) == 0;
}

#endif
