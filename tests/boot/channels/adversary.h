/* SPDX-License-Identifier: MIT */
/* The children of this scenario: honest ones, and those who break every rule. */
#ifndef ADVERSARY_H
#define ADVERSARY_H

#include "../family.h"

/* A message of the honest: its content follows from its number and a key that liars
 * do not know. */
enum { STREAM_BYTES_MAX = 1700 };

struct honest {
    uint64_t key, number;
    uint8_t filler[STREAM_BYTES_MAX];
};

/* The length of message `number`, and its content. */
uint32_t honest_length(uint64_t key, uint64_t number);
void honest_fill(struct honest *message, uint64_t key, uint64_t number);
bool honest_check(const struct honest *message, uint32_t length, uint64_t key,
                  uint64_t number);

/* Parts; each has the parent's mailbox as extra 0. */
int part_stream(uint64_t key, uint64_t count); /* sends so many honest messages */
int part_endless(uint64_t key, uint64_t b);    /* never stops */
int part_big(uint64_t bytes, uint64_t count);
int part_scribble(uint64_t seed,
                  uint64_t channels); /* a sender that writes garbage */
int part_bad_acks(uint64_t seed, uint64_t channels); /* such a receiver */
int part_deaf(uint64_t a, uint64_t b);               /* never receives */
int part_drain(uint64_t count, uint64_t b);  /* receives so many, then ends */
int part_storm(uint64_t cycles, uint64_t b); /* connects, sends, closes */
int part_halfway(uint64_t a,
                 uint64_t packets); /* of a message begun, then sleeps a ns */
int part_bad_addresses(uint64_t a, uint64_t b); /* of accept; extra 1: a mailbox */
int part_offer(uint64_t parent, uint64_t b);    /* addresses for channels to come */
int part_close_pending(uint64_t count, uint64_t b); /* closes what waits for it */
int part_false_seal(uint64_t a, uint64_t b);  /* claims packets it has not sent */
int part_false_count(uint64_t a, uint64_t b); /* says so of what it has taken */

uint8_t big_byte(uint64_t message, uint64_t at);

#endif
