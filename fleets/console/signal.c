/* SPDX-License-Identifier: MIT */
#include <fos/call.h>
#include <fos/proc.h>
#include <fos/start.h>

#include "tty.h"

enum { WAITING = 16 };

static struct waiting {
    uint64_t group;
    int number;
} waiting[WAITING];
static size_t count;

/* False: the process fleet has no room now. */
static bool post(uint64_t group, int number)
{
    struct proc_signal_req req = {.self = fos_own_space(),
                                  .pid = -(int64_t)group,
                                  .signal = (uint32_t)number};

    req.head.tag = FOS_TAG(proc, signal);
    return fos_msg_try_send(fos_proc_peer(), &req, sizeof req) != -FOS_EAGAIN;
}

void signal_send(uint64_t group, int number)
{
    if (!group || (!count && post(group, number)))
        return;
    if (count < WAITING)
        waiting[count++] = (struct waiting){group, number};
}

bool signals_retry(void)
{
    size_t sent = 0;

    while (sent < count && post(waiting[sent].group, waiting[sent].number))
        sent++;
    count -= sent;
    for (size_t i = 0; i < count; i++)
        waiting[i] = waiting[i + sent];
    return count;
}
