/* SPDX-License-Identifier: MIT */
#include "msg/mailbox.h"
#include "msg/channel.h"
#include "sched/sched.h"

static struct pool mailbox_pool = {.size = sizeof(struct mailbox)};

static int args_check(uint64_t va, uint64_t slots, uint64_t head_va)
{
    if (slots < FOS_MAILBOX_SLOTS_MIN || slots > FOS_MAILBOX_SLOTS_MAX ||
        (slots & (slots - 1)) || va % PAGE_SIZE || head_va % 8)
        return -FOS_EINVAL;
    if (user_range_check(va, slots * 64) || user_range_check(head_va, 8))
        return -FOS_EFAULT;
    return 0;
}

static int page_pin(struct space *s, uint64_t va, pfn_t *out)
{
    int r = user_frame(s, va, true, out);
    if (r)
        return r;
    const struct frame *f = &frames[out->n];
    if (f->type != FRAME_USER || f->refs >= FRAME_REFS_MAX)
        return -FOS_EFAULT;
    frame_get(*out);
    return 0;
}

static void ring_unpin(struct mailbox *m)
{
    frame_put(address_frame(m->ring.head));
    while (m->pages > 0)
        frame_put(address_frame(m->ring.pages[--m->pages]));
}

static int ring_pin(struct mailbox *m, uint64_t va, uint64_t head_va)
{
    pfn_t f;
    int r = page_pin(m->space, head_va, &f);
    if (r)
        return r;
    m->ring.head =
        (_Atomic uint64_t *)((char *)frame_address(f) + head_va % PAGE_SIZE);
    for (; m->pages < m->ring.slots / MAILBOX_PAGE_SLOTS; m->pages++) {
        r = page_pin(m->space, va + m->pages * PAGE_SIZE, &f);
        if (r) {
            ring_unpin(m);
            return r;
        }
        m->ring.pages[m->pages] = frame_address(f);
    }
    /* A buffer used before must not show tags of its first lap, nor an old head. */
    for (uint32_t i = 0; i < m->ring.slots; i++)
        fos_store_relaxed(&mailbox_ring_slot(&m->ring, i)->tag, 0);
    fos_store_relaxed(m->ring.head, 0);
    return 0;
}

int mailbox_new(struct space *s, uint64_t va, uint64_t slots, uint64_t head_va,
                uint64_t limit, struct mailbox **out)
{
    int r = args_check(va, slots, head_va);
    if (r == 0)
        r = space_charge_object(s);
    if (r)
        return r;
    struct mailbox *m = pool_alloc(&mailbox_pool);
    r = -FOS_ENOMEM;
    if (!m)
        goto fail_charge;
    m->space = s;
    m->thread = thread_current();
    m->ring.slots = (uint32_t)slots;
    m->limit = (uint32_t)min_u64(limit, UINT32_MAX);
    r = ring_pin(m, va, head_va);
    if (r)
        goto fail_pool;
    r = object_publish(&m->object, OBJECT_MAILBOX);
    if (r)
        goto fail_pin;
    m->space_next = s->mailboxes;
    s->mailboxes = m;
    *out = m;
    return 0;

fail_pin:
    ring_unpin(m);
fail_pool:
    pool_free(&mailbox_pool, m);
fail_charge:
    space_refund_object(s);
    return r;
}

void mailbox_destroy(struct mailbox *m)
{
    struct space *s = m->space;
    struct mailbox **link = &s->mailboxes;
    while (*link != m)
        link = &(*link)->space_next;
    *link = m->space_next;
    object_retire(&m->object);
    channels_drop_mailbox(m);
    quiesce();
    ring_unpin(m);
    space_refund_object(s);
    pool_free(&mailbox_pool, m);
}

void mailbox_renew(struct mailbox *m)
{
    m->object.secret = random_u64_locked();
    channels_drop_mailbox(m);
    quiesce(); /* who still sends by the old secret has done so */
}

/* Fills the reserved slots from user memory, which may vanish meanwhile, or, without
 * `from`, from the kernel's. */
static int slots_fill(struct mailbox *m, uint64_t position,
                      const struct space *from, uint64_t va, uint64_t n)
{
    for (uint64_t done = 0; done < n; done += FOS_MAILBOX_PAYLOAD) {
        uint64_t part = min_u64(FOS_MAILBOX_PAYLOAD, n - done);
        void *to = mailbox_ring_slot(&m->ring, position++)->payload;
        if (!from)
            memcpy(to, (const char *)va + done, part);
        else if (copy_from_user(from, to, va + done, part))
            return -FOS_EFAULT;
    }
    return 0;
}

/* The receiver says that it will sleep, passes a full fence, and looks for messages; here
 * it is the other way round. */
static void receiver_wake(struct thread *t)
{
    fos_fence();
    if (fos_load_relaxed(&t->doorbell_page->state) != FOS_DOORBELL_AWAKE)
        thread_event(t, FOS_EVENT_NOTIFY);
}

static bool fits(const struct mailbox *m, uint64_t n)
{
    return n <= FOS_MESSAGE_MAX && n <= m->limit &&
           fos_slots_for((uint32_t)n) <= m->ring.slots / 2;
}

int mailbox_send(struct mailbox *m, const struct space *from, uint64_t va,
                 uint64_t n)
{
    if (!fits(m, n))
        return -FOS_EMSGSIZE;
    int r = from ? user_mapped_check(from, va, n, false) : 0;
    if (r)
        return r;
    uint32_t count = fos_slots_for((uint32_t)n);
    uint64_t position, sender = from && from != m->space ? from->pid : 0;
    r = mailbox_ring_reserve(&m->ring, sender, count, &position);
    if (r) {
        atomic_fetch_add_explicit(&m->space->mailbox_full, 1, memory_order_relaxed);
    } else {
        r = slots_fill(m, position, from, va, n);
        mailbox_ring_commit(&m->ring, position, count,
                            n | (r ? FOS_SLOT_ABORTED : 0));
    }
    receiver_wake(m->thread);
    return r;
}
