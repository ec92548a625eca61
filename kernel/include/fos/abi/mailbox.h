/* SPDX-License-Identifier: MIT */
/*
 * Layout of a mailbox buffer: how the kernel hands messages to their receiver.
 *
 * The buffer is a ring of 64-byte slots in the receiver's own memory.  Many senders
 * (vCPUs in the kernel) reserve consecutive slots, fill them and publish each by its
 * tag; the one receiver takes them in order, and gives them back by advancing
 * `head`, a 64-bit slot count at an address of its own choosing.  A message of n
 * bytes takes max(1, ceil(n / 56)) slots; each slot carries the tag of its lap, so no
 * payload byte can be taken for a tag.  The first slot's tag is published last: who sees
 * it sees the whole message.  Nothing here is a lock.
 */
#ifndef FOS_ABI_MAILBOX_H
#define FOS_ABI_MAILBOX_H

#include <stdatomic.h>
#include <stdint.h>

enum { FOS_MAILBOX_PAYLOAD = 56 };

struct fos_mailbox_slot {
    uint8_t payload[FOS_MAILBOX_PAYLOAD];
    _Atomic uint64_t tag;
} __attribute__((aligned(64)));

/*
 * tag: bits 0..31 the message's length in bytes (every slot of it repeats it),
 *      bit 32 set on the first slot, bit 33 set when the message was given up by the
 *      kernel half-way (skip it), bits 48..63 the lap: (slot count / slots + 1),
 *      never 0 in the first lap.
 */
#define FOS_SLOT_FIRST   (1ull << 32)
#define FOS_SLOT_ABORTED (1ull << 33)

static inline uint64_t fos_slot_lap(uint64_t position, uint32_t slots)
{
    return ((position / slots + 1) & 0xffff) << 48;
}

static inline uint32_t fos_slots_for(uint32_t length)
{
    return length ? (length + FOS_MAILBOX_PAYLOAD - 1) / FOS_MAILBOX_PAYLOAD : 1;
}

#ifndef __cplusplus
_Static_assert(sizeof(struct fos_mailbox_slot) == 64, "one line");
#endif

#endif
