/* SPDX-License-Identifier: MIT */
#ifndef PROC_PLACE_H
#define PROC_PLACE_H

#include "table.h"

void place_handle(const struct fos_caller *caller,
                  const struct proc_place_req *req);

#endif
