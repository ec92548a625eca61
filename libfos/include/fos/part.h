/* SPDX-License-Identifier: MIT */
/*
 * Parts of libfos that have something to hand to a new program, or to begin anew in a
 * child of fork.  A part announces itself where it is defined:
 *
 *     FOS_PART(files_part, .kind = FOS_INHERIT_FILES, .put = files_put,
 *              .get = files_get, .forked = files_forked);
 *
 * exec and posix_spawn call each part's put; the new program's libfos calls get with
 * what was put, before main, or not at all where nothing was.  After fork the child
 * calls each part's forked: ways to fleets (peers, lines, mailboxes), mapped at
 * FOS_PAGES_BASE and above, are the parent's and not there; they are forgotten, not
 * closed.  Neither forked nor put may send messages.
 */
#ifndef FOS_PART_H
#define FOS_PART_H

#include <stdint.h>

/* Kinds of items; the number is part of the agreement between two programs. */
enum fos_inherit_kind {
    FOS_INHERIT_NONE = 0,
    FOS_INHERIT_FILES = 1,   /* descriptors, with close-on-exec flags */
    FOS_INHERIT_PLACE = 2,   /* working directory, umask */
    FOS_INHERIT_SIGNALS = 3, /* blocked and ignored ones */
    FOS_INHERIT_ACTIONS = 4, /* of posix_spawn, done after all gets */
    FOS_INHERIT_TTY = 5,
    FOS_INHERIT_LIMITS = 6,
    FOS_INHERIT_KINDS = 16,
};

/* A blob under construction: items of 8 bytes head (kind, size) and their data,
 * padded to FOS_INHERIT_ALIGN.  Its memory is the C heap's. */
enum { FOS_INHERIT_ALIGN = 8 };

struct fos_inherit {
    uint8_t *bytes;
    uint32_t size, capacity;
};

/* Appends an item.  0; -FOS_ENOMEM; -FOS_E2BIG. */
long fos_inherit_put(struct fos_inherit *to, enum fos_inherit_kind kind,
                     const void *data, uint32_t size);

/* The item of this kind that the process was started with, aligned to
 * FOS_INHERIT_ALIGN; NULL: none. */
const void *fos_inherit_get(enum fos_inherit_kind kind, uint32_t *size);

struct fos_part {
    enum fos_inherit_kind kind;          /* FOS_INHERIT_NONE: has no item */
    long (*put)(struct fos_inherit *to); /* 0, or a negated error: no new program */
    void (*get)(const void *data, uint32_t size);
    void (*forked)(void);
    void (*left)(void); /* a thread ends: closes what is its own */
};

#define FOS_PART(name, ...)                           \
    static const struct fos_part name __attribute__(( \
        used, section("fos_parts"), aligned(sizeof(void *)))) = {__VA_ARGS__}

/* All parts' put, and the items of this process that no part here has to do with.
 * 0 and a blob, to be freed by free(to->bytes); or an error and none. */
long fos_inherit_gather(struct fos_inherit *to);

/* All parts' get: at the start. */
void fos_inherit_take(void);

/* All parts' forked. */
void fos_parts_forked(void);

/* All parts' left. */
void fos_parts_left(void);

#endif
