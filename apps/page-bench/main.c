/* SPDX-License-Identifier: MIT */
/*
 * page-bench: how many pages a second the page fleet gives and gets back.
 *
 *     page-bench [PERCENT]        (and the word `insider` on fos's command line)
 *
 * With 1, 2, ... members and as many clients, each a process that takes batches from its
 * member, as members of the memory fleet do, and unmaps them; beside it as many threads
 * of one process that take from one pool of the same kind under a lock.  The pages are
 * zeroed in both; both trap for each batch: once to move it, once to unmap it, and once
 * for the pool's next pages.
 */
#include <stdlib.h>

#include <fos/bench.h>
#include <fos/error.h>
#include <fos/memory.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "bench.h"

enum { MEMBERS_MAX = 4 };

void must(long result, const char *what)
{
    if (result >= 0)
        return;
    printf("page-bench: %s: %s\n", what, fos_strerror(result));
    exit(1);
}

uint64_t place_take(void)
{
    uint64_t place = (uint64_t)fos_pages_reserve(BATCH);

    must(place ? 0 : -FOS_ENOMEM, "addresses");
    return place;
}

uint32_t place_clear(uint64_t place)
{
    long pages =
        fos_sys_space_protect(fos_own_space(), place, BATCH, FOS_MAP_SPARSE);

    must(pages, "giving back");
    return (uint32_t)pages;
}

static struct fos_figure figure_of(const struct way *way, uint32_t clients,
                                   uint32_t batches, double tsc_hz)
{
    struct fos_figure f = {
        .suite = "page", .name = way->name, .unit = "k/s", .x = clients};
    double rates[ROUNDS];

    way->begin(clients);
    way->round(clients, batches / 4 + 1);
    for (int i = 0; i < ROUNDS; i++)
        rates[i] = (double)clients * batches * BATCH /
                   (way->round(clients, batches) / tsc_hz) / 1e3;
    way->end(clients);
    f.summary =
        fos_bench_summary(rates, ROUNDS, (uint64_t)clients * batches * BATCH);
    return f;
}

static void measure(uint32_t percent)
{
    static const struct way *const ways[] = {&way_fleet, &way_locked};
    uint32_t batches = BATCHES * percent / 100 + 1, members = fleet_members();
    struct fos_figure figures[2 * MEMBERS_MAX];
    char machine[FOS_MACHINE_NAME], date[32];
    bool emulated = fos_machine_name(machine);
    double tsc_hz = fos_bench_tsc_hz();
    struct fos_bench_run about = {machine, date, tsc_hz / 1e6};
    time_t now = time(NULL);
    uint32_t count = 0;

    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    fos_bench_head();
    for (uint32_t n = 1; n <= members && n <= MEMBERS_MAX; n++) {
        for (int way = 0; way < 2; way++) {
            figures[count] = figure_of(ways[way], n, batches, tsc_hz);
            figures[count].emulated = emulated;
            fos_bench_row(&figures[count++]);
            fflush(stdout);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        printf("[json] ");
        fos_bench_json(stdout, &figures[i], &about);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "client"))
        return fleet_client((uint32_t)atoi(argv[2]));
    if (!fos_start_page->caps[FOS_START_CONTROL].id) {
        printf("page-bench: only who has the word of the fleets is given pages: "
               "tools/run --extra \"insider page=4\"\n");
        return 1;
    }
    measure(argc > 1 ? (uint32_t)atoi(argv[1]) : 100);
    return 0;
}
