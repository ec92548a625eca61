/* SPDX-License-Identifier: MIT */
/*
 * ChaCha20 (RFC 8439, 2.3) as a generator: each block's first half becomes the next
 * key, so that what was given out cannot be computed from what is left in memory.
 */
#include "arch/x86_64/cpu.h"
#include "lib/lib.h"
#include "xen/xen.h"

enum { KEY_WORDS = 8, BLOCK_WORDS = 16, ROUNDS = 10, OUTPUTS = 4 };

static uint32_t key[KEY_WORDS];
static uint64_t output[OUTPUTS];
static uint32_t output_left;

static uint32_t rotate(uint32_t v, int n)
{
    return v << n | v >> (32 - n);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

static void block(uint32_t out[BLOCK_WORDS])
{
    uint32_t in[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(in + 4, key, sizeof key);
    memcpy(out, in, sizeof in);
    for (int i = 0; i < ROUNDS; i++) {
        for (int c = 0; c < 4; c++)
            quarter(&out[c], &out[4 + c], &out[8 + c], &out[12 + c]);
        for (int c = 0; c < 4; c++)
            quarter(&out[c], &out[4 + (c + 1) % 4], &out[8 + (c + 2) % 4],
                    &out[12 + (c + 3) % 4]);
    }
    for (int i = 0; i < BLOCK_WORDS; i++)
        out[i] += in[i];
}

static void refill(void)
{
    uint32_t out[BLOCK_WORDS];
    block(out);
    memcpy(key, out, sizeof key);
    memcpy(output, out + KEY_WORDS, sizeof output);
    memset(out, 0, sizeof out);
    __asm__ volatile("" : : "r"(out) : "memory"); /* keep the wipe */
    output_left = OUTPUTS;
}

static void stir(uint64_t value)
{
    static uint32_t at;
    key[at % KEY_WORDS] ^= (uint32_t)value;
    key[(at + 1) % KEY_WORDS] ^= (uint32_t)(value >> 32);
    at += 2;
    if (at % KEY_WORDS == 0)
        refill();
}

/* RDRAND where there is one; always the jitter of the counter over memory and
 * hypercall traffic, which is all there is on a processor without. */
void random_init(void)
{
    enum { SAMPLES = 512 };
    uint64_t hardware;
    stir(time_wall());
    for (int i = 0; i < SAMPLES; i++) {
        if (i % 16 == 0)
            xen_yield();
        stir(rdtsc() + (cpu_random(&hardware) ? hardware : 0));
    }
    refill();
}

uint64_t random_u64_locked(void)
{
    if (output_left == 0)
        refill();
    uint64_t value = output[--output_left];
    output[output_left] = 0;
    return value;
}
