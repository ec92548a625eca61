/* SPDX-License-Identifier: MIT */
/* The choice of transport: see fos/choice.h. */
#include <fos/choice.h>

enum {
    MEAN_OF = 8,     /* samples a running mean is made of, roughly */
    FAR_OFF = 4,     /* times the mean */
    FIRST_GUESS = 4, /* kernel sends that connecting costs, before it was done */
    FIRST_MOST = 64, /* that connecting or accepting costs the first time */
    DOUBLED_MAX = 10,
};

void fos_cost_learn(uint64_t *mean, uint64_t sample)
{
    if (*mean == 0) {
        *mean = sample ? sample : 1;
        return;
    }
    if (sample > FAR_OFF * *mean)
        sample = FAR_OFF * *mean;
    if (sample < *mean)
        *mean -= (*mean - sample) / (MEAN_OF / 4);
    else
        *mean += (sample - *mean) / MEAN_OF;
    if (*mean == 0)
        *mean = 1;
}

static uint64_t price(const struct fos_choice *choice,
                      const struct fos_costs *costs)
{
    uint64_t connect =
        costs->connect ? costs->connect : FIRST_GUESS * costs->kernel;
    uint64_t accept = costs->accept ? costs->accept : connect;

    return (connect + accept) << choice->doubled;
}

static uint64_t above(uint64_t cycles, const struct fos_costs *costs)
{
    return cycles > costs->channel ? cycles - costs->channel : 0;
}

bool fos_choice_pays(const struct fos_choice *choice, const struct fos_costs *costs)
{
    uint64_t next = above(costs->kernel, costs);

    return next && choice->extra + next > price(choice, costs);
}

void fos_choice_sent(struct fos_choice *choice, struct fos_costs *costs,
                     uint64_t cycles)
{
    fos_cost_learn(&costs->kernel, cycles);
    if (cycles > FAR_OFF * costs->kernel)
        cycles = FAR_OFF * costs->kernel;
    choice->extra += above(cycles, costs);
}

/* A first sample decides for long, and may be a wild one. */
static void setup_learn(uint64_t *mean, const struct fos_costs *costs,
                        uint64_t cycles)
{
    uint64_t most = FIRST_MOST * costs->kernel;

    if (*mean || most)
        fos_cost_learn(mean, *mean || cycles < most ? cycles : most);
}

void fos_choice_accepted(struct fos_costs *costs, uint64_t cycles)
{
    setup_learn(&costs->accept, costs, cycles);
}

void fos_choice_by_channel(struct fos_costs *costs, uint64_t cycles)
{
    if (cycles < costs->kernel)
        fos_cost_learn(&costs->channel, cycles);
}

void fos_choice_connected(struct fos_choice *choice, struct fos_costs *costs,
                          uint64_t cycles)
{
    setup_learn(&costs->connect, costs, cycles);
    *choice = (struct fos_choice){0};
}

void fos_choice_refused(struct fos_choice *choice)
{
    choice->extra = 0;
    if (choice->doubled < DOUBLED_MAX)
        choice->doubled++;
}

void fos_choice_evicted(struct fos_choice *choice)
{
    choice->extra = 0;
}
