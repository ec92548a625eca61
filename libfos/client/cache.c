/* SPDX-License-Identifier: MIT */
/* What this process remembers of names. */
#include "name.h"

static struct name_cached *set_of(struct name_cache *cache, struct fos_alias alias)
{
    uint64_t hash = name_mix(alias.word[0] ^ name_mix(alias.word[1]));

    return cache->sets[hash % NAME_CACHE_SETS];
}

static struct name_cached *find(struct name_cache *cache, struct fos_alias alias)
{
    struct name_cached *set = set_of(cache, alias);

    for (int way = 0; way < NAME_CACHE_WAYS; way++)
        if (set[way].until && fos_alias_equal(set[way].alias, alias))
            return &set[way];
    return NULL;
}

const struct name_cached *name_cache_find(struct name_cache *cache,
                                          struct fos_alias alias, uint64_t now)
{
    struct name_cached *known = find(cache, alias);

    if (!known || known->until <= now)
        return NULL;
    known->used = ++cache->clock;
    return known;
}

void name_cache_put(struct name_cache *cache, struct fos_alias alias,
                    const struct name_value *value, uint64_t until)
{
    struct name_cached *set = set_of(cache, alias), *place = find(cache, alias);

    for (int way = 0; !place && way < NAME_CACHE_WAYS; way++)
        if (!set[way].until)
            place = &set[way];
    if (!place) {
        place = set;
        for (int way = 1; way < NAME_CACHE_WAYS; way++)
            if (set[way].used < place->used)
                place = &set[way];
    }
    *place = (struct name_cached){alias, *value, until, ++cache->clock};
}

void name_cache_drop(struct name_cache *cache, struct fos_alias alias)
{
    struct name_cached *known = find(cache, alias);

    if (known)
        *known = (struct name_cached){0};
}
