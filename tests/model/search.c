/* SPDX-License-Identifier: MIT */
/*
 * The depth-first search through a model's states.  A state is kept, while it is on
 * the path from the start, as a copy of the machine's record of it, the model's
 * memory and the live part of every stack, and known by a 64-bit hash of that copy:
 * two states taken for one would hide what lies behind the second.  With n states
 * that happens with a probability of n * n / 2^65, below one in ten million for a
 * million states.
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    size_t n = 0,
           shadow_size = engine.model->shared / GRANULE * sizeof(struct shadow);
    parts[n++] = (struct part){now.threads, sizeof now.threads};
    parts[n++] = (struct part){now.shadow, shadow_size};
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
    uint32_t trap; /* number of a state known to lead nowhere, else UINT32_MAX */
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
    machine_finish();
}

/* The state just reached, from state `from`: is it new, is it final? */
static void state_visit(uint32_t from)
{
    bool added;
    if (engine.result->violation[0])
        return;
    clocks_shrink();
    uint32_t number = graph_add(state_hash(), &added);
    engine.result->transitions++;
    graph_edge(from, number);
    if (!added)
        return;
    engine.result->states++;
    if (number == path.trap) {
        violation("goes round in circles: no end can be reached", 0);
        return;
    }
    unsigned open = machine_choices();
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
        machine_take(f->choice);
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
static void search_from_start(const struct explore_model *model,
                              struct explore_result *result, uint32_t trap)
{
    path.depth = path.used = 0;
    path.trap = trap;
    graph_reset();
    machine_start(model, result);
    search();
}

void explore(const struct explore_model *model, struct explore_result *result)
{
    if (model->size > EXPLORE_MEMORY_MAX || model->size % 64 ||
        model->shared > model->size || model->shared % 8)
        abort();
    search_from_start(model, result, UINT32_MAX);
    if (!result->violation[0]) {
        uint32_t trap = graph_trap();
        if (trap != result->states)
            search_from_start(model, result, trap);
    }
    trace_write(result->trace, sizeof result->trace);
}
