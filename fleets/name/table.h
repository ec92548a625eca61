/* SPDX-License-Identifier: MIT */
/*
 * The entries a member holds: records of a fixed array, found by a hash of the
 * alias.  A record stays where it is while its entry lives, so that a walk by number
 * meets every entry that was there at its beginning and is there at its end.
 */
#ifndef NAME_TABLE_H
#define NAME_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <fos/proto/name.h>

enum {
    TABLE_MAX = 4096,
    /* New registrations stop here: the rest is for what a dead member leaves. */
    TABLE_ADMITTED = 2048,
    TABLE_APPS = 1536, /* ... and those of apps here */
    TABLE_BUCKETS = 4096,
};

struct record {
    struct name_entry entry; /* value.kind NAME_NONE: free */
    uint64_t view;           /* in which its authority last confirmed it */
    uint32_t next;           /* in its bucket, or in the free list: number + 1 */
};

struct table {
    uint32_t count;
    uint32_t free;     /* number + 1 */
    uint64_t earliest; /* no entry expires before */
    uint32_t buckets[TABLE_BUCKETS];
    struct record records[TABLE_MAX];
};

void table_init(struct table *table);

/* NULL: there is none, or it has expired at `now`. */
struct record *table_find(struct table *table, struct fos_alias alias,
                          uint64_t now);

/* Puts an entry in, in place of the one it may have.  NULL: no room. */
struct record *table_put(struct table *table, const struct name_entry *entry);

void table_remove(struct table *table, struct fos_alias alias);

/* The record of that number, or NULL when it is free. */
struct record *table_at(struct table *table, uint32_t number);

/* How many of an owner's there are. */
uint32_t table_count_of(const struct table *table, uint64_t owner);

/* Removes what has expired; gives the time of the next expiry. */
uint64_t table_expire(struct table *table, uint64_t now);

#endif
