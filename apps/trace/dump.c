/* SPDX-License-Identifier: MIT */
/*
 * The text of a trace: lines that begin with "[trace] ", which the runner keeps and
 * tools/trace-decode reads.
 *
 *     begin VERSION VCPUS TSC-HZ TSC
 *     process PID NAME               any number, the last name counts
 *     events BASE64                  whole events, as in memory, base64 of RFC 4648
 *     end EVENTS LOST DROPPED STATUS
 */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>

#include <fos/clock.h>
#include <fos/console.h>
#include <fos/error.h>
#include <fos/proc.h>
#include <fos/sleep.h>

enum {
    LINE_EVENTS =
        21, /* a multiple of 3: no padding; below a console line's 1024 bytes */
    LINE_TEXT = LINE_EVENTS * sizeof(struct fos_trace_event) / 3 * 4,
    FLUSH_LINES = 32, /* the console's queue holds about twice as much */
    PROCESSES_MAX = 128,
};

void dump_begin(struct dump *dump, const struct fos_tracer *tracer)
{
    *dump = (struct dump){.tracer = tracer, .began = fos_tsc()};
    for (uint32_t v = 0; v < tracer->info->vcpus; v++) {
        dump->next[v] = fos_tracer_written(tracer, v);
        dump->dropped += tracer->heads[v].dropped;
    }
}

static int event_order(const void *a, const void *b)
{
    const struct fos_trace_event *x = a, *y = b;

    if (x->tsc != y->tsc)
        return x->tsc < y->tsc ? -1 : 1;
    return x < y ? -1 : 1; /* those of one vCPU keep their order */
}

/* All events there still are.  Their number. */
static size_t collect(struct dump *dump, struct fos_trace_event *to,
                      size_t capacity, uint64_t *lost)
{
    size_t n = 0, got;

    for (uint32_t v = 0; v < dump->tracer->info->vcpus; v++)
        while ((got = fos_tracer_read(dump->tracer, v, &dump->next[v], to + n,
                                      capacity - n, lost)))
            n += got;
    return n;
}

static uint64_t dropped(const struct dump *dump)
{
    uint64_t sum = 0;

    for (uint32_t v = 0; v < dump->tracer->info->vcpus; v++)
        sum += dump->tracer->heads[v].dropped;
    return sum - dump->dropped;
}

static void base64(char *to, const uint8_t *from, size_t length)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < length; i += 3) {
        uint32_t bits = (uint32_t)from[i] << 16;
        bits |= i + 1 < length ? (uint32_t)from[i + 1] << 8 : 0;
        bits |= i + 2 < length ? from[i + 2] : 0;
        for (unsigned j = 0; j < 4; j++)
            *to++ = i + j <= length ? digits[bits >> (18 - 6 * j) & 63] : '=';
    }
    *to = '\0';
}

/* What the console drops for lack of room would be missed: it is waited for. */
static long events_write(const struct fos_trace_event *events, size_t count)
{
    char text[LINE_TEXT + 1];
    long error = 0;

    for (size_t i = 0, lines = 1; i < count && !error; i += LINE_EVENTS, lines++) {
        size_t n = count - i < LINE_EVENTS ? count - i : LINE_EVENTS;
        base64(text, (const uint8_t *)&events[i], n * sizeof *events);
        printf("[trace] events %s\n", text);
        if (lines % FLUSH_LINES == 0) {
            fflush(stdout);
            error = fos_console_flush(fos_now_ns() + 60 * FOS_SECOND);
        }
    }
    return error;
}

static void processes_write(void)
{
    static struct proc_entry entries[PROCESSES_MAX];
    long n = fos_process_list(entries, PROCESSES_MAX);

    printf("[trace] process 1 proc\n");
    for (long i = 0; i < n; i++)
        printf("[trace] process %llu %.*s\n", (unsigned long long)entries[i].pid,
               (int)sizeof entries[i].name, entries[i].name);
}

long dump_write(struct dump *dump, size_t most, int status)
{
    const struct fos_trace_info *info = dump->tracer->info;
    size_t capacity = info->vcpus * dump->tracer->size;
    struct fos_trace_event *events = malloc(capacity * sizeof *events);
    uint64_t lost = 0;

    if (!events)
        return -FOS_ENOMEM;
    size_t n = collect(dump, events, capacity, &lost);
    qsort(events, n, sizeof *events, event_order);
    size_t skipped = n > most ? n - most : 0;
    lost += skipped;
    printf("[trace] begin %u %u %llu %llu\n", FOS_TRACE_VERSION,
           (unsigned)info->vcpus, (unsigned long long)info->tsc_hz,
           (unsigned long long)dump->began);
    processes_write();
    long error = events_write(events + skipped, n - skipped);
    printf("[trace] end %zu %llu %llu %d\n", n - skipped, (unsigned long long)lost,
           (unsigned long long)dropped(dump), status);
    printf("trace: %zu events, %llu lost\n", n - skipped, (unsigned long long)lost);
    free(events);
    return error;
}
