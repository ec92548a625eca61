/* SPDX-License-Identifier: MIT */
#include <fos/siphash.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void rounds(struct state *s, int count)
{
    while (count--) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static inline void word_absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

static inline struct state begin(const struct fos_siphash_key *key)
{
    return (struct state){
        .v0 = key->word[0] ^ 0x736f6d6570736575,
        .v1 = key->word[1] ^ 0x646f72616e646f6d,
        .v2 = key->word[0] ^ 0x6c7967656e657261,
        .v3 = key->word[1] ^ 0x7465646279746573,
    };
}

/* Whole words, then the rest with the length in its top byte. */
static inline void bytes_absorb(struct state *s, const uint8_t *data, size_t length)
{
    uint64_t last = (uint64_t)length << 56;
    size_t rest = length % 8;

    for (size_t i = 0; i < length / 8; i++, data += 8) {
        uint64_t word;
        __builtin_memcpy(&word, data, sizeof word);
        word_absorb(s, word);
    }
    for (size_t i = 0; i < rest; i++)
        last |= (uint64_t)data[i] << (8 * i);
    word_absorb(s, last);
}

static inline uint64_t finish(struct state *s)
{
    rounds(s, 4);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t fos_siphash(const struct fos_siphash_key *key, const void *data,
                     size_t length)
{
    struct state s = begin(key);

    bytes_absorb(&s, data, length);
    s.v2 ^= 0xff;
    return finish(&s);
}

void fos_siphash128(const struct fos_siphash_key *key, const void *data,
                    size_t length, uint64_t out[2])
{
    struct state s = begin(key);

    s.v1 ^= 0xee;
    bytes_absorb(&s, data, length);
    s.v2 ^= 0xee;
    out[0] = finish(&s);
    s.v1 ^= 0xdd;
    out[1] = finish(&s);
}
