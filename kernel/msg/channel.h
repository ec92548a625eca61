/* SPDX-License-Identifier: MIT */
/*
 * Channels: frames that two processes share, with each other's doorbells beside
 * them (thesis 4.2; the ring inside is user space's affair, fos/abi/packet.h).
 *
 * Life: connected (on the mailbox's pending list) -> accepted -> closed, when
 * either side closes it, the mailbox goes or a space ends.  Closing swaps the
 * doorbells both sides see for one that says DEAD; the object goes when both sides
 * have let go.
 */
#ifndef MSG_CHANNEL_H
#define MSG_CHANNEL_H

#include "mm/space.h"

struct mailbox;
struct thread;

/*
 * Who pays: both sides for the ring, while both are attached; the frames belong to
 * the sender's account, and to the receiver's when the sender has gone first.
 * Before the receiver has accepted, a mailbox keeps few channels whose sender has
 * gone: whoever may send could else fill memory at the receiver's expense.
 */
enum { CHANNELS_PENDING_MAX = 64, CHANNEL_ORPHAN_PAGES_MAX = 16 };

enum channel_side { SENDER, RECEIVER, CHANNEL_SIDES };

struct channel {
    struct object object;
    struct {
        struct space *space;   /* NULL: has let go, or never accepted */
        struct thread *thread; /* to wake */
        uint64_t va;           /* doorbell page, then the ring */
        struct channel *next;  /* in space->sending or space->receiving */
    } sides[CHANNEL_SIDES];
    struct mailbox *mailbox; /* while pending */
    struct channel *pending_next;
    _Atomic bool closed;
    uint64_t mailbox_id, sender_pid;
    bool orphan;             /* its sender went before it was accepted */
    uint32_t receiver_share; /* frames the receiver is charged beside the owner */
    uint32_t ring_pages;
    pfn_t ring[FOS_RING_PAGES_MAX];
};

void channels_init(void);
int channel_connect(struct mailbox *m, uint64_t va, uint32_t ring_pages,
                    struct channel **out);
int channel_accept(struct mailbox *m, uint64_t va, struct channel **out);
/* `s` lets go of its side: unmaps its window; the other side learns of it. */
void channel_drop(struct channel *c, struct space *s);
void channels_drop_mailbox(struct mailbox *m); /* those not yet accepted */

#endif
