/* SPDX-License-Identifier: MIT */
/* The blob from one program's libfos to the next one's (fos/part.h). */
#include <fos/part.h>

#include <stdlib.h>
#include <string.h>

#include <fos/abi/errors.h>
#include <fos/start.h>

struct item {
    uint32_t kind, size;
};

enum { GROW = 1024 };

extern const struct fos_part __start_fos_parts[] __attribute__((weak)),
    __stop_fos_parts[] __attribute__((weak));

static uint32_t padded(uint32_t size)
{
    return (size + FOS_INHERIT_ALIGN - 1) & ~(uint32_t)(FOS_INHERIT_ALIGN - 1);
}

static long room_make(struct fos_inherit *to, uint32_t more)
{
    if (more > FOS_START_BLOCK_MAX - to->size)
        return -FOS_E2BIG;
    if (to->size + more <= to->capacity)
        return 0;
    uint32_t capacity = to->size + more + GROW;
    uint8_t *bytes = realloc(to->bytes, capacity);
    if (!bytes)
        return -FOS_ENOMEM;
    to->bytes = bytes;
    to->capacity = capacity;
    return 0;
}

long fos_inherit_put(struct fos_inherit *to, enum fos_inherit_kind kind,
                     const void *data, uint32_t size)
{
    struct item head = {kind, size};

    if (size > FOS_START_BLOCK_MAX)
        return -FOS_E2BIG;
    long error = room_make(to, (uint32_t)sizeof head + padded(size));
    if (error)
        return error;
    memcpy(to->bytes + to->size, &head, sizeof head);
    if (size)
        memcpy(to->bytes + to->size + sizeof head, data, size);
    memset(to->bytes + to->size + sizeof head + size, 0, padded(size) - size);
    to->size += (uint32_t)sizeof head + padded(size);
    return 0;
}

static const uint8_t *own_blob(void)
{
    uint64_t text = (fos_start_page->text_size + FOS_START_ALIGN - 1) &
                    ~(uint64_t)(FOS_START_ALIGN - 1);

    return (const uint8_t *)fos_start_page->block + text;
}

/* The item at *at, which is moved behind it; NULL at the end, or where it is not one
 * any more: who started this process may have written anything. */
static const struct item *item_next(uint32_t *at)
{
    uint32_t left = fos_start_page->block ? fos_start_page->inherit_size - *at : 0;
    const struct item *item = (const void *)(own_blob() + *at);

    if (left < sizeof *item || item->size > left - sizeof *item ||
        padded(item->size) > left - sizeof *item)
        return NULL;
    *at += (uint32_t)sizeof *item + padded(item->size);
    return item;
}

const void *fos_inherit_get(enum fos_inherit_kind kind, uint32_t *size)
{
    const struct item *item;
    uint32_t at = 0;

    while ((item = item_next(&at)))
        if (item->kind == kind) {
            *size = item->size;
            return item + 1;
        }
    return NULL;
}

static const struct fos_part *part_of(uint32_t kind)
{
    for (const struct fos_part *p = __start_fos_parts; p < __stop_fos_parts; p++)
        if (p->kind == kind && p->kind != FOS_INHERIT_NONE)
            return p;
    return NULL;
}

/* What this program has no use for is the next one's. */
static long strangers_put(struct fos_inherit *to)
{
    const struct item *item;
    uint32_t at = 0;
    long error = 0;

    while (!error && (item = item_next(&at)))
        if (!part_of(item->kind) && item->kind != FOS_INHERIT_ACTIONS)
            error = fos_inherit_put(to, (enum fos_inherit_kind)item->kind, item + 1,
                                    item->size);
    return error;
}

long fos_inherit_gather(struct fos_inherit *to)
{
    long error;

    *to = (struct fos_inherit){0};
    error = strangers_put(to);
    for (const struct fos_part *p = __start_fos_parts;
         !error && p < __stop_fos_parts; p++)
        if (p->put)
            error = p->put(to);
    if (error) {
        free(to->bytes);
        *to = (struct fos_inherit){0};
    }
    return error;
}

void fos_inherit_take(void)
{
    for (const struct fos_part *p = __start_fos_parts; p < __stop_fos_parts; p++) {
        uint32_t size;
        const void *data = p->get ? fos_inherit_get(p->kind, &size) : NULL;
        if (data)
            p->get(data, size);
    }
}

void fos_parts_forked(void)
{
    for (const struct fos_part *p = __start_fos_parts; p < __stop_fos_parts; p++)
        if (p->forked)
            p->forked();
}

void fos_parts_left(void)
{
    for (const struct fos_part *p = __start_fos_parts; p < __stop_fos_parts; p++)
        if (p->left)
            p->left();
}
