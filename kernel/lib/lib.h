/* SPDX-License-Identifier: MIT */
/* The kernel's own small library: assertions, console output, strings, locks. */
#ifndef LIB_H
#define LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fos/abi/atomic.h>
#include <fos/abi/errors.h>
#include <fos/abi/syscalls.h>
#include <fos/abi/types.h>

#define PAGE_SIZE                     FOS_PAGE_SIZE
#define PAGE_SHIFT                    12
#define ARRAY_SIZE(a)                 (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

/* A broken invariant is our bug: say where, print the call chain, crash the domain
 * so that the toolstack sees it. */
#define BUG(why) bug(why, __FILE__, __LINE__)
#define ASSERT(c)                        \
    do {                                 \
        if (__builtin_expect(!(c), 0))   \
            bug(#c, __FILE__, __LINE__); \
    } while (0)

_Noreturn void bug(const char *why, const char *file, int line);
struct regs;
_Noreturn void bug_trap(const struct regs *regs, const char *why);

/* Formats %s %c %d %u %x %p %% with l, width and 0; others are printed as are. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t format_text(char *to, size_t size, const char *format, va_list args);

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * Spin locks are held by kernel code only, which is never preempted by the guest,
 * so a holder is at work unless Xen took its vCPU away: the waiter then yields to
 * it.  Nobody is passed over for ever: see spin.c.  All zero: free.
 */
typedef struct {
    _Atomic uint8_t held;          /* 1: taken */
    _Atomic uint8_t claimed;       /* 1: the next is the first of the queue's */
    _Atomic uint8_t next, serving; /* tickets of the queue, modulo 256 */
} spinlock_t;
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

/* Unpredictable 64-bit values: ChaCha20, re-keyed at every block (fast key erasure,
 * D. J. Bernstein 2017).  The caller holds the kernel lock. */
void random_init(void);
uint64_t random_u64_locked(void);

#endif
