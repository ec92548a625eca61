/* SPDX-License-Identifier: MIT */
/*
 * The machine the explorer runs models on: threads as coroutines, x86-TSO store
 * buffers, memory with a shadow.  What machine.c, clocks.c, graph.c and search.c
 * share.
 *
 * A thread stops in front of each shared access (`struct op`), so a state has every
 * thread at such a point; the search then resumes one for that access and the
 * native code behind it.
 *
 *  1. A load sees the youngest store to its address in its own buffer, else memory.
 *  2. Locked accesses and fences wait until their thread's buffer is empty.
 *  3. Buffers are first in, first out.
 *  4. Vector clocks: a release store carries its thread's clock into the shadow of its
 *     address when it is flushed, an acquire load joins it from there; a payload access
 *     must be ordered so behind every conflicting one before it.  Clocks count
 *     publications, and are renumbered in every state (clocks_shrink).
 */
#ifndef FOS_MODEL_MACHINE_H
#define FOS_MODEL_MACHINE_H

#include "explore.h"

#include <stddef.h>
#include <stdint.h>

enum { STACK = 32 * 1024, GRANULE = 4, GRANULES = EXPLORE_MEMORY_MAX / GRANULE };
enum { EPOCHS_MAX = 2 * GRANULES + 16 };

enum op_kind {
    OP_NONE,
    OP_LOAD,
    OP_STORE,
    OP_UPDATE,
    OP_FENCE,
    OP_PAUSE,
    OP_SERIALIZE, /* drain the own buffer, note whose are not empty */
    OP_DRAINED,   /* wait until each of those has been */
    OP_WAIT,
};

struct op {
    enum op_kind kind;
    uint32_t size; /* bytes at place */
    const void *place;
    uint64_t value; /* stored, or loaded when done; a mask for OP_DRAINED */
};

struct clock {
    uint16_t of[EXPLORE_THREADS];
};

struct store {
    void *place;
    uint64_t value;
    uint32_t size;
    struct clock published; /* zero for a relaxed store */
};

/* A payload access, kept back by EXPLORE_LATE_PAYLOAD. */
struct late {
    void *place; /* null: there is none */
    uint32_t bytes;
    uint32_t write;
    uint8_t data[64];
};

struct thread {
    void *sp;
    uint32_t live;    /* 0: returned, or not in the model */
    uint32_t news;    /* what it can see has changed since its last pause */
    uint32_t pending; /* stores in the buffer, oldest first */
    struct clock clock;
    struct op op;
    struct store buffer[EXPLORE_BUFFER];
    struct late late;
};

/* The shadow of GRANULE bytes of the model's memory. */
struct shadow {
    struct clock published;   /* by the last store here */
    struct clock read;        /* each thread's clock at its last payload read */
    uint16_t writer, written; /* thread and its clock, 0: at reset */
};

/* The machine's part of a state. */
struct machine {
    struct thread threads[EXPLORE_THREADS];
    struct shadow shadow[GRANULES];
};

/* What stays the same, or is of one step only. */
struct engine {
    const struct explore_model *model;
    struct explore_result *result;
    struct thread *running; /* null: the search itself */
    void *search_sp;
    bool finishing; /* accesses are plain: the threads have returned */
    struct op done; /* the access the last step made, for the trace */
};

extern struct machine now;
extern struct engine engine;
extern uint8_t stacks[EXPLORE_THREADS][STACK];

/* Choice c: thread c makes its access; choice EXPLORE_THREADS + c: its buffer
 * flushes. */
enum { CHOICES = 2 * EXPLORE_THREADS };

/* An empty machine with the model's memory reset and each thread before its first
 * access. */
void machine_start(const struct explore_model *model,
                   struct explore_result *result);
unsigned machine_choices(void); /* a bit for each that is open */
void machine_take(int choice);
void machine_finish(void); /* runs the model's finish() */

/* Gives equal clocks to states that differ in nothing that matters. */
void clocks_shrink(void);

/* The graph of states: a number for each, in the order found; its edges, its ends.
 */
void graph_reset(void);
uint32_t graph_add(uint64_t hash, bool *added);
void graph_edge(uint32_t from, uint32_t to);
void graph_end(uint32_t number);
/* The first state from which no end can be reached, or the number of states. */
uint32_t graph_trap(void);

/* `block`, made larger when it holds fewer than `need` items. */
void *grown(void *block, size_t *max, size_t need, size_t item);

#endif
