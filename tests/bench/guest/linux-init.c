/* SPDX-License-Identifier: MIT */
/*
 * The first program of the Linux guest that stands beside fos on the same Xen: what
 * Linux takes for a null system call and for an echo between two processes on two
 * vCPUs, in JSON lines on the console.  Then it runs the other program,
 * apps/posix-bench, and powers off.
 *
 * The echoes are those of the host benchmark (tests/bench/linux.c).  The kernel's
 * command line may hold percent=N: that part of the samples.
 */
#include "../pair.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

enum { ROUNDS = 12, SAMPLES_MAX = 8192, YARDSTICK_SAMPLES = 20, WARM = 64 };

struct peer {
    const char *name;
    bool (*prepare)(void);
    void (*client)(uint64_t n);
    void (*server)(uint64_t n);
    uint64_t samples, batch; /* a round at 100 % */
    bool traps;
};

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

static void serve(void)
{
    for (uint32_t seen = 0;;) {
        uint32_t command = pair_next(&seen);
        if (command == PAIR_END)
            _exit(0);
        peers[command].server(pair->n);
        pair_done(seen);
    }
}

/* ---- measuring ---- */

static void sample(uint32_t peer, double *samples, uint64_t count)
{
    const struct peer *p = &peers[peer];
    uint64_t warm = p->batch > 1 ? WARM : 5;

    if (p->server)
        pair_start(peer, warm + count * p->batch);
    p->client(warm);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t begin = fos_bench_tsc();
        p->client(p->batch);
        samples[i] = fos_bench_each(fos_bench_tsc() - begin, overhead, p->batch);
    }
    if (p->server)
        pair_finish();
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
    report(figures,
           &(struct fos_bench_run){machine, date, fos_bench_tsc_hz() / 1e6});
}

static void posix_run(const char *percent)
{
    pid_t child = fork();

    if (child == 0) {
        execl("/posix-bench", "/posix-bench", percent, NULL);
        bench_die("/posix-bench");
    }
    waitpid(child, NULL, 0);
}

int main(void)
{
    const char *percent = getenv("percent") ? getenv("percent") : "100";
    pid_t server;

    pair_init();
    for (uint32_t i = 0; i < COUNT; i++)
        if (peers[i].prepare && !peers[i].prepare())
            bench_die(peers[i].name);
    server = fork();
    if (server < 0)
        bench_die("fork");
    pair_pin(server == 0);
    if (server == 0)
        serve();
    run((uint64_t)atoi(percent));
    pair_start(PAIR_END, 0);
    waitpid(server, NULL, 0);
    if (getpid() != 1)
        return 0;
    posix_run(percent);
    reboot(RB_POWER_OFF);
    return 0;
}
