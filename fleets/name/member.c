/* SPDX-License-Identifier: MIT */
/* Views, and what members tell each other. */
#include <string.h>

#include <fos/name.h>
#include <fos/ticket.h>

#include "inside.h"

bool is_active(const struct member *m)
{
    return m->active >> m->slot & 1;
}

bool is_authority(const struct member *m, struct fos_alias alias)
{
    return is_active(m) && name_best(alias, m->active) == (int)m->slot;
}

/* A member that joins is looked at as if it were the only one: in which order several
 * become ACTIVE is not known. */
uint32_t holders(const struct member *m, struct fos_alias alias)
{
    uint32_t found = name_homes(alias, m->active);

    for (uint32_t left = m->joining; left; left &= left - 1) {
        uint32_t bit = left & -left;
        found |= name_homes(alias, m->active | bit) & bit;
    }
    return found;
}

bool has_ended(const struct member *m, uint64_t owner)
{
    uint64_t pid = owner & ~FOS_TICKET_SYSTEM;

    for (uint32_t i = 0; i < m->living_count; i++)
        if (m->living[i] == pid)
            return false;
    return pid <= m->last_ended;
}

void member_init(struct member *m)
{
    table_init(&m->table);
}

/* ---- views ---- */

/* N4 */
static void strange_forget(struct member *m)
{
    for (uint32_t i = 0; i < TABLE_MAX; i++) {
        struct record *r = table_at(&m->table, i);
        if (r && !(holders(m, r->entry.alias) >> m->slot & 1))
            table_remove(&m->table, r->entry.alias);
    }
}

/* The process fleet has no time to wait for members: they know it by themselves. */
static void process_fleet_enter(struct member *m)
{
    static const char path[] = "/sys/proc";
    struct name_entry entry = {
        .alias = fos_alias(path),
        .value = {.kind = NAME_MAILBOX,
                  .flags = NAME_PUBLIC,
                  .word = {0, m->process_fleet.id},
                  .secret = m->process_fleet.secret},
        .owner = m->process_fleet_pid | FOS_TICKET_SYSTEM,
        .secret = fos_siphash(&m->secrets, path, sizeof path),
        .expires = NAME_NEVER,
    };

    memcpy(entry.path, path, sizeof path);
    if (is_authority(m, entry.alias))
        table_put(&m->table, &entry);
}

static void view_enter(struct member *m, const struct proc_view *view)
{
    m->view = *view;
    m->active = name_slots_in(view, PROC_MEMBER_ACTIVE);
    m->joining = name_slots_in(view, PROC_MEMBER_JOINING);
    m->filled = 0;
    memset(m->fills, 0, sizeof m->fills);
    if (is_active(m)) {
        strange_forget(m);
        process_fleet_enter(m);
    } else {
        table_init(&m->table);
    }
    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++)
        m->fills[slot].done = slot == m->slot || !is_active(m) ||
                              !((m->active | m->joining) >> slot & 1);
    writes_review(m);
}

void member_view(struct member *m, const struct proc_view *view)
{
    if (view->number > m->view.number &&
        view->members[m->slot].mailbox.id == m->mailbox.id)
        view_enter(m, view);
}

/* ---- copying everything to the other holders ---- */

/* False: no room there now. */
static bool fill_greet(struct member *m, unsigned slot)
{
    struct name_view_req req = {
        .head.tag = FOS_TAG(name, view), .control = m->control, .view = m->view};

    m->fills[slot].greeted =
        m->io.send(slot, &m->view.members[slot], &req, sizeof req) == 0;
    return m->fills[slot].greeted;
}

/* Whether this member's entry is to be copied to `slot`, and not one under way has
 * been already. */
static bool fill_wants(struct member *m, const struct record *r, unsigned slot)
{
    const struct write *w = write_find(m, r->entry.alias);
    uint32_t bit = 1u << slot;

    return is_authority(m, r->entry.alias) && (holders(m, r->entry.alias) & bit) &&
           (!w || (w->unsent & bit));
}

/* The next entries from record *next on; *next ends at TABLE_MAX. */
static void fill_gather(struct member *m, unsigned slot, uint32_t *next,
                        struct copy *copy)
{
    for (; *next < TABLE_MAX && copy->req.count < NAME_COPY_MAX; ++*next) {
        const struct record *r = table_at(&m->table, *next);
        if (r && fill_wants(m, r, slot))
            copy->entries[copy->req.count++] = r->entry;
    }
}

static int fill_end(struct member *m, unsigned slot)
{
    struct name_filled_req req = {.head.tag = FOS_TAG(name, filled),
                                  .control = m->control,
                                  .view = m->view.number,
                                  .from = m->slot};
    int error = m->io.send(slot, &m->view.members[slot], &req, sizeof req);

    m->fills[slot].done = error == 0;
    return error;
}

/* One message's worth.  False: no room there now. */
static bool fill_step(struct member *m, unsigned slot)
{
    struct fill *f = &m->fills[slot];
    struct copy copy = {.req = {.head.tag = FOS_TAG(name, copy),
                                .control = m->control,
                                .view = m->view.number,
                                .from = m->slot}};
    uint32_t next = f->next;

    if (!f->greeted)
        return fill_greet(m, slot);
    fill_gather(m, slot, &next, &copy);
    if (!copy.req.count)
        return fill_end(m, slot) == 0;
    if (m->io.send(slot, &m->view.members[slot], &copy, copy_size(&copy)))
        return false;
    f->next = next;
    return true;
}

uint64_t member_work(struct member *m)
{
    uint64_t now = m->io.now(), again = table_expire(&m->table, now), sent;
    bool room = true, more = false;

    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++) {
        if (m->fills[slot].done)
            continue;
        if (!fill_step(m, slot))
            room = false;
        else
            more |= !m->fills[slot].done;
    }
    sent = writes_send(m, now);
    if (sent < again)
        again = sent;
    if (!room && now + RETRY_NS < again)
        again = now + RETRY_NS;
    return more ? now : again;
}

/* ---- from the others ---- */

void member_filled(struct member *m, const struct name_filled_req *req)
{
    if (req->view != m->view.number || req->from >= PROC_MEMBERS_MAX)
        return; /* N1 */
    m->filled |= 1u << req->from;
    if (!is_active(m)) {
        if ((m->filled & m->active) == m->active)
            m->io.joined(m->view.number);
        return;
    }
    for (uint32_t i = 0; i < TABLE_MAX; i++) {
        struct record *r = table_at(&m->table, i);
        if (r && r->view != m->view.number &&
            name_best(r->entry.alias, m->active) == (int)req->from)
            table_remove(&m->table, r->entry.alias);
    }
}

static int32_t copy_take(struct member *m, const struct name_entry *entry,
                         bool refusable)
{
    if (entry->value.kind == NAME_NONE || has_ended(m, entry->owner)) {
        table_remove(&m->table, entry->alias);
        return 0;
    }
    if (refusable && is_active(m) && m->table.count >= TABLE_ADMITTED &&
        !table_find(&m->table, entry->alias, 0))
        return -FOS_ENOSPC;
    struct record *r = table_put(&m->table, entry);
    if (r)
        r->view = m->view.number;
    return r ? 0 : -FOS_ENOSPC;
}

void member_copy(struct member *m, const struct name_copy_req *req,
                 const struct name_entry *entries)
{
    struct name_copied_req rep = {.head.tag = FOS_TAG(name, copied),
                                  .control = m->control,
                                  .view = req->view,
                                  .sequence = req->sequence,
                                  .from = m->slot};

    if (req->view != m->view.number || req->from >= PROC_MEMBERS_MAX)
        return; /* N1 */
    for (uint32_t i = 0; i < req->count && i < NAME_COPY_MAX; i++)
        rep.result = copy_take(m, &entries[i], req->refusable);
    if (req->sequence)
        m->io.send(req->from, &m->view.members[req->from], &rep, sizeof rep);
}

void member_ended(struct member *m, const struct name_ended_req *req)
{
    m->living_count = req->count < NAME_LIVING_MAX ? req->count : NAME_LIVING_MAX;
    memcpy(m->living, req->living, m->living_count * sizeof *m->living);
    m->last_ended = req->last;
    for (uint32_t i = 0; i < TABLE_MAX; i++) {
        struct record *r = table_at(&m->table, i);
        if (r && has_ended(m, r->entry.owner))
            table_remove(&m->table, r->entry.alias);
    }
}
