/* SPDX-License-Identifier: MIT */
/*
 * Channels: frames that two processes share, with each other's doorbells beside
 * them (thesis 4.2; the ring inside is user space's affair, fos/packet.h).
 *
 * Life: connected (on the receiving thread's pending list) -> accepted -> perhaps
 * retired (channel_retire) -> closed, when either side closes it, the mailbox goes
 * or a space ends.  Closing swaps the doorbells both sides see for one that says
 * DEAD; the object goes when both sides have let go.
 *
 * A retired channel loses nothing (the protocol: fos/abi/types.h): whoever of the
 * two comes second learns from the first, under the kernel lock, where the packets
 * that count end.
 */
#ifndef MSG_CHANNEL_H
#define MSG_CHANNEL_H

#include "mm/space.h"

struct mailbox;
struct thread;

/*
 * Who pays: both sides for an object and the ring, from the connection on; the
 * frames belong to the sender's account, and to the receiver's when the sender has
 * gone first.  So a channel that the receiver could not pay is refused to its
 * sender at once, and the receiver told that somebody wants room.
 * Before the receiver has accepted, a thread keeps few channels whose sender has
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
        struct channel *next;  /* in space->sending; space->receiving, or pending */
    } sides[CHANNEL_SIDES];
    struct mailbox *mailbox; /* while pending */
    _Atomic bool closed;
    bool orphan;  /* its sender went before it was accepted */
    bool retired; /* the receiver wants no more */
    bool sealed;  /* `packets` is what the sender has sent */
    bool counted; /* `packets` is what the receiver took, and has closed */
    uint32_t packets;
    uint64_t mailbox_id, sender_pid, receiver_pid;
    uint64_t secret;         /* of the mailbox, by which it was opened */
    uint32_t limit;          /* of the mailbox */
    uint32_t receiver_share; /* frames the receiver is charged beside the owner */
    uint64_t posted_va; /* the receiver's pages to be exchanged (exchange.c): */
    uint32_t posted, exchanged; /* how many; how many were, from the first on */
    uint32_t ring_pages;
    pfn_t ring[FOS_RING_PAGES_MAX];
};

void channels_init(void);
int channel_connect(struct mailbox *m, uint64_t va, uint32_t ring_pages,
                    struct channel **out);
/* As its sender sees it, or its receiver. */
struct fos_channel_info channel_info(const struct channel *c,
                                     enum channel_side side);
/* The next one that waits for `t`. */
int channel_accept(struct thread *t, uint64_t va, struct channel **out);
/* The next to come is to be accepted there as soon as it is connected (struct fos_events):
 * that saves a system call, and both sides are mapped at once.  -FOS_EAGAIN: some wait
 * already; -FOS_EBUSY: another offer stands. */
int channel_offer(struct thread *t, uint64_t va);
/* `s` lets go of its side: unmaps its window; the other side learns of it. */
void channel_drop(struct channel *c, struct space *s);
void channels_drop_mailbox(struct mailbox *m); /* those not yet accepted */

/* The receiver wants no more packets.  0, or -FOS_EPIPE: it is closed. */
int channel_retire(struct channel *c);
/* The sender has met RETIRED or DEAD after `sent` packets.  How many were taken;
 * -FOS_EAGAIN: all will be; -FOS_EPERM: the mailbox's secret is another now;
 * -FOS_EPIPE: some may be lost; -FOS_EINVAL: it is not retired. */
long channel_seal(struct channel *c, uint32_t sent);
/* The receiver of a retired channel has taken `taken` packets and closes.  0;
 * -FOS_EAGAIN: it must take more; -FOS_EPIPE: the sender has closed first. */
int channel_count(struct channel *c, uint32_t taken);

/* exchange.c: channel_exchange by the receiver, and by the sender (abi/syscalls.h). */
long channel_post(struct channel *c, uint64_t va, uint64_t pages);
long channel_swap(struct channel *c, uint64_t va, uint64_t pages);

#endif
