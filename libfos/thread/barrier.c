/* SPDX-License-Identifier: MIT */
#include <fos/sync.h>

#include <fos/msg.h>

int fos_barrier_wait(struct fos_barrier *barrier)
{
    uint32_t generation;

    fos_lock_take(&barrier->lock);
    generation = fos_load_relaxed(&barrier->generation);
    if (++barrier->arrived == barrier->count) {
        barrier->arrived = 0;
        fos_fetch_add(&barrier->generation, 1u);
        /* Before the lock is let go: later it could wake who has come for the next
         * generation. */
        fos_unpark(&barrier->generation, UINT32_MAX);
        fos_lock_release(&barrier->lock);
        return 1;
    }
    fos_lock_release(&barrier->lock);
    /* Whatever ends these, all have arrived, and the barrier may be gone (Y2). */
    if (!fos_park_spin(&barrier->generation, generation))
        fos_park(&barrier->generation, generation, FOS_NEVER, FOS_PARK_PLAIN);
    return 0;
}

int fos_barrier_destroy(struct fos_barrier *barrier)
{
    uint32_t arrived;

    fos_lock_take(&barrier->lock);
    arrived = barrier->arrived;
    fos_lock_release(&barrier->lock);
    return arrived ? -FOS_EBUSY : 0;
}
