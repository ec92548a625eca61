/* SPDX-License-Identifier: MIT */
/* What send.c, receive.c and inbound.c share. */
#ifndef FOS_MSG_INTERNAL_H
#define FOS_MSG_INTERNAL_H

#include <fos/line.h>

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

/* What the dead one had sent is seen by later looks (M4). */
static inline bool doorbell_dead(struct fos_doorbell *doorbell)
{
    return fos_doorbell_load(doorbell) == FOS_DOORBELL_DEAD;
}

static inline struct fos_published *published(const struct fos_thread *thread)
{
    return thread->sleeper.published;
}

/* Of the functions that send: not sent, the peer is in another state now. */
enum { SEND_AGAIN = 1 };

/* Ends the peer: every later send answers `error`, which is the result. */
int peer_fail(struct fos_peer *peer, int error);

/*
 * The receiver has retired the channel or let go of it.  The last `packets` of those
 * written belong to the message being sent.  0: the message is taken or will be, if
 * it is written whole; SEND_AGAIN: nothing of it was; else the peer has failed.
 */
int peer_settle(struct fos_peer *peer, uint32_t packets);

/* After a message of `packets` was written and counted: looks whether the receiver
 * sleeps or has gone.  As peer_settle. */
int peer_look(struct fos_peer *peer, uint32_t packets);

/* Makes the channel that the next message to thread->ahead would, if what that costs
 * ends before `deadline`, a TSC value. */
void thread_connect_ahead(struct fos_thread *thread, uint64_t deadline);

/* Gives up the channels whose receivers have let go of them. */
void thread_leave_dead(struct fos_thread *thread);

/* Polls, then sleeps, until `ready` (fos_sleep) or the deadline; 0: looks once.  What was sent is
 * counted.  0 or -FOS_ETIMEDOUT. */
int thread_wait(struct fos_thread *thread, bool (*ready)(void *), void *argument,
                uint64_t deadline);

/* Takes the events that concern messages, and notes what they ask for. */
void thread_events(struct fos_thread *thread);

/* Lists the channel that the kernel has accepted where that was offered.  How many others wait,
 * or an error; -FOS_EAGAIN: there is none. */
long thread_take_offered(struct fos_thread *thread);

/* Offers addresses for the next channel, so that connecting is all there is to it. */
void thread_offer(struct fos_thread *thread);

/* Accepts waiting channels, finds those that were torn down, makes room.  Not from
 * within a send. */
void thread_update_channels(struct fos_thread *thread);

/* Lists a mailbox as the most recently active one. */
void mailbox_to_front(struct fos_mailbox *mailbox);

/* Lists a channel as the most recently active one. */
void inbound_to_front(struct fos_mailbox *mailbox, struct fos_inbound *inbound);

/* Lists the accepted channels whose barrier the kernel's messages have passed (M2).
 */
void inbound_release_waiting(struct fos_mailbox *mailbox);

/* Whether a retired channel that was found empty may be closed. */
static inline bool inbound_is_done(const struct fos_inbound *inbound)
{
    return inbound->retired && !inbound->receiver.done && !inbound->turn.due &&
           !fos_line_owed(inbound);
}

/*
 * exchange.c, M8.  Takes the announced message of `length` bytes: its first bytes lie in
 * *buffer, of *capacity bytes, from now on; *buffer is another if the message is left where it
 * came.  0; -FOS_EAGAIN: the rest is streamed to there; -FOS_EMSGSIZE, and nothing is taken;
 * -FOS_EPROTO.
 */
int exchange_take(struct fos_inbound *inbound, void **buffer, uint32_t *capacity,
                  uint32_t length);

/* Throws the announced message away, what is streamed of it as it comes. */
void exchange_discard(struct fos_inbound *inbound);

/* A long message has come: the next ones may come by pages. */
void exchange_offer(struct fos_inbound *inbound);

/* Takes the posting away.  False: a message that came by it has not been taken. */
bool exchange_settle(struct fos_inbound *inbound);

/* A message that came by it is not announced for a second or more. */
bool exchange_stalled(const struct fos_inbound *inbound);

/* The channel goes, and its pages with it, but those the program may look at. */
void exchange_free(struct fos_inbound *inbound);

/* The program looks at none of them any more. */
void exchange_release(struct fos_mailbox *mailbox);

/* Closes a listed channel and forgets it. */
void inbound_drop(struct fos_mailbox *mailbox, struct fos_inbound *inbound);

/* A retired channel was found empty: closes it, or learns that it is not (M6). */
void inbound_finish(struct fos_mailbox *mailbox, struct fos_inbound *inbound);

/* At a thread's end: the memory of records of channels, none of which is in use. */
void inbound_records_free(struct fos_thread *thread);

#endif
