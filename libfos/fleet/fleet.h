/* SPDX-License-Identifier: MIT */
/* What the parts of the skeleton share. */
#ifndef FOS_FLEET_INTERNAL_H
#define FOS_FLEET_INTERNAL_H

#include <fos/service.h>

/* answer.c: makes room for the peers.  False: there is no memory. */
bool answers_open(struct fos_service *service);

#endif
