/* SPDX-License-Identifier: MIT */
/*
 * echo-bench: what a message costs on fos.
 *
 *     echo-bench [ITERATIONS]
 *
 * Two processes on two vCPUs; the second is this program again.  Messages of 32
 * bytes go to it and come back, by each transport, through the calls that every
 * program uses.  The yardstick is the minimal IPC of the thesis's appendix A, run
 * before and after each measurement; every figure stands beside its ratio to that.
 * Fast things are timed in batches of 64.
 */
#include "echo.h"

#include <cpuid.h>
#include <string.h>
#include <time.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/proc.h>
#include <fos/start.h>

enum {
    ITERATIONS_DEFAULT = 102400,
    ROUNDS = 16,
    SAMPLES_MAX = 4096, /* of one measurement, over all rounds */
    YARDSTICK_SAMPLES = 20,
    WARM = 200,
};

static struct fos_mailbox inbox;
static struct fos_peer by_channel, by_kernel, shared;
static void *lines;    /* shared with the server, for the minimal IPC */
static uint64_t calls; /* of the minimal IPC so far */
static struct fos_cap server_mailbox;
static uint8_t message[FOS_BENCH_MESSAGE];
static uint64_t overhead;
static bool emulator;

void must(long result, const char *what)
{
    if (result >= 0)
        return;
    printf("echo-bench: %s: %s\n", what, fos_strerror(result));
    exit(1);
}

/* ---- what is measured: one operation each ---- */

static void receive(uint32_t expected)
{
    uint8_t answer[FOS_BENCH_MESSAGE];
    uint32_t length;

    must(fos_msg_recv(&inbox, answer, sizeof answer, &length, FOS_NEVER),
         "receiving");
    must(length == expected ? 0 : -FOS_EPROTO, "answer");
}

static void channel_echo(void)
{
    must(fos_msg_send(&by_channel, message, sizeof message), "sending");
    receive(sizeof message);
}

static void kernel_echo(void)
{
    must(fos_msg_send(&by_kernel, message, sizeof message),
         "sending by the kernel");
    receive(sizeof message);
}

static void minimal_call(void)
{
    must(fos_minimal_call(fos_minimal_line(lines, calls++), 10, 20) ? 0
                                                                    : -FOS_EPROTO,
         "minimal IPC");
}

static void minimal_call_tight(void)
{
    must(fos_minimal_call_tight(fos_minimal_line(lines, calls++), 10, 20)
             ? 0
             : -FOS_EPROTO,
         "minimal IPC");
}

static void null_call(void)
{
    must(fos_sys_null(), "null system call");
}

/* A channel is made, and its first message answered: so the other side has
 * accepted. */
static void set_up(void)
{
    struct fos_peer fresh;

    must(fos_peer_open(&fresh, server_mailbox, FOS_TRANSPORT_CHANNEL), "channel");
    must(fos_msg_send(&fresh, message, sizeof message), "first message");
    receive(sizeof message);
    fos_peer_close(&fresh);
}

static void await_sleep(void)
{
    while (fos_load_acquire(&by_channel.doorbell->state) != FOS_DOORBELL_SLEEPING)
        fos_pause();
    for (int i = 0; i < 20; i++) /* from saying so to sleeping it still has a way */
        must(fos_sys_null(), "null system call");
}

/* ---- measuring ---- */

struct measurement {
    const char *name;
    void (*once)(void);
    void (*before)(void); /* not timed, before each sample */
    enum echo_op op;      /* what the server does meanwhile; ECHO_END: nothing */
    uint32_t batch;
    uint32_t share; /* of the iterations asked for, one in so many */
    bool traps;
};

static const struct measurement yardstick = {
    "(c) minimal IPC", minimal_call, NULL, ECHO_MINIMAL, FOS_BENCH_BATCH, 1, false};

static const struct measurement measurements[] = {
    {"    minimal IPC, no pause", minimal_call_tight, NULL, ECHO_TIGHT,
     FOS_BENCH_BATCH, 1, false},
    {"(a) user channel echo 32 B", channel_echo, NULL, ECHO_BY_CHANNEL,
     FOS_BENCH_BATCH, 1, false},
    {"(b) kernel messaging echo 32 B", kernel_echo, NULL, ECHO_BY_KERNEL,
     FOS_BENCH_BATCH, 1, true},
    {"(d) null system call", null_call, NULL, ECHO_END, FOS_BENCH_BATCH, 1, true},
    {"(e) channel set-up, first echo", set_up, NULL, ECHO_BY_CHANNEL, 1, 200, true},
    {"(f) echo, receiver asleep", channel_echo, await_sleep, ECHO_BY_CHANNEL, 1,
     200, true},
};

static void command(enum echo_op op, uint32_t n)
{
    struct echo_command c = {op, n};

    must(fos_msg_send(&by_channel, &c, sizeof c), "command");
    receive(0);
}

/* One round: `count` samples, each of a batch. */
static void sample(const struct measurement *m, double *samples, uint32_t count)
{
    uint32_t warm = m->batch > 1 ? WARM : 1;

    if (m->op != ECHO_END)
        command(m->op, warm + count * m->batch);
    for (uint32_t i = 0; i < warm; i++)
        m->once();
    for (uint32_t i = 0; i < count; i++) {
        uint64_t begin;
        if (m->before)
            m->before();
        begin = fos_bench_tsc();
        for (uint32_t k = m->batch; k > 0; k--)
            m->once();
        samples[i] = fos_bench_each(fos_bench_tsc() - begin, overhead, m->batch);
    }
}

static double yardstick_now(void)
{
    double samples[YARDSTICK_SAMPLES];

    sample(&yardstick, samples, YARDSTICK_SAMPLES);
    return fos_bench_median(samples, YARDSTICK_SAMPLES);
}

static uint32_t samples_per_round(const struct measurement *m, uint32_t iterations)
{
    uint32_t n = iterations / m->share / m->batch / ROUNDS;

    if (n > SAMPLES_MAX / ROUNDS)
        n = SAMPLES_MAX / ROUNDS;
    return n ? n : 1;
}

/* All rounds; the ratio is the median of the rounds' ratios. */
static struct fos_figure measure(const struct measurement *m, uint32_t iterations)
{
    static double samples[SAMPLES_MAX];
    double round[SAMPLES_MAX / ROUNDS], ratios[ROUNDS], before = yardstick_now();
    uint32_t count = samples_per_round(m, iterations);
    struct fos_figure f = {.name = m->name, .unit = "cycles"};

    for (uint32_t r = 0; r < ROUNDS; r++) {
        double after;
        sample(m, round, count);
        memcpy(samples + r * count, round, count * sizeof *round);
        after = yardstick_now();
        ratios[r] = fos_bench_median(round, count) / ((before + after) / 2);
        before = after;
    }
    f.summary = fos_bench_summary(samples, (uint64_t)count * ROUNDS, m->batch);
    f.ratio = fos_bench_median(ratios, ROUNDS);
    f.emulated = m->traps && emulator;
    return f;
}

/* ---- the machine ---- */

static bool emulated(void)
{
    unsigned a, b, c, d;
    char name[13] = {0};

    __cpuid(0x40000000, a, b, c, d);
    memcpy(name, &b, 4);
    memcpy(name + 4, &c, 4);
    memcpy(name + 8, &d, 4);
    return strcmp(name, "TCGTCGTCGTCG") == 0;
}

static void machine_name(char name[80])
{
    unsigned *words = (unsigned *)(void *)name;

    memset(name, 0, 80);
    for (unsigned i = 0; i < 3; i++)
        __cpuid(0x80000002 + i, words[4 * i], words[4 * i + 1], words[4 * i + 2],
                words[4 * i + 3]);
    for (char *p = name; *p; p++)
        if (*p == '"' || *p == '\\' || *p < ' ')
            *p = ' ';
    if (emulator)
        strcat(name, ", emulated by QEMU");
}

static void report(const struct fos_figure *figures, size_t count)
{
    char machine[80] __attribute__((aligned(4))), date[32];
    time_t now = (time_t)(fos_wall_ns() / FOS_SECOND);
    struct tm utc;

    machine_name(machine);
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    printf("\n%s\nTwo processes, on vCPUs %u and %u; cycles of the TSC.\n\n",
           machine, fos_start_page->vcpu,
           (fos_start_page->vcpu + 1) % fos_start_page->vcpus);
    fos_bench_head();
    for (size_t i = 0; i < count; i++)
        fos_bench_row(&figures[i]);
    if (emulator)
        printf("\n'emulated': the cost of a trap is the emulator's, not a "
               "processor's.\n");
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        printf("[json] ");
        fos_bench_json(stdout, &figures[i], machine, date);
        printf("\n");
    }
}

/* ---- start ---- */

static void connect(const char *self)
{
    const char *const argv[] = {self, "server", NULL};
    struct fos_spawn spawn = {.path = self, .argv = argv, .ncaps = 1};
    uint32_t length;
    uint64_t pid;

    must(fos_mailbox_create(&inbox, MAILBOX_SLOTS), "mailbox");
    spawn.caps = &inbox.cap;
    spawn.vcpu_plus_one = (fos_start_page->vcpu + 1) % fos_start_page->vcpus + 1;
    must(fos_spawn(&spawn, &pid), "starting the server");
    must(fos_msg_recv(&inbox, &server_mailbox, sizeof server_mailbox, &length,
                      fos_now_ns() + 20 * FOS_SECOND),
         "the server's greeting");
    must(length == sizeof server_mailbox ? 0 : -FOS_EPROTO,
         "the server's greeting");
    must(fos_peer_open_ring(&shared, server_mailbox, 1), "shared channel");
    must(fos_msg_send(&shared, "", 1), "shared channel");
    receive(0); /* no other channel before the server knows this one */
    lines = (char *)shared.window + ECHO_LINES_OFFSET;
    must(fos_peer_open(&by_kernel, server_mailbox, FOS_TRANSPORT_KERNEL), "kernel");
    must(fos_peer_open(&by_channel, server_mailbox, FOS_TRANSPORT_CHANNEL),
         "channel");
}

static void client_run(const char *self, uint32_t iterations)
{
    enum { COUNT = sizeof measurements / sizeof *measurements };
    struct fos_figure figures[COUNT + 1];

    if (fos_start_page->vcpus < 2) {
        printf("echo-bench: needs two vCPUs, there is one\n");
        exit(1);
    }
    connect(self);
    emulator = emulated();
    overhead = fos_bench_overhead();
    /* The one who measures does not sleep: (f) is about the other side's sleep. */
    fos_thread_self()->sleeper.spin_cycles = UINT64_MAX / 4;
    printf("echo-bench: %u iterations of each fast operation\n", iterations);
    figures[0] = measure(&yardstick, iterations);
    for (size_t i = 0; i < COUNT; i++) {
        printf("  measuring %s\n", measurements[i].name);
        figures[i + 1] = measure(&measurements[i], iterations);
    }
    command(ECHO_END, 0);
    report(figures, COUNT + 1);
}

int main(int argc, char **argv)
{
    long iterations = argc > 1 ? atol(argv[1]) : ITERATIONS_DEFAULT;

    if (argc > 1 && strcmp(argv[1], "server") == 0)
        return server_run(fos_start_extra(0));
    if (iterations < 1 || iterations > 10000000) {
        printf("usage: echo-bench [ITERATIONS], 1 to 10000000\n");
        return 2;
    }
    client_run(argv[0], (uint32_t)iterations);
    return 0;
}
