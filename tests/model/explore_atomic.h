/* SPDX-License-Identifier: MIT */
/*
 * The accesses of fos/abi/atomic.h as calls into the explorer.  Each but the
 * payload copies is a point where other threads may step in; payload copies are
 * checked for races instead, which is as good and far cheaper.
 */
#ifndef FOS_EXPLORE_ATOMIC_H
#define FOS_EXPLORE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

enum explore_update { EXPLORE_SET, EXPLORE_OR, EXPLORE_ADD, EXPLORE_SWAP_IF };

uint64_t explore_load(const void *place, unsigned size, bool acquire);
void explore_store(void *place, unsigned size, uint64_t value, bool release);
/* A locked instruction; gives the value before.  `expected` is for SWAP_IF. */
uint64_t explore_update(void *place, unsigned size, enum explore_update how,
                        uint64_t value, uint64_t expected);
void explore_fence(void);
void explore_pause(void);
void explore_data_read(void *to, const void *from, uint64_t bytes);
void explore_data_write(void *to, const void *from, uint64_t bytes);

/* The type of *p without _Atomic. */
#define EXPLORE_TYPE(p) __typeof__((void)0, *(p))
#define EXPLORE_LOAD(p, acquire) \
    ((EXPLORE_TYPE(p))explore_load((const void *)(p), sizeof *(p), acquire))
#define EXPLORE_STORE(p, v, release) \
    explore_store((void *)(p), sizeof *(p), (uint64_t)(EXPLORE_TYPE(p))(v), release)
#define EXPLORE_UPDATE(p, how, v)                                            \
    ({                                                                       \
        (EXPLORE_TYPE(p)) explore_update((void *)(p), sizeof *(p), how,      \
                                         (uint64_t)(EXPLORE_TYPE(p))(v), 0); \
    })

#define fos_load_relaxed(p)     EXPLORE_LOAD(p, false)
#define fos_load_acquire(p)     EXPLORE_LOAD(p, true)
#define fos_store_relaxed(p, v) EXPLORE_STORE(p, v, false)
#define fos_store_release(p, v) EXPLORE_STORE(p, v, true)
#define fos_exchange(p, v)      EXPLORE_UPDATE(p, EXPLORE_SET, v)
#define fos_fetch_or(p, v)      EXPLORE_UPDATE(p, EXPLORE_OR, v)
#define fos_fetch_add(p, v)     EXPLORE_UPDATE(p, EXPLORE_ADD, v)
#define fos_compare_exchange(p, expected, v)                          \
    ({                                                                \
        EXPLORE_TYPE(p) explore_want_ = *(expected);                  \
        EXPLORE_TYPE(p)                                               \
        explore_seen_ = (EXPLORE_TYPE(p))explore_update(              \
            (void *)(p), sizeof *(p), EXPLORE_SWAP_IF,                \
            (uint64_t)(EXPLORE_TYPE(p))(v), (uint64_t)explore_want_); \
        *(expected) = explore_seen_;                                  \
        explore_seen_ == explore_want_;                               \
    })
#define fos_fence()       explore_fence()
#define fos_pause()       explore_pause()
#define fos_push_stores() explore_fence() /* a locked access to the own stack */

#define fos_payload_read(to, from, bytes)  explore_data_read((to), (from), (bytes))
#define fos_payload_write(to, from, bytes) explore_data_write((to), (from), (bytes))

#endif
