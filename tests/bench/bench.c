/* SPDX-License-Identifier: MIT */
/*
 * The host benchmark: two processes, pinned to two processors, the very sources of
 * libfos/msg between them, and what Linux offers beside them.
 *
 *     bench [ROUNDS [OUT-FOLDER [SILENT-CHANNELS]]]
 *
 * In every round each peer is measured once, between two runs of the minimal IPC;
 * its ratio is taken to these.  When they differ by more than a quarter, the
 * hypervisor moved a processor meanwhile, or someone else used it, and the figure
 * is dropped. Figures are medians over the rounds of each round's minimum, median,
 * p99 and p99.9, apart for each place where the two processors stood: that shows in the time
 * that the minimal IPC takes.
 */
#include "pair.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { ROUNDS_DEFAULT = 15, ROUNDS_MAX = 101, PEERS_MAX = 32, SAMPLES_MAX = 1000 };
enum { COMMAND_ALU = PAIR_END + 1, WARM = 64 };
enum placement { NEAR, FAR, SIBLINGS, PLACEMENTS };

/* From how many ns of the minimal IPC on processors are not threads of one core, and not near
 * each other.  It is four ways of a line: about 8 ns each within a core, 20 to 50 within a
 * cache, 80 and more beyond it. */
enum { NEAR_NS = 50, FAR_NS = 300 };

static const char *const placement_names[] = {
    "processors that share a cache",
    "processors far apart",
    "hardware threads of one core",
};

/* One peer in one round. */
struct measurement {
    bool valid;
    double yardstick; /* the minimal IPC around it, cycles */
    double alu; /* slow-down of an ALU loop while the other processor computes */
    struct fos_summary summary;
};

static struct measurement table[PEERS_MAX][ROUNDS_MAX];
static bool available[PEERS_MAX];
static uint64_t overhead;
static double tsc_hz;

/* The best time of a loop that only computes. */
static double alu(int turns)
{
    uint64_t best = UINT64_MAX;

    while (turns--) {
        uint64_t a = 1, b = 2, c = 3, d = 4, begin = fos_bench_tsc(), took;
        for (int i = 0; i < 10000; i++)
            __asm__ __volatile__(
                "add $1,%0\n\tadd $1,%1\n\tadd $1,%2\n\tadd $1,%3\n\t"
                "add $1,%0\n\tadd $1,%1\n\tadd $1,%2\n\tadd $1,%3"
                : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
        took = fos_bench_tsc() - begin;
        if (took < best)
            best = took;
    }
    return (double)best;
}

/* ---- server ---- */

static void serve(void)
{
    for (uint32_t seen = 0;;) {
        uint32_t command = pair_next(&seen);
        if (command == PAIR_END)
            _exit(0);
        bench_forget();
        if (command == COMMAND_ALU)
            alu((int)pair->n);
        else if (bench_peers[command].server)
            bench_peers[command].server(pair->n);
        pair_done(seen);
    }
}

/* ---- client ---- */

static struct fos_summary latency(uint32_t peer, uint64_t samples)
{
    static double cycles[SAMPLES_MAX];
    const struct bench_peer *p = &bench_peers[peer];
    uint64_t warm = p->batch > 1 ? WARM * p->batch / 2 : 5;

    bench_forget();
    pair_start(peer, warm + samples * p->batch);
    p->client(warm);
    for (uint64_t i = 0; i < samples; i++) {
        uint64_t begin = fos_bench_tsc();
        p->client(p->batch);
        cycles[i] = fos_bench_each(fos_bench_tsc() - begin, overhead, p->batch);
    }
    pair_finish();
    return fos_bench_summary(cycles, samples, p->batch);
}

/* One transfer of p->batch messages: millions of them a second, or gigabytes. */
static double transfer(uint32_t peer)
{
    const struct bench_peer *p = &bench_peers[peer];
    uint64_t begin = fos_bench_tsc();
    double seconds;

    pair_start(peer, p->batch);
    p->client(p->batch);
    pair_finish();
    seconds = (double)(fos_bench_tsc() - begin) / tsc_hz;
    return (double)(p->batch * (p->messages ? 1 : p->bytes)) / seconds /
           (p->messages ? 1e6 : 1e9);
}

/* Transfers are short, so that many of them run without the scheduler's
 * interference. */
static struct fos_summary throughput(uint32_t peer)
{
    const struct bench_peer *p = &bench_peers[peer];
    double rates[SAMPLES_MAX];

    transfer(peer);
    for (uint64_t i = 0; i < p->samples; i++)
        rates[i] = transfer(peer);
    return fos_bench_summary(rates, p->samples, p->batch);
}

static double alu_ratio(void)
{
    double alone = alu(5), together;

    pair_start(COMMAND_ALU, 40);
    alu(5);
    together = alu(10);
    pair_finish();
    return together / alone;
}

static void measure(uint32_t peer, struct measurement *m)
{
    double before, after;

    if (peer == 0) { /* the yardstick itself */
        m->summary = latency(0, bench_peers[0].samples);
        m->yardstick = m->summary.median;
        m->valid = true;
        return;
    }
    before = latency(0, 40).median;
    m->summary = bench_peers[peer].bytes ? throughput(peer)
                                         : latency(peer, bench_peers[peer].samples);
    after = latency(0, 40).median;
    m->yardstick = (before + after) / 2;
    m->valid = before < after * 1.25 && after < before * 1.25;
}

static void run_rounds(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        double ratio = alu_ratio();
        if (isatty(2))
            fprintf(stderr, "\rround %d of %d ", round + 1, rounds);
        for (uint32_t i = 0; i < bench_peers_count; i++) {
            if (available[i])
                measure(i, &table[i][round]);
            table[i][round].alu = ratio;
        }
    }
    if (isatty(2))
        fprintf(stderr, "\r%20s\r", "");
}

/* ---- results ---- */

static enum placement placement(const struct measurement *m)
{
    double ns = m->yardstick / tsc_hz * 1e9;

    if (m->alu > 1.5 || ns < NEAR_NS)
        return SIBLINGS;
    return ns < FAR_NS ? NEAR : FAR;
}

/* The peer's figure over the valid rounds at `where`; false: there are none. */
static bool figure(uint32_t peer, int rounds, enum placement where,
                   struct fos_figure *f)
{
    const struct bench_peer *p = &bench_peers[peer];
    double min[ROUNDS_MAX], median[ROUNDS_MAX], ratio[ROUNDS_MAX];
    double p99[ROUNDS_MAX], p999[ROUNDS_MAX];
    uint64_t used = 0, n = 0;

    for (int r = 0; r < rounds; r++) {
        const struct measurement *m = &table[peer][r];
        if (!m->valid || placement(m) != where)
            continue;
        min[used] = m->summary.min;
        median[used] = m->summary.median;
        p99[used] = m->summary.p99;
        p999[used] = m->summary.p999;
        ratio[used++] = m->summary.median / m->yardstick;
        n += m->summary.n;
    }
    if (!used)
        return false;
    *f = (struct fos_figure){
        .suite = bench_silent ? "silent" : "host",
        .x = bench_silent,
        .name = p->name,
        .unit = "cycles",
        .where = placement_names[where],
    };
    f->summary.n = n;
    f->summary.min = fos_bench_median(min, used);
    f->summary.median = fos_bench_median(median, used);
    f->summary.p99 = fos_bench_median(p99, used);
    f->summary.p999 = fos_bench_median(p999, used);
    f->ratio = fos_bench_median(ratio, used);
    if (p->bytes) {
        f->unit = p->messages ? "M/s" : "GB/s";
        f->ratio = 0;
    }
    return true;
}

static void machine_name(char *name, size_t size)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char text[256];

    snprintf(name, size, "unknown");
    while (f && fgets(text, sizeof text, f))
        if (sscanf(text, "model name : %127[^\n\"\\]", name) == 1)
            break;
    if (f)
        fclose(f);
}

static FILE *json_open(const char *folder, const struct tm *now)
{
    char path[512], stamp[32];

    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", now);
    snprintf(path, sizeof path, "%s/host-%s.json", folder, stamp);
    mkdir(folder, 0777);
    return fopen(path, "w");
}

static int dropped(int rounds)
{
    int count = 0;

    for (uint32_t i = 0; i < bench_peers_count; i++)
        for (int r = 0; r < rounds; r++)
            count += available[i] && !table[i][r].valid;
    return count;
}

static void report(int rounds, const char *folder)
{
    char machine[128], date[32];
    struct fos_bench_run run = {machine, date, tsc_hz / 1e6};
    time_t seconds = time(NULL);
    const struct tm *now = gmtime(&seconds);
    FILE *json = json_open(folder, now);
    const char *separator = "[\n";

    machine_name(machine, sizeof machine);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", now);
    printf("%s, TSC %.0f MHz, %d rounds, %d figures dropped\n", machine,
           tsc_hz / 1e6, rounds, dropped(rounds));
    for (enum placement where = 0; where < PLACEMENTS; where++) {
        struct fos_figure f;
        bool headed = false;
        for (uint32_t i = 0; i < bench_peers_count; i++) {
            if (!available[i] || !figure(i, rounds, where, &f))
                continue;
            if (!headed) {
                printf("\n%s\n", placement_names[where]);
                fos_bench_head();
                headed = true;
            }
            fos_bench_row(&f);
            if (json) {
                fputs(separator, json);
                fos_bench_json(json, &f, &run);
                separator = ",\n";
            }
        }
    }
    if (json) {
        fputs("\n]\n", json);
        fclose(json);
    }
}

static void join(bool server)
{
    pair_pin(server);
    for (uint32_t i = 0; i < bench_peers_count; i++)
        if (available[i] && bench_peers[i].join)
            bench_peers[i].join(server);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS_DEFAULT;
    pid_t server;

    if (rounds < 1 || rounds > ROUNDS_MAX)
        bench_die("reading the number of rounds");
    host_init();
    pair_init();
    bench_silent = argc > 3 ? (uint32_t)atoi(argv[3]) : 0;
    for (uint32_t i = 0; i < bench_peers_count; i++)
        available[i] = (!bench_silent || bench_beside_silence(&bench_peers[i])) &&
                       bench_peers[i].prepare();
    server = fork();
    if (server < 0)
        bench_die("fork");
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        join(true);
        serve();
    }
    join(false);
    tsc_hz = fos_bench_tsc_hz();
    overhead = fos_bench_overhead();
    run_rounds(rounds);
    pair_start(PAIR_END, 0);
    waitpid(server, NULL, 0);
    report(rounds, argc > 2 ? argv[2] : "build/bench");
    return 0;
}
