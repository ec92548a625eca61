/* SPDX-License-Identifier: MIT */
/* Signals to the process that its first thread, this one, blocks: another has them. */
#include "crew.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 300, PATIENCE_S = 60 };

static sem_t begun, handled, nothing;
static pthread_t handled_by;
static _Atomic unsigned runs;
static _Atomic bool leave;

static void handler(int signal)
{
    (void)signal;
    handled_by = pthread_self();
    runs++;
    sem_post(&handled);
}

static void one_block(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CASE_EQUAL(pthread_sigmask(how, &set, NULL), 0);
}

static void *waits(void *argument)
{
    one_block(SIG_UNBLOCK);
    sem_post(&begun);
    CASE_EQUAL(sem_wait(&nothing), -1);
    CASE_EQUAL(errno, EINTR);
    return argument;
}

static void *computes(void *argument)
{
    one_block(SIG_UNBLOCK);
    sem_post(&begun);
    while (!leave)
        fos_pause();
    return argument;
}

static void *opens_later(void *argument)
{
    sem_post(&begun);
    sem_wait(&nothing);
    one_block(SIG_UNBLOCK);
    return argument;
}

/* Not 0: its handler did not run in time. */
static int handled_await(void)
{
    struct timespec at = moment(CLOCK_REALTIME, PATIENCE_S * FOS_SECOND);
    int error;

    while ((error = sem_timedwait(&handled, &at)) && errno == EINTR)
        continue;
    return error;
}

static pthread_t other_start(void *(*body)(void *))
{
    struct sigaction action = {.sa_handler = handler};
    pthread_t thread;

    sigaction(SIGUSR1, &action, NULL);
    one_block(SIG_BLOCK);
    runs = 0;
    leave = false;
    CASE_EQUAL(pthread_create(&thread, NULL, body, NULL), 0);
    sem_wait(&begun);
    return thread;
}

static void other_end(pthread_t thread)
{
    leave = true;
    CASE_EQUAL(pthread_join(thread, NULL), 0);
    CASE_CHECK(pthread_equal(handled_by, thread));
    one_block(SIG_UNBLOCK);
}

static void test_waits(void)
{
    pthread_t thread;

    case_begin("a signal that the first thread blocks ends another's wait");
    thread = other_start(waits);
    CASE_EQUAL(kill(getpid(), SIGUSR1), 0);
    CASE_EQUAL(handled_await(), 0);
    other_end(thread);
    CASE_EQUAL(runs, 1);
    case_end();
}

/* The next is sent as soon as the handler has begun, while it still blocks it. */
static void test_many(void)
{
    pthread_t thread;

    case_begin(
        "signals one upon the other come to a busy thread, none is forgotten");
    thread = other_start(computes);
    for (int i = 0; i < MANY && !case_why[0]; i++) {
        CASE_EQUAL(kill(getpid(), SIGUSR1), 0);
        CASE_EQUAL(handled_await(), 0);
    }
    other_end(thread);
    CASE_EQUAL(runs, MANY);
    case_end();
}

static void test_later(void)
{
    sigset_t pending;
    pthread_t thread;

    case_begin(
        "a signal that all block waits for the thread that lets it in first");
    thread = other_start(opens_later);
    CASE_EQUAL(kill(getpid(), SIGUSR1), 0);
    CASE_EQUAL(runs, 0);
    CASE_EQUAL(sigpending(&pending), 0);
    CASE_EQUAL(sigismember(&pending, SIGUSR1), 1);
    sem_post(&nothing);
    CASE_EQUAL(handled_await(), 0);
    other_end(thread);
    CASE_EQUAL(sigpending(&pending), 0);
    CASE_EQUAL(sigismember(&pending, SIGUSR1), 0);
    case_end();
}

void test_handing(void)
{
    sem_init(&begun, 0, 0);
    sem_init(&handled, 0, 0);
    sem_init(&nothing, 0, 0);
    test_waits();
    test_many();
    test_later();
}
