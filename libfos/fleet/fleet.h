/* SPDX-License-Identifier: MIT */
/* What the parts of the skeleton share. */
#ifndef FOS_FLEET_INTERNAL_H
#define FOS_FLEET_INTERNAL_H

#include <fos/service.h>

/* answer.c: makes room for the peers.  False: there is no memory. */
bool answers_open(struct fos_service *service);

/* common.c: the ops of every service. */
extern const struct fos_handler common_table[];
extern const uint32_t common_count;

/* load.c: times a request in so many; looks whether a heartbeat is due. */
enum { LOAD_SAMPLE = 64 };
void load_sampled(struct fos_service *service, uint64_t cycles);
void load_look(struct fos_service *service);
struct fleet_load load_now(const struct fos_service *service);

#endif
