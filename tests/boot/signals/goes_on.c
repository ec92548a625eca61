/* SPDX-License-Identifier: MIT */
/* Each call that a handler does not end, but runs in, and it goes on (those that are
 * ended: waits.c).  One that does not end is by the test's deadline. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alarms.h"

#define FIFO_NAME "/tmp/goes_on.fifo"

enum { LONG_S = 1000, STATUS = 5 };

static struct timespec far(void)
{
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += LONG_S;
    return at;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier, taken;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_t first;

/* Counted by the first thread's handler. */
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

/* A thread without the alarms; it waits for the handler, then does its part. */
static pthread_t other_start(void *(*body)(void *), void *argument)
{
    sigset_t one, before;
    pthread_t thread;

    handled = 0;
    sigemptyset(&one);
    sigaddset(&one, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &one, &before);
    CASE_EQUAL(pthread_create(&thread, NULL, body, argument), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread;
}

static void alarms_begin(void)
{
    struct sigaction action = {.sa_handler = count};

    handled = 0;
    CASE_EQUAL(sigaction(SIGALRM, &action, NULL), 0);
    alarm_soon();
}

/* ---- what another thread holds ---- */

static int mutex_take(void)
{
    return pthread_mutex_lock(&mutex);
}

static int mutex_take_timed(void)
{
    struct timespec at = far();

    return pthread_mutex_timedlock(&mutex, &at);
}

static int mutex_give(void)
{
    return pthread_mutex_unlock(&mutex);
}

static int read_take(void)
{
    return pthread_rwlock_rdlock(&rwlock);
}

static int read_take_timed(void)
{
    struct timespec at = far();

    return pthread_rwlock_timedrdlock(&rwlock, &at);
}

static int write_take(void)
{
    return pthread_rwlock_wrlock(&rwlock);
}

static int write_take_timed(void)
{
    struct timespec at = far();

    return pthread_rwlock_timedwrlock(&rwlock, &at);
}

static int rwlock_give(void)
{
    return pthread_rwlock_unlock(&rwlock);
}

struct lock {
    const char *name;
    int (*take)(void);
    int (*hold)(void); /* so that another's `take` waits */
    int (*give)(void);
};

static struct lock locks[] = {
    {"mutex_lock", mutex_take, mutex_take, mutex_give},
    {"mutex_timedlock", mutex_take_timed, mutex_take, mutex_give},
    {"rwlock_rdlock", read_take, write_take, rwlock_give},
    {"rwlock_timedrdlock", read_take_timed, write_take, rwlock_give},
    {"rwlock_wrlock", write_take, write_take, rwlock_give},
    {"rwlock_wrlock of readers", write_take, read_take, rwlock_give},
    {"rwlock_timedwrlock", write_take_timed, write_take, rwlock_give},
};

static void *holds(void *argument)
{
    const struct lock *lock = argument;

    lock->hold();
    pthread_barrier_wait(&taken);
    handled_await();
    lock->give();
    return NULL;
}

static void test_held(void)
{
    case_begin(
        "handlers run in waits for mutexes and locks, with a time or without, "
        "which go on");
    pthread_barrier_init(&taken, NULL, 2);
    alarms_begin();
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++) {
        pthread_t thread = other_start(holds, &locks[i]);
        pthread_barrier_wait(&taken);
        int error = locks[i].take();
        CASE_EQUAL(pthread_join(thread, NULL), 0);
        if (error || locks[i].give())
            case_fail("%s: %s", locks[i].name, strerror(error));
    }
    alarm_end();
    case_end();
}

/* ---- what another thread does ---- */

static void *ends(void *argument)
{
    handled_await();
    return argument;
}

static void *arrives(void *argument)
{
    handled_await();
    pthread_barrier_wait(&barrier);
    return argument;
}

static void *signals(void *argument)
{
    handled_await();
    pthread_kill(first, SIGUSR2);
    return argument;
}

static void test_threads(void)
{
    sigset_t other;
    pthread_t thread;
    int number = 0;

    case_begin(
        "handlers run in waits for threads, barriers and signals, which go on");
    pthread_barrier_init(&barrier, NULL, 2);
    sigemptyset(&other);
    sigaddset(&other, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &other, NULL);
    alarms_begin();
    thread = other_start(ends, NULL);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    thread = other_start(arrives, NULL);
    CASE_CHECK(pthread_barrier_wait(&barrier) <= 0);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    first = pthread_self();
    thread = other_start(signals, NULL);
    CASE_EQUAL(sigwait(&other, &number), 0);
    CASE_EQUAL(number, SIGUSR2);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    alarm_end();
    pthread_sigmask(SIG_UNBLOCK, &other, NULL);
    case_end();
}

static void *lets_go(void *argument)
{
    handled_await();
    pthread_mutex_lock(&mutex);
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    return argument;
}

/* It may return for no reason, but not by EINTR. */
static void test_cond(void)
{
    struct timespec at = far();
    pthread_t thread;

    case_begin("a handler does not make a wait for a condition fail");
    alarms_begin();
    pthread_mutex_lock(&mutex);
    thread = other_start(lets_go, NULL);
    CASE_EQUAL(pthread_cond_wait(&cond, &mutex), 0);
    pthread_mutex_unlock(&mutex);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    pthread_mutex_lock(&mutex);
    thread = other_start(lets_go, NULL);
    CASE_EQUAL(pthread_cond_timedwait(&cond, &mutex, &at), 0);
    pthread_mutex_unlock(&mutex);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    alarm_end();
    case_end();
}

/* ---- a program's end ---- */

/* Lets the shell go on. */
static void *writes(void *argument)
{
    handled_await();
    int fd = open(FIFO_NAME, O_WRONLY);
    CASE_EQUAL(write(fd, "x\n", 2), 2);
    close(fd);
    return argument;
}

static void test_programs(void)
{
    static const char script[] = "read x <" FIFO_NAME "; exit 5";
    pthread_t thread;
    int status;

    case_begin("handlers run in system and pclose, which go on");
    CASE_EQUAL(mkfifo(FIFO_NAME, 0600), 0);
    alarms_begin();
    thread = other_start(writes, NULL);
    status = system(script);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    CASE_CHECK(WIFEXITED(status));
    CASE_EQUAL(WEXITSTATUS(status), STATUS);
    FILE *file = popen(script, "r");
    CASE_CHECK(file != NULL);
    thread = other_start(writes, NULL);
    status = pclose(file);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    CASE_CHECK(WIFEXITED(status));
    CASE_EQUAL(WEXITSTATUS(status), STATUS);
    alarm_end();
    unlink(FIFO_NAME);
    case_end();
}

int test_goes_on(void)
{
    case_fleets_grow = true;
    test_held();
    test_threads();
    test_cond();
    test_programs();
    return cases_status();
}
