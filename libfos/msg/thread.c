/* SPDX-License-Identifier: MIT */
/* The messaging state of the process's thread. */
#include <fos/msg.h>

#include <fos/start.h>

struct fos_thread *fos_thread_self(void)
{
    static struct fos_thread self;

    if (!self.sleeper.doorbell)
        fos_sleeper_init(&self.sleeper,
                         (struct fos_doorbell *)fos_start_page->doorbell,
                         (struct fos_events *)fos_start_page->events);
    return &self;
}
