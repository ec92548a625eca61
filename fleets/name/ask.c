/* SPDX-License-Identifier: MIT */
/* What clients ask for: everything is checked before anything is begun. */
#include <string.h>

#include <fos/clock.h>
#include <fos/name.h>
#include <fos/ticket.h>

#include "inside.h"

static const char system_prefix[] = "/sys/";

static void refuse(struct member *m, const struct fos_caller *caller, long error)
{
    m->io.answer(caller, error, NULL, 0);
}

static struct fos_alias target_of(const struct name_value *value)
{
    return (struct fos_alias){{value->word[0], value->word[1]}};
}

static long value_check(const struct name_value *value, bool by_system)
{
    bool deposit = value->secret != 0;

    if (value->flags & ~(uint32_t)NAME_FLAGS)
        return -FOS_EINVAL;
    if (value->kind == NAME_LINK)
        return value->flags || deposit ? -FOS_EINVAL : 0;
    if (value->kind != NAME_MAILBOX || !value->word[1] ||
        (deposit && !(value->flags & NAME_PUBLIC)))
        return -FOS_EINVAL;
    return value->word[0] && !by_system ? -FOS_EACCES : 0;
}

static long path_check(const struct name_register_req *req, bool by_system)
{
    if (!(req->alias.word[0] & FOS_ALIAS_PATH))
        return req->path[0] ? -FOS_EINVAL : 0;
    if (!memchr(req->path, '\0', sizeof req->path) ||
        !fos_alias_equal(fos_alias(req->path), req->alias))
        return -FOS_EINVAL;
    bool reserved = !strncmp(req->path, system_prefix, sizeof system_prefix - 1);
    return reserved && !by_system ? -FOS_EACCES : 0;
}

/* As far as the chain lies in this member's table. */
static long circle_check(struct member *m, struct fos_alias alias,
                         const struct name_value *value)
{
    struct name_value at = *value;

    for (int links = 1; at.kind == NAME_LINK; links++) {
        if (fos_alias_equal(target_of(&at), alias) || links > NAME_CHAIN_MAX)
            return -FOS_ELOOP;
        struct record *r = table_find(&m->table, target_of(&at), m->io.now());
        if (!r)
            break;
        at = r->entry.value;
    }
    return 0;
}

static long room_check(const struct member *m, uint64_t owner)
{
    bool by_system = owner & FOS_TICKET_SYSTEM;

    if (m->table.count >= (by_system ? TABLE_ADMITTED : TABLE_APPS))
        return -FOS_ENOSPC;
    if (table_count_of(&m->table, owner) >= NAME_PER_OWNER && !by_system)
        return -FOS_EDQUOT;
    return 0;
}

/* Whether this member may decide about the alias now (N8). */
static long turn_check(struct member *m, struct fos_alias alias, uint64_t view)
{
    return view == m->view.number && is_authority(m, alias) && !write_find(m, alias)
               ? 0
               : -FOS_EAGAIN;
}

static uint64_t expiry(struct member *m, uint64_t lease_ns)
{
    uint64_t now = m->io.now();

    return lease_ns && lease_ns < NAME_NEVER - now ? now + lease_ns : NAME_NEVER;
}

/* Nobody without the key can tell it from any other number; no two are alike. */
static uint64_t secret_draw(struct member *m, const struct name_register_req *req)
{
    uint64_t from[] = {++m->drawn, m->mailbox.id, req->alias.word[0],
                       req->alias.word[1]};
    uint64_t secret = fos_siphash(&m->secrets, from, sizeof from);

    return secret ? secret : 1;
}

static long register_check(struct member *m, const struct name_register_req *req)
{
    bool by_system = fos_ticket_system(req->ticket);
    long error = 0;

    if (!fos_ticket_check(&m->tickets, req->ticket) || has_ended(m, req->ticket.id))
        error = -FOS_EACCES;
    if (!error)
        error = value_check(&req->value, by_system);
    if (!error)
        error = path_check(req, by_system);
    return error ? error : turn_check(m, req->alias, req->view);
}

static void register_new(struct member *m, const struct fos_caller *caller,
                         const struct name_register_req *req)
{
    long error = room_check(m, req->ticket.id);

    if (!error)
        error = circle_check(m, req->alias, &req->value);
    if (error) {
        refuse(m, caller, error);
        return;
    }
    struct name_entry entry = {.alias = req->alias,
                               .value = req->value,
                               .owner = req->ticket.id,
                               .token = req->token,
                               .secret = secret_draw(m, req),
                               .expires = expiry(m, req->lease_ns)};
    memcpy(entry.path, req->path, strlen(req->path));
    write_begin(m, caller, name_register_op, &entry, 0);
}

void member_register(struct member *m, const struct fos_caller *caller,
                     const struct name_register_req *req)
{
    long error = register_check(m, req);

    if (error) {
        refuse(m, caller, error);
        return;
    }
    const struct record *r = table_find(&m->table, req->alias, m->io.now());
    if (!r)
        register_new(m, caller, req);
    else if (r->entry.owner != req->ticket.id || r->entry.token != req->token)
        refuse(m, caller, -FOS_EEXIST);
    else /* a repetition: perhaps not all holders have it yet */
        write_begin(m, caller, name_register_op, &r->entry, 0);
}

/* The entry that the holder of its secret wants to change, or NULL and why not. */
static const struct name_entry *entry_open(struct member *m, struct fos_alias alias,
                                           uint64_t secret, uint64_t view,
                                           long *error)
{
    const struct record *r = table_find(&m->table, alias, m->io.now());

    *error = turn_check(m, alias, view);
    if (!*error && !r)
        *error = -FOS_ENOENT;
    if (!*error && (r->entry.secret ^ secret) != 0)
        *error = -FOS_EACCES;
    return *error ? NULL : &r->entry;
}

void member_update(struct member *m, const struct fos_caller *caller,
                   const struct name_update_req *req)
{
    long error;
    const struct name_entry *old =
        entry_open(m, req->alias, req->secret, req->view, &error);

    if (old)
        error = value_check(&req->value, old->owner & FOS_TICKET_SYSTEM);
    if (!error)
        error = circle_check(m, req->alias, &req->value);
    if (error) {
        refuse(m, caller, error);
        return;
    }
    struct name_entry entry = *old;
    entry.value = req->value;
    write_begin(m, caller, name_update_op, &entry, 0);
}

void member_unregister(struct member *m, const struct fos_caller *caller,
                       const struct name_unregister_req *req)
{
    long error;
    const struct name_entry *old =
        entry_open(m, req->alias, req->secret, req->view, &error);

    if (!old && error != -FOS_ENOENT) {
        refuse(m, caller, error);
        return;
    }
    struct name_entry none = {.alias = req->alias, /* N5 */
                              .owner = old ? old->owner : 0};
    write_begin(m, caller, name_unregister_op, &none, error);
}

void member_renew(struct member *m, const struct fos_caller *caller,
                  const struct name_renew_req *req)
{
    long error;
    const struct name_entry *old =
        entry_open(m, req->alias, req->secret, req->view, &error);

    if (!old) {
        refuse(m, caller, error);
        return;
    }
    struct name_entry entry = *old;
    entry.expires = expiry(m, req->lease_ns);
    write_begin(m, caller, name_renew_op, &entry, 0);
}

/* What the protocol says of the lease in a look-up's result. */
static long lease_left(const struct name_entry *entry, uint64_t now)
{
    uint64_t left = (entry->expires - now) / FOS_MILLISECOND;

    if (entry->expires == NAME_NEVER)
        return 0;
    return left < NAME_LEFT_MAX ? 1 + (long)left : NAME_LEFT_MAX;
}

/* N7 */
void member_lookup(struct member *m, const struct fos_caller *caller,
                   const struct name_lookup_req *req)
{
    struct name_lookup_rep rep = {0};
    uint64_t now = m->io.now();
    const struct record *r = table_find(&m->table, req->alias, now);

    if (!is_active(m) || (!r && !is_authority(m, req->alias))) {
        refuse(m, caller, -FOS_EAGAIN);
    } else if (!r) {
        refuse(m, caller, -FOS_ENOENT);
    } else {
        rep.value = r->entry.value;
        m->io.answer(caller, lease_left(&r->entry, now), &rep, sizeof rep);
    }
}

static void entry_list(struct name_listed *out, const struct name_entry *e,
                       uint64_t now)
{
    *out = (struct name_listed){
        .alias = e->alias,
        .kind = e->value.kind,
        .flags = e->value.flags,
        .word = {e->value.word[0], e->value.word[1]},
        .pid = e->owner & ~FOS_TICKET_SYSTEM,
        .left_ns = e->expires == NAME_NEVER ? NAME_NEVER : e->expires - now};
    memcpy(out->path, e->path, sizeof out->path);
}

void member_list(struct member *m, const struct fos_caller *caller,
                 const struct name_list_req *req)
{
    struct name_list_rep rep = {0};
    uint64_t now = m->io.now();
    uint32_t at = req->from;

    if (!is_active(m)) {
        refuse(m, caller, -FOS_EAGAIN);
        return;
    }
    for (; at < TABLE_MAX && rep.count < NAME_LIST_MAX; at++) {
        const struct record *r = table_at(&m->table, at);
        if (r && r->entry.expires > now && is_authority(m, r->entry.alias))
            entry_list(&rep.entries[rep.count++], &r->entry, now);
    }
    rep.next = at < TABLE_MAX ? at : 0;
    m->io.answer(caller, 0, &rep, sizeof rep);
}
