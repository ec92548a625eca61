/* SPDX-License-Identifier: MIT */
/*
 * A lock that whoever comes may take, until somebody has waited long; then a queue.
 *
 *  L1. `held` goes from 0 to 1 by an exchange only, so it has one holder.
 *  L2. Who has looked PATIENCE times in vain draws a ticket.  Tickets are served in order,
 *      one at a time; the one served claims the lock.
 *  L3. Nobody but the claimant takes a lock that was claimed when he looked: after the
 *      claim at most those who had looked already, one to a vCPU, go before the claimant.
 *
 * So a waiter waits for PATIENCE looks, and then, for each ticket up to its own, for no
 * more holders than there are vCPUs.  A queue from the first look on would be fairer still,
 * and useless where Xen has taken the processor from the waiter whose turn it is: everybody
 * would wait for that one.
 */
#include "lib/lib.h"
#include "arch/x86_64/cpu.h"
#include "xen/xen.h"

enum { PATIENCE = 500 };

/* acquire: pairs with the release in spin_unlock */
static bool take(spinlock_t *lock)
{
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) == 0;
}

static bool take_unclaimed(spinlock_t *lock)
{
    return atomic_load_explicit(&lock->claimed, memory_order_relaxed) == 0 &&
           take(lock);
}

static void wait_a_little(uint32_t *looks)
{
    if (++*looks % PATIENCE == 0)
        xen_yield();
    cpu_pause();
}

static void queue_wait(spinlock_t *lock)
{
    uint32_t looks = 0;
    uint8_t mine = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    /* acquire: pairs with the release below, of the one served before */
    while (atomic_load_explicit(&lock->serving, memory_order_acquire) != mine)
        wait_a_little(&looks);
    atomic_store_explicit(&lock->claimed, 1, memory_order_relaxed);
    while (!take(lock))
        wait_a_little(&looks);
    atomic_store_explicit(&lock->claimed, 0, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, (uint8_t)(mine + 1),
                          memory_order_release);
}

void spin_lock(spinlock_t *lock)
{
    uint32_t looks = 0;
    while (!take_unclaimed(lock)) {
        wait_a_little(&looks);
        if (looks == PATIENCE) {
            queue_wait(lock);
            return;
        }
    }
}

void spin_unlock(spinlock_t *lock)
{
    ASSERT(atomic_load_explicit(&lock->held, memory_order_relaxed) == 1);
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}
