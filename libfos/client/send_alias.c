/* SPDX-License-Identifier: MIT */
/* Sending by alias. */
#include "name.h"

struct way {
    struct fos_alias alias;
    uint64_t secret; /* as the caller gave it */
    uint64_t used;   /* value of `uses` then; 0: a free place */
    struct fos_peer peer;
};

static _Thread_local struct way ways[FOS_NAME_PEERS];
static _Thread_local uint64_t uses;

long fos_peer_open_alias(struct fos_peer *peer, struct fos_alias alias,
                         uint64_t secret, enum fos_transport transport)
{
    struct name_value value;
    long error = fos_name_resolve(alias, &value);

    if (error)
        return error;
    if (value.word[0])
        return -FOS_ENOSYS;
    if (secret == FOS_PUBLIC)
        secret = value.secret;
    if (!secret)
        return -FOS_EPERM;
    return fos_peer_open(peer, (struct fos_cap){value.word[1], secret}, transport);
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

/* In place of the one unused longest. */
static long way_open(struct fos_alias alias, uint64_t secret, struct way **out)
{
    struct way *w = ways;

    for (struct way *other = ways; other < ways + FOS_NAME_PEERS; other++)
        if (other->used < w->used)
            w = other;
    way_close(w);
    long error = fos_peer_open_alias(&w->peer, alias, secret, FOS_TRANSPORT_AUTO);
    if (error)
        return error;
    w->alias = alias;
    w->secret = secret;
    w->used = ++uses;
    *out = w;
    return 0;
}

static bool is_gone(long error)
{
    return error == -FOS_EPERM || error == -FOS_EPIPE;
}

/* The mailbox is gone: is there another under the name?  A channel's open fails
 * where a kernel peer's first send does. */
static long send_again(struct fos_alias alias, uint64_t secret, struct fos_cap old,
                       const void *data, uint32_t length, uint64_t deadline)
{
    struct way *w;

    fos_name_forget(alias);
    long error = way_open(alias, secret, &w);
    if (error)
        return error;
    if (w->peer.mailbox.id == old.id && w->peer.mailbox.secret == old.secret) {
        way_close(w);
        return -FOS_EPIPE;
    }
    fos_name_stats.resent++;
    return fos_msg_send_until(&w->peer, data, length, deadline);
}

long fos_msg_send_alias_until(struct fos_alias alias, uint64_t secret,
                              const void *data, uint32_t length, uint64_t deadline)
{
    struct way *w = way_find(alias, secret);
    long error = w ? 0 : way_open(alias, secret, &w);

    if (error)
        return error;
    w->used = ++uses;
    error = fos_msg_send_until(&w->peer, data, length, deadline);
    if (!is_gone(error))
        return error;
    struct fos_cap old = w->peer.mailbox;
    way_close(w);
    return send_again(alias, secret, old, data, length, deadline);
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
