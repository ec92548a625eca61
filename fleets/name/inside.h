/* SPDX-License-Identifier: MIT */
/* What member.c, write.c and ask.c know of each other. */
#ifndef NAME_INSIDE_H
#define NAME_INSIDE_H

#include "member.h"

enum {
    RETRY_NS = 1000000,    /* after a member had no room */
    RESEND_NS = 200000000, /* of a copy without an answer */
};

struct copy {
    struct name_copy_req req;
    struct name_entry entries[NAME_COPY_MAX];
};

static inline size_t copy_size(const struct copy *copy)
{
    return offsetof(struct copy, entries) +
           copy->req.count * sizeof(struct name_entry);
}

/* member.c */
uint32_t holders(const struct member *m, struct fos_alias alias);
bool is_active(const struct member *m);
bool is_authority(const struct member *m, struct fos_alias alias);
bool has_ended(const struct member *m, uint64_t owner);

/* write.c */

/* The write under way for an alias, or NULL. */
struct write *write_find(struct member *m, struct fos_alias alias);

/* Has every holder take `entry` (kind NAME_NONE: lose it), then answers `caller`
 * with `result`, or for a registration with its secret.  Answers EAGAIN when too
 * much is under way. */
void write_begin(struct member *m, const struct fos_caller *caller, uint32_t op,
                 const struct name_entry *entry, long result);

/* Sends what could not be sent; gives when to be called again. */
uint64_t writes_send(struct member *m, uint64_t now);

/* In a view just entered. */
void writes_review(struct member *m);

#endif
