/* SPDX-License-Identifier: MIT */
/*
 * What the system tests let a guest do: `exit N`, `stay` (until it is shut down),
 * `read` (answers each line typed, ends at `end`), `fault` (writes to nowhere),
 * `results` (lines for the runner), `partial` (ends in the middle of a line),
 * `crowd N` (N idle processes, each on a vCPU of its own).
 */
#include <fos/proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int act_read(void)
{
    char line[128];

    puts("type");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        printf("got <%s>\n", line);
        if (strcmp(line, "end") == 0)
            return 0;
    }
    puts("no more input");
    return 1;
}

static int act_results(void)
{
    puts("[json] {\"name\": \"one\", \"n\": 1}");
    puts("between");
    puts("[json] {\"name\": \"two\", \"n\": 2}");
    puts("[fos 0123456789abcdef] exit 99");
    return 0;
}

static int act_crowd(int count)
{
    static const char *const argv[] = {"test-act", "idle", NULL};

    for (int i = 0; i < count; i++) {
        struct fos_spawn child = {
            .path = argv[0], .argv = argv, .vcpu_plus_one = i + 2};
        uint64_t pid;
        long error = fos_spawn(&child, &pid);

        if (error) {
            printf("act: process %d cannot be started: %ld\n", i, error);
            return 1;
        }
    }
    printf("%d idle\n", count);
    sleep(3600);
    return 0;
}

static int act(const char *what, const char *argument)
{
    if (strcmp(what, "exit") == 0)
        return atoi(argument);
    if (strcmp(what, "stay") == 0) {
        puts("staying");
        for (;;)
            sleep(1);
    }
    if (strcmp(what, "idle") == 0)
        return (int)sleep(3600);
    if (strcmp(what, "crowd") == 0)
        return act_crowd(atoi(argument));
    if (strcmp(what, "read") == 0)
        return act_read();
    if (strcmp(what, "results") == 0)
        return act_results();
    if (strcmp(what, "partial") == 0) {
        printf("no line end");
        return 3;
    }
    if (strcmp(what, "fault") == 0)
        *(volatile int *)0x10 = 1;
    printf("act: what is `%s`?\n", what);
    return 2;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    return act(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "0");
}
