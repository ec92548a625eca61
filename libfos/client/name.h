/* SPDX-License-Identifier: MIT */
/* What the parts of the naming client share. */
#ifndef FOS_CLIENT_NAME_H
#define FOS_CLIENT_NAME_H

#include <fos/name.h>

/* A value of kind NAME_NONE: there is no such name. */
struct name_cached {
    struct fos_alias alias;
    struct name_value value;
    uint64_t until; /* believed; 0: a free place */
    uint64_t used;  /* value of the cache's clock then */
};

enum { NAME_CACHE_WAYS = 4, NAME_CACHE_SETS = FOS_NAME_CACHE / NAME_CACHE_WAYS };

/* Sets of a few, of which the one unused longest makes room. */
struct name_cache {
    struct name_cached sets[NAME_CACHE_SETS][NAME_CACHE_WAYS];
    uint64_t clock;
};

/* NULL: nothing is known of it at `now`. */
const struct name_cached *name_cache_find(struct name_cache *cache,
                                          struct fos_alias alias, uint64_t now);
void name_cache_put(struct name_cache *cache, struct fos_alias alias,
                    const struct name_value *value, uint64_t until);
void name_cache_drop(struct name_cache *cache, struct fos_alias alias);

/* members.c: closes what is open to members. */
void name_members_close(void);

/* One look-up, no link followed.  0 and what is left of the lease (NAME_NEVER: there is
 * none), ENOENT, ETIMEDOUT. */
long name_ask(struct fos_alias alias, struct name_value *value, uint64_t *left_ns,
              uint64_t deadline);

/* As fos_name_resolve, within the deadline; *until: how long the value is believed. */
long name_resolve(struct fos_alias alias, struct name_value *value, uint64_t *until,
                  uint64_t deadline);

/* The number of changes to names that this process has made: what a thread came to know
 * before the last one it does not believe.  Relaxed: who has learnt of a change from the
 * thread that made it reads no older number. */
extern _Atomic uint64_t name_changes;

/* Sends a write to its alias's authority until one answers, and what; *again tells
 * whether an earlier try may have had its effect.  `view`: the field of the request
 * for the number of the view. */
long name_write(struct fos_alias alias, void *request, uint32_t length,
                uint64_t *view, void *reply, uint32_t capacity, bool *again);

/* send_alias.c */
void name_peers_close(void);

/* The next send to the alias asks what it stands for. */
void name_peers_doubt(struct fos_alias alias);

/* One of fos_name_stats, which all threads share.  Relaxed: mere counts. */
static inline void name_count(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* Nanoseconds of the monotonic clock. */
static inline uint64_t name_now(void)
{
    return fos_sleeper_now(&fos_thread_self()->sleeper);
}

/* Of two moments, or two times. */
static inline uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
