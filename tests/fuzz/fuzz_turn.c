/* SPDX-License-Identifier: MIT */
/*
 * Answers in place (libfos/msg/turn.h), and the channels of one thread with a process
 * that the input plays: honestly by ends of its own, or not at all.  Of each pair of bytes
 * the first says what happens, the second where, or how.
 */
#include "fuzz.h"

#include <fos/clock.h>

#include <libfos/msg/turn.h>

enum {
    RING_PAGES = 1,
    RING_SLOTS = FOS_PAGE_SIZE / FOS_PACKET_SIZE,
    PEERS = 2,
    MAILBOX_SLOTS = 64,
    LIMIT = 6000, /* bytes of a message to this side */
    BUFFER = 8192,
    SLEEP_NS = 10000,
};

static struct input in;
static struct fos_mailbox inbox;
static struct fos_peer peers[PEERS];
static uint8_t bytes[BUFFER];

/* ---- the other side ---- */

/* Its end of a channel, and a copy of the ring. */
static struct view {
    const void *window;
    struct fos_channel_sender sender; /* one of the two */
    struct fos_channel_receiver receiver;
    uint32_t streamed; /* bytes of the message under way */
    struct fos_packet before[RING_SLOTS];
    const struct fos_packet *answered; /* may be written to, as its answer is due */
} views[SYSTEM_CHANNELS];
static uint32_t chosen; /* channel */

enum step {
    CHOOSE = LIES,
    ASK,
    ASK_ENDS,
    PLAIN,
    STREAM,
    BUNDLE,
    ANSWER,
    TAKE,
    BY_KERNEL,
    OPEN,
    CLOSE,
    OFFER,
    SEND,
    SEND_MANY,
    RECEIVE,
    RECEIVE_MANY,
    DISCARD,
    EVICT,
    STEPS
};

static struct system_channel *channel_at(uint32_t n)
{
    struct system_channel *c = &system_channels[n];
    uint32_t threshold = fos_channel_threshold(RING_SLOTS);

    if (c->window == views[n].window)
        return c->window ? c : NULL;
    views[n] = (struct view){.window = c->window};
    if (!c->window)
        return NULL;
    fos_channel_sender_init(&views[n].sender, system_ring(c), RING_SLOTS,
                            threshold);
    fos_channel_receiver_init(&views[n].receiver, system_ring(c), RING_SLOTS,
                              threshold);
    return c;
}

/* The first channel from there to here, or from here to there; NULL. */
static struct system_channel *channel_first(bool accepted)
{
    for (uint32_t n = 0; n < SYSTEM_CHANNELS; n++)
        if (channel_at(n) && system_channels[n].accepted == accepted)
            return &system_channels[n];
    return NULL;
}

/* A marked message; mostly of a right length and of a channel that is there. */
static void ask(const struct view *view, uint64_t where)
{
    struct system_channel *named = channel_first(false);
    struct fos_packet *slot = fos_channel_slot(&view->sender.at);
    uint64_t length = where % 128 % 64;

    memset(slot->payload, (int)where, sizeof slot->payload);
    slot->tag = turn_mark(view->sender.at.head,
                          named && where < 128 ? named->cap.id : where) |
                length << FOS_PACKET_LENGTH_SHIFT;
}

/* The mark is taken away, answered or not. */
static void ask_ends(struct view *view)
{
    struct fos_packet *slot = fos_channel_slot(&view->sender.at);

    if (fos_packet_marked(slot->tag))
        slot->tag = fos_packet_unmarked(slot->tag);
    if (view->sender.credit)
        view->sender.credit--;
    fos_channel_advance(&view->sender.at);
}

/* In the place of what came last by that channel. */
static void answer(const struct view *view, uint64_t where)
{
    struct system_channel *back = channel_first(true);
    struct fos_packet *slot = fos_channel_slot(&view->receiver.at);
    uint32_t number = back ? views[back - system_channels].sender.at.number : 0;

    memset(slot->payload, (int)where, sizeof slot->payload);
    slot->tag = turn_reply(slot->tag, number + (where >= 128)) |
                where % 64 << FOS_PACKET_LENGTH_SHIFT;
}

/* Of a message longer than the ring, as much as there is room for. */
static void stream(struct view *view, uint64_t where)
{
    uint32_t length = 3000 + (uint32_t)where * 16;

    if (!fos_channel_send_stream(&view->sender, bytes, length, &view->streamed))
        view->streamed = 0;
}

static void other_step(const struct system_channel *c, enum step what,
                       uint64_t where)
{
    struct view *view = &views[c - system_channels];
    uint32_t length, size = (uint32_t)where % FOS_PACKET_PAYLOAD + 1;

    if (c->accepted && what == ASK)
        ask(view, where);
    else if (c->accepted && what == ASK_ENDS)
        ask_ends(view);
    else if (c->accepted && what == PLAIN)
        fos_channel_try_send(&view->sender, bytes, (uint32_t)where * 4);
    else if (c->accepted && what == STREAM)
        stream(view, where);
    else if (c->accepted && what == BUNDLE && !view->sender.error)
        fos_channel_send_many(&view->sender, bytes, size, 8);
    else if (!c->accepted && what == ANSWER)
        answer(view, where);
    else if (!c->accepted && what == TAKE)
        fos_channel_try_receive(&view->receiver, bytes, BUFFER, &length);
}

/* ---- what must hold ---- */

static bool in_ring(const void *doorbell, const void *address)
{
    const uint8_t *ring = (const uint8_t *)doorbell + FOS_PAGE_SIZE, *at = address;

    return at >= ring && at < ring + RING_PAGES * FOS_PAGE_SIZE;
}

/* Which slots may be written to by what is done now: P1. */
static void views_take(void)
{
    const struct fos_inbound *head = &inbox.channels;

    for (uint32_t n = 0; n < SYSTEM_CHANNELS; n++) {
        if (!channel_at(n))
            continue;
        memcpy(views[n].before, system_ring(&system_channels[n]), FOS_PAGE_SIZE);
        views[n].answered = NULL;
        for (struct fos_inbound *i = head->next; i != head; i = i->next)
            if ((void *)i->doorbell == views[n].window && i->turn.answers &&
                i->turn.pair->move == FOS_TURN_ANSWER &&
                i->turn.number == i->receiver.at.number)
                views[n].answered = i->turn.slot;
    }
}

/* In a ring that the other side writes: acknowledgements, and the answer where it is
 * due. */
static void packet_check(const struct view *view, const struct fos_packet *before,
                         const struct fos_packet *after)
{
    uint64_t was = before->tag, is = after->tag;
    bool acknowledged = fos_packet_generation(is) == fos_packet_generation(was) &&
                        fos_packet_ack(is) == fos_packet_generation(is);

    if (after == view->answered) {
        HOLDS(is == was || acknowledged ||
              (is >> FOS_PACKET_FLAGS_SHIFT & 0xff) == FOS_PACKET_REPLY);
        return;
    }
    HOLDS(!memcmp(before->payload, after->payload, sizeof before->payload));
    HOLDS(is == was || acknowledged);
}

/* Both know each other, and stand where there is memory. */
static void pairs_check(void)
{
    struct fos_inbound *head = &inbox.channels;

    for (struct fos_inbound *i = head->next; i != head; i = i->next) {
        const struct fos_turn *turn = &i->turn;
        HOLDS(in_ring(i->doorbell, i->receiver.at.ring));
        HOLDS(i->receiver.until_ack >= 1 &&
              i->receiver.until_ack <= i->receiver.threshold); /* P4 */
        HOLDS(!turn->pair || (turn->pair->pair == i && turn->pair->window));
        HOLDS(turn->pair || !turn->answers);
        HOLDS(!turn->pair || turn->pair->pid == i->pid); /* P5 */
        HOLDS(turn->due != FOS_TURN_SLOT ||
              (turn->pair && in_ring(turn->pair->window, turn->slot)));
        if (turn->answers && turn->pair->move == FOS_TURN_ANSWER)
            HOLDS(in_ring(i->doorbell, turn->slot));
    }
    for (int p = 0; p < PEERS; p++) {
        HOLDS(!peers[p].pair || peers[p].pair->turn.pair == &peers[p]);
        HOLDS(peers[p].pair || peers[p].move == FOS_TURN_PLAIN);
        HOLDS(peers[p].sender.credit <= RING_SLOTS);
    }
}

static void packets_check(void)
{
    for (uint32_t n = 0; n < SYSTEM_CHANNELS; n++) {
        const struct system_channel *c = &system_channels[n];
        if (c->accepted && c->window && c->window == views[n].window)
            for (uint32_t i = 0; i < RING_SLOTS; i++)
                packet_check(&views[n], &views[n].before[i], &system_ring(c)[i]);
    }
}

/* What the other side does; false: it is this one's turn. */
static bool other_acts(enum step what, uint64_t where)
{
    struct system_channel *c = channel_at(chosen);

    if (what == CHOOSE)
        chosen = (uint32_t)where % SYSTEM_CHANNELS;
    else if (what == BY_KERNEL)
        system_deliver(&inbox, bytes, (uint32_t)where);
    else if (!system_lie(c, what, where, &in) && c && what < BY_KERNEL)
        other_step(c, what, where);
    return what <= BY_KERNEL;
}

/* The same, while this side sleeps. */
static bool other_acts_now(void)
{
    enum step what;
    bool acted;

    if (!in.left)
        return false;
    packets_check();
    what = input_number(&in, 1) % STEPS;
    acted = other_acts(what, input_number(&in, 1));
    views_take();
    return acted;
}

/* ---- this side ---- */

static void peer_open(struct fos_peer *peer, bool automatic)
{
    const struct fos_cap there = {peer == peers ? 4 : SYSTEM_OTHER, 4};

    if (peer->thread)
        return;
    system_connects = 1;
    if (automatic)
        fos_peer_open(peer, there, FOS_TRANSPORT_AUTO);
    else if (fos_peer_open_ring(peer, there, RING_PAGES))
        memset(peer, 0, sizeof *peer);
    peer->pages = RING_PAGES;
}

static void peer_close(struct fos_peer *peer)
{
    if (peer->thread)
        fos_peer_close(peer);
    memset(peer, 0, sizeof *peer);
}

static void send(struct fos_peer *peer, bool many, uint64_t where)
{
    uint32_t length = (uint32_t)(where < 192 ? where % 64 : where * 24);

    if (!peer->thread)
        return;
    if (many)
        HOLDS(fos_msg_send_many(peer, bytes, length % 64 + 1, 20,
                                fos_now_ns() + SLEEP_NS) <= 20);
    else
        HOLDS(fos_msg_send_until(peer, bytes, length, fos_now_ns() + SLEEP_NS) <=
              0);
}

static void receive(bool many, uint64_t where)
{
    uint32_t capacity = (uint32_t)(where < 128 ? where : where * 32);
    uint64_t deadline = where % 2 ? 0 : fos_now_ns() + SLEEP_NS;
    const struct fos_inbound *front = inbox.channels.next;
    uint32_t length = 0, count = 1, in_place = front->turn.count;
    uint8_t *buffer = malloc(capacity); /* so that an overrun is found */
    int error = many ? fos_msg_recv_many(&inbox, buffer, capacity, &length, &count,
                                         deadline)
                     : fos_msg_recv(&inbox, buffer, capacity, &length, deadline);

    HOLDS(error <= 0 && error != -FOS_EAGAIN);
    HOLDS(error || (uint64_t)length * count <= capacity);
    if (!error && front == inbox.channels.next && front->turn.count == in_place + 1)
        HOLDS(length <= FOS_PACKET_PAYLOAD);
    free(buffer);
}

static void offer(bool room)
{
    system_offer = inbox.cap;
    fos_fetch_or(&fos_thread_self()->sleeper.events->pending,
                 1ull << (room ? FOS_EVENT_ROOM : FOS_EVENT_CHANNEL));
    receive(false, 1);
    system_offer.id = 0;
}

static void own_step(enum step what, uint64_t where)
{
    struct fos_peer *peer = &peers[chosen % PEERS];

    if (what == OPEN)
        peer_open(peer, where % 2);
    else if (what == CLOSE)
        peer_close(peer);
    else if (what == OFFER)
        offer(where % 2);
    else if (what == SEND || what == SEND_MANY)
        send(peer, what == SEND_MANY, where);
    else if (what == RECEIVE || what == RECEIVE_MANY)
        receive(what == RECEIVE_MANY, where);
    else if (what == DISCARD)
        fos_msg_discard(&inbox);
    else if (what == EVICT)
        fos_mailbox_evict(&inbox, 1);
}

static void step(void)
{
    enum step what = input_number(&in, 1) % STEPS;
    uint64_t where = input_number(&in, 1);

    if (other_acts(what, where))
        return;
    views_take();
    own_step(what, where);
    packets_check();
    pairs_check();
}

static void end(void)
{
    system_peer = NULL;
    for (int i = 0; i < PEERS; i++)
        peer_close(&peers[i]);
    while (fos_mailbox_ready(&inbox.kernel))
        receive(false, 255);
    HOLDS(fos_mailbox_renew(&inbox) == 0);
    HOLDS(!fos_thread_self()->outbounds && !fos_thread_self()->spoke);
    for (uint32_t n = 0; n < SYSTEM_CHANNELS; n++)
        HOLDS(!system_channels[n].window);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!inbox.thread)
        HOLDS(fos_mailbox_create_limited(&inbox, MAILBOX_SLOTS, LIMIT) == 0);
    in = (struct input){data, size};
    chosen = 0;
    memset(views, 0, sizeof views);
    memset(fos_thread_self()->pace, 0, sizeof fos_thread_self()->pace);
    system_connects = 0;
    system_peer = other_acts_now;
    while (in.left)
        step();
    end();
    return 0;
}
