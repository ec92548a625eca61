/* SPDX-License-Identifier: MIT */
/* The wait for one thing: polls, then sleeps. */
#include "msg.h"

int thread_wait(struct fos_thread *thread, bool (*ready)(void *), void *argument,
                uint64_t deadline)
{
    struct fos_spin spin;

    fos_spin_begin(&spin, &thread->sleeper, deadline);
    while (!ready(argument)) {
        enum fos_spin_state state =
            deadline ? fos_spin_round(&spin) : FOS_SPIN_LATE;
        if (state == FOS_SPIN_LATE)
            return -FOS_ETIMEDOUT;
        if (state == FOS_SPIN_ON)
            continue;
        thread_events(thread);
        fos_unpushed_count(thread);
        fos_sleep(&thread->sleeper, FOS_EVENTS_RESERVED, ready, argument, deadline);
        fos_spin_begin(&spin, &thread->sleeper, deadline);
    }
    return 0;
}
