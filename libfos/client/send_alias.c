/* SPDX-License-Identifier: MIT */
/* Sending by alias. */
#include "name.h"

#include <fos/clock.h>
#include <fos/part.h>

/* `asked` and `believed` are of the TSC: so long after that a look-up is due. */
struct way {
    struct fos_alias alias;
    uint64_t secret; /* as the caller gave it */
    uint64_t used;   /* value of `uses` then; 0: a free place */
    uint64_t asked, believed;
    uint64_t changes; /* name_changes before it was asked */
    struct fos_peer peer;
};

static _Thread_local struct way ways[FOS_NAME_PEERS];
static _Thread_local uint64_t uses;

static void forked(void)
{
    for (int i = 0; i < FOS_NAME_PEERS; i++)
        ways[i] = (struct way){0};
}

FOS_PART(ways_part, .forked = forked);

_Static_assert(FOS_NAME_POSITIVE <= FOS_SECOND,
               "in cycles of the TSC it is 64 bits");

/* What a caller's secret and an alias name now. */
static long target_find(struct fos_alias alias, uint64_t secret, uint64_t deadline,
                        struct fos_cap *to, uint64_t *until)
{
    struct name_value value;
    long error = name_resolve(alias, &value, until, deadline);

    if (error)
        return error;
    if (value.word[0])
        return -FOS_ENOSYS;
    if (secret == FOS_PUBLIC)
        secret = value.secret;
    *to = (struct fos_cap){value.word[1], secret};
    return secret ? 0 : -FOS_EPERM;
}

static long target_open(struct fos_peer *peer, struct fos_alias alias,
                        uint64_t secret, enum fos_transport transport)
{
    struct fos_cap to;
    uint64_t until;
    long error = target_find(alias, secret, FOS_NEVER, &to, &until);

    return error ? error : fos_peer_open(peer, to, transport);
}

long fos_peer_open_alias(struct fos_peer *peer, struct fos_alias alias,
                         uint64_t secret, enum fos_transport transport)
{
    long error = target_open(peer, alias, secret, transport);

    if (error != -FOS_EPERM)
        return error;
    fos_name_forget(alias); /* what was remembered may not be so any more */
    return target_open(peer, alias, secret, transport);
}

static bool cap_equal(struct fos_cap a, struct fos_cap b)
{
    return a.id == b.id && a.secret == b.secret;
}

static struct way *way_find(struct fos_alias alias, uint64_t secret)
{
    for (struct way *w = ways; w < ways + FOS_NAME_PEERS; w++)
        if (fos_alias_equal(w->alias, alias) && w->secret == secret && w->used)
            return w;
    return NULL;
}

static void way_close(struct way *w)
{
    if (w->used)
        fos_peer_close(&w->peer);
    w->used = 0;
}

/* The place of the one unused longest, for another. */
static struct way *way_new(struct fos_alias alias, uint64_t secret)
{
    struct way *w = ways;

    for (struct way *other = ways; other < ways + FOS_NAME_PEERS; other++)
        if (other->used < w->used)
            w = other;
    way_close(w);
    w->alias = alias;
    w->secret = secret;
    return w;
}

static bool way_believed(const struct way *w)
{
    return fos_tsc() - w->asked < w->believed &&
           w->changes == fos_load_relaxed(&name_changes);
}

/* Until that time, in nanoseconds. */
static void way_believe(struct way *w, uint64_t until)
{
    const struct fos_sleeper *sleeper = &fos_thread_self()->sleeper;

    w->asked = fos_tsc();
    uint64_t now = fos_sleeper_now(sleeper);
    w->believed = until > now ? (until - now) * sleeper->tsc_hz / FOS_SECOND : 0;
}

/* Where does it lead now?  A way that leads there already stays, and so does one when
 * nobody answers, but it is not used. */
static long way_ask(struct way *w, uint64_t deadline)
{
    uint64_t changes = fos_load_relaxed(&name_changes), until;
    uint64_t second = name_now() + FOS_SECOND;
    struct fos_cap to;
    long error = target_find(w->alias, w->secret,
                             deadline > second ? deadline : second, &to, &until);

    if (error == -FOS_ETIMEDOUT)
        return error;
    if (error || !w->used || !cap_equal(w->peer.mailbox, to)) {
        way_close(w);
        error = error ? error : fos_peer_open(&w->peer, to, FOS_TRANSPORT_AUTO);
    }
    if (error)
        return error;
    w->used = ++uses;
    w->changes = changes;
    way_believe(w, until);
    return 0;
}

static long way_take(struct fos_alias alias, uint64_t secret, uint64_t deadline,
                     struct way **out)
{
    struct way *w = way_find(alias, secret);

    *out = w ? w : way_new(alias, secret);
    if (!w || !way_believed(w))
        return way_ask(*out, deadline);
    w->used = ++uses;
    return 0;
}

static bool is_gone(long error)
{
    return error == -FOS_EPERM || error == -FOS_EPIPE;
}

/* A send to `old` failed with `gone`: is there another mailbox under the name?  A
 * channel's open fails where a kernel peer's first send does. */
static long send_again(struct fos_alias alias, uint64_t secret, struct fos_cap old,
                       long gone, const void *data, uint32_t length,
                       uint64_t deadline)
{
    struct way *w;

    fos_name_forget(alias);
    long error = way_take(alias, secret, deadline, &w);
    if (error)
        return error;
    if (cap_equal(w->peer.mailbox, old)) {
        way_close(w);
        return gone;
    }
    name_count(&fos_name_stats.resent);
    return fos_msg_send_until(&w->peer, data, length, deadline);
}

/* Without a capability deposited, as far as is remembered, there is no way to close. */
long fos_msg_send_alias_until(struct fos_alias alias, uint64_t secret,
                              const void *data, uint32_t length, uint64_t deadline)
{
    struct fos_cap old = {0};
    struct way *w;
    long error = way_take(alias, secret, deadline, &w);

    if (!error) {
        old = w->peer.mailbox;
        error = fos_msg_send_until(&w->peer, data, length, deadline);
    }
    if (!is_gone(error))
        return error;
    way_close(w);
    return send_again(alias, secret, old, error, data, length, deadline);
}

long fos_msg_send_alias(struct fos_alias alias, uint64_t secret, const void *data,
                        uint32_t length)
{
    return fos_msg_send_alias_until(alias, secret, data, length, FOS_NEVER);
}

void name_peers_close(void)
{
    for (struct way *w = ways; w < ways + FOS_NAME_PEERS; w++)
        way_close(w);
}

void name_peers_doubt(struct fos_alias alias)
{
    for (struct way *w = ways; w < ways + FOS_NAME_PEERS; w++)
        if (fos_alias_equal(w->alias, alias))
            w->believed = 0;
}
