/* SPDX-License-Identifier: MIT */
/* The requests of the naming fleet's protocol, decoded. */
#ifndef NAME_REQUEST_H
#define NAME_REQUEST_H

#include "member.h"

extern struct member member; /* the one this process is */

extern struct fos_service name_service;

#endif
