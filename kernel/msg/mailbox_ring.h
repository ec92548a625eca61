/* SPDX-License-Identifier: MIT */
/*
 * The writing side of a mailbox buffer (layout: fos/abi/mailbox.h): many senders in
 * the kernel, one receiver in user space, no lock.
 *
 * Invariants:
 *  1. `tail`, kernel-private, only grows; a sender owns the slots between the tail it
 *     read and the one its compare-exchange put there.
 *  2. tail - head <= slots at that moment, so an owned slot has been given back.
 *  3. A sender publishes its first slot last; the receiver, which takes slots in order,
 *     sees all of a message or nothing.
 *  4. `head` is user memory: it is read once per try, and whatever it says, a sender
 *     writes only inside the buffer.
 *  5. The last quarter of the slots takes one message of each process: who has one that
 *     was not taken yet leaves it to others.  So one cannot keep the rest out.  Of two
 *     threads of a process that send at once, each may get in.
 */
#ifndef MSG_MAILBOX_RING_H
#define MSG_MAILBOX_RING_H

#include <fos/abi/atomic.h>
#include <fos/abi/errors.h>
#include <fos/abi/mailbox.h>

enum { MAILBOX_RING_PAGES = 64, MAILBOX_PAGE_SLOTS = 64, MAILBOX_SENDERS = 8 };

struct mailbox_ring {
    _Atomic uint64_t tail;
    uint32_t slots; /* a power of two */
    _Atomic uint64_t *head;
    struct fos_mailbox_slot *pages[MAILBOX_RING_PAGES]; /* 64 slots on each */
    _Atomic uint32_t last[MAILBOX_SENDERS]; /* mailbox_ring_mark of senders' last */
};

static inline struct fos_mailbox_slot *mailbox_ring_slot(struct mailbox_ring *r,
                                                         uint64_t position)
{
    uint32_t i = (uint32_t)(position & (r->slots - 1));
    return &r->pages[i / MAILBOX_PAGE_SLOTS][i % MAILBOX_PAGE_SLOTS];
}

/* A sender's message that ends there, as far as it matters (5). */
static inline uint32_t mailbox_ring_mark(uint64_t sender, uint64_t end)
{
    return (uint32_t)(sender / MAILBOX_SENDERS << 24 | (end & 0xffffff));
}

/* Whether n slots would leave the last quarter free, or are for whom that is. */
static inline int mailbox_ring_admits(struct mailbox_ring *r, uint64_t sender,
                                      uint32_t n)
{
    uint64_t head = fos_load_relaxed(r->head);
    uint32_t taken = mailbox_ring_mark(sender, head);
    uint32_t last = fos_load_relaxed(&r->last[sender % MAILBOX_SENDERS]);
    return fos_load_relaxed(&r->tail) + n - head <= r->slots - r->slots / 4 ||
           (last ^ taken) >> 24 || ((last - taken) & 0xffffff) - 1 >= r->slots;
}

/* Takes n consecutive slots from *position on, for a process or, with sender 0, for who
 * may have all.  -FOS_EAGAIN: they are not free. */
static inline int mailbox_ring_reserve(struct mailbox_ring *r, uint64_t sender,
                                       uint32_t n, uint64_t *position)
{
    uint64_t tail = fos_load_relaxed(&r->tail);
    if (sender && !mailbox_ring_admits(r, sender, n))
        return -FOS_EAGAIN;
    for (;;) {
        /* acquire: pairs with the receiver's release of head, after its last read
         * of the slots it gives back */
        uint64_t head = fos_load_acquire(r->head);
        uint64_t used = tail - head;
        if (used > r->slots) { /* our tail is old, or head is nonsense */
            uint64_t now = fos_load_relaxed(&r->tail);
            if (now == tail)
                return -FOS_EAGAIN;
            tail = now;
            continue;
        }
        if (n > r->slots - used)
            return -FOS_EAGAIN;
        if (fos_compare_exchange(&r->tail, &tail, tail + n)) {
            *position = tail;
            if (sender)
                fos_store_relaxed(&r->last[sender % MAILBOX_SENDERS],
                                  mailbox_ring_mark(sender, tail + n));
            return 0;
        }
    }
}

/* Makes slot `position` visible.  release: pairs with the receiver's acquire. */
static inline void mailbox_ring_publish(struct mailbox_ring *r, uint64_t position,
                                        uint64_t tag)
{
    fos_store_release(&mailbox_ring_slot(r, position)->tag,
                      tag | fos_slot_lap(position, r->slots));
}

/* Publishes a whole message of n slots, filled or to be skipped. */
static inline void mailbox_ring_commit(struct mailbox_ring *r, uint64_t position,
                                       uint32_t n, uint64_t tag)
{
    for (uint32_t i = n; i-- > 1;)
        mailbox_ring_publish(r, position + i, tag);
    mailbox_ring_publish(r, position, tag | FOS_SLOT_FIRST);
}

#endif
