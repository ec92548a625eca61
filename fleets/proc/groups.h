/* SPDX-License-Identifier: MIT */
#ifndef PROC_GROUPS_H
#define PROC_GROUPS_H

#include "table.h"

/* Whether a child of `by` may begin in that group (proto/proc.h).  0 or EPERM. */
long group_check(const struct process *by, uint64_t group);

void group_handle(const struct fos_caller *caller,
                  const struct proc_group_req *req);
void ids_handle(const struct fos_caller *caller, const struct proc_ids_req *req);

#endif
