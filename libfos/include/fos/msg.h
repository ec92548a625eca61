/* SPDX-License-Identifier: MIT */
/*
 * Messages between processes.
 *
 *     static struct fos_mailbox inbox;
 *     fos_mailbox_create(&inbox, 64);
 *     ... give inbox.cap to those who shall send here ...
 *     fos_msg_recv(&inbox, buffer, sizeof buffer, &length, FOS_NEVER);
 *
 *     static struct fos_peer server;
 *     fos_peer_open(&server, cap, FOS_TRANSPORT_AUTO);
 *     fos_msg_send(&server, request, length);
 *
 * A mailbox takes messages from many senders, by two transports: through the
 * kernel, and through user channels, cache lines that sender and receiver share.
 * Its owner alone receives.  A message is bytes; any length, as long as the
 * receiver drains (through the kernel up to FOS_MESSAGE_MAX and half the mailbox).
 * Sending is asynchronous.  An answer travels by a peer of its own in the other
 * direction.
 *
 * Invariants
 *
 *  M1. The messages of one thread through one peer arrive in the order of its
 *      sends.
 *
 *  M2. That holds across every switch of transport.  From the kernel to a channel:
 *      having accepted a channel, the receiver takes nothing from it until it has
 *      taken every slot that was filled in the kernel's buffer after the accept
 *      (fos_mailbox_end); the channel was made after those sends had returned.
 *      So do messages through a kernel peer followed by those through a channel
 *      peer opened later.  From a channel to the kernel: see M6.
 *
 *  M3. A receiver that goes to sleep has looked at the kernel's buffer and at
 *      every channel since it said so (fos/sleep.h, S1).
 *
 *  M4. After a peer died, what it had sent whole by an accepted channel is still
 *      delivered; then the channel is dropped.  So is what it sent by one not yet
 *      accepted, while these hold no more than 16 ring pages of a thread's.
 *
 *  M5. A peer that breaks the protocol loses its channel and nobody else anything.
 *
 *  M6. A receiver takes a channel back by retiring it (fos/abi/types.h).  It closes
 *      when it finds the ring empty, and says how many packets it took.  The sender
 *      learns of it after the first packet that may have come too late.  Either it
 *      is told first, and the kernel lets the receiver close only when it has taken
 *      that packet too; or the receiver closed first, and the sender knows which
 *      packets were not taken: those of the message it is sending, which it sends
 *      through the kernel.  It sends nothing else before the receiver has closed.
 *
 *  M7. No source starves another.  After FOS_MSG_BURST messages of a mailbox, or as
 *      soon as its first channel is silent, another source has a go: the kernel's buffer
 *      and one of the other channels in turn.  So of a mailbox with n channels
 *      a message that is the next of its channel is taken after at most
 *      FOS_MSG_OTHERS(n) others, and the next of the kernel's buffer after at most
 *      FOS_MSG_OTHERS(0).  Of several mailboxes received from together each other go is
 *      the other mailboxes'.
 *
 *  M8. A long message may come by pages: frames of the sender's change places with frames
 *      that the receiver has posted (channel_exchange), and a packet says of how many
 *      bytes.  The receiver believes the kernel's count, not the packet's.  It posts none
 *      of what its program is still looking at.  Before it gives a channel back it takes
 *      its posting away, and keeps the channel if some of it was exchanged: the packet
 *      is under way.
 *
 * Messages that alternate are answered in place, in the line of the message before:
 * libfos/msg/turn.h has the invariants of that.
 *
 * The structs are visible so that they may be static, and so that the fast paths
 * are inline; their fields belong to libfos.  They must not be moved once in use,
 * and stay where they are until they are closed.
 */
#ifndef FOS_MSG_H
#define FOS_MSG_H

#include <fos/channel.h>
#include <fos/choice.h>
#include <fos/mailbox.h>
#include <fos/sleep.h>
#include <fos/syscall.h>
#include <fos/trace.h>

enum fos_transport {
    FOS_TRANSPORT_KERNEL,  /* a system call to a message; nothing to set up */
    FOS_TRANSPORT_CHANNEL, /* shared cache lines, from the first message on */
    FOS_TRANSPORT_AUTO,    /* the kernel, and a channel when it pays */
};

enum {
    FOS_RING_PAGES_DEFAULT = 4, /* of a channel; measured, see tests/bench */
    /* Bytes from which fos_msg_send_pages sends pages: by `echo-bench pages` under the emulator
     * the ring is as quick at 256 KiB, and takes up to 1.8 times as long at 1 MiB. */
    FOS_MSG_PAGES_LEAST = 512 * 1024,
    FOS_MSG_EXCHANGES = 8, /* channels of a thread that may have pages posted */
    FOS_MSG_BURST = 64,    /* messages of one channel before others get a look */
};

/* M7: twice n channels and the head of their list, with a burst to each. */
#define FOS_MSG_OTHERS(n) (2 * ((n) + 1) * (FOS_MSG_BURST + 1))

struct fos_mailbox;

/* Answers in place (libfos/msg/turn.h): what the receiving side of a channel knows of
 * them. */
struct fos_turn {
    struct fos_peer *pair;   /* to whom the messages in between go; or null */
    struct fos_packet *slot; /* of the marked message last sent or taken */
    uint64_t asked;          /* its tag */
    uint32_t
        number;     /* who answers: of the packet that came next when that was taken
                       * or answered */
    uint32_t count; /* messages in place, sent or taken by this channel */
    int32_t calm;   /* messages that alternated so far */
    int32_t patience;     /* how many it takes */
    int32_t passed, pass; /* marks passed over so far, to be passed over */
    uint8_t due;          /* enum fos_turn_due */
    bool answers;         /* this is who answers */
    uint8_t kept[FOS_PACKET_PAYLOAD];
    uint64_t kept_tag;
};

/* Where a message in place may come from. */
enum fos_turn_due {
    FOS_TURN_NOWHERE,
    FOS_TURN_SLOT, /* the slot of a marked message */
    FOS_TURN_KEPT, /* it is there, out of its slot */
};

/* What the next message of a peer may be. */
enum fos_turn_move {
    FOS_TURN_PLAIN,
    FOS_TURN_OPEN,   /* marked */
    FOS_TURN_ASKED,  /* the one before was marked, and the answer not yet seen */
    FOS_TURN_ANSWER, /* an answer in place */
};

/* The receiver's pages of a channel (M8), two buffers: one is posted, or holds what is being
 * taken from it, while the program may look at the other. */
struct fos_exchange {
    uint8_t *buffers[2]; /* null: there are none */
    uint32_t pages;      /* of each */
    uint32_t got;        /* of the posted one, known to have been exchanged */
    uint8_t posted;      /* which */
    bool refused;        /* there was no memory for them: not tried again */
};

/* The receiving side of a channel. */
struct fos_inbound {
    struct fos_channel_receiver receiver;
    struct fos_doorbell *doorbell; /* the sender's; the ring is on the next pages */
    struct fos_inbound *next, *previous;
    struct fos_cap channel;
    uint64_t owes; /* channel.id while a request by a line is being served; or 0 */
    uint64_t pid;  /* of the sender */
    uint64_t barrier; /* position in the kernel's buffer to be taken first (M2) */
    uint64_t marked;  /* TSC value when it was found at position `mark` */
    uint32_t mark;
    struct fos_turn turn;
    struct fos_exchange exchange;
    struct fos_mailbox *mailbox;
    bool dead;    /* torn down; dropped when drained (M4) */
    bool retired; /* closed when drained (M6) */
    bool sealed;  /* the kernel has said that there is more */
};

/* What one thread has to do with messages. */
struct fos_thread {
    struct fos_sleeper sleeper;
    struct fos_pace pace[FOS_PACE_KINDS];
    uint32_t unpushed;  /* messages sent to channels since they were last counted */
    uint32_t inbounds;  /* channels accepted now */
    uint32_t exchanges; /* those of them with pages posted */
    struct fos_mailbox *mailboxes; /* most recently active first */
    struct fos_mailbox *scan; /* the silent mailbox to be looked at next; or null */
    uint64_t events;          /* that end a receive from all mailboxes */
    struct fos_costs costs;
    struct fos_peer *outbounds; /* those with a channel */
    struct fos_peer *spoke;     /* to whom a small message was sent last */
    struct fos_peer *ahead;   /* whose next message would make a channel; or null */
    struct fos_inbound *free; /* records to be used again */
    struct fos_inbound own[4]; /* the first of them: most threads need no more */
    struct record_page *record_pages; /* the memory of more of them */
    bool own_used;
    void *offered;       /* where the kernel accepts the next channel; or null */
    bool offer_due;      /* there is none, and channels come here */
    bool accept_pending; /* a channel may wait to be accepted */
    bool accept_short;   /* one does, for lack of room: tried when one is dropped */
    bool room_wanted;    /* one was refused */
    struct fos_client *client; /* its calls to fleets (fos/call.h) */
    struct fos_cap cap;        /* of the thread itself */
    uint32_t number;           /* in its process, from 1 on: who owns a mutex */
    uint32_t spins;            /* how long a look paid (fos_park_spin) */
    struct fos_mutex *robust;  /* robust mutexes it holds (fos/sync.h) */
};

struct fos_msg_stats {
    uint64_t accepted; /* channels */
    uint64_t dropped;  /* channels whose sender was gone */
    uint64_t broken;   /* channels closed because the sender wrote nonsense */
    uint64_t stalled;  /* channels closed because a long message did not go on */
    uint64_t evicted;  /* channels given back to their senders */
    uint64_t too_long; /* messages thrown away */
    uint64_t by_pages; /* messages taken that came so, all or in part */
};

struct fos_mailbox {
    /* Head of the list of channels, most recently active first.  Itself an end of
     * an empty ring, so that there always is a first one to look at. */
    struct fos_inbound channels;
    uint32_t budget; /* messages to take from the first before others get a look */
    uint32_t by_kernel; /* of the burst, those that came through the kernel */
    struct fos_thread *thread;
    struct fos_mailbox_reader kernel;
    struct fos_inbound *scan;    /* the silent channel to be looked at next */
    struct fos_inbound *waiting; /* accepted, barrier not passed; linked by next */
    struct fos_inbound *refused; /* who answered EMSGSIZE; &channels: the kernel */
    struct fos_cap cap;
    uint64_t events;  /* the caller's event bits that end a fos_msg_recv */
    uint32_t limit;   /* bytes of the longest message */
    bool kernel_last; /* the kernel's buffer had the last go of the others (M7) */
    bool aside;       /* and so had other mailboxes */
    struct fos_mailbox *next, *previous;
    struct fos_msg_stats stats;
    void **place;        /* fos_msg_recv_pages's; or null */
    uint8_t *held;       /* the buffer its program may look at; or null */
    uint32_t held_pages; /* to be unmapped then: its channel has gone; or 0 */
    uint32_t pages_max;  /* of a buffer to be posted; 0: none are */
    _Atomic uint64_t head __attribute__((aligned(64))); /* read by the kernel */
};

/* A destination. */
struct fos_peer {
    struct fos_channel_sender sender;
    struct fos_doorbell *doorbell; /* the receiver's */
    struct fos_thread *thread;
    enum fos_transport transport;
    int error;      /* sticky: -FOS_EPIPE, -FOS_EPERM, -FOS_EPROTO */
    bool sealed;    /* all is sent, the receiver has yet to close (M6) */
    uint32_t move;  /* enum fos_turn_move */
    uint32_t turns; /* messages sent in place, without a packet of their own */
    struct fos_inbound *pair; /* of the messages in between; or null */
    struct fos_cap mailbox, channel;
    uint64_t pid;   /* of the receiver, once a channel was open */
    void *window;   /* where doorbell and ring are mapped; null: no channel */
    uint32_t pages; /* of its ring, now or when one is made */
    uint32_t limit; /* bytes of a message, once a channel was open */
    struct fos_choice choice;
    struct fos_announcement announced; /* of the last message by pages */
    struct fos_peer *next, *previous;  /* of the thread's with a channel */
    uint64_t call_id; /* of the last call (fos/call.h), in place; 0: none yet */
};

/* The calling thread's part in messaging, made at the first call. */
struct fos_thread *fos_thread_self(void);

/* What it has sent is in the published statistics from now on: for who is about to sleep
 * without receiving. */
void fos_sends_count(void);

/* Counts the messages sent since it was last called: when it is known how the last one
 * went, and before every sleep, which may be long. */
static inline void fos_unpushed_count(struct fos_thread *thread)
{
    thread->sleeper.published->channel_sent += thread->unpushed;
    thread->unpushed = 0;
}

/* Its number in the process, without making that. */
uint32_t fos_thread_number(void);

/*
 * Makes a mailbox with a kernel buffer of `slots` 64-byte slots, a power of two in
 * FOS_MAILBOX_SLOTS_MIN..MAX.  mailbox->cap is what senders need.  Any event of the
 * caller's own ends a fos_msg_recv on it; see fos_mailbox_events.
 * 0, -FOS_EINVAL, -FOS_ENOMEM, -FOS_EDQUOT.
 */
int fos_mailbox_create(struct fos_mailbox *mailbox, uint32_t slots);

/*
 * The same for messages of at most `limit` bytes, FOS_PACKET_PAYLOAD or more.  Who
 * sends a longer one gets -FOS_EMSGSIZE; a sender that does not keep to it has its
 * message thrown away as it comes in, and counted.
 */
int fos_mailbox_create_limited(struct fos_mailbox *mailbox, uint32_t slots,
                               uint32_t limit);

/* Closes it and its channels; senders get -FOS_EPIPE or -FOS_EPERM. */
void fos_mailbox_close(struct fos_mailbox *mailbox);

/*
 * Revokes mailbox->cap and puts a new one there.  Senders by the old one get
 * -FOS_EPERM, also those who had a channel; what was not yet taken from their
 * channels is lost.  0 or -FOS_EPERM.
 */
int fos_mailbox_renew(struct fos_mailbox *mailbox);

/*
 * Gives up to `count` of its channels back to their senders, the least recently
 * active first, but none in the middle of a message.  They lose nothing and go on
 * through the kernel.  How many.  (When a channel is refused for lack of room, one
 * that was long silent is given back without being asked.)
 */
uint32_t fos_mailbox_evict(struct fos_mailbox *mailbox, uint32_t count);

/*
 * Chooses the event bits (from FOS_EVENT_FIRST_FREE on: devices, watched spaces)
 * that end a fos_msg_recv on this mailbox; others stay pending and do not disturb
 * it.
 */
void fos_mailbox_events(struct fos_mailbox *mailbox, uint64_t mask);

/*
 * Opens a way to the mailbox that `mailbox` names.  A kernel peer costs nothing; a
 * channel is made by a system call and counts against the caller's quota and the
 * receiver's.  AUTO begins like a kernel peer, makes a channel when that pays
 * (fos/choice.h), goes back to the kernel when the receiver takes it away, and so
 * on; so does CHANNEL once it has lost its first channel.  Both are to be closed before
 * their memory is used for anything else.
 * 0, -FOS_EPERM (no such mailbox), -FOS_ENOMEM, -FOS_EDQUOT, -FOS_EAGAIN (the
 * receiver has no room for a channel now).
 */
int fos_peer_open(struct fos_peer *peer, struct fos_cap mailbox,
                  enum fos_transport transport);

/* The same with a ring of `ring_pages` pages, a power of two up to
 * FOS_RING_PAGES_MAX. */
int fos_peer_open_ring(struct fos_peer *peer, struct fos_cap mailbox,
                       uint32_t ring_pages);

/* Makes the channel of an AUTO peer now, for a caller who knows that it will pay.
 * 0, also when it has one, or as fos_peer_open; the peer stays usable. */
int fos_peer_connect(struct fos_peer *peer);

/* Closes it; what was sent is still delivered. */
void fos_peer_close(struct fos_peer *peer);

/* The general cases of the inline functions below. */
int fos_msg_send_slow(struct fos_peer *peer, const void *data, uint32_t length,
                      uint64_t deadline);
int fos_msg_ring(struct fos_peer *peer, const void *data, uint32_t length,
                 uint64_t deadline);
int fos_msg_recv_slow(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                      uint32_t *length, uint64_t deadline);
void fos_inbound_noted(struct fos_inbound *inbound);
int fos_turn_send(struct fos_peer *peer, const void *data, uint32_t length,
                  uint64_t deadline);

/*
 * Sends `length` bytes, waiting for room until the deadline (absolute, nanoseconds;
 * FOS_NEVER none).  0; -FOS_EPIPE when the receiver is gone: this and perhaps
 * earlier messages are lost; -FOS_EPERM when there is no such mailbox or its owner
 * has revoked the capability: the same; -FOS_ETIMEDOUT: not sent, or, if it was
 * longer than the ring, cut off half-way and the peer closed; -FOS_EMSGSIZE: longer
 * than the mailbox or the transport takes; -FOS_EPROTO.
 */
fos_inline int fos_msg_send_until(struct fos_peer *peer, const void *data,
                                  uint32_t length, uint64_t deadline)
{
    if (fos_unlikely(length > FOS_PACKET_PAYLOAD || peer->sender.credit == 0))
        return fos_msg_send_slow(peer, data, length, deadline);
    if (fos_unlikely(peer->move))
        return fos_turn_send(peer, data, length, deadline);
    fos_trace(FOS_TRACE_send, peer->pid, length);
    fos_channel_try_send(&peer->sender, data, length);
    peer->thread->unpushed++;
    peer->thread->spoke = peer;
    return fos_likely(fos_doorbell_awake(peer->doorbell))
               ? 0
               : fos_msg_ring(peer, data, length, deadline);
}

fos_inline int fos_msg_send(struct fos_peer *peer, const void *data,
                            uint32_t length)
{
    return fos_msg_send_until(peer, data, length, FOS_NEVER);
}

/*
 * Sends `count` messages of `size` bytes, 1 or more, that lie one after the other, as
 * that many calls of fos_msg_send_until would.  By a channel, those of up to
 * FOS_PACKET_PAYLOAD bytes share cache lines, in bundles: several times the messages a
 * second, for who has them ready.  The number sent, or if that would be 0 an error.
 */
int64_t fos_msg_send_many(struct fos_peer *peer, const void *data, uint32_t size,
                          uint32_t count, uint64_t deadline);

/*
 * The same for a long message that begins a page and whose pages are the caller's own
 * (fos_pages_map), nobody else's, readable and writable: they change places with pages of the
 * receiver's where it has posted some.  Afterwards, and whatever the result, they may hold
 * anything: often what came by this channel before, or zeroes.  What cannot go so (shorter than
 * FOS_MSG_PAGES_LEAST, no channel, nothing posted, other pages) goes as by
 * fos_msg_send_until, in order with all else.  Pages the receiver does not get to in time are
 * waited for, as room is.  Mechanism: Druschel and Peterson, "Fbufs", SOSP 1993; there buffers
 * move one way and come back, here an exchange keeps both sides' accounts as they were.
 */
int fos_msg_send_pages(struct fos_peer *peer, void *pages, uint32_t length,
                       uint64_t deadline);

/* Sends if there is room now.  As above; -FOS_EAGAIN: no room, nothing was sent;
 * -FOS_EMSGSIZE: longer than the ring, only fos_msg_send can stream it. */
int fos_msg_try_send(struct fos_peer *peer, const void *data, uint32_t length);

/*
 * Receives a message into `buffer`, waiting until the deadline (absolute,
 * nanoseconds; FOS_NEVER none; 0 looks once at every source).  0 and *length, else
 *
 *  -FOS_EMSGSIZE: the message is longer than `capacity`; *length says how long.
 *  It stays: receive again with room, or fos_msg_discard it.
 *
 *  -FOS_EINTR: an event bit of fos_mailbox_events() is pending; take it with
 *  fos_event_take().  Answered when no message waits, and in between at least
 *  every FOS_MSG_BURST messages.
 *
 *  -FOS_ETIMEDOUT: none came.
 *
 * The buffer's content is undefined unless the result is 0.  A message longer than
 * its ring, once begun, is waited for beyond the deadline: a second, and ten
 * microseconds to a byte; a sender that takes longer loses its channel.
 */
fos_inline int fos_msg_recv(struct fos_mailbox *mailbox, void *buffer,
                            uint32_t capacity, uint32_t *length, uint64_t deadline)
{
    struct fos_inbound *front = mailbox->channels.next;

    if (fos_unlikely(
            mailbox->budget == 0 || mailbox->thread->unpushed || front->turn.due ||
            fos_channel_try_receive(&front->receiver, buffer, capacity, length)))
        return fos_msg_recv_slow(mailbox, buffer, capacity, length, deadline);
    fos_trace(FOS_TRACE_receive, front->pid, *length);
    mailbox->budget--;
    if (fos_unlikely(front->receiver.notes))
        fos_inbound_noted(front);
    return 0;
}

/*
 * Receives one message or several of one size, a bundle that was sent by
 * fos_msg_send_many, as far as they fit: *count of *size bytes each, one after the
 * other.  Results as fos_msg_recv, whose *length is *size here.
 */
int fos_msg_recv_many(struct fos_mailbox *mailbox, void *buffer, uint32_t capacity,
                      uint32_t *size, uint32_t *count, uint64_t deadline);

/*
 * The same from one of several mailboxes of the calling thread: those of `set`, or
 * with a null `set` all.  *which is the one that a message came from; before the
 * call it is null, or one to be looked at first, best the last one.  -FOS_EINTR: an
 * event bit of any of them is pending.
 */
int fos_msg_recv_any(struct fos_mailbox *const *set, uint32_t count,
                     struct fos_mailbox **which, void *buffer, uint32_t capacity,
                     uint32_t *length, uint64_t deadline);

/*
 * Lets long messages come by pages from now on: a channel that has brought one of
 * FOS_MSG_PAGES_LEAST bytes or more gets two buffers of so many pages, at most `pages` each, from
 * the caller's quota; FOS_MSG_EXCHANGES channels of a thread do.  Where there is no memory,
 * messages stream on.  What the program writes into a message that fos_msg_recv_pages gave it,
 * and leaves there, that channel's sender may see later.  0: no more buffers are made.
 */
void fos_mailbox_take_pages(struct fos_mailbox *mailbox, uint32_t pages);

/*
 * As fos_msg_recv, but a message that has come by pages is left where it is, however short
 * the buffer.  *at is where the message lies: `buffer`, or pages that the caller may read and
 * write until its next fos_msg_recv_pages from this mailbox, or its close, even if the sender
 * or the channel ends meanwhile.
 */
int fos_msg_recv_pages(struct fos_mailbox *mailbox, void **at, void *buffer,
                       uint32_t capacity, uint32_t *length, uint64_t deadline);

/* Throws away the message that made fos_msg_recv answer -FOS_EMSGSIZE. */
void fos_msg_discard(struct fos_mailbox *mailbox);

#endif
