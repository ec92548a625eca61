/* SPDX-License-Identifier: MIT */
/* Mailboxes: kernel messaging (thesis 4.1), without a lock shared with users. */
#ifndef MSG_MAILBOX_H
#define MSG_MAILBOX_H

#include "mm/space.h"
#include "msg/mailbox_ring.h"

struct thread;
struct channel;

struct mailbox {
    struct object object; /* its secret is the right to send */
    struct space *space;
    struct thread *thread; /* woken when a message comes */
    struct mailbox *space_next;
    uint32_t pages;
    uint32_t limit;           /* bytes of a message */
    struct mailbox_ring ring; /* its pages are pinned, that of its head too */
};

int mailbox_new(struct space *s, uint64_t slots_va, uint64_t slots,
                uint64_t head_va, uint64_t limit, struct mailbox **out);
void mailbox_destroy(struct mailbox *m);
/* Replaces its secret; channels not yet accepted die, its owner closes others. */
void mailbox_renew(struct mailbox *m);
/* As a reader: copies n bytes at va of the calling space in, or without `from` of the
 * kernel's own, and wakes the owner. */
int mailbox_send(struct mailbox *m, const struct space *from, uint64_t va,
                 uint64_t n);

#endif
