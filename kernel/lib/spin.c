/* SPDX-License-Identifier: MIT */
#include "lib/lib.h"
#include "arch/x86_64/cpu.h"
#include "xen/xen.h"

void spin_lock(spinlock_t *lock)
{
    enum { PATIENCE = 500 };
    /* acquire: pairs with the release in spin_unlock */
    while (atomic_exchange_explicit(lock, 1, memory_order_acquire)) {
        for (int i = 0; atomic_load_explicit(lock, memory_order_relaxed); i++) {
            if (i == PATIENCE) {
                xen_yield();
                i = 0;
            }
            cpu_pause();
        }
    }
}

void spin_unlock(spinlock_t *lock)
{
    ASSERT(atomic_load_explicit(lock, memory_order_relaxed) == 1);
    atomic_store_explicit(lock, 0, memory_order_release);
}
