/* SPDX-License-Identifier: MIT */
/*
 * Reader of a mailbox buffer (abi/mailbox.h): takes what the kernel put there,
 * without a system call.  One thread reads; the kernel, on any vCPU, writes.
 *
 * Invariants
 *
 *  B1. A message is taken only when every slot of it carries the tag of its lap
 *      (acquire, pairs with the kernel's release): then the kernel is done with it.
 *
 *  B2. Slots are given back only by advancing *head (release, pairs with the
 *      kernel's acquire), after their payload was copied out.
 *
 *  B3. Messages are taken in the order of their slots, which for one sender is the
 *      order of its sends.
 */
#ifndef FOS_MAILBOX_H
#define FOS_MAILBOX_H

#include <stdbool.h>

#include <fos/abi/atomic.h>
#include <fos/abi/errors.h>
#include <fos/abi/mailbox.h>

struct fos_mailbox_reader {
    struct fos_mailbox_slot *slots;
    uint32_t count;         /* of slots, a power of two */
    uint64_t position;      /* slots taken so far */
    _Atomic uint64_t *head; /* position, published to the kernel */
    uint32_t shift;         /* count is 1 << shift */
};

static inline void fos_mailbox_reader_init(struct fos_mailbox_reader *reader,
                                           struct fos_mailbox_slot *slots,
                                           uint32_t count, _Atomic uint64_t *head)
{
    *reader = (struct fos_mailbox_reader){
        .slots = slots,
        .count = count,
        .head = head,
        .shift = (uint32_t)__builtin_ctz(count),
    };
}

static inline struct fos_mailbox_slot *
fos_mailbox_slot_at(const struct fos_mailbox_reader *reader, uint64_t position)
{
    return &reader->slots[position & (reader->count - 1)];
}

/* Whether the next slot is filled: one load. */
static inline bool fos_mailbox_ready(const struct fos_mailbox_reader *reader)
{
    uint64_t tag =
        fos_load_relaxed(&fos_mailbox_slot_at(reader, reader->position)->tag);

    /* fos_slot_lap, without its division. */
    return tag >> 48 == (((reader->position >> reader->shift) + 1) & 0xffff);
}

/*
 * Takes a message.  0 and *length; -FOS_EAGAIN when there is none, or not all of it
 * yet; -FOS_EMSGSIZE, with *length, when it is longer than `capacity` and was left
 * there.
 */
int fos_mailbox_take(struct fos_mailbox_reader *reader, void *buffer,
                     uint32_t capacity, uint32_t *length);

/* Throws away the message that comes next.  0 or -FOS_EAGAIN. */
int fos_mailbox_discard(struct fos_mailbox_reader *reader);

/*
 * The position after the last slot that is filled now, whatever gaps other senders
 * have yet to fill before it.  Every message sent before this call lies before it.
 */
uint64_t fos_mailbox_end(const struct fos_mailbox_reader *reader);

#endif
