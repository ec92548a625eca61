/* SPDX-License-Identifier: MIT */
/*
 * What memory costs a program: page faults, mappings, copies after fork.  Plain POSIX:
 * the same file runs on Linux.
 *
 *     mem-bench [PROCESSES]
 *
 * With a number, so many processes touch fresh memory at once, and what they get in
 * all is told.  Times are in nanoseconds of the monotonic clock.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    PAGES = 256,
    ROUNDS = 40,
    SAMPLES = PAGES * ROUNDS,
    MOVED = 1000
};

static double samples[SAMPLES];
static unsigned count;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void sample(double ns)
{
    if (count < SAMPLES)
        samples[count++] = ns;
}

static void tell(const char *name)
{
    qsort(samples, count, sizeof *samples, order);
    printf("%-36s %10.0f %10.0f %12.0f\n", name, samples[count / 2],
           samples[count * 99 / 100], 1e9 / samples[count / 2]);
    count = 0;
}

static volatile char *fresh(int advice)
{
    char *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED) {
        perror("mem-bench: mmap");
        exit(1);
    }
    madvise(at, PAGES * PAGE, advice);
    return at;
}

static void drop(volatile char *at)
{
    munmap((void *)at, PAGES * PAGE);
}

/* A page at a time, no two of them neighbours. */
static void faults_apart(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        volatile char *at = fresh(MADV_RANDOM);
        for (unsigned i = 0; i < PAGES; i++) {
            double begin = now();
            at[i * 37 % PAGES * PAGE] = 1;
            sample(now() - begin);
        }
        drop(at);
    }
    tell("page fault");
}

static void faults_in_order(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        volatile char *at = fresh(MADV_NORMAL);
        double begin = now();
        for (unsigned i = 0; i < PAGES; i++)
            at[i * PAGE] = 1;
        sample((now() - begin) / PAGES);
        drop(at);
    }
    tell("page touched in order");
}

static void mappings(void)
{
    for (int i = 0; i < MOVED; i++) {
        double begin = now();
        drop(fresh(MADV_NORMAL));
        sample(now() - begin);
    }
    tell("mmap, madvise and munmap, untouched");
}

static void protections(void)
{
    volatile char *at = fresh(MADV_NORMAL);

    at[0] = 1;
    for (int i = 0; i < MOVED; i++) {
        double begin = now();
        mprotect((void *)at, PAGE, PROT_READ);
        mprotect((void *)at, PAGE, PROT_READ | PROT_WRITE);
        at[0] = 1;
        sample(now() - begin);
    }
    tell("protect, unprotect, write");
    drop(at);
}

static void copies(void)
{
    volatile char *at = fresh(MADV_NORMAL);

    for (unsigned i = 0; i < PAGES; i++)
        at[i * PAGE] = 1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("mem-bench: fork");
        return;
    }
    if (pid == 0) {
        for (unsigned i = 0; i < PAGES; i++) {
            double begin = now();
            at[i * PAGE] = 2;
            sample(now() - begin);
        }
        tell("write after fork");
        fflush(stdout);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    drop(at);
}

static void touch_much(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        volatile char *at = fresh(MADV_RANDOM);
        for (unsigned i = 0; i < PAGES; i++)
            at[i * 37 % PAGES * PAGE] = 1;
        drop(at);
    }
}

/* All at once: how many faults a second they get in all.  A member of fos's memory
 * fleet is chosen when a program starts, so each is a program anew. */
static void crowd(const char *program, int processes)
{
    double begin = now();

    for (int i = 0; i < processes; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execl(program, program, "touch", (char *)NULL);
            _exit(127);
        }
        if (pid < 0)
            perror("mem-bench: fork");
    }
    while (wait(NULL) > 0)
        continue;
    printf("%d processes: %.0f faults a second\n", processes,
           (double)processes * SAMPLES / (now() - begin) * 1e9);
}

int main(int argc, char **argv)
{
    if (argc > 1 && *argv[1] == 't') {
        touch_much();
        return 0;
    }
    if (argc > 1) {
        crowd(argv[0], atoi(argv[1]));
        return 0;
    }
    printf("%-36s %10s %10s %12s\n", "", "median ns", "p99", "a second");
    faults_apart();
    faults_in_order();
    mappings();
    protections();
    copies();
    return 0;
}
