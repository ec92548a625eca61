/* SPDX-License-Identifier: MIT */
/*
 * What processes, memory, pipes and threads cost, by POSIX calls alone: the same
 * source runs on fos and, in the Linux guest beside it, on Linux.
 *
 *     posix-bench [PERCENT [PART-OF-A-NAME]]
 *
 * PERCENT: that part of the samples.  A measurement whose calls fail is said to and
 * has no figure.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include <fos/bench.h>

enum { SAMPLES_MAX = 1000, WARM = 2, FAULT_PAGES = 64, PAGE = 4096 };

static const char leave[] = "leave"; /* the argument of a program that only ends */
static const char stamp[] =
    "stamp"; /* ... that writes when its main began: a descriptor */
static char *self;
static uint64_t
    until; /* when the measured part of a sample ended; 0: with all of it */
static const char *why; /* the call that failed, with errno; null: none */

extern char **environ;

static bool holds(bool good, const char *call)
{
    if (!good && !why)
        why = call;
    return good;
}

/* ---- processes ---- */

static void await(pid_t child)
{
    int status = 0;

    if (holds(waitpid(child, &status, 0) == child, "waitpid"))
        holds(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child");
}

static void fork_once(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    if (holds(child > 0, "fork"))
        await(child);
}

static void spawn_once(void)
{
    char *arguments[] = {self, (char *)leave, NULL};
    pid_t child;
    int error = posix_spawnp(&child, self, NULL, NULL, arguments, environ);

    if (error)
        errno = error;
    if (holds(!error, "posix_spawnp"))
        await(child);
}

/* ---- from the call to the first line of main ---- */

static int stamps[2];
static char stamps_fd[12];

static bool stamps_begin(void)
{
    if (!holds(pipe(stamps) == 0, "pipe"))
        return false;
    snprintf(stamps_fd, sizeof stamps_fd, "%d", stamps[1]);
    return true;
}

static void stamps_end(void)
{
    close(stamps[0]);
    close(stamps[1]);
}

static void main_once(void)
{
    char *arguments[] = {self, (char *)stamp, stamps_fd, NULL};
    uint64_t begun;
    pid_t child;
    int error = posix_spawnp(&child, self, NULL, NULL, arguments, environ);

    if (error)
        errno = error;
    if (!holds(!error, "posix_spawnp"))
        return;
    if (holds(read(stamps[0], &begun, sizeof begun) == sizeof begun, "read"))
        until = begun;
    await(child);
}

/* ---- memory ---- */

static char *fresh; /* pages not yet touched */
static uint32_t touched;

static bool fault_begin(void)
{
    touched = 0;
    fresh = mmap(NULL, FAULT_PAGES * PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return holds(fresh != MAP_FAILED, "mmap");
}

static void fault_once(void)
{
    fresh[touched++ * PAGE] = 1;
}

static void fault_end(void)
{
    holds(munmap(fresh, FAULT_PAGES * PAGE) == 0, "munmap");
}

static void map_once(void)
{
    void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0);

    if (holds(at != MAP_FAILED, "mmap"))
        holds(munmap(at, PAGE) == 0, "munmap");
}

/* ---- a pipe each way to a child that sends back what comes ---- */

static int there[2], back[2];
static pid_t echoer;

_Noreturn static void pipe_serve(void)
{
    char message[FOS_BENCH_MESSAGE];

    close(there[1]);
    while (read(there[0], message, sizeof message) == sizeof message)
        if (write(back[1], message, sizeof message) != sizeof message)
            break;
    _exit(0);
}

static bool pipe_begin(void)
{
    if (!holds(pipe(there) == 0 && pipe(back) == 0, "pipe"))
        return false;
    echoer = fork();
    if (echoer == 0)
        pipe_serve();
    return holds(echoer > 0, "fork");
}

static void pipe_once(void)
{
    static char message[FOS_BENCH_MESSAGE];

    if (holds(write(there[1], message, sizeof message) == sizeof message, "write"))
        holds(read(back[0], message, sizeof message) == sizeof message, "read");
}

static void pipe_end(void)
{
    close(there[1]);
    await(echoer);
    close(there[0]);
    close(back[0]);
    close(back[1]);
}

/* ---- threads ---- */

static void *thread_nothing(void *argument)
{
    return argument;
}

static void thread_once(void)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, thread_nothing, NULL);
    if (holds(errno == 0, "pthread_create"))
        holds(pthread_join(thread, NULL) == 0, "pthread_join");
}

enum turn { OURS, THEIRS, OVER };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed[2] = {PTHREAD_COND_INITIALIZER,
                                    PTHREAD_COND_INITIALIZER};
static enum turn turn;
static pthread_t partner;

static void *turn_serve(void *argument)
{
    pthread_mutex_lock(&lock);
    while (turn != OVER) {
        if (turn == THEIRS) {
            turn = OURS;
            pthread_cond_signal(&changed[OURS]);
        }
        pthread_cond_wait(&changed[THEIRS], &lock);
    }
    pthread_mutex_unlock(&lock);
    return argument;
}

static bool turn_begin(void)
{
    turn = OURS;
    errno = pthread_create(&partner, NULL, turn_serve, NULL);
    return holds(errno == 0, "pthread_create");
}

static void turn_once(void)
{
    pthread_mutex_lock(&lock);
    turn = THEIRS;
    pthread_cond_signal(&changed[THEIRS]);
    while (turn != OURS)
        pthread_cond_wait(&changed[OURS], &lock);
    pthread_mutex_unlock(&lock);
}

static void turn_end(void)
{
    pthread_mutex_lock(&lock);
    turn = OVER;
    pthread_cond_signal(&changed[THEIRS]);
    pthread_mutex_unlock(&lock);
    holds(pthread_join(partner, NULL) == 0, "pthread_join");
}

static void mutex_once(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

/* ---- measuring ---- */

static const char spawn_to_main[] = "posix_spawn to main";

static const struct row {
    const char *name;
    bool (*begin)(void); /* before each sample; null: nothing to do */
    void (*once)(void);
    void (*end)(void);
    uint32_t samples, batch;
    bool whole; /* begin and end once, not for each sample */
} rows[] = {
    {"page fault, zeroed page", fault_begin, fault_once, fault_end, 40, FAULT_PAGES,
     false},
    {"mmap and munmap of a page", NULL, map_once, NULL, 40, 16, false},
    {"mutex, nobody else", NULL, mutex_once, NULL, 40, 1000, false},
    {"thread create, join", NULL, thread_once, NULL, 60, 1, false},
    {"mutex to a thread and back", turn_begin, turn_once, turn_end, 100, 4, true},
    {"pipe to a process and back, 32 B", pipe_begin, pipe_once, pipe_end, 100, 4,
     true},
    {"fork, exit, wait", NULL, fork_once, NULL, 40, 1, false},
    {"posix_spawn, exit, wait", NULL, spawn_once, NULL, 40, 1, false},
    {spawn_to_main, stamps_begin, main_once, stamps_end, 40, 1, true},
};
enum { ROWS = sizeof rows / sizeof *rows };

static double sample(const struct row *row, uint64_t overhead)
{
    uint64_t begin, took;

    if (row->begin && !row->whole && !row->begin())
        return 0;
    until = 0;
    begin = fos_bench_tsc();
    for (uint32_t i = 0; i < row->batch && !why; i++)
        row->once();
    took = (until ? until : fos_bench_tsc()) - begin;
    if (row->end && !row->whole)
        row->end();
    return fos_bench_each(took, overhead, row->batch);
}

static bool measure(const struct row *row, uint32_t percent, struct fos_figure *f)
{
    static double samples[SAMPLES_MAX];
    uint64_t overhead = fos_bench_overhead();
    uint32_t count = row->samples * percent / 100;

    count = count < 1 ? 1 : count > SAMPLES_MAX ? SAMPLES_MAX : count;
    why = NULL;
    if (row->whole && !row->begin())
        return false;
    for (uint32_t i = 0; i < WARM && !why; i++)
        sample(row, overhead);
    for (uint32_t i = 0; i < count && !why; i++)
        samples[i] = sample(row, overhead);
    if (row->whole)
        row->end();
    if (why)
        return false;
    *f = (struct fos_figure){.suite = "posix", .name = row->name, .unit = "cycles"};
    f->summary = fos_bench_summary(samples, count, row->batch);
    return true;
}

static void run(uint32_t percent, const char *part)
{
    struct fos_figure figures[ROWS];
    char machine[FOS_MACHINE_NAME], date[32];
    time_t now = time(NULL);
    bool emulator = fos_machine_name(machine);
    struct fos_bench_run about = {machine, date, fos_bench_tsc_hz() / 1e6};
    uint32_t count = 0;

    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    fos_bench_head();
    for (uint32_t i = 0; i < ROWS; i++) {
        if (part && !strstr(rows[i].name, part))
            continue;
        if (!measure(&rows[i], percent, &figures[count])) {
            printf("%s: %s: %s\n", rows[i].name, why, strerror(errno));
            continue;
        }
        figures[count].emulated = emulator;
        fos_bench_row(&figures[count]);
        if (rows[i].name == spawn_to_main)
            printf("%s: median %.2f ms\n", spawn_to_main,
                   figures[count].summary.median / about.tsc_mhz / 1e3);
        count++;
        fflush(stdout);
    }
    for (uint32_t i = 0; i < count; i++) {
        printf("[json] ");
        fos_bench_json(stdout, &figures[i], &about);
        printf("\n");
    }
    fflush(stdout);
}

static int begun_tell(uint64_t begun, const char *fd)
{
    return write(atoi(fd), &begun, sizeof begun) == sizeof begun ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint64_t begun = fos_bench_tsc();

    if (argc > 2 && strcmp(argv[1], stamp) == 0)
        return begun_tell(begun, argv[2]);
    if (argc > 1 && strcmp(argv[1], leave) == 0)
        return 0;
    self = argv[0];
    signal(SIGPIPE, SIG_IGN);
    run(argc > 1 ? (uint32_t)atoi(argv[1]) : 100, argc > 2 ? argv[2] : NULL);
    return 0;
}
