/* SPDX-License-Identifier: MIT */
#include <fos/park.h>

#include <fos/msg.h>

enum { SPINS_MAX = 2000, SPINS_MIN = 16 };

/* The limit follows twice the length of the looks that paid, and shrinks by those that
 * did not (as in glibc's adaptive mutex). */
bool fos_park_spin(_Atomic uint32_t *word, uint32_t value)
{
    struct fos_thread *self = fos_thread_self();
    uint32_t limit = self->spins * 2 + SPINS_MIN, turns = 0;

    if (limit > SPINS_MAX)
        limit = SPINS_MAX;
    /* Acquire: who sees the change sees what was written before it. */
    while (fos_load_acquire(word) == value) {
        if (++turns == limit) {
            self->spins -= (self->spins + 7) / 8;
            return false;
        }
        fos_pause();
    }
    self->spins += ((int32_t)turns - (int32_t)self->spins) / 8;
    return true;
}
