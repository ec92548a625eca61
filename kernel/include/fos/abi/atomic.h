/* SPDX-License-Identifier: MIT */
/*
 * The accesses to shared memory that the messaging code is made of.  One
 * vocabulary, so that the very same code runs on the processor and, built with
 * FOS_EXPLORE, under the explorer of interleavings (tests/model), which models
 * x86-TSO store buffers.
 *
 * On x86 every load here is a plain mov (acquire), every store a plain mov
 * (release); only fos_fence and the read-modify-writes are locked.
 */
#ifndef FOS_ABI_ATOMIC_H
#define FOS_ABI_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef FOS_EXPLORE
#include "explore_atomic.h"
#else

#define fos_load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define fos_load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define fos_store_relaxed(p, v) \
    atomic_store_explicit((p), (v), memory_order_relaxed)
#define fos_store_release(p, v) \
    atomic_store_explicit((p), (v), memory_order_release)
#define fos_exchange(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define fos_fetch_or(p, v) atomic_fetch_or_explicit((p), (v), memory_order_acq_rel)
#define fos_fetch_add(p, v) \
    atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define fos_compare_exchange(p, expected, v) \
    atomic_compare_exchange_strong_explicit( \
        (p), (expected), (v), memory_order_acq_rel, memory_order_acquire)
#define fos_fence()            atomic_thread_fence(memory_order_seq_cst)
#define fos_pause()            __builtin_ia32_pause()

/* Ends the compiler's freedom to move accesses; costs the processor nothing. */
#define fos_compiler_barrier() atomic_signal_fence(memory_order_seq_cst)

/*
 * Pushes earlier stores out of the store buffer at once: a locked operation on the
 * own stack.  Worth its price only when about to wait for the answer to them.
 */
#define fos_push_stores() \
    __asm__ __volatile__("lock orl $0,(%%rsp)" ::: "memory", "cc")

/* Lets no later instruction begin before the earlier ones are done.  For timing
 * only: without it the processor runs ahead and looks before it has waited. */
#define fos_settle()          __builtin_ia32_lfence()

/* Asks for a line that will be written soon.  No access in the sense of the model.
 */
#define fos_prefetch_write(p) __asm__ __volatile__("prefetchw (%0)" ::"r"(p))

/* Asks for a line that will be read soon.  No access either. */
#define fos_prefetch_read(p)  __builtin_prefetch(p)

/*
 * Copies of payload bytes out of and into shared lines.  Ordinary accesses: the
 * tag's acquire or release orders them.  Within a line, by moves that do not overlap and
 * are ever smaller: each aligned field of the message is written by one store, and who
 * loads it next has it from there.  (What two stores wrote is waited for until it is in
 * the cache.)
 */
static inline void fos_payload_copy(uint8_t *to, const uint8_t *from,
                                    uint32_t bytes)
{
    /* Hides the objects from the compiler, which warns of lengths it cannot bound.
     */
    __asm__("" : "+r"(to), "+r"(from));
    if (bytes > 64) {
        __builtin_memcpy(to, from, bytes);
        return;
    }
#pragma GCC unroll 7
    for (uint32_t size = 64; size; size /= 2) {
        if (bytes & size) {
            __builtin_memcpy(to, from, size);
            to += size;
            from += size;
        }
    }
}

/*
 * The same, by words.  A message is often a struct that has just been filled in; a
 * wide load of what narrow stores have not yet carried to the cache would wait for
 * them.
 */
static inline __attribute__((always_inline)) void
fos_payload_copy_words(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
    uint64_t word;

    if (bytes < 8 || bytes > 64) {
        fos_payload_copy(to, from, bytes);
        return;
    }
    __asm__("" : "+r"(to), "+r"(from));
#pragma GCC unroll 8
    for (uint32_t done = 0; done + 8 <= bytes; done += 8) {
        __builtin_memcpy(&word, from + done, 8);
        __asm__("" : "+r"(word)); /* no two words are made one */
        __builtin_memcpy(to + done, &word, 8);
    }
    if (bytes % 8) {
        __builtin_memcpy(&word, from + bytes - 8, 8);
        __builtin_memcpy(to + bytes - 8, &word, 8);
    }
}

#define fos_payload_write_fresh(to, from, bytes) \
    fos_payload_copy_words((uint8_t *)(to), (const uint8_t *)(from), (bytes))
#define fos_payload_read(to, from, bytes) \
    fos_payload_copy((uint8_t *)(to), (const uint8_t *)(from), (bytes))
#define fos_payload_write(to, from, bytes) \
    fos_payload_copy((uint8_t *)(to), (const uint8_t *)(from), (bytes))

#endif

#ifndef fos_payload_write_fresh
#define fos_payload_write_fresh(to, from, bytes) fos_payload_write(to, from, bytes)
#endif
#ifndef fos_compiler_barrier
#define fos_compiler_barrier() ((void)0)
#endif
#ifndef fos_settle
#define fos_settle() ((void)0)
#endif
#ifndef fos_prefetch_write
#define fos_prefetch_write(p) ((void)(p))
#endif
#ifndef fos_prefetch_read
#define fos_prefetch_read(p) ((void)(p))
#endif
#ifndef fos_push_stores
#define fos_push_stores() fos_fence()
#endif

#endif
