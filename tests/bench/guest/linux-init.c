/* SPDX-License-Identifier: MIT */
/*
 * The first and only program of the Linux guest that stands beside fos on the same
 * Xen: what Linux takes for a null system call and for an echo between two
 * processes on two vCPUs, in JSON lines on the console.  Then it powers off.
 *
 * The echoes are those of the host benchmark (tests/bench/linux.c).  The kernel's
 * command line may hold percent=N: that part of the samples.
 */
#define _GNU_SOURCE
#include "../bench.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../host.h"

enum { ROUNDS = 12, SAMPLES_MAX = 8192, YARDSTICK_SAMPLES = 20, WARM = 64 };
enum { COMMAND_END = 1000 };

struct peer {
    const char *name;
    bool (*prepare)(void);
    void (*client)(uint64_t n);
    void (*server)(uint64_t n);
    uint64_t samples, batch; /* a round at 100 % */
    bool traps;
};

static struct control {
    _Atomic uint32_t sequence __attribute__((aligned(128)));
    uint32_t command;
    uint64_t n;
    _Atomic uint32_t done __attribute__((aligned(128)));
} * control;

static void *lines;
static uint64_t calls;
static uint64_t overhead;

void bench_die(const char *what)
{
    printf("linux-init: %s failed\n", what);
    fflush(stdout);
    sync();
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    _exit(2);
}

void *host_shared(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                    -1, 0);

    if (at == MAP_FAILED)
        bench_die("shared memory");
    return at;
}

/* ---- minimal IPC ---- */

static bool minimal_prepare(void)
{
    lines = host_shared(FOS_MINIMAL_BYTES);
    return true;
}

static void minimal_client(uint64_t n)
{
    while (n--)
        if (!fos_minimal_call(fos_minimal_line(lines, calls++), 10, 20))
            bench_die("minimal call");
}

static void minimal_server(uint64_t n)
{
    while (n--)
        if (!fos_minimal_serve(fos_minimal_line(lines, calls++)))
            bench_die("minimal serve");
}

static const struct peer peers[] = {
    {"minimal IPC", minimal_prepare, minimal_client, minimal_server, 60,
     FOS_BENCH_BATCH, false},
    {"getpid", NULL, getpid_client, NULL, 60, FOS_BENCH_BATCH, true},
    {"futex echo", futex_prepare, futex_client, futex_server, 60, 1, true},
    {"pipe echo 32 B", pipe_prepare, pipe_client, pipe_server, 60, 1, true},
    {"Unix socket echo 32 B", socket_prepare, socket_client, socket_server, 60, 1,
     true},
};
enum { COUNT = sizeof peers / sizeof *peers };

/* ---- the two processes ---- */

static void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        bench_die("pinning: two vCPUs are needed; it");
}

static void serve(void)
{
    for (uint32_t seen = 1;; seen++) {
        while (fos_load_acquire(&control->sequence) != seen)
            fos_pause();
        if (control->command == COMMAND_END)
            _exit(0);
        peers[control->command].server(control->n);
        fos_store_release(&control->done, seen);
    }
}

static void start(uint32_t command, uint64_t n)
{
    control->command = command;
    control->n = n;
    fos_store_release(&control->sequence, fos_load_relaxed(&control->sequence) + 1);
}

static void finish(void)
{
    while (fos_load_acquire(&control->done) != fos_load_relaxed(&control->sequence))
        fos_pause();
}

/* ---- measuring ---- */

static void sample(uint32_t peer, double *samples, uint64_t count)
{
    const struct peer *p = &peers[peer];
    uint64_t warm = p->batch > 1 ? WARM : 5;

    if (p->server)
        start(peer, warm + count * p->batch);
    p->client(warm);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t begin = fos_bench_tsc();
        p->client(p->batch);
        samples[i] = fos_bench_each(fos_bench_tsc() - begin, overhead, p->batch);
    }
    if (p->server)
        finish();
}

static double yardstick(void)
{
    double samples[YARDSTICK_SAMPLES];

    sample(0, samples, YARDSTICK_SAMPLES);
    return fos_bench_median(samples, YARDSTICK_SAMPLES);
}

static void measure(uint32_t peer, uint64_t percent, struct fos_figure *figure)
{
    static double samples[SAMPLES_MAX], kept[SAMPLES_MAX];
    static struct fos_rounds rounds;
    uint64_t count = peers[peer].samples * percent / 100;
    double before = yardstick();

    rounds = (struct fos_rounds){.samples = samples, .capacity = SAMPLES_MAX};
    count += count == 0;
    for (int r = 0; r < ROUNDS; r++) {
        double *into = fos_rounds_next(&rounds, count), after;
        if (!into)
            break;
        sample(peer, into, count);
        after = yardstick();
        fos_rounds_add(&rounds, count, before, after);
        before = after;
    }
    *figure = (struct fos_figure){
        .suite = "linux guest", .name = peers[peer].name, .unit = "cycles"};
    fos_rounds_figure(&rounds, kept, peers[peer].batch, figure);
}

/* ---- results ---- */

static double tsc_mhz(void)
{
    struct timespec a, b;
    uint64_t begin = fos_bench_tsc(), end;

    clock_gettime(CLOCK_MONOTONIC, &a);
    usleep(50000);
    clock_gettime(CLOCK_MONOTONIC, &b);
    end = fos_bench_tsc();
    return (double)(end - begin) / ((double)(b.tv_sec - a.tv_sec) * 1e6 +
                                    (double)(b.tv_nsec - a.tv_nsec) / 1e3);
}

static void report(const struct fos_figure *figures,
                   const struct fos_bench_run *run)
{
    fos_bench_head();
    for (int i = 0; i < COUNT; i++)
        fos_bench_row(&figures[i]);
    for (int i = 0; i < COUNT; i++) {
        printf("[json] ");
        fos_bench_json(stdout, &figures[i], run);
        printf("\n");
    }
    fflush(stdout);
}

static void run(uint64_t percent)
{
    struct fos_figure figures[COUNT];
    char machine[FOS_MACHINE_NAME], date[32];
    time_t now = time(NULL);
    bool emulator = fos_machine_name(machine);

    overhead = fos_bench_overhead();
    for (uint32_t i = 0; i < COUNT; i++) {
        measure(i, percent, &figures[i]);
        figures[i].emulated = peers[i].traps && emulator;
    }
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    report(figures, &(struct fos_bench_run){machine, date, tsc_mhz()});
}

int main(void)
{
    const char *percent = getenv("percent");
    pid_t server;

    control = host_shared(sizeof *control);
    for (uint32_t i = 0; i < COUNT; i++)
        if (peers[i].prepare && !peers[i].prepare())
            bench_die(peers[i].name);
    server = fork();
    if (server < 0)
        bench_die("fork");
    pin(server == 0);
    if (server == 0)
        serve();
    run(percent ? (uint64_t)atoi(percent) : 100);
    start(COMMAND_END, 0);
    waitpid(server, NULL, 0);
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    return 0;
}
