/* SPDX-License-Identifier: MIT */
/*
 * Raw processes that make the system calls they are told to, and write or watch a word of
 * their memory: so both sides of a channel do exactly what a case wants.
 */
#ifndef PUPPET_H
#define PUPPET_H

#include "../family.h"
#include "../raw.h"

enum {
    PUPPET_PAGES = 48,    /* of its own, at PUPPET_AREA */
    PUPPET_SLOTS = 64,    /* of its mailbox */
    PUPPET_SECOND = 0x10, /* pages between the first thread's and the second's */
};

#define PUPPET_AREA    0x600000400000ull
#define PUPPET_MAILBOX 0x600000500000ull /* its slots, then a page for its head */
#define PUPPET_WINDOW  0x600000600000ull
#define PUPPET_TABLE   0x600000700000ull /* the second thread's stack is below it */

struct puppet {
    struct raw raw;
    struct fos_cap mailbox, channel, second;
};

/* At its last vCPU but `vcpu`, with PUPPET_PAGES pages and a mailbox. */
struct puppet puppet_make(unsigned vcpu);
void puppet_destroy(struct puppet *p);

/* It makes the call; its result. */
long puppet_call(struct puppet *p, uint64_t number, uint64_t a, uint64_t b,
                 uint64_t c, uint64_t d, uint64_t e);

/* Connects and accepts: both know the channel. */
void puppets_connect(struct puppet *sender, struct puppet *receiver);

/* channel_exchange by `p`, of its pages from number `first` on. */
long puppet_exchange(struct puppet *p, uint64_t first, uint64_t pages);
long puppet_exchange_at(struct puppet *p, uint64_t address, uint64_t pages);

/* A word of its page, read and written from here. */
uint64_t puppet_read(struct puppet *p, uint64_t page);
void puppet_write(struct puppet *p, uint64_t page, uint64_t value);

/* It keeps writing ever higher numbers to its page, until puppet_rest; by its second thread,
 * which is made for that, its first one takes calls meanwhile.  How many were written. */
void puppet_hammer(struct puppet *p, uint64_t page, bool by_second);
uint64_t puppet_hammered(const struct puppet *p);
void puppet_rest(struct puppet *p);

#endif
