/* SPDX-License-Identifier: MIT */
/* timer_create and its kin.  Nothing here is on time: it waits until something is so. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "../scenario.h"

enum { TURNS = 5, SOON_NS = 20000000, PERIOD_NS = 3000000, PATIENCE_S = 60 };

static volatile sig_atomic_t got, code, value;
static sem_t called;

static void note(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    code = info->si_code;
    value = info->si_value.sival_int;
    got++;
}

static void handler_set(void)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};

    CASE_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    got = 0;
}

static timer_t made(clockid_t clock, int notify, int with)
{
    struct sigevent event = {.sigev_notify = notify,
                             .sigev_signo = SIGUSR1,
                             .sigev_value.sival_int = with};
    timer_t id = 0;

    CASE_EQUAL(timer_create(clock, &event, &id), 0);
    return id;
}

static void set(timer_t id, long first_ns, long every_ns)
{
    struct itimerspec at = {.it_value.tv_nsec = first_ns,
                            .it_interval.tv_nsec = every_ns};

    CASE_EQUAL(timer_settime(id, 0, &at, NULL), 0);
}

/* SIGUSR1 is blocked but while this waits. */
static void signals_await(int count)
{
    sigset_t one, before;

    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    sigprocmask(SIG_BLOCK, &one, &before);
    while (got < count)
        sigsuspend(&before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void test_signal(void)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};
    struct itimerspec left;

    case_begin("a timer sends its signal and value, once, by either clock");
    for (int i = 0; i < 2; i++) {
        timer_t id = made(clocks[i], SIGEV_SIGNAL, 40 + i);
        handler_set();
        set(id, SOON_NS, 0);
        signals_await(1);
        CASE_EQUAL(code, SI_TIMER);
        CASE_EQUAL(value, 40 + i);
        CASE_EQUAL(timer_gettime(id, &left), 0);
        CASE_EQUAL(left.it_value.tv_sec, 0);
        CASE_EQUAL(left.it_value.tv_nsec, 0);
        CASE_EQUAL(timer_delete(id), 0);
        CASE_EQUAL(got, 1);
    }
    case_end();
}

static void test_periods(void)
{
    struct itimerspec left;
    timer_t id;

    case_begin("a timer goes on by its period until it is disarmed");
    handler_set();
    id = made(CLOCK_MONOTONIC, SIGEV_SIGNAL, 7);
    set(id, PERIOD_NS, PERIOD_NS);
    for (int i = 1; i <= TURNS; i++)
        signals_await(i);
    CASE_EQUAL(timer_gettime(id, &left), 0);
    CASE_EQUAL(left.it_interval.tv_nsec, PERIOD_NS);
    CASE_CHECK(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= PERIOD_NS);
    set(id, 0, 0);
    CASE_EQUAL(timer_gettime(id, &left), 0);
    CASE_EQUAL(left.it_value.tv_nsec, 0);
    CASE_EQUAL(timer_delete(id), 0);
    case_end();
}

static void test_absolute(void)
{
    struct itimerspec at = {.it_value.tv_sec = 1};
    timer_t id;

    case_begin("an absolute time that has passed is now");
    handler_set();
    id = made(CLOCK_REALTIME, SIGEV_SIGNAL, 9);
    CASE_EQUAL(timer_settime(id, TIMER_ABSTIME, &at, NULL), 0);
    signals_await(1);
    CASE_EQUAL(value, 9);
    CASE_EQUAL(timer_delete(id), 0);
    case_end();
}

static void test_none(void)
{
    struct itimerspec far = {.it_value.tv_sec = 1000}, left;
    timer_t id;

    case_begin("a timer that tells nobody counts down, and can be asked");
    handler_set();
    id = made(CLOCK_MONOTONIC, SIGEV_NONE, 0);
    set(id, SOON_NS, 0);
    do
        CASE_EQUAL(timer_gettime(id, &left), 0);
    while (left.it_value.tv_nsec && !case_why[0]);
    CASE_EQUAL(timer_settime(id, 0, &far, NULL), 0);
    CASE_EQUAL(timer_settime(id, 0, &(struct itimerspec){0}, &left), 0);
    CASE_CHECK(left.it_value.tv_sec >= 1000 - PATIENCE_S);
    CASE_EQUAL(timer_delete(id), 0);
    CASE_EQUAL(got, 0);
    case_end();
}

static void call(union sigval with)
{
    value = with.sival_int;
    sem_post(&called);
}

static void *nothing_do(void *argument)
{
    return argument;
}

/* Threads that nobody joins are given back when the next one is made. */
static void threads_await(uint32_t count)
{
    uint64_t deadline = fos_now_ns() + PATIENCE_S * FOS_SECOND;
    struct fos_kernel_info info;
    pthread_t thread;

    do {
        CASE_EQUAL(pthread_create(&thread, NULL, nothing_do, NULL), 0);
        CASE_EQUAL(pthread_join(thread, NULL), 0);
        fos_sys_kernel_info(&info);
    } while (info.threads != count && fos_now_ns() < deadline);
}

static void test_thread(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD,
                             .sigev_notify_function = call,
                             .sigev_value.sival_int = 11};
    timer_t id;

    case_begin("a timer calls its function, in a thread");
    sem_init(&called, 0, 0);
    CASE_EQUAL(timer_create(CLOCK_MONOTONIC, &event, &id), 0);
    set(id, PERIOD_NS, PERIOD_NS);
    for (int i = 0; i < TURNS; i++)
        CASE_EQUAL(sem_wait(&called), 0);
    CASE_EQUAL(value, 11);
    CASE_EQUAL(timer_delete(id), 0);
    threads_await(case_before.threads);
    case_end();
}

static void test_overrun(void)
{
    uint64_t deadline = fos_now_ns() + PATIENCE_S * FOS_SECOND;
    sigset_t one, before;
    timer_t id;

    case_begin("periods that pass while the signal is pending are counted");
    handler_set();
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    sigprocmask(SIG_BLOCK, &one, &before);
    id = made(CLOCK_MONOTONIC, SIGEV_SIGNAL, 0);
    set(id, PERIOD_NS, PERIOD_NS);
    while (timer_getoverrun(id) < TURNS && fos_now_ns() < deadline)
        usleep(1000);
    CASE_CHECK(timer_getoverrun(id) >= TURNS);
    CASE_EQUAL(timer_delete(id), 0);
    sigprocmask(SIG_SETMASK, &before, NULL);
    CASE_EQUAL(got, 1);
    case_end();
}

static void test_errors(void)
{
    struct sigevent wrong = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 1000};
    struct itimerspec bad = {.it_value.tv_nsec = 1000000000}, left;
    timer_t ids[TIMER_MAX], one;

    case_begin("what is no clock, signal, time or timer is refused");
    CASE_EQUAL(timer_create(1000, NULL, &one), -1);
    CASE_EQUAL(errno, EINVAL);
    CASE_EQUAL(timer_create(CLOCK_MONOTONIC, &wrong, &one), -1);
    CASE_EQUAL(errno, EINVAL);
    for (int i = 0; i < TIMER_MAX; i++)
        ids[i] = made(CLOCK_MONOTONIC, SIGEV_NONE, 0);
    CASE_EQUAL(timer_create(CLOCK_MONOTONIC, NULL, &one), -1);
    CASE_EQUAL(errno, EAGAIN);
    CASE_EQUAL(timer_settime(ids[0], 0, &bad, NULL), -1);
    CASE_EQUAL(errno, EINVAL);
    for (int i = 0; i < TIMER_MAX; i++)
        CASE_EQUAL(timer_delete(ids[i]), 0);
    CASE_EQUAL(timer_delete(ids[0]), -1);
    CASE_EQUAL(errno, EINVAL);
    CASE_EQUAL(timer_gettime(ids[0], &left), -1);
    CASE_EQUAL(errno, EINVAL);
    case_end();
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    case_fleets_grow = true;
    puts("timers: starting");
    case_begin("");
    timer_delete(made(CLOCK_MONOTONIC, SIGEV_SIGNAL, 0)); /* their keeper stays */
    test_signal();
    test_periods();
    test_absolute();
    test_none();
    test_overrun();
    test_errors();
    test_thread();
    return cases_status();
}
