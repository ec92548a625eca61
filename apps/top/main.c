/* SPDX-License-Identifier: MIT */
/*
 * top, or fos-top: the processes, where they run, and what they do.
 *
 *     top [TIMES]            redraws once a second, until a line is typed
 *     top --json [SECONDS]   once, as JSON; rates over that many seconds
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/console.h>
#include <fos/error.h>
#include <fos/proc.h>

#include "fleets.h"

enum { PROCESSES_MAX = 160 };

struct snapshot {
    uint64_t ns;
    long count;
    struct proc_entry entries[PROCESSES_MAX];
    struct fleets fleets;
};

/* What a process did between two snapshots: per second, and of its time. */
struct rates {
    double kernel_sent, kernel_received, channel_sent, channel_received;
    double calls_made, calls_served;
    double running, ready, waiting; /* parts of 1 */
};

static struct snapshot snapshots[2];

static long snapshot_take(struct snapshot *s)
{
    s->count = fos_process_list(s->entries, PROCESSES_MAX);
    fleets_take(&s->fleets);
    s->ns = fos_now_ns();
    return s->count < 0 ? s->count : 0;
}

/* Seconds. */
static double between(const struct snapshot *first, const struct snapshot *last)
{
    return (double)(last->ns - first->ns) / (double)FOS_SECOND;
}

static const struct proc_entry *entry_find(const struct snapshot *s, uint64_t pid)
{
    for (long i = 0; i < s->count; i++)
        if (s->entries[i].pid == pid)
            return &s->entries[i];
    return NULL;
}

/* Published counters are the process's own words: they may run backwards. */
static double per_second(uint64_t before, uint64_t now, double seconds)
{
    return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

static double part(uint64_t before, uint64_t now, double total)
{
    return total > 0 && now > before ? (double)(now - before) / total : 0;
}

static struct rates rates_between(const struct snapshot *first,
                                  const struct snapshot *last,
                                  const struct proc_entry *e)
{
    static const struct proc_entry nothing;
    const struct proc_entry *before = entry_find(first, e->pid);
    double seconds = between(first, last);
    const struct fos_space_info *b = before ? &before->info : &nothing.info,
                                *n = &e->info;
    double total = (double)(n->ns_running + n->ns_ready + n->ns_waiting) -
                   (double)(b->ns_running + b->ns_ready + b->ns_waiting);

#define RATE(name) .name = per_second(b->published.name, n->published.name, seconds)
    return (struct rates){
        RATE(kernel_sent),
        RATE(kernel_received),
        RATE(channel_sent),
        RATE(channel_received),
        RATE(calls_made),
        RATE(calls_served),
        .running = part(b->ns_running, n->ns_running, total),
        .ready = part(b->ns_ready, n->ns_ready, total),
        .waiting = part(b->ns_waiting, n->ns_waiting, total),
    };
#undef RATE
}

static const char *state_name(const struct proc_entry *e)
{
    static const char *const names[] = {"running",  "ready",   "waiting",
                                        "faulting", "stopped", "ended"};

    if (e->ended)
        return "ended";
    return e->info.thread_state < sizeof names / sizeof *names
               ? names[e->info.thread_state]
               : "?";
}

/* ---- the table ---- */

static void row_print(const struct proc_entry *e, const struct rates *r)
{
    printf("%5" PRIu64 " %-12.12s %4u %-8s %8.0f %8.0f %8.0f %8.0f %5" PRIu64
           " %5" PRIu64 " %5.1f%% %7u\n",
           e->pid, e->name, (unsigned)e->vcpu, state_name(e),
           r->kernel_sent + r->kernel_received,
           r->channel_sent + r->channel_received, r->calls_made, r->calls_served,
           e->info.published.channels_out, e->info.published.channels_in,
           100 * r->waiting, (unsigned)e->info.mapped);
}

static void table_print(const struct snapshot *first, const struct snapshot *last)
{
    struct fos_kernel_info info = {0};

    fos_sys_kernel_info(&info);
    printf("\033[H\033[J%ld processes, %u vCPUs, %" PRIu64 " of %" PRIu64
           " KiB free, up %" PRIu64 " s\n",
           last->count, (unsigned)info.vcpus, info.frames_free * 4,
           info.frames_total * 4, (uint64_t)(info.monotonic_ns / FOS_SECOND));
    fleets_print(&first->fleets, &last->fleets, between(first, last));
    printf(
        "\n  PID NAME         vCPU STATE     kernel/s  chan./s  calls/s served/s   "
        "out    in  asleep  frames\n");
    for (long i = 0; i < last->count; i++) {
        struct rates r = rates_between(first, last, &last->entries[i]);
        row_print(&last->entries[i], &r);
    }
}

/* ---- JSON ---- */

/* Names hold printable characters only. */
static void name_print(const char *name)
{
    for (; *name; name++)
        printf(*name == '"' || *name == '\\' ? "\\%c" : "%c", *name);
}

static void object_print(const struct proc_entry *e, const struct rates *r)
{
    const struct fos_published *p = &e->info.published;

    printf("  {\"pid\": %" PRIu64 ", \"parent\": %" PRIu64 ", \"name\": \"", e->pid,
           e->parent);
    name_print(e->name);
    printf("\", \"vcpu\": %u, \"state\": \"%s\",\n", (unsigned)e->vcpu,
           state_name(e));
    printf("   \"kernel_sent_per_s\": %.1f, \"kernel_received_per_s\": %.1f,\n",
           r->kernel_sent, r->kernel_received);
    printf("   \"channel_sent_per_s\": %.1f, \"channel_received_per_s\": %.1f,\n",
           r->channel_sent, r->channel_received);
    printf("   \"calls_made_per_s\": %.1f, \"calls_served_per_s\": %.1f,\n",
           r->calls_made, r->calls_served);
    printf("   \"channels_out\": %" PRIu64 ", \"channels_in\": %" PRIu64
           ", \"sleeps\": %" PRIu64 ", \"syscalls\": %" PRIu64 ",\n",
           p->channels_out, p->channels_in, p->sleeps, e->info.syscalls);
    printf("   \"running\": %.3f, \"ready\": %.3f, \"waiting\": %.3f,\n",
           r->running, r->ready, r->waiting);
    printf("   \"mapped\": %u, \"frames_used\": %u, \"frames_quota\": %u, "
           "\"queue\": %u, "
           "\"latency_ns\": %u}",
           (unsigned)e->info.mapped, (unsigned)e->info.frames_used,
           (unsigned)e->info.frames_quota, (unsigned)e->load.queue,
           (unsigned)e->load.latency_ns);
}

static void json_print(const struct snapshot *first, const struct snapshot *last)
{
    printf("{\"seconds\": %.3f,\n", between(first, last));
    fleets_json(&first->fleets, &last->fleets, between(first, last));
    printf(" \"processes\": [\n");
    for (long i = 0; i < last->count; i++) {
        struct rates r = rates_between(first, last, &last->entries[i]);
        object_print(&last->entries[i], &r);
        printf(i + 1 < last->count ? ",\n" : "\n");
    }
    printf("]}\n");
}

/* ---- */

static int complain(long error)
{
    printf("top: the process fleet: %s\n", fos_strerror(error));
    return 1;
}

static int once(uint64_t seconds)
{
    long error = snapshot_take(&snapshots[0]);

    fos_clock_sleep(fos_now_ns() + seconds * FOS_SECOND);
    if (!error)
        error = snapshot_take(&snapshots[1]);
    if (error)
        return complain(error);
    json_print(&snapshots[0], &snapshots[1]);
    return 0;
}

/* A line or the end of the input: somebody wants it to end. */
static bool typed_until(uint64_t deadline)
{
    char key;
    long got = fos_console_read_until(&key, sizeof key, deadline);

    if (got != -FOS_ETIMEDOUT && got < 0)
        fos_clock_sleep(deadline); /* no terminal to be asked */
    return got >= 0;
}

static int live(uint64_t times)
{
    long error = snapshot_take(&snapshots[0]);

    for (uint64_t i = 1; i <= times && !error; i++) {
        if (typed_until(fos_now_ns() + FOS_SECOND))
            return 0;
        error = snapshot_take(&snapshots[i % 2]);
        if (!error)
            table_print(&snapshots[(i - 1) % 2], &snapshots[i % 2]);
    }
    return error ? complain(error) : 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--json") == 0)
        return once(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    return live(argc > 1 ? strtoull(argv[1], NULL, 10) : UINT64_MAX);
}
