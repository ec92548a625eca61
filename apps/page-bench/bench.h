/* SPDX-License-Identifier: MIT */
/* What the files of page-bench share. */
#ifndef PAGE_BENCH_BENCH_H
#define PAGE_BENCH_BENCH_H

#include <fos/call.h>
#include <fos/proto/proc.h>

enum {
    BATCH = 64,   /* pages taken at once, as a member of the memory fleet does */
    BATCHES = 60, /* of each client in a round, at 100 percent */
    ROUNDS = 9,
};

/* Ends the process with a sentence when a call has failed. */
void must(long result, const char *what);

/* A round: `clients` take and give back so many batches each.  How long it took, in
 * cycles; of the ones that work for it, `begin` and `end` start and end so many. */
struct way {
    const char *name;
    void (*begin)(uint32_t clients);
    double (*round)(uint32_t clients, uint32_t batches);
    void (*end)(uint32_t clients);
};

/* fleet.c: clients with a page member each, which take from another's when that has
 * none. */
extern const struct way way_fleet;
/* How many members there are. */
uint32_t fleet_members(void);
/* A client is this program again; `owner`: its own member. */
int fleet_client(uint32_t owner);

/* locked.c: threads, one pool, a lock. */
extern const struct way way_locked;

/* Addresses for a batch, in this process. */
uint64_t place_take(void);
/* Gives a batch that came there back to the kernel: how many pages it was. */
uint32_t place_clear(uint64_t place);

#endif
