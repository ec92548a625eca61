/* SPDX-License-Identifier: MIT */
/* What send.c, receive.c and inbound.c share. */
#ifndef FOS_MSG_INTERNAL_H
#define FOS_MSG_INTERNAL_H

#include <fos/msg.h>

/* Doorbell page and the largest ring: every channel's window has this size. */
enum { WINDOW_PAGES = 1 + FOS_RING_PAGES_MAX };

static inline uint32_t ring_slots(uint32_t ring_pages)
{
    return ring_pages * (uint32_t)(FOS_PAGE_SIZE / FOS_PACKET_SIZE);
}

static inline void *window_ring(void *window)
{
    return (uint8_t *)window + FOS_PAGE_SIZE;
}

static inline bool doorbell_dead(struct fos_doorbell *doorbell)
{
    /* Acquire: what the dead one had sent is seen by later looks (M4). */
    return fos_load_acquire(&doorbell->state) == FOS_DOORBELL_DEAD;
}

/* Takes the events that concern messages, and notes what they ask for. */
void thread_events(struct fos_thread *thread);

/* Accepts waiting channels and finds those that were torn down. */
void thread_update_channels(struct fos_thread *thread);

/* Lists a channel as the most recently active one. */
void inbound_to_front(struct fos_mailbox *mailbox, struct fos_inbound *inbound);

/* Lists the accepted channels whose barrier the kernel's messages have passed (M2).
 */
void inbound_release_waiting(struct fos_mailbox *mailbox);

/* Closes a listed channel and forgets it. */
void inbound_drop(struct fos_mailbox *mailbox, struct fos_inbound *inbound);

#endif
