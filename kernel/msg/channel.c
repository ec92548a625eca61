/* SPDX-License-Identifier: MIT */
#include "msg/channel.h"
#include "msg/mailbox.h"
#include "sched/sched.h"

static struct pool channel_pool = {.size = sizeof(struct channel)};
static pfn_t dead_doorbell; /* what a side sees when the other has gone */

void channels_init(void)
{
    int r = frame_alloc(NULL, FRAME_DEVICE, &dead_doorbell);
    ASSERT(r == 0);
    struct fos_doorbell *d = frame_address(dead_doorbell);
    atomic_store(&d->state, FOS_DOORBELL_DEAD);
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

/* The window of one side: the other's doorbell, read-only, then the ring. */
static int window_map(struct channel *c, struct space *s, uint64_t va,
                      pfn_t doorbell)
{
    uint64_t pages = c->ring_pages + 1;
    if (va % PAGE_SIZE)
        return -FOS_EINVAL;
    if (user_range_check(va, pages * PAGE_SIZE))
        return -FOS_EFAULT;
    if (frames[doorbell.n].refs > UINT16_MAX / 2)
        return -FOS_EDQUOT;
    int r = space_range_free(s, va, pages);
    if (r)
        return r;
    r = space_map_frames(s, va + PAGE_SIZE, c->ring, c->ring_pages,
                         FOS_PROT_READ | FOS_PROT_WRITE);
    if (r)
        return r;
    r = space_map_frames(s, va, &doorbell, 1, FOS_PROT_READ);
    if (r)
        space_unmap(s, va + PAGE_SIZE, c->ring_pages);
    return r;
}

static void ring_put(struct channel *c, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        frame_put(c->ring[i]);
}

static int ring_alloc(struct channel *c, struct space *s)
{
    for (uint32_t i = 0; i < c->ring_pages; i++) {
        int r = frame_alloc(s, FRAME_SHARED, &c->ring[i]);
        if (r) {
            ring_put(c, i);
            return r;
        }
    }
    return 0;
}

static void pending_push(struct mailbox *m, struct channel *c)
{
    m->pending_count++;
    c->mailbox = m;
    c->pending_next = NULL;
    *m->pending_last = c;
    m->pending_last = &c->pending_next;
}

static void pending_remove(struct channel *c)
{
    struct mailbox *m = c->mailbox;
    struct channel **link = &m->pending;
    while (*link != c)
        link = &(*link)->pending_next;
    *link = c->pending_next;
    if (!*link)
        m->pending_last = link;
    m->pending_count--;
    if (c->orphan)
        m->orphan_pages -= c->ring_pages;
    c->mailbox = NULL;
}

int channel_connect(struct mailbox *m, uint64_t va, uint32_t ring_pages,
                    struct channel **out)
{
    struct thread *t = thread_current();
    struct space *s = t->space;
    if (ring_pages == 0 || ring_pages > FOS_RING_PAGES_MAX ||
        (ring_pages & (ring_pages - 1)) || m->space == s)
        return -FOS_EINVAL;
    if (m->pending_count == CHANNELS_PENDING_MAX)
        return -FOS_EAGAIN;
    int r = space_charge_object(s);
    if (r)
        return r;
    struct channel *c = pool_alloc(&channel_pool);
    r = -FOS_ENOMEM;
    if (!c)
        goto fail_charge;
    c->ring_pages = ring_pages;
    c->mailbox_id = m->object.id;
    c->sender_pid = s->pid;
    r = ring_alloc(c, s);
    if (r)
        goto fail_pool;
    r = window_map(c, s, va, m->thread->doorbell);
    if (r)
        goto fail_ring;
    r = object_publish(&c->object, OBJECT_CHANNEL);
    if (r)
        goto fail_window;
    side_attach(c, SENDER, s, t, va);
    pending_push(m, c);
    thread_event(m->thread, FOS_EVENT_CHANNEL);
    *out = c;
    return 0;

fail_window:
    space_unmap(s, va, ring_pages + 1);
fail_ring:
    ring_put(c, ring_pages);
fail_pool:
    pool_free(&channel_pool, c);
fail_charge:
    space_refund_object(s);
    return r;
}

int channel_accept(struct mailbox *m, uint64_t va, struct channel **out)
{
    struct channel *c = m->pending;
    struct space *s = m->space;
    uint32_t share = c && !c->orphan ? c->ring_pages : 0;
    if (!c)
        return -FOS_EAGAIN;
    int r = space_charge_object(s);
    if (r)
        return r;
    r = space_charge_frames(s, share);
    if (r)
        goto fail_object;
    struct thread *sender = c->sides[SENDER].thread;
    r = window_map(c, s, va, sender ? sender->doorbell : dead_doorbell);
    if (r)
        goto fail_share;
    c->receiver_share = share;
    pending_remove(c);
    side_attach(c, RECEIVER, s, m->thread, va);
    *out = c;
    return 0;

fail_share:
    space_refund_frames(s, share);
fail_object:
    space_refund_object(s);
    return r;
}

/* From here on notify answers FOS_EPIPE, and each side still there sees DEAD. */
static void close_sides(struct channel *c, const struct mailbox *m)
{
    pfn_t doorbells[CHANNEL_SIDES];
    if (atomic_exchange(&c->closed, true))
        return;
    struct thread *sender = c->sides[SENDER].thread;
    struct thread *receiver = m ? m->thread : c->sides[RECEIVER].thread;
    doorbells[SENDER] = receiver->doorbell; /* each side maps the other's */
    doorbells[RECEIVER] = sender->doorbell;
    for (int i = 0; i < CHANNEL_SIDES; i++) {
        struct space *s = c->sides[i].space;
        if (!s)
            continue;
        space_swap_frame(s, c->sides[i].va, doorbells[i], dead_doorbell);
        thread_event(c->sides[i].thread, FOS_EVENT_CHANNEL);
    }
}

static void channel_free(struct channel *c)
{
    ring_put(c, c->ring_pages);
    object_retire(&c->object);
    quiesce();
    pool_free(&channel_pool, c);
}

/* `to` has been charged for the ring already; its first owner is refunded. */
static void ring_give(struct channel *c, struct space *to)
{
    for (uint32_t i = 0; i < c->ring_pages; i++)
        frame_give(c->ring[i], to);
}

/* The sender has gone before it was accepted: what it sent waits for the receiver,
 * who now pays for the ring, if it can and there are not too many such. */
static bool orphan_keep(struct channel *c)
{
    struct mailbox *m = c->mailbox;
    if (m->orphan_pages + c->ring_pages > CHANNEL_ORPHAN_PAGES_MAX ||
        space_charge_frames(m->space, c->ring_pages))
        return false;
    m->orphan_pages += c->ring_pages;
    c->orphan = true;
    ring_give(c, m->space);
    return true;
}

static void sender_gone(struct channel *c)
{
    if (c->sides[RECEIVER].space) {
        ring_give(c, c->sides[RECEIVER].space);
        c->receiver_share = 0;
    } else if (!c->mailbox || !orphan_keep(c)) {
        if (c->mailbox)
            pending_remove(c);
        channel_free(c);
    }
}

static void receiver_gone(struct channel *c, struct space *s)
{
    space_refund_frames(s, c->receiver_share);
    if (!c->sides[SENDER].space)
        channel_free(c);
}

void channel_drop(struct channel *c, struct space *s)
{
    enum channel_side side = c->sides[SENDER].space == s ? SENDER : RECEIVER;
    ASSERT(c->sides[side].space == s);
    close_sides(c, c->mailbox);
    quiesce(); /* no notify holds our thread any more */
    space_unmap(s, c->sides[side].va, c->ring_pages + 1);
    side_detach(c, side);
    if (side == SENDER)
        sender_gone(c);
    else
        receiver_gone(c, s);
    space_refund_object(s);
}

void channels_drop_mailbox(struct mailbox *m)
{
    while (m->pending) {
        struct channel *c = m->pending;
        close_sides(c, m);
        pending_remove(c);
        if (c->orphan)
            channel_free(c);
    }
}
