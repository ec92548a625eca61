/* SPDX-License-Identifier: MIT */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include "table.h"

void exec_handle(const struct fos_caller *caller, const struct proc_exec_req *req,
                 size_t length);
void fork_handle(const struct fos_caller *caller, const struct proc_fork_req *req);

#endif
