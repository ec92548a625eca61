/* SPDX-License-Identifier: MIT */
/* The parking lot.  Invariants: see fos/park.h. */
#include <fos/park.h>

#include <fos/msg.h>
#include <fos/syscall.h>

enum { LOCK_SPINS = 64, WAKE_BATCH = 16 };

static const uint64_t park_bit = 1ull << FOS_EVENT_PARK;

static struct fos_bucket *bucket_of(const void *word)
{
    uint64_t mixed = ((uint64_t)word >> 2) * 0x9e3779b97f4a7c15ull;

    return &fos_lot->buckets[mixed >> (64 - FOS_LOT_BITS)];
}

/* Held for a few instructions, but its owner may be off the processor. */
static void bucket_lock(struct fos_bucket *bucket)
{
    uint32_t turns = 0;

    fos_signals_hold();
    while (fos_exchange(&bucket->lock, 1)) { /* pairs with bucket_unlock */
        fos_pause();
        if (++turns % LOCK_SPINS == 0)
            fos_yield();
    }
}

static void bucket_unlock(struct fos_bucket *bucket)
{
    fos_store_release(&bucket->lock, 0);
    fos_signals_release();
}

static void waiter_add(struct fos_bucket *bucket, struct fos_waiter *waiter)
{
    waiter->next = NULL;
    waiter->previous = bucket->last;
    if (bucket->last)
        bucket->last->next = waiter;
    else
        bucket->first = waiter;
    bucket->last = waiter;
}

static void waiter_remove(struct fos_bucket *bucket, struct fos_waiter *waiter)
{
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        bucket->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        bucket->last = waiter->previous;
    waiter->place = NULL;
    fos_fetch_add(&bucket->count, (uint32_t)-1);
}

/* W1: 0 and queued, or -FOS_EAGAIN. */
static int waiter_queue(struct fos_waiter *waiter, _Atomic uint32_t *word,
                        uint32_t value)
{
    struct fos_bucket *bucket = bucket_of(word);
    int result = -FOS_EAGAIN;

    bucket_lock(bucket);
    fos_fetch_add(&bucket->count, 1u); /* pairs with the load in fos_unpark */
    if (fos_load_acquire(word) == value) {
        waiter->place = word;
        waiter_add(bucket, waiter);
        result = 0;
    } else {
        fos_fetch_add(&bucket->count, (uint32_t)-1);
    }
    bucket_unlock(bucket);
    return result;
}

/* W2: `error` if the waiter was still queued, which it then is no more; else 0. */
static int waiter_withdraw(struct fos_waiter *waiter, const void *word, int error)
{
    struct fos_bucket *bucket = bucket_of(word);
    int result = 0;

    bucket_lock(bucket);
    if (waiter->place) {
        waiter_remove(bucket, waiter);
        result = error;
    }
    bucket_unlock(bucket);
    return result;
}

static bool waiter_woken(const struct fos_waiter *waiter, const void *word)
{
    struct fos_bucket *bucket = bucket_of(word);
    bool woken;

    bucket_lock(bucket);
    woken = !waiter->place;
    bucket_unlock(bucket);
    return woken;
}

/*
 * Sleeps until it is taken off the queue.  The kernel's wait returns at once while any
 * event is pending: those of others are held aside meanwhile.
 */
static int waiter_sleep(struct fos_waiter *waiter, const void *word,
                        uint64_t deadline, unsigned how)
{
    _Atomic uint64_t *pending = &fos_thread_self()->sleeper.events->pending;
    uint64_t held = 0;
    int result = 0;

    for (;;) {
        uint64_t bits = fos_exchange(pending, 0);

        held |= bits & ~park_bit;
        if (bits & park_bit && waiter_woken(waiter, word))
            break;
        if (fos_park_disturbed(how)) {
            fos_fetch_or(pending, held); /* signal handlers may need them */
            held = 0;
            result = fos_park_interrupt(how);
        } else if (fos_park_sleep(deadline) == -FOS_ETIMEDOUT) {
            result = -FOS_ETIMEDOUT;
        }
        if (!result)
            continue;
        result = waiter_withdraw(waiter, word, result);
        break;
    }
    if (held)
        fos_fetch_or(pending, held);
    return result;
}

int fos_park(_Atomic uint32_t *word, uint32_t value, uint64_t deadline,
             unsigned how)
{
    struct fos_waiter waiter = {.thread = fos_thread_self()->cap};
    int result;

    fos_signals_hold();
    result = waiter_queue(&waiter, word, value);
    if (!result)
        result = waiter_sleep(&waiter, word, deadline, how);
    fos_signals_release();
    return result;
}

/* Takes up to `count` waiters for `word` off; their threads.  W2, W3 */
static uint32_t waiters_take(struct fos_bucket *bucket, const void *word,
                             uint32_t count, struct fos_cap *threads)
{
    struct fos_waiter *next;
    uint32_t taken = 0;

    bucket_lock(bucket);
    for (struct fos_waiter *w = bucket->first; w && taken < count; w = next) {
        next = w->next;
        if (w->place != word)
            continue;
        threads[taken++] = w->thread;
        waiter_remove(bucket, w);
    }
    bucket_unlock(bucket);
    return taken;
}

uint32_t fos_unpark(const void *word, uint32_t count)
{
    struct fos_bucket *bucket = bucket_of(word);
    struct fos_cap threads[WAKE_BATCH];
    uint32_t woken = 0, taken = 0;

    if (fos_load_acquire(&bucket->count) == 0) /* W1 */
        return 0;
    do {
        uint32_t want = count - woken < WAKE_BATCH ? count - woken : WAKE_BATCH;

        taken = waiters_take(bucket, word, want, threads);
        for (uint32_t i = 0; i < taken; i++)
            fos_sys_thread_control(threads[i], FOS_THREAD_RAISE, FOS_EVENT_PARK);
        woken += taken;
    } while (taken == WAKE_BATCH && woken < count);
    return woken;
}

void fos_yield(void)
{
    fos_sys_wait(0);
}
