/* SPDX-License-Identifier: MIT */
/* Writes under way (N2). */
#include "inside.h"

#include <string.h>

#include <fos/ticket.h>

struct write *write_find(struct member *m, struct fos_alias alias)
{
    for (struct write *w = m->writes; w < m->writes + WRITES_MAX; w++)
        if (w->used && fos_alias_equal(w->entry.alias, alias))
            return w;
    return NULL;
}

static struct write *write_new(struct member *m)
{
    for (struct write *w = m->writes; w < m->writes + WRITES_MAX; w++)
        if (!w->used)
            return w;
    return NULL;
}

static void write_end(struct member *m, struct write *w, long result)
{
    struct name_register_rep rep = {.secret = w->entry.secret};
    bool registered = w->op == name_register_op && result >= 0;

    w->used = false;
    m->io.answer(&w->caller, result, registered ? &rep : NULL,
                 registered ? sizeof rep : 0);
}

/* Every holder has it. */
static void write_commit(struct member *m, struct write *w)
{
    bool gone = w->entry.value.kind == NAME_NONE || has_ended(m, w->entry.owner);
    struct record *r = NULL;

    if (gone)
        table_remove(&m->table, w->entry.alias);
    else
        r = table_put(&m->table, &w->entry);
    if (r)
        r->view = m->view.number;
    write_end(m, w, gone || r ? w->result : -FOS_ENOSPC);
}

/* False: a member has no room for it now. */
static bool write_send(struct member *m, struct write *w)
{
    struct copy copy = {.req = {.head.tag = FOS_TAG(name, copy),
                                .control = m->control,
                                .view = m->view.number,
                                .sequence = w->sequence,
                                .from = m->slot,
                                .count = 1,
                                .refusable = w->fresh},
                        .entries = {w->entry}};

    w->sent_at = m->io.now();
    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++) {
        uint32_t bit = 1u << slot;
        if (!(w->unsent & bit) || !m->fills[slot].greeted)
            continue;
        if (m->io.send(slot, &m->view.members[slot], &copy, copy_size(&copy)) == 0)
            w->unsent &= ~bit;
    }
    return w->unsent == 0;
}

/* In the present view, to all its other holders. */
static void write_start(struct member *m, struct write *w)
{
    w->sequence = ++m->sequence;
    w->unsent = w->waiting = holders(m, w->entry.alias) & ~(1u << m->slot);
    if (w->waiting)
        write_send(m, w);
    else
        write_commit(m, w);
}

/* Whether the owner, 0 of a name that is not there, may have one more under way: anybody can
 * ask to end such a name, and no one may keep the others from writing. */
static bool has_share(const struct member *m, uint64_t owner)
{
    uint32_t own = 0, apps = 0;

    for (const struct write *w = m->writes; w < m->writes + WRITES_MAX; w++) {
        own += w->used && w->entry.owner == owner;
        apps += w->used && !(w->entry.owner & FOS_TICKET_SYSTEM);
    }
    return own < WRITES_OF_ONE &&
           (apps < WRITES_APPS || (owner & FOS_TICKET_SYSTEM));
}

void write_begin(struct member *m, const struct fos_caller *caller, uint32_t op,
                 const struct name_entry *entry, long result)
{
    bool known = table_find(&m->table, entry->alias, 0);
    struct write *w = has_share(m, entry->owner) ? write_new(m) : NULL;

    if (!w) {
        m->io.answer(caller, -FOS_EAGAIN, NULL, 0);
        return;
    }
    *w = (struct write){.used = true,
                        .fresh = op == name_register_op && !known,
                        .op = op,
                        .result = result,
                        .entry = *entry,
                        .caller = *caller};
    write_start(m, w);
}

/* An answer may have found this member's mailbox full: after a while the copy is
 * sent again.  It says the same, and nothing later has been sent of this alias. */
uint64_t writes_send(struct member *m, uint64_t now)
{
    uint64_t again = FOS_NEVER;

    for (struct write *w = m->writes; w < m->writes + WRITES_MAX; w++) {
        if (!w->used)
            continue;
        if (!w->unsent && now >= w->sent_at + RESEND_NS)
            w->unsent = w->waiting;
        bool sent = !w->unsent || write_send(m, w);
        uint64_t next = sent ? w->sent_at + RESEND_NS : now + RETRY_NS;
        if (next < again)
            again = next;
    }
    return again;
}

void writes_review(struct member *m)
{
    for (struct write *w = m->writes; w < m->writes + WRITES_MAX; w++) {
        if (!w->used)
            continue;
        if (is_authority(m, w->entry.alias))
            write_start(m, w);
        else
            write_end(m, w, -FOS_EAGAIN);
    }
}

/* A holder has no room: what others took of a new entry is taken back. */
static void write_undo(struct member *m, struct write *w, long result)
{
    w->op = name_unregister_op;
    w->fresh = false;
    w->result = result;
    w->entry.value.kind = NAME_NONE;
    write_start(m, w);
}

void member_copied(struct member *m, const struct name_copied_req *req)
{
    if (req->view != m->view.number || req->from >= PROC_MEMBERS_MAX)
        return; /* N1 */
    for (struct write *w = m->writes; w < m->writes + WRITES_MAX; w++) {
        if (!w->used || w->sequence != req->sequence)
            continue;
        w->waiting &= ~(1u << req->from);
        if (req->result < 0 && w->fresh)
            write_undo(m, w, req->result);
        else if (!w->waiting)
            write_commit(m, w);
        return;
    }
}
