/* SPDX-License-Identifier: MIT */
/* Registering and looking up names. */
#include "name.h"

#include <string.h>

#include <fos/clock.h>
#include <fos/start.h>

#define LOOKUP_DEADLINE (30 * FOS_SECOND)
#define SERVE_PATIENCE  FOS_SECOND

_Atomic uint64_t name_changes;

static _Thread_local struct name_cache cache;
static _Thread_local uint64_t cached_changes; /* of which the cache knows */

/* This process has changed, or may have, what a name stands for. */
static void changed(void)
{
    atomic_fetch_add_explicit(&name_changes, 1, memory_order_relaxed);
}

static struct fos_alias target_of(const struct name_value *value)
{
    return (struct fos_alias){{value->word[0], value->word[1]}};
}

/* The protocol's word for it is another (proto/name.h). */
static long refusal(long result)
{
    return result == -FOS_EACCES ? -FOS_EPERM : result;
}

static struct name_value mailbox_value(struct fos_cap mailbox, unsigned flags)
{
    return (struct name_value){.kind = NAME_MAILBOX,
                               .flags = flags,
                               .word = {0, mailbox.id},
                               .secret = flags & NAME_PUBLIC ? mailbox.secret : 0};
}

/* ---- registrations ---- */

/* Tells the repetitions of one request from other requests of this process, those of
 * its other threads too: they only have to differ. */
static uint64_t token_draw(void)
{
    static _Atomic uint64_t last;

    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static long registration_make(struct name_register_req *req,
                              struct fos_registration *made)
{
    struct name_register_rep rep = {0};
    bool again;

    req->head.tag = FOS_TAG(name, register);
    req->ticket = fos_ticket();
    req->token = token_draw();
    long result = name_write(req->alias, req, sizeof *req, &req->view, &rep,
                             sizeof rep, &again);
    changed();
    *made = (struct fos_registration){req->alias, rep.secret};
    return refusal(result);
}

static long path_register(const char *path, const struct name_value *value,
                          uint64_t lease_ns, struct fos_registration *made)
{
    struct name_register_req req = {
        .alias = fos_alias(path), .value = *value, .lease_ns = lease_ns};

    if (strlen(path) >= sizeof req.path)
        return -FOS_EINVAL;
    strcpy(req.path, path);
    return registration_make(&req, made);
}

long fos_name_register(const char *path, struct fos_cap mailbox, unsigned flags,
                       uint64_t lease_ns, struct fos_registration *made)
{
    struct name_value value = mailbox_value(mailbox, flags);

    return path_register(path, &value, lease_ns, made);
}

long fos_name_register_alias(struct fos_alias alias, struct fos_cap mailbox,
                             unsigned flags, uint64_t lease_ns,
                             struct fos_registration *made)
{
    struct name_register_req req = {.alias = alias,
                                    .value = mailbox_value(mailbox, flags),
                                    .lease_ns = lease_ns};

    return registration_make(&req, made);
}

/* Members see the part of a chain that is theirs; here all of it is seen. */
static long circle_check(struct fos_alias alias, struct fos_alias target)
{
    struct name_value value;
    uint64_t left;

    for (int links = 0; links < NAME_CHAIN_MAX; links++) {
        if (fos_alias_equal(alias, target))
            return -FOS_ELOOP;
        long error = name_ask(target, &value, &left, name_now() + LOOKUP_DEADLINE);
        if (error == -FOS_ENOENT || (!error && value.kind != NAME_LINK))
            return 0;
        if (error)
            return error;
        target = target_of(&value);
    }
    return -FOS_ELOOP;
}

long fos_name_link(const char *path, struct fos_alias target, uint64_t lease_ns,
                   struct fos_registration *made)
{
    struct name_value value = {.kind = NAME_LINK,
                               .word = {target.word[0], target.word[1]}};
    long error = circle_check(fos_alias(path), target);

    return error ? error : path_register(path, &value, lease_ns, made);
}

long fos_name_serve(const char *path, struct fos_cap mailbox,
                    struct fos_registration *made)
{
    uint64_t deadline = name_now() + SERVE_PATIENCE;
    long error;

    while ((error = fos_name_register(path, mailbox, NAME_PUBLIC, 0, made)) ==
               -FOS_EEXIST &&
           name_now() < deadline)
        fos_clock_sleep(name_now() + 10 * FOS_MILLISECOND);
    return error;
}

/*
 * After a write with that result: unless the name may still stand for `old`, nobody
 * reaches that any more by what the depot gave out.  Not before the write: whose send
 * fails asks the fleet, and is to be told what is so now.
 */
static long old_renew(long result, struct fos_mailbox *old)
{
    bool left = result == 0 || result == -FOS_ENOENT || result == -FOS_EPERM;
    long error = old && left ? fos_mailbox_renew(old) : 0;

    return result ? result : error;
}

long fos_name_update(const struct fos_registration *name, struct fos_cap mailbox,
                     unsigned flags, struct fos_mailbox *old)
{
    struct name_update_req req = {.head.tag = FOS_TAG(name, update),
                                  .alias = name->alias,
                                  .secret = name->secret,
                                  .value = mailbox_value(mailbox, flags)};
    struct name_update_rep rep = {0};
    bool again;

    if (old && old->cap.id == mailbox.id)
        return -FOS_EINVAL;
    long result = name_write(name->alias, &req, sizeof req, &req.view, &rep,
                             sizeof rep, &again);
    changed();
    return old_renew(refusal(result), old);
}

/* After a try that may have done it, another may have the name by now. */
long fos_name_unregister(const struct fos_registration *name,
                         struct fos_mailbox *old)
{
    struct name_unregister_req req = {.head.tag = FOS_TAG(name, unregister),
                                      .alias = name->alias,
                                      .secret = name->secret};
    struct name_unregister_rep rep = {0};
    bool again;

    long result = name_write(name->alias, &req, sizeof req, &req.view, &rep,
                             sizeof rep, &again);
    changed();
    if (again && (result == -FOS_ENOENT || result == -FOS_EACCES))
        result = 0;
    return old_renew(refusal(result), old);
}

long fos_name_renew(const struct fos_registration *name, uint64_t lease_ns)
{
    struct name_renew_req req = {.head.tag = FOS_TAG(name, renew),
                                 .alias = name->alias,
                                 .secret = name->secret,
                                 .lease_ns = lease_ns};
    struct name_renew_rep rep = {0};
    bool again;

    long result = name_write(name->alias, &req, sizeof req, &req.view, &rep,
                             sizeof rep, &again);
    changed(); /* the lease may have become shorter */
    return refusal(result);
}

/* ---- look-ups ---- */

/* *until: when the first lease ends of those that it took, seen from when it was
 * begun. */
static long lookup(struct fos_alias alias, struct name_value *value,
                   uint64_t *until, uint64_t deadline)
{
    uint64_t begun = name_now(), left;

    *until = NAME_NEVER;
    for (int links = 0; links <= NAME_CHAIN_MAX; links++) {
        long error = name_ask(alias, value, &left, deadline);
        if (!error && left < NAME_NEVER)
            *until = earlier(*until, begun + left);
        if (error || value->kind == NAME_MAILBOX)
            return error;
        if (value->kind != NAME_LINK)
            return -FOS_EPROTO;
        alias = target_of(value);
    }
    return -FOS_ELOOP;
}

long fos_name_lookup(struct fos_alias alias, struct name_value *value)
{
    uint64_t until;

    return lookup(alias, value, &until, name_now() + LOOKUP_DEADLINE);
}

/* What this thread remembers and this process has not changed since. */
static const struct name_cached *recall(struct fos_alias alias)
{
    uint64_t made = fos_load_relaxed(&name_changes);

    if (cached_changes != made)
        memset(&cache, 0, sizeof cache);
    cached_changes = made;
    return name_cache_find(&cache, alias, name_now());
}

long name_resolve(struct fos_alias alias, struct name_value *value, uint64_t *until,
                  uint64_t deadline)
{
    static const struct name_value nothing;
    const struct name_cached *known = recall(alias);
    uint64_t begun = name_now();

    if (known) {
        name_count(&fos_name_stats.hits);
        *value = known->value;
        *until = known->until;
        return value->kind == NAME_NONE ? -FOS_ENOENT : 0;
    }
    long error =
        lookup(alias, value, until, earlier(deadline, begun + LOOKUP_DEADLINE));
    *until = earlier(*until, begun + FOS_NAME_POSITIVE);
    if (!error)
        name_cache_put(&cache, alias, value, *until);
    else if (error == -FOS_ENOENT)
        name_cache_put(&cache, alias, &nothing, name_now() + FOS_NAME_NEGATIVE);
    return error;
}

long fos_name_resolve(struct fos_alias alias, struct name_value *value)
{
    uint64_t until;

    return name_resolve(alias, value, &until, FOS_NEVER);
}

void fos_name_forget(struct fos_alias alias)
{
    name_cache_drop(&cache, alias);
    name_peers_doubt(alias);
}

void fos_name_close(void)
{
    memset(&cache, 0, sizeof cache);
    name_peers_close();
    name_members_close();
}
