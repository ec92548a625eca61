/* SPDX-License-Identifier: MIT */
/*
 * Objects and the capabilities that name them.
 *
 * A table of slots, found by the low bits of an id; the high bits count the slot's
 * uses, so an id is never given out twice.  Invariants:
 *  1. Slots change under the kernel lock only; they are read without it.
 *  2. Who reads without the lock is a reader (reader_enter/exit) meanwhile.  Whoever
 *     takes an object out of the table calls quiesce() before its memory, or a frame
 *     reached through it, is used again.
 *  3. A reader never waits for the kernel lock, so quiesce() ends.
 */
#ifndef MSG_CAPABILITY_H
#define MSG_CAPABILITY_H

#include "lib/lib.h"

enum object_type {
    OBJECT_NONE,
    OBJECT_SPACE,
    OBJECT_THREAD,
    OBJECT_MAILBOX,
    OBJECT_CHANNEL,
    OBJECT_DEVICE,
    OBJECT_MACHINE,
    OBJECT_TYPES
};

enum { OBJECT_INDEX_BITS = 20 };

struct object {
    uint64_t id;
    uint64_t secret;
    uint64_t type;
};

extern uint32_t
    object_counts[OBJECT_TYPES]; /* living ones; under the kernel lock */

/* Gives `o` an id and a secret.  -FOS_ENOMEM when the table cannot grow. */
int object_publish(struct object *o, enum object_type type);
void object_retire(struct object *o);

/* The object, or NULL for every way of being wrong, in the same time. */
struct object *object_find(enum object_type type, uint64_t id, uint64_t secret);

/* Readers: at most from a kernel entry to its exit. */
void reader_enter(void);
void reader_exit(void);
void quiesce(void);

static inline uint32_t object_index(const struct object *o)
{
    return (uint32_t)(o->id & ((1u << OBJECT_INDEX_BITS) - 1));
}
struct object *object_at(uint32_t index); /* the living object there, or NULL */

static inline struct fos_cap object_cap(const struct object *o)
{
    return (struct fos_cap){o->id, o->secret};
}

extern spinlock_t kernel_lock;

#endif
