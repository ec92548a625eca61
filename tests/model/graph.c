/* SPDX-License-Identifier: MIT */
/* The states seen and the transitions between them.  See machine.h. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

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

static void seen_alloc(uint64_t places)
{
    seen.hashes = calloc(places, sizeof *seen.hashes);
    seen.numbers = calloc(places, sizeof *seen.numbers);
    seen.places = places;
    if (!seen.hashes || !seen.numbers)
        abort();
}

static void seen_grow(void)
{
    uint64_t *hashes = seen.hashes, places = seen.places;
    uint32_t *numbers = seen.numbers;
    seen_alloc(4 * places);
    for (uint64_t i = 0; i < places; i++)
        if (hashes[i]) {
            uint64_t at = seen_place(hashes[i]);
            seen.hashes[at] = hashes[i];
            seen.numbers[at] = numbers[i];
        }
    free(hashes);
    free(numbers);
}

/* The state's number; *added when it was not there before. */
uint32_t graph_add(uint64_t hash, bool *added)
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

void *grown(void *block, size_t *max, size_t need, size_t item)
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

void graph_edge(uint32_t from, uint32_t to)
{
    graph.edges =
        grown(graph.edges, &graph.max, graph.count + 1, sizeof *graph.edges);
    graph.edges[graph.count++] = (struct edge){from, to};
}

void graph_end(uint32_t number)
{
    size_t max = graph.good_max;
    graph.good = grown(graph.good, &graph.good_max, number + 1u, 1);
    memset(graph.good + max, 0, graph.good_max - max);
    graph.good[number] = 1;
}

/* Walks the edges backwards in the order they were found, newest first, until
 * nothing changes: the search goes deep first, so a few rounds do. */
uint32_t graph_trap(void)
{
    uint32_t states = (uint32_t)seen.used;
    bool changed = true;
    graph_end(states); /* room for all */
    graph.good[states] = 0;
    while (changed) {
        changed = false;
        for (size_t i = graph.count; i-- > 0;)
            if (graph.good[graph.edges[i].to] && !graph.good[graph.edges[i].from])
                graph.good[graph.edges[i].from] = changed = true;
    }
    for (uint32_t i = 0; i < states; i++)
        if (!graph.good[i])
            return i;
    return states;
}

void graph_reset(void)
{
    free(seen.hashes);
    free(seen.numbers);
    seen.used = graph.count = 0;
    seen_alloc(1 << 16);
    if (graph.good)
        memset(graph.good, 0, graph.good_max);
}
