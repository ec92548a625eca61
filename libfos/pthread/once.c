/* SPDX-License-Identifier: MIT */
#include "inside.h"

enum once_state { ONCE_NEW, ONCE_BUSY, ONCE_DONE };

static _Atomic uint32_t *state_of(pthread_once_t *once)
{
    return (_Atomic uint32_t *)once;
}

static void once_set(pthread_once_t *once, enum once_state state)
{
    fos_exchange(state_of(once), state); /* pairs with the load in pthread_once */
    fos_unpark(state_of(once), UINT32_MAX);
}

/* The routine was cancelled: another call begins anew. */
static void once_undo(void *once)
{
    once_set(once, ONCE_NEW);
}

static void once_run(pthread_once_t *once, void (*routine)(void))
{
    pthread_cleanup_push(once_undo, once);
    routine();
    pthread_cleanup_pop(0);
    once_set(once, ONCE_DONE);
}

int pthread_once(pthread_once_t *once, void (*routine)(void))
{
    uint32_t state;

    while ((state = fos_load_acquire(state_of(once))) != ONCE_DONE) {
        if (state == ONCE_NEW &&
            fos_compare_exchange(state_of(once), &state, ONCE_BUSY))
            once_run(once, routine);
        else if (!fos_park_spin(state_of(once), ONCE_BUSY))
            fos_park(state_of(once), ONCE_BUSY, FOS_NEVER, FOS_PARK_PLAIN);
    }
    return 0;
}
