/* SPDX-License-Identifier: MIT */
#include "lib/trace.h"
#include "msg/channel.h"
#include "msg/mailbox.h"
#include "sys/table.h"

long sys_mailbox_create(uint64_t slots_va, uint64_t slots, uint64_t head_va,
                        uint64_t limit, uint64_t out)
{
    struct mailbox *m;
    if (out_check(out, sizeof(struct fos_cap)))
        return -FOS_EFAULT;
    int r = mailbox_new(space_current(), slots_va, slots, head_va, limit, &m);
    if (r)
        return r;
    struct fos_cap cap = object_cap(&m->object);
    out_write(out, &cap, sizeof cap);
    return 0;
}

/* Only its owner receives from a mailbox and closes it; the capability alone is the
 * right to send. */
static struct mailbox *mailbox_owned(uint64_t id, uint64_t secret)
{
    struct mailbox *m = FIND(mailbox, MAILBOX, id, secret);
    return m && m->space == space_current() ? m : NULL;
}

long sys_mailbox_close(uint64_t id, uint64_t secret)
{
    struct mailbox *m = mailbox_owned(id, secret);
    if (m)
        mailbox_destroy(m);
    return m ? 0 : -FOS_EPERM;
}

long sys_mailbox_renew(uint64_t id, uint64_t secret, uint64_t out)
{
    struct mailbox *m = mailbox_owned(id, secret);
    if (!m)
        return -FOS_EPERM;
    if (out_check(out, sizeof(struct fos_cap)))
        return -FOS_EFAULT;
    mailbox_renew(m);
    struct fos_cap cap = object_cap(&m->object);
    out_write(out, &cap, sizeof cap);
    return 0;
}

long sys_mailbox_send(uint64_t id, uint64_t secret, uint64_t buffer, uint64_t n)
{
    struct mailbox *m = FIND(mailbox, MAILBOX, id, secret);
    if (!m)
        return -FOS_EPERM;
    int r = mailbox_send(m, space_current(), buffer, n);
    if (r == 0)
        trace(FOS_TRACE_message, id, n);
    return r;
}

static void info_write(uint64_t out, const struct channel *c,
                       enum channel_side side)
{
    struct fos_channel_info i = channel_info(c, side);
    out_write(out, &i, sizeof i);
}

long sys_channel_connect(uint64_t id, uint64_t secret, uint64_t va, uint64_t pages,
                         uint64_t out)
{
    struct mailbox *m = FIND(mailbox, MAILBOX, id, secret);
    struct channel *c;
    if (!m)
        return -FOS_EPERM;
    if (out_check(out, sizeof(struct fos_channel_info)))
        return -FOS_EFAULT;
    if (pages > FOS_RING_PAGES_MAX)
        return -FOS_EINVAL;
    int r = channel_connect(m, va, (uint32_t)pages, &c);
    if (r)
        return r;
    info_write(out, c, SENDER);
    return 0;
}

long sys_channel_accept(uint64_t va, uint64_t out)
{
    struct channel *c;
    if (out == 0)
        return channel_offer(thread_current(), va);
    if (out_check(out, sizeof(struct fos_channel_info)))
        return -FOS_EFAULT;
    int r = channel_accept(thread_current(), va, &c);
    if (r)
        return r;
    info_write(out, c, RECEIVER);
    return thread_current()->pending_count;
}

static struct channel *channel_mine(uint64_t id, uint64_t secret)
{
    struct channel *c = FIND(channel, CHANNEL, id, secret);
    struct space *s = space_current();
    if (!c || (c->sides[SENDER].space != s && c->sides[RECEIVER].space != s))
        return NULL;
    return c;
}

long sys_channel_close(uint64_t id, uint64_t secret, uint64_t taken)
{
    struct channel *c = channel_mine(id, secret);
    if (!c)
        return -FOS_EPERM;
    if (taken <= UINT32_MAX) {
        if (!c->retired || c->sides[RECEIVER].space != space_current())
            return -FOS_EINVAL;
        int r = channel_count(c, (uint32_t)taken);
        if (r)
            return r;
    }
    trace(FOS_TRACE_close, id, c->mailbox_id);
    channel_drop(c, space_current());
    return 0;
}

long sys_channel_retire(uint64_t id, uint64_t secret, uint64_t sent)
{
    struct channel *c = channel_mine(id, secret);
    if (!c)
        return -FOS_EPERM;
    if (c->sides[RECEIVER].space == space_current())
        return channel_retire(c);
    return channel_seal(c, (uint32_t)sent);
}

long sys_channel_exchange(uint64_t id, uint64_t secret, uint64_t va, uint64_t pages)
{
    struct channel *c = channel_mine(id, secret);
    if (!c)
        return -FOS_EPERM;
    return c->sides[RECEIVER].space == space_current() ? channel_post(c, va, pages)
                                                       : channel_swap(c, va, pages);
}

/* As a reader.  A channel that is closed keeps its threads until readers left. */
long sys_notify(uint64_t id, uint64_t secret)
{
    struct channel *c = channel_mine(id, secret);
    if (!c)
        return -FOS_EPERM;
    if (atomic_load(&c->closed))
        return -FOS_EPIPE;
    bool sender = c->sides[SENDER].space == space_current();
    struct thread *t = c->sides[sender ? RECEIVER : SENDER].thread;
    if (t) { /* not yet accepted: the receiver was told when we connected */
        trace(FOS_TRACE_notify, id, t->space->pid);
        thread_event(t, FOS_EVENT_NOTIFY);
    }
    return 0;
}
