/* SPDX-License-Identifier: MIT */
/*
 * Two processes of Linux, each on a processor of its own: the client says what is to
 * be done, the server does its part of it and says when it is through.
 * To be included first.
 */
#ifndef FOS_BENCH_PAIR_H
#define FOS_BENCH_PAIR_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sched.h>
#include <unistd.h>

#include "bench.h"
#include "host.h"

enum { PAIR_END = 1000 }; /* a command: the server ends; smaller ones are peers */

static struct pair {
    _Atomic uint32_t sequence __attribute__((aligned(128)));
    uint32_t command;
    uint64_t n;
    _Atomic uint32_t done __attribute__((aligned(128)));
} * pair;

/* Once, before the fork. */
static inline void pair_init(void)
{
    pair = host_shared(sizeof *pair);
}

static inline void pair_pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        bench_die("pinning: two processors are needed; it");
}

/* ---- the server ---- */

/* Waits for the command that comes next; `seen` counts them, from 0. */
static inline uint32_t pair_next(uint32_t *seen)
{
    while (fos_load_acquire(&pair->sequence) == *seen)
        fos_pause();
    ++*seen;
    return pair->command;
}

/* Pairs with the acquire in pair_finish. */
static inline void pair_done(uint32_t seen)
{
    fos_store_release(&pair->done, seen);
}

/* ---- the client ---- */

/* Pairs with the acquire in pair_next. */
static inline void pair_start(uint32_t command, uint64_t n)
{
    pair->command = command;
    pair->n = n;
    fos_store_release(&pair->sequence, fos_load_relaxed(&pair->sequence) + 1);
}

static inline void pair_finish(void)
{
    while (fos_load_acquire(&pair->done) != fos_load_relaxed(&pair->sequence))
        fos_pause();
}

#endif
