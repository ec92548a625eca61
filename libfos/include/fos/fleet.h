/* SPDX-License-Identifier: MIT */
/* What a member of a fleet has to do with the process fleet. */
#ifndef FOS_FLEET_H
#define FOS_FLEET_H

#include <fos/abi/types.h>

/* Tells the process fleet that this member works, and where; id 0: it takes no
 * requests.  A service uses fos_service_ready. */
void fos_fleet_ready(struct fos_cap mailbox);

#endif
