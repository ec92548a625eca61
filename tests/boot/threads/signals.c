/* SPDX-License-Identifier: MIT */
/* Signals of threads, waits that cancellation ends, and fork beside other threads. */
#include "crew.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FORKS = 10 };

static sem_t begun, nothing;
static pthread_t handled_by;
static _Atomic unsigned handled;
static _Atomic bool leave;
static int ends[2];

static void handler(int signal)
{
    (void)signal;
    handled_by = pthread_self();
    handled++;
}

static void *in_semaphore(void *argument)
{
    sem_post(&begun);
    CASE_EQUAL(sem_wait(&nothing), -1);
    CASE_EQUAL(errno, EINTR);
    return argument;
}

static void test_kill(void)
{
    struct sigaction action = {.sa_handler = handler};
    pthread_t thread;

    case_begin("a signal for a thread is handled by it, and ends its wait");
    sigaction(SIGUSR1, &action, NULL);
    handled = 0;
    CASE_EQUAL(pthread_create(&thread, NULL, in_semaphore, NULL), 0);
    sem_wait(&begun);
    fos_clock_sleep(fos_now_ns() + 20 * FOS_MILLISECOND);
    CASE_EQUAL(pthread_kill(thread, SIGUSR1), 0);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    CASE_EQUAL(handled, 1);
    CASE_CHECK(pthread_equal(handled_by, thread));
    CASE_EQUAL(pthread_kill(thread, 0), ESRCH);
    CASE_EQUAL(pthread_kill(pthread_self(), 0), 0);
    CASE_EQUAL(pthread_kill(pthread_self(), 1000), EINVAL);
    case_end();
}

static void *waits_for_signal(void *argument)
{
    sigset_t set;
    int signal = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sem_post(&begun);
    CASE_EQUAL(sigwait(&set, &signal), 0);
    CASE_EQUAL(signal, SIGUSR2);
    return argument;
}

static void test_sigwait(void)
{
    sigset_t set, before;
    pthread_t thread;

    case_begin("a thread waits for the signals that all others block");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CASE_EQUAL(pthread_sigmask(SIG_BLOCK, &set, &before), 0);
    CASE_EQUAL(pthread_create(&thread, NULL, waits_for_signal, NULL), 0);
    sem_wait(&begun);
    CASE_EQUAL(kill(getpid(), SIGUSR2), 0);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    CASE_EQUAL(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    case_end();
}

/* ---- cancellation of what waits elsewhere ---- */

static void *in_sleep(void *argument)
{
    sem_post(&begun);
    nanosleep(&(struct timespec){.tv_sec = 1000}, NULL);
    return argument;
}

static void *in_read(void *argument)
{
    char byte;

    sem_post(&begun);
    read(ends[0], &byte, 1);
    return argument;
}

static void *in_pause(void *argument)
{
    sem_post(&begun);
    pause();
    return argument;
}

static void *busy(void *argument)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    sem_post(&begun);
    while (!leave)
        fos_pause();
    return argument;
}

static void cancelled(void *(*body)(void *))
{
    pthread_t thread;
    void *result = NULL;

    CASE_EQUAL(pthread_create(&thread, NULL, body, NULL), 0);
    sem_wait(&begun);
    fos_clock_sleep(fos_now_ns() + 20 * FOS_MILLISECOND);
    CASE_EQUAL(pthread_cancel(thread), 0);
    CASE_EQUAL(pthread_join(thread, &result), 0);
    CASE_CHECK(result == PTHREAD_CANCELED);
}

static void test_cancelled_waits(void)
{
    case_begin("sleep, read and pause are cancellation points while they wait");
    cancelled(in_sleep);
    cancelled(in_pause);
    CASE_EQUAL(pipe(ends), 0);
    cancelled(in_read);
    close(ends[0]);
    close(ends[1]);
    case_end();
    case_begin("a busy thread that permits it is cancelled where it is");
    leave = false;
    cancelled(busy);
    case_end();
}

/* ---- fork ---- */

static void *allocates(void *argument)
{
    while (!leave)
        free(malloc(100 + (size_t)(uintptr_t)argument * 1000));
    return NULL;
}

static int child(void)
{
    pthread_t thread;
    void *room = malloc(3000);
    bool had = room;

    free(room);
    if (!had || pthread_create(&thread, NULL, allocates, NULL))
        return 1;
    leave = true;
    return pthread_join(thread, NULL) ? 2 : 7;
}

static void forks(void)
{
    struct hand hands[2];

    leave = false;
    crew_start(hands, 2, allocates);
    for (int i = 0; i < FORKS; i++) {
        int status = -1;
        pid_t pid = fork();
        if (pid == 0)
            _exit(child());
        CASE_CHECK(pid > 0);
        CASE_EQUAL(waitpid(pid, &status, 0), pid);
        CASE_CHECK(WIFEXITED(status));
        CASE_EQUAL(WEXITSTATUS(status), 7);
    }
    leave = true;
    crew_join(hands, 2);
}

/* Processes and threads balance; the fleets' channels and heaps grow with forks. */
static void test_fork(void)
{
    case_fleets_grow = true;
    case_begin(
        "a child of a process of threads finds the heap whole, and makes some");
    forks();
    case_end();
    case_fleets_grow = false;
}

/* The child's last thread ends, and so the child, which flushes its streams. */
static void *forks_once(void *argument)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        pthread_exit(argument);
    CASE_CHECK(pid > 0);
    CASE_EQUAL(waitpid(pid, &status, 0), pid);
    CASE_EQUAL(status, 0);
    return NULL;
}

static void test_fork_streams(void)
{
    pthread_t thread;

    case_fleets_grow = true;
    case_begin(
        "a child ends although another thread had a stream locked at the fork");
    flockfile(stdout);
    CASE_EQUAL(pthread_create(&thread, NULL, forks_once, NULL), 0);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    funlockfile(stdout);
    case_end();
    case_fleets_grow = false;
}

void test_signals(void)
{
    sem_init(&begun, 0, 0);
    sem_init(&nothing, 0, 0);
    test_kill();
    test_sigwait();
    test_cancelled_waits();
    test_fork();
    test_fork_streams();
}
