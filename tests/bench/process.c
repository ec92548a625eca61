/* SPDX-License-Identifier: MIT */
/* What the fleet skeleton wants of the rest of libfos, in a host program: a start
 * page, a process fleet that is not there, events. */
#include <fos/event.h>
#include <fos/msg.h>
#include <fos/proc.h>
#include <fos/start.h>

static struct fos_start start_page = {.caps = {{77, 78}}, .pid = 5};
struct fos_start *fos_start_page = &start_page;

struct fos_peer *fos_proc_peer(void)
{
    static struct fos_peer nobody;

    if (!nobody.thread)
        fos_peer_open(&nobody, (struct fos_cap){0}, FOS_TRANSPORT_KERNEL);
    return &nobody;
}

uint64_t fos_event_take(uint64_t mask)
{
    return fos_sleeper_take(&fos_thread_self()->sleeper, mask);
}
