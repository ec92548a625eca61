/* SPDX-License-Identifier: MIT */
/*
 * Blocking of threads of one process on a word of memory: the parking lot (WebKit's
 * name; the interface is that of Linux's futex, the queues are here).
 *
 *     waiter                                   waker
 *     while (load(&word) == v)                 1. change the word, by a locked
 *         fos_park(&word, v, deadline, 0);        operation
 *                                              2. fos_unpark(&word, 1)
 *
 * Invariants
 *
 *  W1. A waiter is queued, under its bucket's lock, only when the word still holds the
 *      value; the bucket's count was raised before that look by a locked operation.  A
 *      waker changes the word by one and then reads the count.  So either the waiter
 *      sees the new value or the waker sees the waiter.
 *
 *  W2. Who takes a waiter off its queue, under the lock, owes it one FOS_EVENT_PARK;
 *      the bit is level, so it may come before the sleep.  A waiter returns 0 only when
 *      it was taken off, and takes itself off before it returns anything else: no wake-up
 *      goes to a waiter that has given up.
 *
 *  W3. After it has let go of the lock a waker touches neither the waiter nor the word:
 *      both may be gone.
 *
 *  W4. FOS_EVENT_PARK may come when nobody expects it any more.  Every wait for events
 *      bears that.
 */
#ifndef FOS_PARK_H
#define FOS_PARK_H

#include <fos/abi/atomic.h>
#include <fos/abi/types.h>

#ifndef FOS_LOT_BITS
#define FOS_LOT_BITS 6
#endif

enum { FOS_LOT_BUCKETS = 1 << FOS_LOT_BITS };

/* What may end a fos_park besides. */
enum fos_park_how {
    FOS_PARK_PLAIN = 0,
    FOS_PARK_SIGNALS = 1, /* a handler without SA_RESTART has run: -FOS_EINTR */
    FOS_PARK_CANCEL = 2,  /* the thread is to be cancelled: -FOS_ECANCELED */
};

struct fos_waiter {
    struct fos_waiter *next, *previous;
    const void *place; /* the word; null: taken off */
    struct fos_cap thread;
};

struct fos_bucket {
    _Atomic uint32_t lock, count;
    struct fos_waiter *first, *last; /* in the order of their coming; the lock's */
} __attribute__((aligned(64)));

struct fos_lot {
    struct fos_bucket buckets[FOS_LOT_BUCKETS];
};

/* The process's. */
extern struct fos_lot *const fos_lot;

/*
 * Sleeps while *word is `value`, until somebody calls fos_unpark or the deadline
 * (absolute, nanoseconds of the monotonic clock; FOS_NEVER none).  `how`: enum
 * fos_park_how.  0: woken; -FOS_EAGAIN: the word had another value; -FOS_ETIMEDOUT;
 * or what `how` allows.
 */
int fos_park(_Atomic uint32_t *word, uint32_t value, uint64_t deadline,
             unsigned how);

/* Wakes up to `count` of those parked on `word`, the longest there first.  How many. */
uint32_t fos_unpark(const void *word, uint32_t count);

/* Looks, for as long as that has paid lately, whether *word leaves `value`. */
bool fos_park_spin(_Atomic uint32_t *word, uint32_t value);

/* Gives the processor to another thread that is ready to run here, or to another vCPU. */
void fos_yield(void);

/* ---- what differs where there are no signals and no cancellation: host builds ---- */

/* No signal handler runs in the calling thread between these.  They nest. */
void fos_signals_hold(void);
void fos_signals_release(void);

/* Signals are held.  Whether something is there that may end a wait besides events. */
bool fos_park_disturbed(unsigned how);

/* Serves that: runs handlers.  0, or what `how` allows. */
int fos_park_interrupt(unsigned how);

/* The kernel's wait; what fos_park_disturbed is not to tell of does not end it. */
long fos_park_sleep(uint64_t deadline);

#endif
