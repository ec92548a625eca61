/* SPDX-License-Identifier: MIT */
/*
 * The kernel's state of a channel that may be given back (fos/msg.h, M6) in one word, as
 * its lock makes it: these flags, and a number of packets above bit 32.
 */
#ifndef MODEL_CHANNEL_WORD_H
#define MODEL_CHANNEL_WORD_H

#include <stdbool.h>
#include <stdint.h>

#include <fos/abi/atomic.h>
#include <fos/syscall.h>

#include "explore.h"

enum { RETIRED = 1, SEALED = 2, COUNTED = 4, CLOSED = 8 };

/* What the receiver's close answers, and does to the channel. */
static inline long close_judge(uint64_t *channel, uint64_t taken)
{
    if (*channel & CLOSED)
        return taken == FOS_TAKEN_NONE ? 0 : -FOS_EPIPE;
    if (taken == FOS_TAKEN_NONE) {
        *channel |= CLOSED;
        return 0;
    }
    if (*channel & SEALED && *channel >> 32 != taken)
        return -FOS_EAGAIN;
    *channel = RETIRED | COUNTED | CLOSED | taken << 32;
    return 0;
}

/* The receiver closes it.  *closed: it was not yet, the sender is to be told. */
static inline long word_close(_Atomic uint64_t *word, uint64_t taken, bool *closed)
{
    uint64_t old = fos_load_acquire(word), new;
    long result;

    do {
        new = old;
        result = close_judge(&new, taken);
    } while (new != old && !fos_compare_exchange(word, &old, new));
    *closed = new != old;
    return result;
}

/* The sender says how many it sent.  How many were taken, if the receiver has closed it;
 * -FOS_EAGAIN: it is to be told. */
static inline long word_seal(_Atomic uint64_t *word, uint64_t sent)
{
    uint64_t old = fos_load_acquire(word);

    do {
        if (old & COUNTED)
            return (long)(old >> 32);
        EXPLORE_CHECK(old & RETIRED && !(old & CLOSED));
    } while (!fos_compare_exchange(word, &old, RETIRED | SEALED | sent << 32));
    return -FOS_EAGAIN;
}

#endif
