/* SPDX-License-Identifier: MIT */
/* Signals: handlers, masks, waits that they end, stops. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../waited.h"
#include "alarms.h"

volatile sig_atomic_t got;
static volatile sig_atomic_t got_code, order;
static volatile uintptr_t got_address;
static volatile pid_t got_pid;
static sigjmp_buf back;

static void handler_set(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    CASE_EQUAL(sigaction(signal, &action, NULL), 0);
}

static void note(int signal)
{
    got = signal;
}

void note_set(int signal, int flags)
{
    handler_set(signal, note, flags);
}

static void note_info(int signal, siginfo_t *info, void *context)
{
    (void)context;
    got = signal;
    got_code = info->si_code;
    got_address = (uintptr_t)info->si_addr;
    got_pid = info->si_pid;
}

static void test_raise(void)
{
    struct sigaction action = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO};

    case_begin("raise and kill run the handler before they return");
    handler_set(SIGUSR1, note, 0);
    got = 0;
    CASE_EQUAL(raise(SIGUSR1), 0);
    CASE_EQUAL(got, SIGUSR1);
    CASE_EQUAL(sigaction(SIGUSR2, &action, NULL), 0);
    CASE_EQUAL(kill(getpid(), SIGUSR2), 0);
    CASE_EQUAL(got, SIGUSR2);
    CASE_EQUAL(got_pid, getpid());
    CASE_EQUAL(got_code, SI_USER);
    signal(SIGUSR1, SIG_IGN);
    got = 0;
    CASE_EQUAL(raise(SIGUSR1), 0);
    CASE_EQUAL(got, 0);
    handler_set(SIGUSR1, note, SA_RESETHAND);
    raise(SIGUSR1);
    CASE_CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
    case_end();
}

static void first(int signal)
{
    (void)signal;
    order = order * 10 + 1;
    raise(SIGUSR2);
    raise(SIGUSR1);
    order = order * 10 + 3;
}

static void second(int signal)
{
    (void)signal;
    order = order * 10 + 2;
}

static void test_mask(void)
{
    sigset_t set, old, pending;

    case_begin("a blocked signal waits, a handler's own is blocked while it runs");
    handler_set(SIGUSR1, note, 0);
    got = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CASE_EQUAL(sigprocmask(SIG_BLOCK, &set, &old), 0);
    raise(SIGUSR1);
    CASE_EQUAL(got, 0);
    CASE_EQUAL(sigpending(&pending), 0);
    CASE_EQUAL(sigismember(&pending, SIGUSR1), 1);
    CASE_EQUAL(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    CASE_EQUAL(got, SIGUSR1);
    order = 0;
    handler_set(SIGUSR1, first, 0);
    handler_set(SIGUSR2, second, 0);
    signal(SIGUSR1, first);
    struct sigaction once = {.sa_handler = second};
    sigaddset(&once.sa_mask, SIGUSR1);
    sigaction(SIGUSR2, &once, NULL);
    raise(SIGUSR2);
    CASE_EQUAL(order, 2);
    case_end();
}

static void jump(int signal, siginfo_t *info, void *context)
{
    note_info(signal, info, context);
    siglongjmp(back, 1);
}

static void test_fault(void)
{
    struct sigaction action = {.sa_sigaction = jump, .sa_flags = SA_SIGINFO};
    volatile int *nowhere = (volatile int *)0x123456000ul;

    case_begin("SIGSEGV tells the address, and longjmp leaves it, again and again");
    CASE_EQUAL(sigaction(SIGSEGV, &action, NULL), 0);
    for (int i = 0; i < 3; i++) {
        got = 0;
        if (sigsetjmp(back, 1) == 0)
            *nowhere = 1;
        CASE_EQUAL(got, SIGSEGV);
        CASE_EQUAL(got_address, (uintptr_t)nowhere);
        CASE_EQUAL(got_code, SEGV_MAPERR);
    }
    signal(SIGSEGV, SIG_DFL);
    case_end();
}

static int deep(int n)
{
    volatile char room[4096];

    room[0] = (char)n;
    return n < 1000000 ? deep(n + 1) + room[0] : 0;
}

static void test_altstack(void)
{
    static char stack[4 * SIGSTKSZ];
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = jump,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};

    case_begin("a stack overflow is survived on the alternate stack");
    CASE_EQUAL(sigaltstack(&alt, NULL), 0);
    CASE_EQUAL(sigaction(SIGSEGV, &action, NULL), 0);
    for (int i = 0; i < 2; i++) {
        got = 0;
        if (sigsetjmp(back, 1) == 0)
            deep(0);
        CASE_EQUAL(got, SIGSEGV);
    }
    signal(SIGSEGV, SIG_DFL);
    alt.ss_flags = SS_DISABLE;
    CASE_EQUAL(sigaltstack(&alt, NULL), 0);
    case_end();
}

static void test_default(void)
{
    static const int signals[] = {SIGTERM, SIGINT,  SIGHUP, SIGPIPE,
                                  SIGALRM, SIGUSR1, SIGABRT};

    case_begin(
        "the default actions end a process, and the status names the signal");
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            signal(signals[i], SIG_DFL);
            if (i % 2)
                raise(signals[i]);
            pause();
            _exit(1);
        }
        if (i % 2 == 0)
            kill(pid, signals[i]);
        int status = status_of(pid);
        CASE_CHECK(WIFSIGNALED(status));
        CASE_EQUAL(WTERMSIG(status), signals[i]);
    }
    case_end();
}

static void test_spinning(void)
{
    pid_t pid;

    case_begin("a signal reaches a process that does nothing but compute");
    got = 0;
    handler_set(SIGUSR1, note, 0);
    pid = fork();
    if (pid == 0) {
        while (got != SIGUSR1)
            continue;
        _exit(9);
    }
    usleep(50000);
    CASE_EQUAL(kill(pid, SIGUSR1), 0);
    CASE_EQUAL(WEXITSTATUS(status_of(pid)), 9);
    case_end();
}

static void test_alarm(void)
{
    struct itimerval timer = {{0, 20000}, {0, 20000}}, none = {0}, left;

    case_begin("alarm and setitimer send SIGALRM");
    handler_set(SIGALRM, note, 0);
    got = 0;
    CASE_EQUAL(setitimer(ITIMER_REAL, &timer, NULL), 0);
    for (int i = 0; i < 3; i++) {
        got = 0;
        CASE_EQUAL(pause(), -1);
        CASE_EQUAL(errno, EINTR);
        CASE_EQUAL(got, SIGALRM);
    }
    CASE_EQUAL(setitimer(ITIMER_REAL, &none, &left), 0);
    CASE_CHECK(left.it_interval.tv_usec == 20000);
    CASE_EQUAL(alarm(100), 0);
    CASE_CHECK(alarm(0) >= 99);
    signal(SIGALRM, SIG_DFL);
    case_end();
}

void alarm_soon(void)
{
    struct itimerval timer = {{0, 30000}, {0, 30000}};

    got = 0;
    setitimer(ITIMER_REAL, &timer, NULL);
}

void alarm_end(void)
{
    struct itimerval none = {0};

    CASE_EQUAL(setitimer(ITIMER_REAL, &none, NULL), 0);
    signal(SIGALRM, SIG_DFL);
}

static void test_eintr(void)
{
    int ends[2];
    char byte;
    pid_t pid;

    case_begin("signals end waits by EINTR, or let them go on with SA_RESTART");
    handler_set(SIGALRM, note, 0);
    CASE_EQUAL(pipe(ends), 0);
    alarm_soon();
    CASE_EQUAL(read(ends[0], &byte, 1), -1);
    CASE_EQUAL(errno, EINTR);
    CASE_EQUAL(got, SIGALRM);
    alarm_soon();
    CASE_EQUAL(usleep(10000000), -1);
    CASE_EQUAL(errno, EINTR);
    pid = fork();
    if (pid == 0) {
        signal(SIGALRM, SIG_DFL);
        usleep(200000);
        write(ends[1], "x", 1);
        usleep(100000);
        _exit(5);
    }
    alarm_soon();
    CASE_EQUAL(waitpid(pid, NULL, 0), -1);
    CASE_EQUAL(errno, EINTR);
    handler_set(SIGALRM, note, SA_RESTART);
    alarm_soon();
    CASE_EQUAL(read(ends[0], &byte, 1), 1);
    CASE_EQUAL(got, SIGALRM);
    alarm_soon();
    CASE_EQUAL(WEXITSTATUS(status_of(pid)), 5);
    alarm_end();
    close(ends[0]);
    close(ends[1]);
    case_end();
}

/* Fails by the test's deadline where a wait is not ended. */
static void test_poll(void)
{
    struct pollfd polled = {.events = POLLIN};
    fd_set reads;
    sigset_t set, old;
    int ends[2];

    case_begin("signals end poll, select and pselect, restarted or not");
    CASE_EQUAL(pipe(ends), 0);
    polled.fd = ends[0];
    for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
        handler_set(SIGALRM, note, flags);
        alarm_soon();
        CASE_EQUAL(poll(&polled, 1, -1), -1);
        CASE_EQUAL(errno, EINTR);
        CASE_EQUAL(got, SIGALRM);
        alarm_soon();
        CASE_EQUAL(poll(NULL, 0, -1), -1);
        CASE_EQUAL(errno, EINTR);
        alarm_soon();
        FD_ZERO(&reads);
        FD_SET(ends[0], &reads);
        CASE_EQUAL(select(ends[0] + 1, &reads, NULL, NULL, NULL), -1);
        CASE_EQUAL(errno, EINTR);
        alarm_end();
    }
    handler_set(SIGALRM, note, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGALRM);
    CASE_EQUAL(poll(&polled, 1, 10), 0);
    got = 0;
    FD_SET(ends[0], &reads);
    CASE_EQUAL(pselect(ends[0] + 1, &reads, NULL, NULL, NULL, &old), -1);
    CASE_EQUAL(errno, EINTR);
    CASE_EQUAL(got, SIGALRM);
    sigprocmask(SIG_SETMASK, &old, NULL);
    CASE_EQUAL(write(ends[1], "x", 1), 1);
    CASE_EQUAL(poll(&polled, 1, -1), 1);
    signal(SIGALRM, SIG_DFL);
    close(ends[0]);
    close(ends[1]);
    case_end();
}

static void test_sigwait(void)
{
    struct timespec soon = {0, 20000000};
    sigset_t set, old;
    int signal = 0;

    case_begin("sigwait takes what is blocked, sigsuspend lets it in");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    CASE_EQUAL(sigwait(&set, &signal), 0);
    CASE_EQUAL(signal, SIGUSR1);
    CASE_EQUAL(sigtimedwait(&set, NULL, &soon), -1);
    CASE_EQUAL(errno, EAGAIN);
    alarm_soon();
    CASE_EQUAL(sigwaitinfo(&set, NULL), SIGALRM);
    handler_set(SIGALRM, note, 0);
    alarm_soon();
    CASE_EQUAL(sigsuspend(&old), -1);
    CASE_EQUAL(got, SIGALRM);
    sigprocmask(SIG_SETMASK, &old, NULL);
    alarm_end();
    case_end();
}

static void test_children(void)
{
    struct sigaction action = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO};
    sigset_t set, old;
    pid_t pid;

    case_begin("SIGCHLD names the child; ignored, children leave nothing");
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaction(SIGCHLD, &action, NULL);
    sigprocmask(SIG_BLOCK, &set, &old);
    got = 0;
    pid = fork();
    if (pid == 0)
        _exit(3);
    CASE_EQUAL(sigsuspend(&old), -1);
    CASE_EQUAL(got, SIGCHLD);
    CASE_EQUAL(got_pid, pid);
    CASE_EQUAL(got_code, CLD_EXITED);
    sigprocmask(SIG_SETMASK, &old, NULL);
    CASE_EQUAL(WEXITSTATUS(status_of(pid)), 3);
    signal(SIGCHLD, SIG_IGN);
    pid = fork();
    if (pid == 0)
        _exit(3);
    CASE_EQUAL(waitpid(pid, NULL, 0), -1);
    CASE_EQUAL(errno, ECHILD);
    signal(SIGCHLD, SIG_DFL);
    case_end();
}

enum { PENDING = 21 };

/* The program that test_exec starts. */
static int pending_status(void)
{
    sigset_t set;

    sigpending(&set);
    return sigismember(&set, SIGUSR2) && !sigismember(&set, SIGUSR1) ? PENDING : 1;
}

static void test_exec(void)
{
    static char self[] = "/bin/test-signals";
    char *argv[] = {self, "pending", NULL};
    sigset_t set;
    pid_t pid;

    case_begin("a pending signal outlives exec, and is not a new process's");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    pid = fork();
    if (pid == 0) {
        raise(SIGUSR2);
        execv(self, argv);
        _exit(1);
    }
    CASE_EQUAL(WEXITSTATUS(status_of(pid)), PENDING);
    sigdelset(&set, SIGUSR2);
    CASE_EQUAL(sigwaitinfo(&set, NULL), SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    case_end();
}

static void test_stop(void)
{
    int status;
    pid_t pid;

    case_begin("a stopped child is reported, goes on, and can be killed");
    pid = fork();
    if (pid == 0) {
        for (;;)
            usleep(1000);
    }
    setpgid(pid, 0);
    CASE_EQUAL(kill(pid, SIGSTOP), 0);
    CASE_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
    CASE_CHECK(WIFSTOPPED(status));
    CASE_EQUAL(WSTOPSIG(status), SIGSTOP);
    CASE_EQUAL(waitpid(pid, &status, WNOHANG | WUNTRACED), 0);
    CASE_EQUAL(kill(pid, SIGCONT), 0);
    CASE_EQUAL(waitpid(pid, &status, WCONTINUED), pid);
    CASE_CHECK(WIFCONTINUED(status));
    CASE_EQUAL(kill(pid, SIGTSTP), 0);
    CASE_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
    CASE_CHECK(WIFSTOPPED(status));
    CASE_EQUAL(WSTOPSIG(status), SIGTSTP);
    CASE_EQUAL(kill(pid, SIGTERM), 0);
    CASE_EQUAL(waitpid(pid, &status, WNOHANG), 0);
    CASE_EQUAL(kill(pid, SIGCONT), 0);
    CASE_EQUAL(WTERMSIG(status_of(pid)), SIGTERM);
    case_end();
}

static void test_names(void)
{
    static const int named[] = {
        SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,   SIGEMT,  SIGFPE,
        SIGKILL, SIGBUS,  SIGSEGV, SIGSYS,  SIGPIPE, SIGALRM,   SIGTERM, SIGURG,
        SIGSTOP, SIGTSTP, SIGCONT, SIGCHLD, SIGTTIN, SIGTTOU,   SIGIO,   SIGXCPU,
        SIGXFSZ, SIGPROF, SIGLOST, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH};

    case_begin("strsignal has words for every signal");
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (!strncmp(strsignal(named[i]), "Unknown", 7))
            case_fail("signal %d has none", named[i]);
    CASE_EQUAL(strcmp(strsignal(SIGTTOU), "Stopped (tty output)"), 0);
    CASE_EQUAL(strcmp(strsignal(SIGRTMIN + 2), "Real-time signal 2"), 0);
    CASE_EQUAL(strcmp(strsignal(0), "Unknown signal 0"), 0);
    CASE_EQUAL(strcmp(strsignal(32), "Unknown signal 32"), 0);
    CASE_EQUAL(strcmp(strsignal(-1), "Unknown signal -1"), 0);
    case_end();
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return pending_status();
    setvbuf(stdout, NULL, _IOLBF, 0);
    case_fleets_grow = true;
    puts("signals: starting");
    test_names();
    test_raise();
    test_mask();
    test_fault();
    test_altstack();
    test_default();
    test_spinning();
    test_alarm();
    test_eintr();
    test_poll();
    test_sigwait();
    test_children();
    test_stop();
    test_exec();
    int waits = test_waits(), goes_on = test_goes_on();
    return cases_status() | waits | goes_on;
}
