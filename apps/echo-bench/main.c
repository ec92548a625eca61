/* SPDX-License-Identifier: MIT */
/*
 * echo-bench: what a message costs on fos.
 *
 *     echo-bench [SUITE [PERCENT]]
 *
 * Two processes on two vCPUs; the second is this program again.  Messages go to it
 * and come back, by each transport, through the calls that every program uses.  The
 * yardstick is the minimal IPC of the thesis's appendix A, run before and after each
 * round of a measurement; every figure stands beside its ratio to that.
 *
 * SUITE is one of the table below, or `all`; PERCENT what part of the samples is
 * taken: with less than 100 no row takes long.  The status is 75 where the host lets
 * the two run in turns only, for seconds; the suites before have had their say then.
 */
#include "measure.h"

#include <string.h>

#include <fos/start.h>

struct suite {
    const char *name;
    void (*run)(void);
    const char *sentence;
};

static const struct suite suites[] = {
    {"echo", suite_echo, "32 bytes there and back by each transport"},
    {"size", suite_size, "echo of 1 byte to 1 MiB"},
    {"policy", suite_policy, "the first messages of a conversation"},
    {"clients", suite_clients, "many senders, one receiver"},
    {"load", suite_load, "latency while requests come at a given rate"},
    {"silent", suite_silent, "echo while other channels are silent"},
    {"rpc", suite_rpc, "typed calls, one and many at a time"},
    {"name", suite_name, "what a name costs"},
    {"threads", suite_threads, "threads made, locks handed over"},
    {"pages", suite_pages, "bytes through the ring, or pages moved"},
};
enum { SUITES = sizeof suites / sizeof *suites };

static void say_machine(void)
{
    char machine[FOS_MACHINE_NAME];

    fos_machine_name(machine);
    printf("%s\nTwo processes, on vCPUs %u and %u; cycles of the TSC.\n", machine,
           fos_start_page->vcpu,
           (fos_start_page->vcpu + 1) % fos_start_page->vcpus);
}

static int run(const char *name)
{
    bool found = false;

    if (fos_start_page->vcpus < 2) {
        printf("echo-bench: needs two vCPUs, there is one\n");
        return 1;
    }
    measure_begin();
    say_machine();
    for (int i = 0; i < SUITES; i++) {
        if (strcmp(name, "all") && strcmp(name, suites[i].name))
            continue;
        printf("\n%s: %s\n", suites[i].name, suites[i].sentence);
        fflush(stdout);
        suites[i].run();
        figures_print();
        found = true;
    }
    if (measure_emulated && found)
        printf("\n'emulated': the cost of a trap is the emulator's, not a "
               "processor's.\n");
    return found ? 0 : 2;
}

static int usage(void)
{
    printf("usage: echo-bench [SUITE [PERCENT]], 1 to 1000 percent; suites:\n"
           "  all\n");
    for (int i = 0; i < SUITES; i++)
        printf("  %-8s %s\n", suites[i].name, suites[i].sentence);
    return 2;
}

int main(int argc, char **argv)
{
    long percent = argc > 2 ? atol(argv[2]) : 100;
    int status;

    if (argc > 2 && strcmp(argv[1], "server") == 0)
        return server_run(fos_start_extra(0), (uint32_t)percent);
    if (argc > 1 && strcmp(argv[1], "client") == 0)
        return client_run(fos_start_extra(0), argc - 2, argv + 2);
    if (percent < 1 || percent > 1000)
        return usage();
    measure_percent = (uint32_t)percent;
    status = run(argc > 1 ? argv[1] : "echo");
    return status == 2 ? usage() : status;
}
