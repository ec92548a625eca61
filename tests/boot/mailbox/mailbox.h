/* SPDX-License-Identifier: MIT */
/* A mailbox read without the library's messaging. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <fos/memory.h>

#include "../family.h"

/* A mailbox that this program reads itself: slots, then a page with the head. */
struct raw {
    struct fos_mailbox_reader reader;
    struct fos_cap cap;
    uint8_t *pages;
    uint32_t count; /* of pages with slots */
};

static inline void raw_open(struct raw *raw, uint32_t slots)
{
    long error = -FOS_ENOMEM;
    _Atomic uint64_t *head;

    raw->cap.id = 0;
    raw->count = slots / 64;
    raw->pages = fos_pages_map(raw->count + 1);
    head = (_Atomic uint64_t *)(raw->pages + raw->count * FOS_PAGE_SIZE);
    if (raw->pages)
        error = fos_sys_mailbox_create((struct fos_mailbox_slot *)raw->pages, slots,
                                       head, ~0ull, &raw->cap);
    if (error)
        case_fail("making a mailbox: %s", fos_strerror(error));
    fos_mailbox_reader_init(&raw->reader, (struct fos_mailbox_slot *)raw->pages,
                            slots, head);
}

static inline void raw_close(struct raw *raw)
{
    long error = fos_sys_mailbox_close(raw->cap);

    if (error)
        case_fail("closing a mailbox: %s", fos_strerror(error));
    fos_pages_unmap(raw->pages, raw->count + 1);
}

#endif
