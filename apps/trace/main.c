/* SPDX-License-Identifier: MIT */
/*
 * trace: runs a program and shows what the system did meanwhile.
 *
 *     trace [-e EVENTS] [-n COUNT] PROGRAM ARGS...
 *
 * -e  names of events and groups, separated by commas; a '-' before one leaves it out
 * -n  the newest so many events are written (16384); older ones are counted as lost
 *
 * Its status is the program's.
 */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fos/error.h>
#include <fos/proc.h>
#include <fos/start.h>

enum { COUNT_DEFAULT = 16384, STATUS_USAGE = 2, STATUS_FAILED = 126 };

struct request {
    uint64_t mask;
    size_t count;
    const char *const *program; /* with its arguments, ended by NULL */
};

static _Noreturn void usage(void)
{
    printf("usage: trace [-e EVENTS] [-n COUNT] PROGRAM ARGS...\n"
           "EVENTS, separated by commas, each with a '-' before it to leave it "
           "out:\n");
    select_show();
    exit(STATUS_USAGE);
}

static void events_choose(struct request *request, const char *list)
{
    const char *unknown;

    if (select_parse(list, &request->mask, &unknown))
        return;
    printf("trace: no event is called %s\n", unknown);
    exit(STATUS_USAGE);
}

static void count_choose(struct request *request, const char *text)
{
    char *end;

    request->count = strtoul(text, &end, 10);
    if (*end || request->count == 0)
        usage();
}

static struct request arguments_parse(char **argv)
{
    struct request request = {.mask = fos_trace_all, .count = COUNT_DEFAULT};

    for (argv++; *argv && **argv == '-'; argv += 2) {
        if (argv[1] && strcmp(*argv, "-e") == 0)
            events_choose(&request, argv[1]);
        else if (argv[1] && strcmp(*argv, "-n") == 0)
            count_choose(&request, argv[1]);
        else
            usage();
    }
    if (!*argv)
        usage();
    request.program = (const char *const *)argv;
    return request;
}

static void must(long result, const char *what)
{
    if (result >= 0)
        return;
    printf("trace: %s: %s\n", what, fos_strerror(result));
    exit(STATUS_FAILED);
}

/* The program's status. */
static int run(struct fos_tracer *tracer, const struct request *request)
{
    uint64_t pid;
    int status = STATUS_FAILED;

    fos_tracer_mask(tracer, request->mask);
    long error =
        fos_spawn_program(request->program[0], request->program, NULL, 0, &pid);
    if (!error)
        error = fos_process_wait(pid, &status, NULL);
    fos_tracer_mask(tracer, 0);
    must(error, request->program[0]);
    return status;
}

int main(int argc, char **argv)
{
    struct request request = arguments_parse(argv);
    struct fos_tracer tracer;
    struct dump dump;

    (void)argc;
    must(fos_tracer_open(&tracer, fos_start_extra(0)),
         "the trace device (only the app of the command line has it)");
    dump_begin(&dump, &tracer);
    int status = run(&tracer, &request);
    must(dump_write(&dump, request.count, status), "writing the trace");
    fos_tracer_close(&tracer);
    return status;
}
