/* SPDX-License-Identifier: MIT */
/* What a name costs: hashed, remembered, asked for, and in place of a peer. */
#include "measure.h"

#include <fos/name.h>
#include <fos/start.h>

enum { NAMES = 8 };

static struct fos_registration several[NAMES];
static char path[64];
static struct fos_alias alias, missing;
static uint8_t message[FOS_BENCH_MESSAGE];

static void hash(void)
{
    alias = fos_alias(path);
}

static void resolve(void)
{
    struct name_value value;

    must(fos_name_resolve(alias, &value), "resolving");
}

static void resolve_missing(void)
{
    struct name_value value;

    must(fos_name_resolve(missing, &value) == -FOS_ENOENT ? 0 : -FOS_EPROTO,
         "resolving what is not there");
}

static void look_up(void)
{
    struct name_value value;

    must(fos_name_lookup(alias, &value), "looking up");
}

static void echo_by_alias(void)
{
    must(fos_msg_send_alias(alias, FOS_PUBLIC, message, sizeof message),
         "sending by alias");
    pair_receive(sizeof message);
}

static const struct measurement rows[] = {
    {.name = "alias of a path", .once = hash, .batch = 64, .samples = 800},
    {.name = "look-up, remembered", .once = resolve, .batch = 64, .samples = 800},
    {.name = "look-up, remembered as missing",
     .once = resolve_missing,
     .batch = 64,
     .samples = 800},
    {.name = "look-up, nothing known",
     .once = resolve,
     .before = fos_name_close,
     .batch = 1,
     .samples = 160,
     .traps = true},
    {.name = "echo sent by alias 32 B",
     .once = echo_by_alias,
     .batch = 64,
     .samples = 800},
};

/* Which member holds a name depends on the name, and a member may stand on a
 * processor of its own or share ours: the best and the worst of several names. */
static void look_up_several(void)
{
    struct measurement m = {.suite = "name",
                            .name = "look-up",
                            .once = look_up,
                            .server = ECHO_END,
                            .batch = 1,
                            .samples = 160};
    struct fos_figure best = {0}, worst = {0}, f;

    for (int i = 0; i < NAMES; i++) {
        alias = several[i].alias;
        measure_now(&m, &f);
        if (i == 0 || f.summary.median < best.summary.median)
            best = f;
        if (i == 0 || f.summary.median > worst.summary.median)
            worst = f;
    }
    best.name = "look-up, fleet asked, best of 8";
    worst.name = "look-up, fleet asked, worst of 8";
    worst.emulated = measure_emulated;
    figure_keep(&best, true);
    figure_keep(&worst, true);
}

static void names_register(void)
{
    for (int i = NAMES - 1; i >= 0; i--) { /* the first one stays in `path` */
        snprintf(path, sizeof path, "/app/echo-bench/%" PRIu64 "/%d", fos_pid(), i);
        must(fos_name_register(path, pair.server, NAME_PUBLIC, 0, &several[i]),
             "a name");
    }
}

void suite_name(void)
{
    pair_open(ECHO_SLOTS);
    /* A member of the fleet may share our processor. */
    fos_thread_self()->sleeper.spin_cycles = pair.spin_cycles;
    names_register();
    missing = fos_alias("/app/echo-bench/missing");
    look_up_several();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct measurement m = rows[i];
        m.suite = "name";
        m.server = m.once == echo_by_alias ? ECHO_BY_CHANNEL : ECHO_END;
        measure(&m);
    }
    for (int i = 0; i < NAMES; i++)
        must(fos_name_unregister(&several[i], NULL), "a name's end");
    fos_name_close();
    pair_close();
}
