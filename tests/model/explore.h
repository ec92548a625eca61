/* SPDX-License-Identifier: MIT */
/*
 * An exhaustive explorer of interleavings under x86-TSO, for the very C code that
 * runs on the processor (built with -DFOS_EXPLORE, see explore_atomic.h).
 *
 * A model is a few threads over one block of memory.  The explorer takes every path
 * through the graph of their states: in each state every thread that can go on is
 * let go for one shared access, and every store buffer that holds a store is let
 * flush its oldest.  A state (memory, stacks, registers, store buffers) seen before
 * is not taken up again.  What it reports as an error:
 *
 *  1. a failed EXPLORE_CHECK, in a thread or in finish();
 *  2. a data race: payload accesses of two threads, at least one a write, that no
 *     release store and acquire load between them order (C11's rule, which is
 *     stricter than TSO: a relaxed publication is an error though x86 forgives it);
 *  3. a state in which nothing can go on and some thread has not returned: a lost
 *     wake-up, a jam;
 *  4. a state from which no end can be reached: threads that run in circles for ever.
 *
 * Between two hooked accesses a thread runs natively.  All it keeps outside its
 * stack must lie in the model's memory: no static variables, no heap.
 */
#ifndef FOS_EXPLORE_H
#define FOS_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXPLORE_THREADS = 4,
    EXPLORE_BUFFER =
        8, /* stores a thread may have pending; a model may ask for less */
    EXPLORE_MEMORY_MAX = 16384,
};

/* A part of the memory, to make traces readable. */
struct explore_place {
    const char *name;
    size_t offset;
};

/*
 * Bugs planted into one thread's accesses, to prove that they are found: the code
 * itself stays as it is.
 */
enum explore_plant {
    EXPLORE_RELAXED_STORES = 1, /* release stores publish nothing */
    EXPLORE_RELAXED_LOADS = 2,  /* acquire loads order nothing */
    EXPLORE_LATE_PAYLOAD = 4,   /* payload accesses happen behind the next store */
    EXPLORE_NO_SERIALIZE = 8,   /* explore_serialize() does nothing */
};

struct explore_model {
    void *memory;  /* aligned to 64 */
    size_t size;   /* bytes, a multiple of 64 */
    size_t shared; /* bytes of it, from the start, that hooked accesses may touch, a
                      multiple of 8 */
    void (*reset)(void);
    void (*thread[EXPLORE_THREADS])(void); /* those not null */
    void (*finish)(void);                  /* checks a final state; may be null */
    const struct explore_place *places;    /* ends with a null name; may be null */
    bool pause_goes_on; /* fos_pause() does not wait for a change of memory */
    unsigned plant[EXPLORE_THREADS];
    unsigned buffer; /* store buffer's length, 0 for EXPLORE_BUFFER */
};

struct explore_result {
    uint64_t states, transitions, finals;
    bool buffer_filled;    /* a store had to wait for room in its buffer */
    char violation[256];   /* "" when none was found */
    char trace[16 * 1024]; /* the steps that lead to it */
};

/* Explores `model`, until a violation or the end.  Not reentrant. */
void explore(const struct explore_model *model, struct explore_result *result);

/* What threads may call besides the hooks. */
__attribute__((format(printf, 1, 2), noreturn)) void
explore_fail(const char *format, ...);
#define EXPLORE_CHECK(cond) \
    ((cond) ? (void)0       \
            : explore_fail("%s:%d: %s does not hold", __FILE__, __LINE__, #cond))

int explore_self(void); /* index of the running thread; -1 in reset() */

/* The serialize system call: returns when every other thread's buffer has been
 * empty at some moment since the call; the caller's own is drained first. */
void explore_serialize(void);

/* The kernel's half of a wait: blocks while the word of `size` bytes is 0. */
void explore_wait_nonzero(const void *word, unsigned size);

#endif
