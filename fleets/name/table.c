/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <assert.h>
#include <string.h>

static uint32_t *bucket_of(struct table *table, struct fos_alias alias)
{
    uint64_t hash = name_mix(alias.word[0] ^ name_mix(alias.word[1]));

    return &table->buckets[hash % TABLE_BUCKETS];
}

void table_init(struct table *table)
{
    memset(table, 0, sizeof *table);
    table->earliest = NAME_NEVER;
    for (uint32_t i = TABLE_MAX; i > 0; i--) {
        table->records[i - 1].next = table->free;
        table->free = i;
    }
}

/* The link that leads to the alias's record, or to the end of its bucket. */
static uint32_t *link_find(struct table *table, struct fos_alias alias)
{
    uint32_t *link = bucket_of(table, alias);

    while (*link && !fos_alias_equal(table->records[*link - 1].entry.alias, alias))
        link = &table->records[*link - 1].next;
    return link;
}

struct record *table_find(struct table *table, struct fos_alias alias, uint64_t now)
{
    uint32_t at = *link_find(table, alias);
    struct record *r = at ? &table->records[at - 1] : NULL;

    return r && r->entry.expires > now ? r : NULL;
}

struct record *table_put(struct table *table, const struct name_entry *entry)
{
    uint32_t *link = link_find(table, entry->alias);

    assert(entry->value.kind != NAME_NONE);
    if (!*link) {
        if (!table->free)
            return NULL;
        *link = table->free;
        table->free = table->records[*link - 1].next;
        table->records[*link - 1].next = 0;
        table->count++;
    }
    struct record *r = &table->records[*link - 1];
    r->entry = *entry;
    if (entry->expires < table->earliest)
        table->earliest = entry->expires;
    return r;
}

void table_remove(struct table *table, struct fos_alias alias)
{
    uint32_t *link = link_find(table, alias), at = *link;

    if (!at)
        return;
    struct record *r = &table->records[at - 1];
    *link = r->next;
    *r = (struct record){.next = table->free};
    table->free = at;
    table->count--;
}

struct record *table_at(struct table *table, uint32_t number)
{
    assert(number < TABLE_MAX);
    struct record *r = &table->records[number];
    return r->entry.value.kind == NAME_NONE ? NULL : r;
}

uint32_t table_count_of(const struct table *table, uint64_t owner)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < TABLE_MAX; i++)
        count += table->records[i].entry.value.kind != NAME_NONE &&
                 table->records[i].entry.owner == owner;
    return count;
}

uint64_t table_expire(struct table *table, uint64_t now)
{
    if (now < table->earliest)
        return table->earliest;
    table->earliest = NAME_NEVER;
    for (uint32_t i = 0; i < TABLE_MAX; i++) {
        struct record *r = table_at(table, i);
        if (!r)
            continue;
        if (r->entry.expires <= now)
            table_remove(table, r->entry.alias);
        else if (r->entry.expires < table->earliest)
            table->earliest = r->entry.expires;
    }
    return table->earliest;
}
