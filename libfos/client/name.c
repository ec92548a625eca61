/* SPDX-License-Identifier: MIT */
/* Registering and looking up names. */
#include "name.h"

#include <string.h>

#include <fos/clock.h>
#include <fos/start.h>

#define LOOKUP_DEADLINE (30 * FOS_SECOND)
#define SERVE_PATIENCE  FOS_SECOND

static _Thread_local struct name_cache cache;

static uint64_t now(void)
{
    return fos_sleeper_now(&fos_thread_self()->sleeper);
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

/* Tells the repetitions of one request from other requests of this process. */
static uint64_t token_draw(void)
{
    static uint64_t last;

    return ++last;
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
    fos_name_forget(req->alias);
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

    for (int links = 0; links < NAME_CHAIN_MAX; links++) {
        if (fos_alias_equal(alias, target))
            return -FOS_ELOOP;
        long error = name_ask(target, &value, now() + LOOKUP_DEADLINE);
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
    uint64_t deadline = now() + SERVE_PATIENCE;
    long error;

    while ((error = fos_name_register(path, mailbox, NAME_PUBLIC, 0, made)) ==
               -FOS_EEXIST &&
           now() < deadline)
        fos_clock_sleep(now() + 10 * FOS_MILLISECOND);
    return error;
}

long fos_name_update(const struct fos_registration *name, struct fos_cap mailbox,
                     unsigned flags)
{
    struct name_update_req req = {.head.tag = FOS_TAG(name, update),
                                  .alias = name->alias,
                                  .secret = name->secret,
                                  .value = mailbox_value(mailbox, flags)};
    struct name_update_rep rep = {0};
    bool again;

    fos_name_forget(name->alias);
    return refusal(name_write(name->alias, &req, sizeof req, &req.view, &rep,
                              sizeof rep, &again));
}

/* After a try that may have done it, another may have the name by now. */
long fos_name_unregister(const struct fos_registration *name)
{
    struct name_unregister_req req = {.head.tag = FOS_TAG(name, unregister),
                                      .alias = name->alias,
                                      .secret = name->secret};
    struct name_unregister_rep rep = {0};
    bool again;

    fos_name_forget(name->alias);
    long result = name_write(name->alias, &req, sizeof req, &req.view, &rep,
                             sizeof rep, &again);
    if (again && (result == -FOS_ENOENT || result == -FOS_EACCES))
        return 0;
    return refusal(result);
}

long fos_name_renew(const struct fos_registration *name, uint64_t lease_ns)
{
    struct name_renew_req req = {.head.tag = FOS_TAG(name, renew),
                                 .alias = name->alias,
                                 .secret = name->secret,
                                 .lease_ns = lease_ns};
    struct name_renew_rep rep = {0};
    bool again;

    return refusal(name_write(name->alias, &req, sizeof req, &req.view, &rep,
                              sizeof rep, &again));
}

/* ---- look-ups ---- */

long fos_name_lookup(struct fos_alias alias, struct name_value *value)
{
    uint64_t deadline = now() + LOOKUP_DEADLINE;

    for (int links = 0; links <= NAME_CHAIN_MAX; links++) {
        long error = name_ask(alias, value, deadline);
        if (error || value->kind == NAME_MAILBOX)
            return error;
        if (value->kind != NAME_LINK)
            return -FOS_EPROTO;
        alias = target_of(value);
    }
    return -FOS_ELOOP;
}

long fos_name_resolve(struct fos_alias alias, struct name_value *value)
{
    static const struct name_value nothing;
    const struct name_value *known = name_cache_find(&cache, alias, now());

    if (known) {
        fos_name_stats.hits++;
        *value = *known;
        return known->kind == NAME_NONE ? -FOS_ENOENT : 0;
    }
    long error = fos_name_lookup(alias, value);
    if (!error)
        name_cache_put(&cache, alias, value, UINT64_MAX);
    else if (error == -FOS_ENOENT)
        name_cache_put(&cache, alias, &nothing, now() + FOS_NAME_NEGATIVE);
    return error;
}

void fos_name_forget(struct fos_alias alias)
{
    name_cache_drop(&cache, alias);
}

void fos_name_close(void)
{
    memset(&cache, 0, sizeof cache);
    name_peers_close();
    name_members_close();
}
