/* SPDX-License-Identifier: MIT */
#include "msg/channel.h"
#include "lib/trace.h"
#include "msg/mailbox.h"
#include "sched/sched.h"
#include "xen/xen.h"

static struct pool channel_pool = {.size = sizeof(struct channel)};
static pfn_t dead_doorbell;    /* what a side sees when the other has gone */
static pfn_t retired_doorbell; /* what the sender of a retired channel sees */

static void doorbell_make(pfn_t *page, enum fos_doorbell_state state)
{
    int r = frame_alloc(NULL, FRAME_DEVICE, page);
    ASSERT(r == 0);
    struct fos_doorbell *d = frame_address(*page);
    atomic_store(&d->state, state);
}

void channels_init(void)
{
    doorbell_make(&dead_doorbell, FOS_DOORBELL_DEAD);
    doorbell_make(&retired_doorbell, FOS_DOORBELL_RETIRED);
}

static struct channel **list_of(struct space *s, enum channel_side side)
{
    return side == SENDER ? &s->sending : &s->receiving;
}

static void side_attach(struct channel *c, enum channel_side side, struct space *s,
                        struct thread *t, uint64_t va)
{
    struct channel **list = list_of(s, side);
    c->sides[side].space = s;
    c->sides[side].thread = t;
    c->sides[side].va = va;
    c->sides[side].next = *list;
    *list = c;
}

static void side_detach(struct channel *c, enum channel_side side)
{
    struct channel **link = list_of(c->sides[side].space, side);
    while (*link != c)
        link = &(*link)->sides[side].next;
    *link = c->sides[side].next;
    c->sides[side].space = NULL;
    c->sides[side].thread = NULL;
}

/* The window of one side: the other's doorbell, read-only, then the ring.  Queued. */
static int window_map(struct channel *c, struct space *s, uint64_t va,
                      pfn_t doorbell)
{
    pfn_t window[1 + FOS_RING_PAGES_MAX] = {doorbell};
    if (frames[doorbell.n].refs >= FRAME_REFS_MAX)
        return -FOS_EDQUOT;
    memcpy(window + 1, c->ring, c->ring_pages * sizeof *window);
    return space_queue_frames(s, va, window, c->ring_pages + 1, FOS_PROT_READ,
                              FOS_PROT_READ | FOS_PROT_WRITE);
}

static void ring_put(struct channel *c)
{
    while (c->ring_pages > 0)
        frame_put(c->ring[--c->ring_pages]);
}

static int ring_alloc(struct channel *c, struct space *s, uint32_t pages)
{
    int r = 0;
    while (r == 0 && c->ring_pages < pages) {
        r = frame_alloc(s, FRAME_SHARED, &c->ring[c->ring_pages]);
        c->ring_pages += r == 0;
    }
    return r;
}

/* How many channels wait for this thread to accept them, for it to read. */
static void pending_tell(struct thread *t)
{
    fos_store_relaxed(&t->events_page->waiting, t->pending_count);
}

static void pending_push(struct mailbox *m, struct channel *c)
{
    struct thread *t = m->thread;
    t->pending_count++;
    c->mailbox = m;
    c->sides[RECEIVER].next = NULL;
    *t->pending_last = c;
    t->pending_last = &c->sides[RECEIVER].next;
}

static void pending_remove(struct channel *c)
{
    struct thread *t = c->mailbox->thread;
    struct channel **link = &t->pending;
    while (*link != c)
        link = &(*link)->sides[RECEIVER].next;
    *link = c->sides[RECEIVER].next;
    if (!*link)
        t->pending_last = link;
    ASSERT(t->pending_count > 0);
    t->pending_count--;
    pending_tell(t);
    if (c->orphan)
        t->orphan_pages -= c->ring_pages;
    c->mailbox = NULL;
}

/* A quarter of a space's frames is never for rings. */
static bool ring_fits(const struct space *s, uint32_t pages)
{
    return s->ring_pages + pages <= s->frames_quota - s->frames_quota / 4;
}

/* What the receiver pays, and gives back. */
static int receiver_charge(struct channel *c, struct thread *t)
{
    enum { TABLES_MAX = 3 }; /* that mapping the window may need */
    struct space *s = t->space;
    if (t->channels < FOS_CHANNELS_MAX && ring_fits(s, c->ring_pages) &&
        space_charge_frames(s, c->ring_pages + TABLES_MAX) == 0) {
        space_refund_frames(s, TABLES_MAX);
        if (space_charge_object(s) == 0) {
            c->receiver_share = c->ring_pages;
            s->ring_pages += c->ring_pages;
            t->channels++;
            return 0;
        }
        space_refund_frames(s, c->ring_pages);
    }
    thread_event(t, FOS_EVENT_ROOM);
    return -FOS_EAGAIN;
}

static void receiver_refund(struct channel *c, struct thread *t)
{
    ASSERT(t->channels > 0);
    t->channels--;
    t->space->ring_pages -= c->ring_pages;
    space_refund_object(t->space);
    space_refund_frames(t->space, c->receiver_share);
    c->receiver_share = 0;
}

struct fos_channel_info channel_info(const struct channel *c,
                                     enum channel_side side)
{
    return (struct fos_channel_info){
        .channel = object_cap(&c->object),
        .mailbox = c->mailbox_id,
        .peer = side == SENDER ? c->receiver_pid : c->sender_pid,
        .ring_pages = c->ring_pages,
        .limit = c->limit,
    };
}

int channel_offer(struct thread *t, uint64_t va)
{
    int r = space_range_check(va, 1 + FOS_RING_PAGES_MAX);
    if (r)
        return r;
    if (t->pending)
        return -FOS_EAGAIN;
    if (t->offer)
        return -FOS_EBUSY;
    t->offer = va;
    return 0;
}

/* One that cannot be accepted where that was offered waits like others. */
static void offer_use(struct thread *t)
{
    struct channel *c;
    uint64_t va = t->offer;
    if (!va || t->pending_count > 1)
        return;
    t->offer = 0;
    if (channel_accept(t, va, &c))
        return;
    struct fos_channel_info i = channel_info(c, RECEIVER);
    uint64_t id = i.channel.id;
    i.channel.id = 0;
    t->events_page->accepted = i;
    __atomic_store_n(&t->events_page->accepted.channel.id, id, __ATOMIC_RELEASE);
}

int channel_connect(struct mailbox *m, uint64_t va, uint32_t ring_pages,
                    struct channel **out)
{
    struct thread *t = thread_current();
    struct space *s = t->space;
    if (ring_pages == 0 || ring_pages > FOS_RING_PAGES_MAX ||
        (ring_pages & (ring_pages - 1)) || m->space == s)
        return -FOS_EINVAL;
    if (m->thread->pending_count == CHANNELS_PENDING_MAX)
        return -FOS_EAGAIN;
    int r = ring_fits(s, ring_pages) ? space_charge_object(s) : -FOS_EDQUOT;
    if (r)
        return r;
    struct channel *c = pool_alloc(&channel_pool);
    r = -FOS_ENOMEM;
    if (!c)
        goto fail_charge;
    c->mailbox_id = m->object.id;
    c->secret = m->object.secret;
    c->limit = m->limit;
    c->sender_pid = s->pid;
    c->receiver_pid = m->space->pid;
    r = ring_alloc(c, s, ring_pages);
    if (r == 0)
        r = receiver_charge(c, m->thread);
    if (r)
        goto fail_ring;
    thread_wake(m->thread); /* while we map, if it sleeps */
    r = window_map(c, s, va, m->thread->doorbell);
    if (r)
        goto fail_receiver;
    r = object_publish(&c->object, OBJECT_CHANNEL);
    if (r)
        goto fail_window;
    side_attach(c, SENDER, s, t, va);
    s->ring_pages += ring_pages;
    pending_push(m, c);
    trace(FOS_TRACE_connect, c->object.id, c->mailbox_id);
    offer_use(m->thread);
    pending_tell(m->thread); /* not before: what was accepted does not wait */
    mmu_flush();
    thread_event(m->thread, FOS_EVENT_CHANNEL);
    *out = c;
    return 0;

fail_window:
    mmu_flush();
    space_unmap(s, va, ring_pages + 1);
fail_receiver:
    receiver_refund(c, m->thread);
fail_ring:
    ring_put(c);
    pool_free(&channel_pool, c);
fail_charge:
    space_refund_object(s);
    return r;
}

int channel_accept(struct thread *t, uint64_t va, struct channel **out)
{
    struct channel *c = t->pending;
    if (!c)
        return -FOS_EAGAIN;
    struct thread *sender = c->sides[SENDER].thread;
    int r = window_map(c, t->space, va, sender ? sender->doorbell : dead_doorbell);
    if (r)
        return r;
    mmu_flush();
    pending_remove(c);
    side_attach(c, RECEIVER, t->space, t, va);
    trace(FOS_TRACE_accept, c->object.id, c->mailbox_id);
    *out = c;
    return 0;
}

/* From here on notify answers FOS_EPIPE, and each side still there sees DEAD, but for the
 * one that is leaving: all it sees will be unmapped. */
static void close_sides(struct channel *c, const struct mailbox *m,
                        const struct space *leaving)
{
    pfn_t doorbells[CHANNEL_SIDES];
    if (atomic_exchange(&c->closed, true))
        return;
    struct thread *sender = c->sides[SENDER].thread;
    struct thread *receiver = m ? m->thread : c->sides[RECEIVER].thread;
    /* each side maps the other's */
    doorbells[SENDER] = c->retired ? retired_doorbell : receiver->doorbell;
    doorbells[RECEIVER] = sender->doorbell;
    for (int i = 0; i < CHANNEL_SIDES; i++) {
        struct space *s = c->sides[i].space;
        if (!s || s == leaving)
            continue;
        space_swap_frame(s, c->sides[i].va, doorbells[i], dead_doorbell);
        thread_event(c->sides[i].thread, FOS_EVENT_CHANNEL);
    }
}

static void channel_free(struct channel *c)
{
    ring_put(c);
    object_retire(&c->object);
    quiesce();
    pool_free(&channel_pool, c);
}

/* `to` has been charged for the ring already; its first owner is refunded. */
static void ring_give(struct channel *c, struct space *to)
{
    for (uint32_t i = 0; i < c->ring_pages; i++)
        frame_give(c->ring[i], to);
    c->receiver_share = 0;
}

/* The receiver will never accept it. */
static void pending_drop(struct channel *c)
{
    receiver_refund(c, c->mailbox->thread);
    pending_remove(c);
    if (!c->sides[SENDER].space)
        channel_free(c);
}

/* The sender has gone before it was accepted: what it sent waits for the receiver,
 * who pays for the ring, if there are not too many such. */
static void orphan_keep(struct channel *c)
{
    struct thread *t = c->mailbox->thread;
    if (t->orphan_pages + c->ring_pages > CHANNEL_ORPHAN_PAGES_MAX) {
        pending_drop(c);
        return;
    }
    t->orphan_pages += c->ring_pages;
    c->orphan = true;
    ring_give(c, t->space);
}

static void sender_gone(struct channel *c)
{
    if (c->sides[RECEIVER].space)
        ring_give(c, c->sides[RECEIVER].space);
    else if (c->mailbox)
        orphan_keep(c);
    else
        channel_free(c);
}

static void receiver_gone(struct channel *c, struct thread *t)
{
    receiver_refund(c, t);
    if (!c->sides[SENDER].space)
        channel_free(c);
}

void channel_drop(struct channel *c, struct space *s)
{
    enum channel_side side = c->sides[SENDER].space == s ? SENDER : RECEIVER;
    struct thread *t = c->sides[side].thread;
    ASSERT(c->sides[side].space == s);
    close_sides(c, c->mailbox, s);
    quiesce(); /* no notify holds our thread any more */
    space_unmap(s, c->sides[side].va, c->ring_pages + 1);
    side_detach(c, side);
    if (side == RECEIVER) {
        receiver_gone(c, t);
    } else {
        s->ring_pages -= c->ring_pages;
        sender_gone(c);
        space_refund_object(s);
    }
}

void channels_drop_mailbox(struct mailbox *m)
{
    struct channel *next;
    for (struct channel *c = m->thread->pending; c; c = next) {
        next = c->sides[RECEIVER].next;
        if (c->mailbox != m)
            continue;
        close_sides(c, m, NULL);
        pending_drop(c);
    }
}

/* ---- retiring ---- */

int channel_retire(struct channel *c)
{
    const struct thread *receiver = c->sides[RECEIVER].thread;
    if (atomic_load(&c->closed))
        return -FOS_EPIPE;
    if (c->retired)
        return 0;
    ASSERT(c->sides[SENDER].space);
    c->retired = true;
    space_swap_frame(c->sides[SENDER].space, c->sides[SENDER].va,
                     receiver->doorbell, retired_doorbell);
    return 0;
}

/* The mailbox is still there, but its owner has changed the secret. */
static bool secret_is_old(const struct channel *c)
{
    const struct object *o = object_at((uint32_t)c->mailbox_id);
    return o && o->id == c->mailbox_id && o->secret != c->secret;
}

long channel_seal(struct channel *c, uint32_t sent)
{
    if (c->counted)
        return c->packets;
    if (atomic_load(&c->closed))
        return secret_is_old(c) ? -FOS_EPERM : -FOS_EPIPE;
    if (!c->retired)
        return -FOS_EINVAL;
    c->sealed = true;
    c->packets = sent;
    thread_event(c->sides[RECEIVER].thread, FOS_EVENT_NOTIFY);
    return -FOS_EAGAIN;
}

int channel_count(struct channel *c, uint32_t taken)
{
    if (atomic_load(&c->closed))
        return -FOS_EPIPE;
    if (c->sealed && c->packets != taken)
        return -FOS_EAGAIN;
    c->counted = true;
    c->packets = taken;
    return 0;
}
