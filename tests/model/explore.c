/* SPDX-License-Identifier: MIT */
/*
 * The explorer: coroutines for threads, x86-TSO store buffers, a depth-first search
 * over states.  See explore.h for what it promises.
 *
 * A thread stops in front of each shared access (`struct op`), so a state has every
 * thread at such a point; the search then resumes one for that access and the
 * native code behind it.  A state is kept as a copy of the engine's record of it,
 * the model's memory, its shadow, and the live part of every stack, and known by a
 * 64-bit hash of that copy.
 *
 *  1. A load sees the youngest store to its address in its own buffer, else memory.
 *  2. Locked accesses and fences wait until their thread's buffer is empty.
 *  3. Buffers are first in, first out.
 *  4. Vector clocks: a release store carries its thread's clock into the shadow of
 * its address when it is flushed, an acquire load joins it from there; a payload
 *     access must be ordered so behind every conflicting one before it.
 */
#include "explore.h"
#include "explore_atomic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The engine's part of a state. */
static struct {
    struct thread threads[EXPLORE_THREADS];
    struct shadow shadow[GRANULES];
} now;

static struct {
    const struct explore_model *model;
    struct explore_result *result;
    size_t shadow_size;
    struct thread *running; /* null: the search itself */
    void *search_sp;
    bool finishing; /* accesses are plain: the threads have returned */
    struct op done; /* the access the last step made, for the trace */
    uint32_t trap;  /* number of a state known to lead nowhere, else UINT32_MAX */
} engine;

static uint8_t stacks[EXPLORE_THREADS][STACK] __attribute__((aligned(64)));

/* ---- Coroutines ---- */

/* Saves the callee-saved registers, and the stack pointer to *save; goes on at
 * `to`. */
void explore_switch(void **save, void *to);
__asm__(".text\n"
        "explore_switch:\n"
        "push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
        "mov %rsp, (%rdi)\n"
        "mov %rsi, %rsp\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
        "ret\n");

static int thread_index(const struct thread *t)
{
    return (int)(t - now.threads);
}

int explore_self(void)
{
    return thread_index(engine.running);
}

static void to_search(void)
{
    explore_switch(&engine.running->sp, engine.search_sp);
}

static void to_thread(struct thread *t)
{
    engine.running = t;
    explore_switch(&engine.search_sp, t->sp);
    engine.running = 0;
}

static void thread_main(void)
{
    engine.model->thread[explore_self()]();
    engine.running->live = 0;
    to_search();
    abort();
}

static void finish_main(void)
{
    engine.finishing = true;
    engine.model->finish();
    engine.running->live = 0;
    to_search();
    abort();
}

/* Runs `body` on the thread's stack up to its first access. */
static void thread_start(struct thread *t, void (*body)(void))
{
    uint64_t *top = (uint64_t *)(stacks[thread_index(t)] + STACK);
    *--top = 0; /* a return address nobody uses: the body is entered as by a call */
    *--top = (uint64_t)body;
    for (int i = 0; i < 6; i++)
        *--top = 0;
    t->sp = top;
    t->live = 1;
    to_thread(t);
}

void explore_fail(const char *format, ...)
{
    char *text = engine.result->violation;
    va_list args;
    va_start(args, format);
    if (!text[0])
        vsnprintf(text, sizeof engine.result->violation, format, args);
    va_end(args);
    if (!engine.running) {
        fprintf(stderr, "outside the threads: %s\n", text);
        exit(EXIT_FAILURE);
    }
    to_search();
    abort();
}

/* ---- Memory ---- */

static bool planted(enum explore_plant plant)
{
    return engine.model->plant[explore_self()] & plant;
}

static uint64_t word_get(const void *place, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, place, size);
    return value;
}

static void word_put(void *place, unsigned size, uint64_t value)
{
    memcpy(place, &value, size);
}

static struct shadow *shadow_of(const void *place)
{
    size_t offset =
        (size_t)((const uint8_t *)place - (uint8_t *)engine.model->memory);
    if (offset >= engine.model->shared)
        explore_fail("an access outside the model's shared memory");
    return &now.shadow[offset / GRANULE];
}

static void clock_join(struct clock *into, const struct clock *from)
{
    for (int i = 0; i < EXPLORE_THREADS; i++)
        if (from->of[i] > into->of[i])
            into->of[i] = from->of[i];
}

/* A new epoch of the thread begins behind each publication. */
static void clock_tick(struct thread *t)
{
    if (++t->clock.of[thread_index(t)] == EPOCHS_MAX)
        abort();
}

static void news_for_others(const struct thread *t)
{
    for (int i = 0; i < EXPLORE_THREADS; i++)
        if (t != &now.threads[i])
            now.threads[i].news = 1;
}

static void memory_put(struct thread *t, void *place, unsigned size, uint64_t value)
{
    if (word_get(place, size) != value)
        news_for_others(t);
    word_put(place, size, value);
}

static void buffer_flush(struct thread *t)
{
    struct store *s = &t->buffer[0];
    memory_put(t, s->place, s->size, s->value);
    shadow_of(s->place)->published = s->published;
    t->pending--;
    memmove(s, s + 1, t->pending * sizeof *s);
    memset(&t->buffer[t->pending], 0, sizeof *s);
    if (t->pending)
        return;
    for (int i = 0; i < EXPLORE_THREADS; i++)
        if (now.threads[i].op.kind == OP_DRAINED)
            now.threads[i].op.value &= ~(1ull << thread_index(t));
}

/* The thread's own view of a word; bytes may come from several stores. */
static uint64_t buffered_get(struct thread *t, const void *place, unsigned size,
                             bool *forwarded)
{
    uint8_t bytes[8] = {0};
    memcpy(bytes, place, size);
    *forwarded = false;
    for (uint32_t i = 0; i < t->pending; i++) {
        const struct store *s = &t->buffer[i];
        intptr_t shift = (uint8_t *)s->place - (const uint8_t *)place;
        for (intptr_t b = 0; b < (intptr_t)s->size; b++)
            if (shift + b >= 0 && shift + b < (intptr_t)size) {
                bytes[shift + b] = (uint8_t)(s->value >> 8 * b);
                *forwarded = true;
            }
    }
    return word_get(bytes, size);
}

/* ---- Payload and its races ---- */

static void race(const struct thread *t, const char *what, int other)
{
    explore_fail(
        "data race: thread %d %s payload that thread %d accessed, unordered",
        thread_index(t), what, other);
}

/* Shadows of the granules that `bytes` at `place` touch; `bytes` is not 0. */
static struct shadow *shadow_range(const void *place, uint64_t bytes,
                                   const struct shadow **end)
{
    *end = shadow_of((const uint8_t *)place + bytes - 1) + 1;
    return shadow_of(place);
}

static void payload_read_note(const struct thread *t, const void *from,
                              uint64_t bytes)
{
    const struct shadow *end;
    for (struct shadow *s = shadow_range(from, bytes, &end); s < end; s++) {
        if (s->written > t->clock.of[s->writer])
            race(t, "reads", s->writer);
        s->read.of[thread_index(t)] = t->clock.of[thread_index(t)];
    }
}

static void payload_write_note(const struct thread *t, const void *to,
                               uint64_t bytes)
{
    const struct shadow *end;
    for (struct shadow *s = shadow_range(to, bytes, &end); s < end; s++) {
        if (s->written > t->clock.of[s->writer])
            race(t, "writes", s->writer);
        for (int i = 0; i < EXPLORE_THREADS; i++)
            if (s->read.of[i] > t->clock.of[i])
                race(t, "writes", i);
        s->writer = (uint16_t)thread_index(t);
        s->written = t->clock.of[s->writer];
        s->read = (struct clock){0};
    }
}

/* Does the payload access kept back, if there is one. */
static void late_do(struct thread *t)
{
    struct late late = t->late;
    t->late = (struct late){0};
    if (!late.place)
        return;
    if (!late.write) {
        payload_read_note(t, late.place, late.bytes);
        return;
    }
    payload_write_note(t, late.place, late.bytes);
    memcpy(late.place, late.data, late.bytes);
}

static void late_keep(struct thread *t, void *place, const void *data,
                      uint64_t bytes)
{
    late_do(t);
    if (bytes > sizeof t->late.data)
        abort();
    t->late =
        (struct late){.place = place, .bytes = (uint32_t)bytes, .write = data != 0};
    if (data)
        memcpy(t->late.data, data, bytes);
}

/* ---- The hooks ---- */

/* In reset() and finish() there is nobody to interleave with. */
static bool is_plain(void)
{
    return !engine.running || engine.finishing;
}

/* Stops in front of an access; returns when the search lets it happen. */
static struct thread *step(enum op_kind kind, const void *place, unsigned size,
                           uint64_t value)
{
    struct thread *t = engine.running;
    t->op = (struct op){kind, size, place, value};
    to_search();
    engine.done = t->op;
    t->op = (struct op){0};
    return t;
}

uint64_t explore_load(const void *place, unsigned size, bool acquire)
{
    if (is_plain())
        return word_get(place, size);
    struct shadow *shadow = shadow_of(place);
    struct thread *t = step(OP_LOAD, place, size, 0);
    bool forwarded;
    engine.done.value = buffered_get(t, place, size, &forwarded);
    if (acquire && !forwarded && !planted(EXPLORE_RELAXED_LOADS))
        clock_join(&t->clock, &shadow->published);
    return engine.done.value;
}

void explore_store(void *place, unsigned size, uint64_t value, bool release)
{
    if (is_plain()) {
        word_put(place, size, value);
        return;
    }
    shadow_of(place);
    struct thread *t = step(OP_STORE, place, size, value);
    struct store *s = &t->buffer[t->pending++];
    *s = (struct store){.place = place, .value = value, .size = size};
    t->news = 1;
    if (release && !planted(EXPLORE_RELAXED_STORES)) {
        s->published = t->clock;
        clock_tick(t);
    }
    late_do(t);
}

static uint64_t updated(enum explore_update how, uint64_t old, uint64_t value,
                        uint64_t expected)
{
    switch (how) {
    case EXPLORE_SET:
        return value;
    case EXPLORE_OR:
        return old | value;
    case EXPLORE_ADD:
        return old + value;
    case EXPLORE_SWAP_IF:
        return old == expected ? value : old;
    }
    abort();
}

uint64_t explore_update(void *place, unsigned size, enum explore_update how,
                        uint64_t value, uint64_t expected)
{
    uint64_t old = word_get(place, size);
    if (is_plain()) {
        word_put(place, size, updated(how, old, value, expected));
        return old;
    }
    struct shadow *shadow = shadow_of(place);
    struct thread *t = step(OP_UPDATE, place, size, value);
    old = word_get(place, size);
    clock_join(&t->clock, &shadow->published);
    if (how == EXPLORE_SWAP_IF && old != expected)
        return old;
    if (word_get(place, size) != updated(how, old, value, expected))
        t->news = 1;
    memory_put(t, place, size, updated(how, old, value, expected));
    clock_join(&shadow->published, &t->clock);
    clock_tick(t);
    return old;
}

void explore_fence(void)
{
    if (!is_plain())
        step(OP_FENCE, 0, 0, 0);
}

void explore_pause(void)
{
    if (!is_plain())
        step(OP_PAUSE, 0, 0, 0)->news = 0;
}

void explore_wait_nonzero(const void *word, unsigned size)
{
    shadow_of(word);
    step(OP_WAIT, word, size, 0);
}

void explore_serialize(void)
{
    uint64_t undrained = 0;
    if (planted(EXPLORE_NO_SERIALIZE))
        return;
    step(OP_SERIALIZE, 0, 0, 0);
    for (int i = 0; i < EXPLORE_THREADS; i++)
        if (now.threads[i].pending)
            undrained |= 1ull << i;
    step(OP_DRAINED, 0, 0, undrained);
}

void explore_data_read(void *to, const void *from, uint64_t bytes)
{
    memcpy(to, from, bytes);
    if (is_plain() || bytes == 0)
        return;
    if (planted(EXPLORE_LATE_PAYLOAD))
        late_keep(engine.running, (void *)(uintptr_t)from, 0, bytes);
    else
        payload_read_note(engine.running, from, bytes);
}

void explore_data_write(void *to, const void *from, uint64_t bytes)
{
    if (is_plain()) {
        memcpy(to, from, bytes);
    } else if (planted(EXPLORE_LATE_PAYLOAD)) {
        late_keep(engine.running, to, from, bytes);
    } else if (bytes) {
        payload_write_note(engine.running, to, bytes);
        memcpy(to, from, bytes);
    }
}

/* ---- Clocks made small ---- */

/*
 * Clocks matter only by comparison with the epochs of payload accesses that the
 * shadow remembers.  So each thread's epochs are renumbered 1, 2, ... and every
 * clock value replaced by how many of them it covers: states that differ in nothing
 * that matters become the same state.
 */
static struct {
    uint16_t
        covers[EPOCHS_MAX]; /* first 1 where an epoch is remembered, then the sum */
    uint16_t last;          /* the thread's clock before renumbering */
} epochs[EXPLORE_THREADS];

static bool is_blank(const struct shadow *s)
{
    static const struct shadow blank;
    return memcmp(s, &blank, sizeof blank) == 0;
}

static void epochs_collect(const struct shadow *end)
{
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        epochs[i].last = now.threads[i].clock.of[i];
        memset(epochs[i].covers, 0, (epochs[i].last + 1u) * sizeof(uint16_t));
    }
    for (const struct shadow *s = now.shadow; s < end; s++) {
        if (is_blank(s))
            continue;
        epochs[s->writer].covers[s->written] = 1;
        for (int i = 0; i < EXPLORE_THREADS; i++)
            epochs[i].covers[s->read.of[i]] = 1;
    }
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        epochs[i].covers[0] = 0;
        for (uint32_t e = 1; e <= epochs[i].last; e++)
            epochs[i].covers[e] += epochs[i].covers[e - 1];
    }
}

static void clock_renumber(struct clock *clock)
{
    for (int i = 0; i < EXPLORE_THREADS; i++)
        clock->of[i] = epochs[i].covers[clock->of[i]];
}

static void clocks_shrink(void)
{
    struct shadow *end = now.shadow + engine.model->shared / GRANULE;
    epochs_collect(end);
    for (struct shadow *s = now.shadow; s < end; s++) {
        if (is_blank(s))
            continue;
        clock_renumber(&s->published);
        clock_renumber(&s->read);
        s->written = epochs[s->writer].covers[s->written];
    }
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        struct thread *t = &now.threads[i];
        const uint16_t *covers = epochs[i].covers;
        bool used =
            t->clock.of[i] && covers[t->clock.of[i]] != covers[t->clock.of[i] - 1];
        clock_renumber(&t->clock);
        t->clock.of[i] += !used; /* its present epoch is ahead of all others know */
        for (uint32_t n = 0; n < t->pending; n++)
            clock_renumber(&t->buffer[n].published);
    }
}

/* ---- Choices ---- */

/* Choice c: thread c makes its access; choice EXPLORE_THREADS + c: its buffer
 * flushes. */
enum { CHOICES = 2 * EXPLORE_THREADS };

static bool thread_can_step(const struct thread *t)
{
    unsigned room = engine.model->buffer ? engine.model->buffer : EXPLORE_BUFFER;
    if (!t->live)
        return false;
    switch (t->op.kind) {
    case OP_STORE:
        engine.result->buffer_filled |= t->pending == room;
        return t->pending < room;
    case OP_UPDATE:
    case OP_FENCE:
    case OP_SERIALIZE:
        return t->pending == 0;
    case OP_DRAINED:
        return t->op.value == 0;
    case OP_PAUSE:
        return t->news || engine.model->pause_goes_on;
    case OP_WAIT:
        return word_get(t->op.place, t->op.size) != 0;
    default:
        return true;
    }
}

static unsigned choices_open(void)
{
    unsigned open = 0;
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        open |= (unsigned)thread_can_step(&now.threads[i]) << i;
        open |= (unsigned)(now.threads[i].pending != 0) << (EXPLORE_THREADS + i);
    }
    return open;
}

static void choice_take(int choice)
{
    struct thread *t = &now.threads[choice % EXPLORE_THREADS];
    if (choice < EXPLORE_THREADS) {
        to_thread(t);
    } else {
        engine.done = (struct op){OP_STORE, t->buffer[0].size, t->buffer[0].place,
                                  t->buffer[0].value};
        buffer_flush(t);
    }
}

/* ---- States ---- */

struct part {
    void *at;
    size_t size;
};

enum { PARTS = 3 + EXPLORE_THREADS };

/* Where the present state lies; now.threads, the first part, says where the others.
 */
static size_t state_parts(struct part *parts)
{
    size_t n = 0;
    parts[n++] = (struct part){now.threads, sizeof now.threads};
    parts[n++] = (struct part){now.shadow, engine.shadow_size};
    parts[n++] = (struct part){engine.model->memory, engine.model->size};
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        uint8_t *sp = now.threads[i].sp;
        if (now.threads[i].live)
            parts[n++] = (struct part){sp, (size_t)(stacks[i] + STACK - sp)};
    }
    return n;
}

static uint64_t hash_word(uint64_t hash, uint64_t word)
{
    unsigned __int128 product =
        (unsigned __int128)(hash ^ word ^ 0x9e3779b97f4a7c15u) *
        0xd6e8feb86659fd93u;
    return (uint64_t)product ^ (uint64_t)(product >> 64) ^
           (word << 32 | word >> 32);
}

/* Four independent chains, to keep the multiplier busy; sizes are multiples of 8.
 */
static uint64_t hash_part(uint64_t hash, const struct part *part)
{
    const uint64_t *word = part->at;
    size_t words = part->size / 8;
    uint64_t a = hash, b = hash + 1, c = hash + 2, d = hash + 3;
    for (; words >= 4; words -= 4, word += 4) {
        a = hash_word(a, word[0]);
        b = hash_word(b, word[1]);
        c = hash_word(c, word[2]);
        d = hash_word(d, word[3]);
    }
    while (words--)
        a = hash_word(a, *word++);
    return hash_word(hash_word(a, b), hash_word(c, d));
}

static uint64_t state_hash(void)
{
    struct part parts[PARTS];
    size_t n = state_parts(parts);
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++)
        hash = hash_part(hash, &parts[i]);
    return hash ? hash : 1;
}

/* ---- The states seen ---- */

static struct {
    uint64_t *hashes;  /* open addressing; 0 is a free place */
    uint32_t *numbers; /* beside each its state's number, in the order found */
    uint64_t places, used;
} seen;

static uint64_t seen_place(uint64_t hash)
{
    uint64_t at = hash >> 8 & (seen.places - 1);
    while (seen.hashes[at] && seen.hashes[at] != hash)
        at = (at + 1) & (seen.places - 1);
    return at;
}

static void seen_reset(uint64_t places)
{
    seen.hashes = calloc(places, sizeof *seen.hashes);
    seen.numbers = calloc(places, sizeof *seen.numbers);
    seen.places = places;
    if (!seen.hashes || !seen.numbers)
        abort();
}

static void seen_free(uint64_t *hashes, uint32_t *numbers)
{
    free(hashes);
    free(numbers);
}

static void seen_grow(void)
{
    uint64_t *hashes = seen.hashes, places = seen.places;
    uint32_t *numbers = seen.numbers;
    seen_reset(4 * places);
    for (uint64_t i = 0; i < places; i++)
        if (hashes[i]) {
            uint64_t at = seen_place(hashes[i]);
            seen.hashes[at] = hashes[i];
            seen.numbers[at] = numbers[i];
        }
    seen_free(hashes, numbers);
}

/* The state's number; *added when it was not there before. */
static uint32_t seen_add(uint64_t hash, bool *added)
{
    if (2 * seen.used > seen.places)
        seen_grow();
    uint64_t at = seen_place(hash);
    *added = !seen.hashes[at];
    if (*added) {
        seen.hashes[at] = hash;
        seen.numbers[at] = (uint32_t)seen.used++;
    }
    return seen.numbers[at];
}

static void *grown(void *block, size_t *max, size_t need, size_t item)
{
    if (need <= *max)
        return block;
    *max = need * 2;
    block = realloc(block, *max * item);
    if (!block)
        abort();
    return block;
}

/* Every transition, for the question whether an end can be reached from everywhere.
 */
static struct {
    struct edge {
        uint32_t from, to;
    } * edges;
    size_t count, max;
    uint8_t *good; /* an end can be reached from this state */
    size_t good_max;
} graph;

static void graph_edge(uint32_t from, uint32_t to)
{
    graph.edges =
        grown(graph.edges, &graph.max, graph.count + 1, sizeof *graph.edges);
    graph.edges[graph.count++] = (struct edge){from, to};
}

static void graph_end(uint32_t number)
{
    size_t max = graph.good_max;
    graph.good = grown(graph.good, &graph.good_max, number + 1u, 1);
    memset(graph.good + max, 0, graph.good_max - max);
    graph.good[number] = 1;
}

/*
 * The first state from which no end can be reached, or `none`.  Walks the edges
 * backwards in the order they were found, newest first, until nothing changes: the
 * search goes deep first, so a few rounds do.
 */
static uint32_t graph_trap(uint32_t none)
{
    bool changed = true;
    graph_end(none); /* room for all */
    graph.good[none] = 0;
    while (changed) {
        changed = false;
        for (size_t i = graph.count; i-- > 0;)
            if (graph.good[graph.edges[i].to] && !graph.good[graph.edges[i].from])
                graph.good[graph.edges[i].from] = changed = true;
    }
    for (uint32_t i = 0; i < none; i++)
        if (!graph.good[i])
            return i;
    return none;
}

/* ---- The search ---- */

/* One state on the path from the start to here. */
struct frame {
    size_t copy;     /* where its copy begins in path.copies */
    uint32_t number; /* of the state */
    unsigned open;   /* choices not taken yet */
    int choice;      /* the one taken last, what it did, and to what */
    struct op done;
};

static struct {
    struct frame *frames;
    size_t depth, frames_max;
    uint8_t *copies;
    size_t used, copies_max;
} path;

static void path_push(uint32_t number, unsigned open)
{
    struct part parts[PARTS];
    size_t n = state_parts(parts), size = 0;
    for (size_t i = 0; i < n; i++)
        size += parts[i].size;
    path.frames =
        grown(path.frames, &path.frames_max, path.depth + 1, sizeof *path.frames);
    path.copies = grown(path.copies, &path.copies_max, path.used + size, 1);
    path.frames[path.depth++] =
        (struct frame){.copy = path.used, .number = number, .open = open};
    for (size_t i = 0; i < n; i++) {
        memcpy(path.copies + path.used, parts[i].at, parts[i].size);
        path.used += parts[i].size;
    }
}

static void state_restore(const struct frame *f)
{
    struct part parts[PARTS];
    const uint8_t *from = path.copies + f->copy;
    memcpy(now.threads, from, sizeof now.threads);
    size_t n = state_parts(parts);
    for (size_t i = 0; i < n; i++) {
        memcpy(parts[i].at, from, parts[i].size);
        from += parts[i].size;
    }
}

static void path_pop(void)
{
    path.used = path.frames[--path.depth].copy;
}

static void violation(const char *text, int number)
{
    snprintf(engine.result->violation, sizeof engine.result->violation, text,
             number);
}

static void final_check(uint32_t number)
{
    for (int i = 0; i < EXPLORE_THREADS; i++)
        if (now.threads[i].live) {
            violation("thread %d waits for ever", i);
            return;
        }
    engine.result->finals++;
    graph_end(number);
    if (!engine.model->finish)
        return;
    thread_start(&now.threads[0], finish_main); /* lends its stack */
    engine.finishing = false;
}

/* The state just reached, from state `from`: is it new, is it final? */
static void state_visit(uint32_t from)
{
    bool added;
    if (engine.result->violation[0])
        return;
    clocks_shrink();
    uint32_t number = seen_add(state_hash(), &added);
    engine.result->transitions++;
    graph_edge(from, number);
    if (!added)
        return;
    engine.result->states++;
    if (number == engine.trap) {
        violation("goes round in circles: no end can be reached", 0);
        return;
    }
    unsigned open = choices_open();
    if (open)
        path_push(number, open);
    else
        final_check(number);
}

static void search(void)
{
    state_visit(0);
    while (path.depth && !engine.result->violation[0]) {
        struct frame *f = &path.frames[path.depth - 1];
        if (!f->open) {
            path_pop();
            continue;
        }
        f->choice = __builtin_ctz(f->open);
        f->open &= f->open - 1;
        state_restore(f);
        choice_take(f->choice);
        f->done = engine.done;
        state_visit(f->number);
    }
}

/* ---- Reports ---- */

static int place_print(char *to, size_t room, const void *place)
{
    const struct explore_place *best = 0, *p = engine.model->places;
    size_t offset =
        (size_t)((const uint8_t *)place - (uint8_t *)engine.model->memory);
    for (; p && p->name; p++)
        if (p->offset <= offset && (!best || p->offset >= best->offset))
            best = p;
    return snprintf(to, room, "%s+%zu", best ? best->name : "memory",
                    best ? offset - best->offset : offset);
}

static int frame_print(char *to, size_t room, const struct frame *f)
{
    static const char *const verbs[] = {
        [OP_NONE] = "returns",         [OP_LOAD] = "loads",
        [OP_STORE] = "stores",         [OP_UPDATE] = "updates (locked)",
        [OP_FENCE] = "fences",         [OP_PAUSE] = "pauses",
        [OP_SERIALIZE] = "serializes", [OP_DRAINED] = "sees all drained",
        [OP_WAIT] = "is woken",
    };
    bool flush = f->choice >= EXPLORE_THREADS;
    char place[80] = "";
    if (f->done.place)
        place_print(place, sizeof place, f->done.place);
    return snprintf(to, room, "  thread %d %s %s%s%#llx\n",
                    f->choice % EXPLORE_THREADS,
                    flush ? "... reaches memory" : verbs[f->done.kind], place,
                    f->done.place ? " : " : "", (unsigned long long)f->done.value);
}

/* The path's last steps, as many as there is room for. */
static void trace_write(char *to, size_t room)
{
    enum { LINE = 120 };
    size_t lines = room / LINE;
    size_t first = path.depth > lines ? path.depth - lines : 0;
    for (size_t i = first; i < path.depth && room > LINE; i++) {
        int n = frame_print(to, room, &path.frames[i]);
        to += n;
        room -= (size_t)n;
    }
}

/* One search through the whole graph; `trap`: where to stop, UINT32_MAX: nowhere.
 */
static void explore_from_start(const struct explore_model *model,
                               struct explore_result *result, uint32_t trap)
{
    memset(&now, 0, sizeof now);
    memset(stacks, 0, sizeof stacks);
    memset(result, 0, sizeof *result);
    memset(&engine, 0, sizeof engine);
    engine.model = model;
    engine.result = result;
    engine.trap = trap;
    engine.shadow_size =
        (model->shared / GRANULE * sizeof(struct shadow) + 7) / 8 * 8;
    path.depth = path.used = graph.count = 0;
    seen.used = 0;
    seen_reset(1 << 16);
    model->reset();
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        now.threads[i].clock.of[i] = 1;
        if (model->thread[i])
            thread_start(&now.threads[i], thread_main);
    }
    search();
    seen_free(seen.hashes, seen.numbers);
}

void explore(const struct explore_model *model, struct explore_result *result)
{
    if (model->size > EXPLORE_MEMORY_MAX || model->size % 64 ||
        model->shared > model->size)
        abort();
    memset(graph.good, 0, graph.good_max);
    explore_from_start(model, result, UINT32_MAX);
    if (!result->violation[0]) {
        uint32_t states = (uint32_t)result->states;
        uint32_t trap = graph_trap(states);
        if (trap != states)
            explore_from_start(model, result, trap);
    }
    trace_write(result->trace, sizeof result->trace);
}
