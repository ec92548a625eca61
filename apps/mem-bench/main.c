/* SPDX-License-Identifier: MIT */
/*
 * What memory costs a program: page faults, mappings, copies after fork.  Plain POSIX:
 * the same file runs on Linux.
 *
 *     mem-bench [PROCESSES | all [PERCENT]]
 *
 * With a number, so many processes touch fresh memory at once, and what they get in
 * all is told; with `all`, a fault's time and what 1, 2 and 4 processes get, as JSON too,
 * beside how many members of the memory fleet there are.  Times are in nanoseconds of
 * the monotonic clock.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <fos/bench.h>
#ifdef __fos__
#include <fos/clock.h>
#include <fos/proc.h>
#endif

enum {
    PAGE = 4096,
    PAGES = 256,
    ROUNDS = 40,
    SAMPLES = PAGES * ROUNDS,
    MOVED = 1000,
    CROWDS = 7,
    CROWD_ROUNDS = 4,
    GO = 3, /* descriptors of the children of a crowd */
    DONE = 4,
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
static void faults_apart(int rounds)
{
    count = 0;
    for (int round = 0; round < rounds; round++) {
        volatile char *at = fresh(MADV_RANDOM);
        for (unsigned i = 0; i < PAGES; i++) {
            double begin = now();
            at[i * 37 % PAGES * PAGE] = 1;
            sample(now() - begin);
        }
        drop(at);
    }
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

static void touch_much(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        volatile char *at = fresh(MADV_RANDOM);
        for (unsigned i = 0; i < PAGES; i++)
            at[i * 37 % PAGES * PAGE] = 1;
        drop(at);
    }
}

/* One of a crowd: is there, is let go, is through. */
static int touch(int rounds)
{
    char byte = 0;

    touch_much(1);
    if (write(DONE, &byte, 1) != 1 || read(GO, &byte, 1) != 1)
        return 1;
    touch_much(rounds);
    return write(DONE, &byte, 1) != 1;
}

static void child_run(const char *program, int rounds, int go, int done)
{
    char text[12];

    snprintf(text, sizeof text, "%d", rounds);
    if (dup2(go, GO + 10) < 0 || dup2(done, DONE) < 0 || dup2(GO + 10, GO) < 0)
        _exit(126);
    execlp(program, program, "touch", text, (char *)NULL);
    _exit(127);
}

static bool bytes_move(ssize_t (*move)(int, void *, size_t), int fd, int count)
{
    char byte = 0;

    while (count-- > 0)
        if (move(fd, &byte, 1) != 1)
            return false;
    return true;
}

static ssize_t put(int fd, void *byte, size_t size)
{
    return write(fd, byte, size);
}

/* Faults a second of all together, once they are all there; 0: it went wrong.  A member
 * of fos's memory fleet is chosen when a program starts, so each is a program anew. */
static double crowd(const char *program, int processes, int rounds)
{
    int go[2], done[2];
    double begin, took;
    bool good;

    if (pipe(go) || pipe(done))
        return 0;
    for (int i = 0; i < processes; i++) {
        pid_t pid = fork();
        if (pid == 0)
            child_run(program, rounds, go[0], done[1]);
        if (pid < 0)
            perror("mem-bench: fork");
    }
    close(done[1]);
    good = bytes_move(read, done[0], processes);
    begin = now();
    good = good && bytes_move(put, go[1], processes) &&
           bytes_move(read, done[0], processes);
    took = now() - begin;
    close(go[0]);
    close(go[1]);
    close(done[0]);
    while (wait(NULL) > 0)
        continue;
    return good ? (double)processes * PAGES * rounds / took * 1e9 : 0;
}

/* ---- everything, as records ---- */

/* Of the memory fleet; 0: there is none. */
static uint32_t members(void)
{
#ifdef __fos__
    struct proc_members_req req = {.fleet = "mem"};
    struct proc_members_rep rep = {0};

    if (proc_members_call(fos_proc_peer(), &req, &rep,
                          fos_now_ns() + 10 * FOS_SECOND) == 0)
        return rep.view.slots;
#endif
    return 0;
}

/* As soon as it is known. */
static void tell_row(struct fos_figure *f)
{
    char machine[FOS_MACHINE_NAME];

    f->emulated = fos_machine_name(machine);
    f->x = members();
    fos_bench_row(f);
    fflush(stdout);
}

static void tell_records(const struct fos_figure *figures, int figures_count)
{
    char machine[FOS_MACHINE_NAME], date[32];
    struct fos_bench_run about = {machine, date, fos_bench_tsc_hz() / 1e6};
    time_t today = time(NULL);

    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&today));
    fos_machine_name(machine);
    for (int i = 0; i < figures_count; i++) {
        printf("[json] ");
        fos_bench_json(stdout, &figures[i], &about);
        printf("\n");
    }
}

static int everything(const char *program, int percent)
{
    static const char *const names[] = {"1 program", "2 programs", "4 programs"};
    struct fos_figure figures[4] = {
        {.suite = "faults", .name = "page fault", .unit = "ns"}};
    int rounds = CROWD_ROUNDS * percent / 100 + 1;
    double rates[CROWDS];

    fos_bench_head();
    faults_apart(ROUNDS * percent / 100 + 1);
    figures[0].summary = fos_bench_summary(samples, count, 1);
    tell_row(&figures[0]);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < CROWDS; k++)
            if ((rates[k] = crowd(program, 1 << i, rounds) / 1e3) <= 0)
                return 1;
        figures[i + 1] =
            (struct fos_figure){.suite = "faults", .name = names[i], .unit = "k/s"};
        figures[i + 1].summary =
            fos_bench_summary(rates, CROWDS, (uint64_t)(PAGES * rounds) << i);
        tell_row(&figures[i + 1]);
    }
    tell_records(figures, 4);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && *argv[1] == 't')
        return touch(atoi(argv[2]));
    if (argc > 1 && *argv[1] == 'a')
        return everything(argv[0], argc > 2 ? atoi(argv[2]) : 100);
    if (argc > 1) {
        printf("%s processes: %.0f faults a second\n", argv[1],
               crowd(argv[0], atoi(argv[1]), ROUNDS));
        return 0;
    }
    printf("%-36s %10s %10s %12s\n", "", "median ns", "p99", "a second");
    faults_apart(ROUNDS);
    tell("page fault");
    faults_in_order();
    mappings();
    protections();
    copies();
    return 0;
}
