/* SPDX-License-Identifier: MIT */
/* A table by the names' hash (FNV-1a), open addressing; never changed once made. */
#include "archive.h"

#include <string.h>

#include <fos/format/cpio.h>

enum { BUCKETS = 2 * ARCHIVE_MAX, LINKS_MAX = 4 };

static struct cpio_entry table[BUCKETS]; /* name NULL: free */

static uint32_t hash(const char *name, uint32_t length)
{
    uint32_t h = 2166136261u;

    for (uint32_t i = 0; i < length; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h;
}

/* Where the name is, or would be. */
static struct cpio_entry *place(const char *name, uint32_t length)
{
    uint32_t at = hash(name, length) % BUCKETS;

    while (table[at].name && (table[at].name_length != length ||
                              memcmp(table[at].name, name, length) != 0))
        at = (at + 1) % BUCKETS;
    return &table[at];
}

long archive_index(uint64_t archive, uint64_t size, const char **why)
{
    struct cpio_entry entry;
    uint64_t at = 0;
    uint32_t count = 0;
    long result;

    memset(table, 0, sizeof table);
    while ((result = cpio_next((const void *)archive, size, &at, &entry, why)) ==
           0) {
        uint32_t type = entry.mode & CPIO_MODE_TYPE;
        if (type != CPIO_MODE_FILE && type != CPIO_MODE_LINK)
            continue;
        if (++count > ARCHIVE_MAX) {
            *why = "it has too many entries";
            return -FOS_EINVAL;
        }
        struct cpio_entry *to = place(entry.name, entry.name_length);
        if (!to->name) /* of two of one name the first */
            *to = entry;
    }
    return result < 0 ? result : 0;
}

static const char *last_part(const char *path, uint32_t *length)
{
    const char *end = path + *length;

    for (const char *c = path; c < end; c++)
        if (*c == '/')
            path = c + 1;
    *length = (uint32_t)(end - path);
    return path;
}

long program_find(const char *name, const void **image, uint64_t *size)
{
    uint32_t length = (uint32_t)strlen(name);

    for (int links = 0; links <= LINKS_MAX; links++) {
        const struct cpio_entry *e = place(name, length);
        if (!e->name)
            return -FOS_ENOENT;
        if ((e->mode & CPIO_MODE_TYPE) == CPIO_MODE_FILE) {
            *image = e->data;
            *size = e->size;
            return 0;
        }
        length = (uint32_t)e->size;
        name = last_part(e->data, &length);
    }
    return -FOS_ENOENT;
}
