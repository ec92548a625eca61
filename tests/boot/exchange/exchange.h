/* SPDX-License-Identifier: MIT */
/* The parts of this scenario, and the messages of its honest senders. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "../family.h"

/* Messages of sender `key` are numbered; length and content follow from both.  Small ones,
 * streamed ones, and long ones of up to LONG_PAGES pages. */
enum {
    ODD_KINDS = 4, /* of part_odd */
    LONG_PAGES = 256,
    LONG_MAX = LONG_PAGES * 4096,
    HUGE_PAGES = 700, /* more than one call exchanges */
    HUGE_MAX = HUGE_PAGES * 4096,
};

extern struct dice exchange_dice;

uint32_t mix_length(uint64_t key, uint64_t number);
void words_fill(void *data, uint64_t key, uint64_t number, uint32_t length);
bool words_check(const void *data, uint64_t key, uint64_t number, uint32_t length);

/* Each: 1 when a case has failed. */
int test_calls(void);                   /* the system call */
int test_messages(const char *program); /* libfos's messages, of honest senders */
int test_liars(const char *program);    /* and of others */

extern struct fos_mailbox exchange_inbox; /* of the parent; takes pages */

extern uint8_t *exchange_buffer; /* HUGE_MAX bytes */

/* Nothing is looked at in place any more. */
static inline void exchange_settle_held(struct fos_mailbox *mailbox)
{
    uint32_t length;
    uint8_t byte;
    void *at;

    CASE_EQUAL(fos_msg_recv_pages(mailbox, &at, &byte, 0, &length, 0),
               -FOS_ETIMEDOUT);
}

/* Parts; each has as extra 0 the mailbox to send to. */
int part_mix(uint64_t key, uint64_t count); /* sends so many honest messages */
int part_odd(uint64_t key, uint64_t pages); /* pages that are not to be exchanged */
int part_huge(uint64_t key,
              uint64_t count); /* of HUGE_PAGES, one shared in the middle */
int part_plain(uint64_t key, uint64_t pages); /* four ordinary ones */
int part_taker(uint64_t count,
               uint64_t b); /* receives so many by pages, then sleeps */
int part_liar(uint64_t key, uint64_t lie); /* tells one lie */

#endif
