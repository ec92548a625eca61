/* SPDX-License-Identifier: MIT */
/* What a name costs: hashed, remembered, asked for, and in place of a peer. */
#include "measure.h"

#include <fos/name.h>
#include <fos/start.h>

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
    {.name = "look-up, the fleet asked",
     .once = look_up,
     .batch = 16,
     .samples = 400},
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

void suite_name(void)
{
    struct fos_registration made;

    pair_open(ECHO_SLOTS);
    /* A member of the fleet may share our processor. */
    fos_thread_self()->sleeper.spin_cycles = pair.spin_cycles;
    snprintf(path, sizeof path, "/app/echo-bench/%" PRIu64, fos_pid());
    missing = fos_alias("/app/echo-bench/missing");
    must(fos_name_register(path, pair.server, NAME_PUBLIC, 0, &made), "a name");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct measurement m = rows[i];
        m.suite = "name";
        m.server = m.once == echo_by_alias ? ECHO_BY_CHANNEL : ECHO_END;
        measure(&m);
    }
    must(fos_name_unregister(&made), "a name's end");
    fos_name_close();
    pair_close();
}
