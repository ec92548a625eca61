/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a
 * keyed hash of short inputs.  Who does not know the key can neither compute nor
 * predict it, however many results he has seen.  With a known key it is a hash for
 * tables and no more: collisions can then be found.
 *
 * Nothing here depends on the input's content in its timing.
 */
#ifndef FOS_SIPHASH_H
#define FOS_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The 16 bytes of the paper's key, as little-endian words. */
struct fos_siphash_key {
    uint64_t word[2];
};

/* 64 bits of `length` bytes. */
uint64_t fos_siphash(const struct fos_siphash_key *key, const void *data,
                     size_t length);

/* 128 bits: the variant of the authors' reference code. */
void fos_siphash128(const struct fos_siphash_key *key, const void *data,
                    size_t length, uint64_t out[2]);

#endif
