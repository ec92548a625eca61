/* SPDX-License-Identifier: MIT */
/*
 * Clocks matter only by comparison with the epochs of payload accesses that the
 * shadow remembers.  So each thread's epochs are renumbered 1, 2, ... and every
 * clock value replaced by how many of them it covers: states that differ in nothing
 * that matters become the same state.
 */
#include "machine.h"

#include <string.h>

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

void clocks_shrink(void)
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
