/* SPDX-License-Identifier: MIT */
/* Threads, store buffers, shared accesses.  See machine.h. */
#include "machine.h"

#include "explore_atomic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct machine now;
struct engine engine;
uint8_t stacks[EXPLORE_THREADS][STACK] __attribute__((aligned(64)));

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
    return engine.running ? thread_index(engine.running) : -1;
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

/* What lies outside the model's memory can be read, but not be stored to. */
static bool is_constant(const void *place)
{
    const uint8_t *memory = engine.model->memory, *at = place;
    return at < memory || at >= memory + engine.model->size;
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
    if (is_plain() || is_constant(place))
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

/* ---- Choices ---- */

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

unsigned machine_choices(void)
{
    unsigned open = 0;
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        open |= (unsigned)thread_can_step(&now.threads[i]) << i;
        open |= (unsigned)(now.threads[i].pending != 0) << (EXPLORE_THREADS + i);
    }
    return open;
}

void machine_take(int choice)
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

void machine_start(const struct explore_model *model, struct explore_result *result)
{
    memset(&now, 0, sizeof now);
    memset(stacks, 0, sizeof stacks);
    memset(result, 0, sizeof *result);
    engine = (struct engine){.model = model, .result = result};
    model->reset();
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        now.threads[i].clock.of[i] = 1;
        if (model->thread[i])
            thread_start(&now.threads[i], thread_main);
    }
}

void machine_finish(void)
{
    if (!engine.model->finish)
        return;
    thread_start(&now.threads[0], finish_main); /* lends its stack */
    engine.finishing = false;
}
