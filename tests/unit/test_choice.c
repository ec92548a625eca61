/* SPDX-License-Identifier: MIT */
/* The choice of transport (fos/choice.h) against policies that know the future. */
#include "unit.h"

#include <fos/choice.h>

CASE("choice: a mean follows its samples, and a wild one moves it little")
{
    uint64_t mean = 0;

    fos_cost_learn(&mean, 1000);
    CHECK_EQ(mean, 1000);
    for (int i = 0; i < 100; i++)
        fos_cost_learn(&mean, 500);
    CHECK(mean > 490 && mean < 520);
    fos_cost_learn(&mean, 1000000000);
    CHECK(mean < 750);
    for (int i = 0; i < 100; i++)
        fos_cost_learn(&mean, 0);
    CHECK(mean >= 1 && mean < 10);
}

/* A world of fixed prices, and what the policy has paid in it. */
struct world {
    struct fos_costs price, known;
    struct fos_choice choice;
    bool ahead; /* each message is followed by a wait (T3) */
    bool connected;
    uint64_t paid, pure_kernel, pure_channel;
};

static void connect_if_it_pays(struct world *w)
{
    if (w->connected || !fos_choice_pays(&w->choice, &w->known))
        return;
    w->connected = true;
    w->paid += w->price.connect + w->price.accept;
    fos_choice_connected(&w->choice, &w->known, w->price.connect);
}

static void message(struct world *w)
{
    w->pure_kernel += w->price.kernel;
    w->pure_channel += w->price.channel;
    connect_if_it_pays(w);
    if (w->connected) {
        w->paid += w->price.channel;
        fos_cost_learn(&w->known.channel, w->price.channel);
    } else {
        w->paid += w->price.kernel;
        fos_choice_sent(&w->choice, &w->known, w->price.kernel);
    }
    if (w->ahead)
        connect_if_it_pays(w);
}

static uint64_t best(const struct world *w)
{
    uint64_t channel = w->pure_channel + w->price.connect + w->price.accept;

    return w->pure_kernel < channel ? w->pure_kernel : channel;
}

static uint64_t between(uint64_t *random, uint64_t low, uint64_t high)
{
    return low + unit_random(random) % (high - low + 1);
}

/* Of random prices, all known from before. */
static struct world world_make(uint64_t *random)
{
    struct world w = {.price = {.kernel = between(random, 1, 100000),
                                .connect = between(random, 1, 2000000),
                                .accept = between(random, 1, 2000000)}};

    w.price.channel = between(random, 1, 2 * w.price.kernel);
    w.known = w.price;
    return w;
}

CASE("choice: at any number of messages the cost is within twice the best in "
     "hindsight")
{
    uint64_t random = unit_setting("SEED", 7);

    for (int world = 0; world < 20000; world++) {
        struct world w = world_make(&random);
        for (int n = 0; n < 300; n++) {
            message(&w);
            if (!CHECK(w.paid <= 2 * best(&w)))
                return;
        }
        if (w.price.channel >= w.price.kernel)
            CHECK(!w.connected);
    }
}

CASE("choice: channels made in a wait add the price of one kernel send at most")
{
    uint64_t random = unit_setting("SEED", 13);
    uint32_t beyond = 0;

    for (int world = 0; world < 20000; world++) {
        struct world w = world_make(&random);
        w.ahead = true;
        for (int n = 0; n < 300; n++) {
            message(&w);
            beyond += w.paid > 2 * best(&w);
            if (!CHECK(w.paid <= 2 * best(&w) + w.price.kernel))
                return;
        }
        if (w.price.channel >= w.price.kernel)
            CHECK(!w.connected);
    }
    CHECK(beyond > 0); /* else the bound says more than was tried */
}

CASE("choice: before a channel was made its price is guessed, then known")
{
    struct world w = {
        .price = {.kernel = 1000, .channel = 50, .connect = 20000, .accept = 20000},
    };
    uint32_t n = 0;

    while (!w.connected && n < 100) {
        message(&w);
        n++;
    }
    CHECK(n > 4 && n < 16);
    CHECK_EQ(w.known.connect, 20000);
    /* A second destination waits for as long as that price asks for. */
    w.choice = (struct fos_choice){0};
    w.connected = false;
    for (n = 0; !w.connected && n < 100; n++)
        message(&w);
    CHECK_EQ(n, 40000 / 950 + 1);
    /* So does a third one, what accepting costs being known. */
    w.known.accept = 5000;
    w.choice = (struct fos_choice){0};
    w.connected = false;
    for (n = 0; !w.connected && n < 100; n++)
        message(&w);
    CHECK_EQ(n, 25000 / 950 + 1);
}

CASE("choice: what was wild the first time does not decide for long")
{
    struct fos_costs known = {0};
    struct fos_choice choice = {0};

    fos_choice_by_channel(&known, 500000);
    fos_choice_accepted(&known, 15000000);
    CHECK_EQ(known.channel, 0); /* nothing to compare it with */
    CHECK_EQ(known.accept, 0);
    fos_choice_sent(&choice, &known, 1000);
    fos_choice_by_channel(&known, 500000);
    CHECK_EQ(known.channel, 0);
    fos_choice_by_channel(&known, 50);
    CHECK_EQ(known.channel, 50);
    fos_choice_accepted(&known, 15000000);
    CHECK_EQ(known.accept, 64000);
    fos_choice_connected(&choice, &known, 15000000);
    CHECK_EQ(known.connect, 64000);
    for (int i = 0; i < 10; i++)
        fos_choice_accepted(&known, 5000);
    CHECK(known.accept < 5100);
}

CASE("choice: with prices that jitter the total stays near twice the best")
{
    uint64_t random = unit_setting("SEED", 11);

    for (int world = 0; world < 2000; world++) {
        struct world w = {
            .price = {
                .kernel = 4000, .channel = 100, .connect = 20000, .accept = 20000}};
        w.known = w.price;
        for (int n = 0; n < 300; n++) {
            w.price.kernel = between(&random, 2000, 6000);
            message(&w);
            if (!CHECK(w.paid * 10 <= 23 * best(&w)))
                return;
        }
    }
}

CASE("choice: a receiver with no room is asked ever more rarely")
{
    struct fos_costs known = {.kernel = 1000, .connect = 5000, .accept = 5000};
    struct fos_choice choice = {0};
    uint32_t last = 0;

    for (int refusal = 0; refusal < 16; refusal++) {
        uint32_t n = 0;
        while (!fos_choice_pays(&choice, &known)) {
            fos_choice_sent(&choice, &known, 1000);
            n++;
        }
        CHECK(n >= last);
        CHECK(n <= 10 * 1024 + 10);
        if (refusal && refusal < 8)
            CHECK(n >= 2 * last - 1);
        last = n;
        fos_choice_refused(&choice);
    }
    fos_choice_connected(&choice, &known, 5000);
    CHECK_EQ(choice.doubled, 0);
}
