/* SPDX-License-Identifier: MIT */
/* The member's service, and the messages that come beside it. */
#ifndef MEM_REQUEST_H
#define MEM_REQUEST_H

#include <fos/service.h>

extern struct fos_service mem_service;

#endif
