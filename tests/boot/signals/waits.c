/* SPDX-License-Identifier: MIT */
/* Each call that may wait for ever: a handler ends it, or runs and it goes on, as POSIX
 * says of the call.  One that is not ended is by the test's deadline. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alarms.h"

#define FIFO_NAME "/tmp/waits.fifo"
#define FILE_NAME "/tmp/waits.file"

enum { LONG_S = 1000, FILL = 4096 };

static int ends[2], held; /* a pipe; a file whose lock a child has */
static sem_t nothing;
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
    {"open of a FIFO to read", in_fifo_read, false},
    {"open of a FIFO to write", in_fifo_write, false},
    {"fcntl F_SETLKW", in_lock, false},
    {"wait", in_wait, false},
    {"waitpid", in_waitpid, false},
    {"waitid", in_waitid, false},
    {"nanosleep", in_nanosleep, true},
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
    {"write", in_write, false}, /* last: the pipe is full then */
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

static void test_ended(void)
{
    size_t count = sizeof waits / sizeof *waits;
    int live[2];

    case_begin(
        "signals end every wait, those that POSIX says even with SA_RESTART");
    CASE_EQUAL(pipe(ends), 0);
    CASE_EQUAL(mkfifo(FIFO_NAME, 0600), 0);
    held = open(FILE_NAME, O_RDWR | O_CREAT, 0600);
    sem_init(&nothing, 0, 0);
    child_start(live);
    for (size_t i = 0; i < count && !case_why[0]; i++) {
        if (i == count - 1)
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
    unlink(FIFO_NAME);
    unlink(FILE_NAME);
    case_end();
}

/* ---- not ended ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

/* Until the first thread's handler has run a few times. */
static volatile sig_atomic_t handled;

static void count(int signal)
{
    (void)signal;
    handled++;
}

static void handled_await(void)
{
    enum { TIMES = 3 };

    while (handled < TIMES)
        usleep(1000);
}

static void *lets_go(void *argument)
{
    (void)argument;
    handled_await();
    pthread_mutex_lock(&mutex);
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static pthread_barrier_t taken;

static void *holds(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&mutex);
    pthread_rwlock_wrlock(&rwlock);
    pthread_barrier_wait(&taken);
    handled_await();
    pthread_mutex_unlock(&mutex);
    handled = 0;
    handled_await();
    pthread_rwlock_unlock(&rwlock);
    handled = 0;
    handled_await();
    pthread_barrier_wait(&barrier);
    handled = 0;
    handled_await();
    return NULL;
}

static pthread_t other_start(void *(*body)(void *))
{
    sigset_t one, before;
    pthread_t thread;

    sigemptyset(&one);
    sigaddset(&one, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &one, &before);
    CASE_EQUAL(pthread_create(&thread, NULL, body, NULL), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread;
}

static void alarms_count(void)
{
    struct sigaction action = {.sa_handler = count};

    handled = 0;
    CASE_EQUAL(sigaction(SIGALRM, &action, NULL), 0);
    alarm_soon();
}

static void test_held(void)
{
    pthread_t thread;

    case_begin("handlers run in waits for mutexes, locks, barriers and threads, "
               "which go on");
    pthread_barrier_init(&taken, NULL, 2);
    pthread_barrier_init(&barrier, NULL, 2);
    thread = other_start(holds);
    pthread_barrier_wait(&taken);
    alarms_count();
    CASE_EQUAL(pthread_mutex_lock(&mutex), 0);
    CASE_EQUAL(pthread_rwlock_rdlock(&rwlock), 0);
    CASE_CHECK(pthread_barrier_wait(&barrier) <= 0);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    CASE_EQUAL(pthread_rwlock_unlock(&rwlock), 0);
    CASE_EQUAL(pthread_mutex_unlock(&mutex), 0);
    alarm_end();
    case_end();
}

/* It may return for no reason, but not by EINTR. */
static void test_cond(void)
{
    struct timespec at = far();
    pthread_t thread;

    case_begin("a handler does not make a wait for a condition fail");
    alarms_count();
    pthread_mutex_lock(&mutex);
    thread = other_start(lets_go);
    CASE_EQUAL(pthread_cond_wait(&cond, &mutex), 0);
    pthread_mutex_unlock(&mutex);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    handled = 0;
    pthread_mutex_lock(&mutex);
    thread = other_start(lets_go);
    CASE_EQUAL(pthread_cond_timedwait(&cond, &mutex, &at), 0);
    pthread_mutex_unlock(&mutex);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    alarm_end();
    case_end();
}

int test_waits(void)
{
    case_fleets_grow = true;
    test_ended();
    test_held();
    test_cond();
    return cases_status();
}
