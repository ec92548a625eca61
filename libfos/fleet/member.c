/* SPDX-License-Identifier: MIT */
#include <fos/fleet.h>

#include <fos/proc.h>
#include <fos/start.h>

void fos_fleet_ready(struct fos_cap mailbox)
{
    struct proc_ready_req req = {.self = fos_own_space(), .mailbox = mailbox};

    proc_ready_post(fos_proc_peer(), &req, FOS_NEVER);
}
