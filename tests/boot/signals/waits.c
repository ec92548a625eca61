/* SPDX-License-Identifier: MIT */
/* Each call that a handler ends, as POSIX says of it (those that go on: goes_on.c; those of
 * a terminal: tests/boot/tty).  One that is not ended is by the test's deadline. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alarms.h"

#define FIFO_NAME "/tmp/waits.fifo"
#define FILE_NAME "/tmp/waits.file"
#define SEM_NAME  "/waits.sem"

enum { LONG_S = 1000, FILL = 4096 };

static int ends[2], held;              /* a pipe; a file whose lock a child has */
static sem_t nothing, *shared, *named; /* all 0 */
static pid_t child;
static const struct timespec long_time = {.tv_sec = LONG_S};

static struct timespec far(void)
{
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += LONG_S;
    return at;
}

/* ---- ended ---- */

static int in_read(void)
{
    char byte;

    return (int)read(ends[0], &byte, 1);
}

static int in_write(void)
{
    static const char bytes[FILL];

    return (int)write(ends[1], bytes, sizeof bytes);
}

static int in_readv(void)
{
    char byte;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};

    return (int)readv(ends[0], &vector, 1);
}

static int in_writev(void)
{
    static char bytes[FILL];
    struct iovec vector = {.iov_base = bytes, .iov_len = sizeof bytes};

    return (int)writev(ends[1], &vector, 1);
}

static int in_fifo_read(void)
{
    return open(FIFO_NAME, O_RDONLY);
}

static int in_fifo_write(void)
{
    return open(FIFO_NAME, O_WRONLY);
}

static int in_lock(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(held, F_SETLKW, &lock);
}

static int in_lockf(void)
{
    return lockf(held, F_LOCK, 0);
}

static int in_wait3(void)
{
    struct rusage usage;

    return wait3(NULL, 0, &usage);
}

static int in_wait4(void)
{
    struct rusage usage;

    return wait4(child, NULL, 0, &usage);
}

static int in_waitpid(void)
{
    return waitpid(child, NULL, 0);
}

static int in_wait(void)
{
    return wait(NULL);
}

static int in_waitid(void)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)child, &info, WEXITED);
}

static int in_nanosleep(void)
{
    struct timespec left = {0};
    int result = nanosleep(&long_time, &left);

    CASE_CHECK(left.tv_sec > 0 && left.tv_sec < LONG_S);
    return result;
}

/* Tells by what is left. */
static int in_sleep(void)
{
    unsigned left = sleep(LONG_S);

    errno = EINTR;
    return left > 0 && left <= LONG_S ? -1 : (int)left;
}

static int in_clock_nanosleep(void)
{
    errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL);
    return errno ? -1 : 0;
}

static int in_pause(void)
{
    return pause();
}

static int in_sigsuspend(void)
{
    sigset_t none;

    sigemptyset(&none);
    return sigsuspend(&none);
}

static int in_sigtimedwait(void)
{
    sigset_t other;

    sigemptyset(&other);
    sigaddset(&other, SIGUSR2);
    return sigtimedwait(&other, NULL, &long_time);
}

static int in_sigwaitinfo(void)
{
    sigset_t other;

    sigemptyset(&other);
    sigaddset(&other, SIGUSR2);
    return sigwaitinfo(&other, NULL);
}

static int in_poll(void)
{
    struct pollfd polled = {.fd = ends[0], .events = POLLIN};

    return poll(&polled, 1, -1);
}

static int in_select(void)
{
    struct timeval time = {.tv_sec = LONG_S};
    fd_set reads;

    FD_ZERO(&reads);
    FD_SET(ends[0], &reads);
    return select(ends[0] + 1, &reads, NULL, NULL, &time);
}

static int in_pselect(void)
{
    sigset_t none;

    sigemptyset(&none);
    return pselect(0, NULL, NULL, NULL, NULL, &none);
}

static int in_sem_wait(void)
{
    return sem_wait(&nothing);
}

static int in_shared_sem_wait(void)
{
    return sem_wait(shared);
}

static int in_named_sem_wait(void)
{
    return sem_wait(named);
}

static int in_named_sem_timedwait(void)
{
    struct timespec at = far();

    return sem_timedwait(named, &at);
}

static int in_sem_timedwait(void)
{
    struct timespec at = far();

    return sem_timedwait(&nothing, &at);
}

static const struct {
    const char *name;
    int (*run)(void);
    bool always; /* SA_RESTART does not let it go on */
} waits[] = {
    {"read", in_read, false},
    {"readv", in_readv, false},
    {"open of a FIFO to read", in_fifo_read, false},
    {"open of a FIFO to write", in_fifo_write, false},
    {"fcntl F_SETLKW", in_lock, false},
    {"lockf", in_lockf, false},
    {"wait", in_wait, false},
    {"wait3", in_wait3, false},
    {"wait4", in_wait4, false},
    {"waitpid", in_waitpid, false},
    {"waitid", in_waitid, false},
    {"nanosleep", in_nanosleep, true},
    {"sleep", in_sleep, true},
    {"clock_nanosleep", in_clock_nanosleep, true},
    {"pause", in_pause, true},
    {"sigsuspend", in_sigsuspend, true},
    {"sigtimedwait", in_sigtimedwait, true},
    {"sigwaitinfo", in_sigwaitinfo, true},
    {"poll", in_poll, true},
    {"select", in_select, true},
    {"pselect", in_pselect, true},
    {"sem_wait", in_sem_wait, false},
    {"sem_timedwait", in_sem_timedwait, false},
    {"sem_wait, shared", in_shared_sem_wait, false},
    {"sem_wait, named", in_named_sem_wait, false},
    {"sem_timedwait, named", in_named_sem_timedwait, false},
    /* Last: the pipe is full then. */
    {"write", in_write, false},
    {"writev", in_writev, false},
};

/* Says which it was. */
static void ended(size_t i, int flags)
{
    int result;

    note_set(SIGALRM, flags);
    got = 0;
    alarm_soon();
    result = waits[i].run();
    if (result != -1 || errno != EINTR || got != SIGALRM)
        case_fail("%s%s gave %d, %s, after signal %d", waits[i].name,
                  flags ? " with SA_RESTART" : "", result, strerror(errno),
                  (int)got);
    alarm_end();
}

/* A child that holds the lock, and lives until its pipe's other end is closed. */
static void child_start(int live[2])
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int ready[2];
    char byte;

    CASE_EQUAL(pipe(ready), 0);
    CASE_EQUAL(pipe(live), 0);
    child = fork();
    if (child == 0) {
        close(live[1]);
        if (fcntl(held, F_SETLK, &lock) == 0)
            write(ready[1], "x", 1);
        read(live[0], &byte, 1);
        _exit(0);
    }
    CASE_EQUAL(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
}

static void pipe_fill(void)
{
    static const char bytes[FILL];

    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], bytes, sizeof bytes) > 0)
        continue;
    fcntl(ends[1], F_SETFL, 0);
}

static void semaphores_make(void)
{
    sem_init(&nothing, 0, 0);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CASE_CHECK(shared != MAP_FAILED && sem_init(shared, 1, 0) == 0);
    named = sem_open(SEM_NAME, O_CREAT, 0600, 0);
    CASE_CHECK(named != SEM_FAILED);
}

static void semaphores_end(void)
{
    munmap(shared, sizeof *shared);
    sem_close(named);
    sem_unlink(SEM_NAME);
}

static void test_ended(void)
{
    size_t count = sizeof waits / sizeof *waits;
    int live[2];

    case_begin(
        "signals end every wait, those that POSIX says even with SA_RESTART");
    CASE_EQUAL(pipe(ends), 0);
    CASE_EQUAL(mkfifo(FIFO_NAME, 0600), 0);
    held = open(FILE_NAME, O_RDWR | O_CREAT, 0600);
    semaphores_make();
    child_start(live);
    for (size_t i = 0; i < count && !case_why[0]; i++) {
        if (waits[i].run == in_write)
            pipe_fill();
        ended(i, 0);
        if (waits[i].always)
            ended(i, SA_RESTART);
    }
    close(live[1]);
    CASE_EQUAL(waitpid(child, NULL, 0), child);
    close(live[0]);
    close(held);
    close(ends[0]);
    close(ends[1]);
    semaphores_end();
    unlink(FIFO_NAME);
    unlink(FILE_NAME);
    case_end();
}

int test_waits(void)
{
    case_fleets_grow = true;
    test_ended();
    return cases_status();
}
