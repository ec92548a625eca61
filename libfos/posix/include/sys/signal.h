/* SPDX-License-Identifier: MIT */
/* Signals.  A set is 64 bits, signal n at bit n-1; the numbers are newlib's. */
#ifndef FOS_POSIX_SYS_SIGNAL_H
#define FOS_POSIX_SYS_SIGNAL_H

#include <sys/cdefs.h>
#include <sys/features.h>
#include <sys/types.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>

#if !defined(_SIGSET_T_DECLARED)
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif
typedef void (*_sig_func_ptr)(int);

union sigval {
    int sival_int;
    void *sival_ptr;
};

struct sigevent {
    int sigev_notify;
    int sigev_signo;
    union sigval sigev_value;
    void (*sigev_notify_function)(union sigval);
    pthread_attr_t *sigev_notify_attributes;
};
#define SIGEV_NONE   1
#define SIGEV_SIGNAL 2
#define SIGEV_THREAD 3

typedef struct {
    int si_signo;
    int si_code;
    int si_errno;
    pid_t si_pid;
    uid_t si_uid;
    int si_status;
    void *si_addr;
    long si_band;
    union sigval si_value;
} siginfo_t;

#define SI_USER       1
#define SI_QUEUE      2
#define SI_TIMER      3
#define SI_ASYNCIO    4
#define SI_MESGQ      5
#define SI_KERNEL     6
#define ILL_ILLOPC    17
#define ILL_ILLOPN    18
#define ILL_ILLADR    19
#define ILL_ILLTRP    20
#define ILL_PRVOPC    21
#define ILL_PRVREG    22
#define ILL_COPROC    23
#define ILL_BADSTK    24
#define FPE_INTDIV    17
#define FPE_INTOVF    18
#define FPE_FLTDIV    19
#define FPE_FLTOVF    20
#define FPE_FLTUND    21
#define FPE_FLTRES    22
#define FPE_FLTINV    23
#define FPE_FLTSUB    24
#define SEGV_MAPERR   17
#define SEGV_ACCERR   18
#define BUS_ADRALN    17
#define BUS_ADRERR    18
#define BUS_OBJERR    19
#define TRAP_BRKPT    17
#define TRAP_TRACE    18
#define CLD_EXITED    17
#define CLD_KILLED    18
#define CLD_DUMPED    19
#define CLD_TRAPPED   20
#define CLD_STOPPED   21
#define CLD_CONTINUED 22

struct sigaction {
    union {
        _sig_func_ptr sa_handler;
        void (*sa_sigaction)(int, siginfo_t *, void *);
    };
    sigset_t sa_mask;
    int sa_flags;
};
#define SA_NOCLDSTOP 0x1
#define SA_SIGINFO   0x2
#define SA_ONSTACK   0x4
#define SA_RESTART   0x8
#define SA_NODEFER   0x10
#define SA_RESETHAND 0x20
#define SA_NOCLDWAIT 0x40

#define SIG_SETMASK 0
#define SIG_BLOCK   1
#define SIG_UNBLOCK 2

typedef struct sigaltstack {
    void *ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;
#define SS_ONSTACK  1
#define SS_DISABLE  2
#define MINSIGSTKSZ 2048
#define SIGSTKSZ    8192

int kill(pid_t pid, int signal);
int killpg(pid_t group, int signal);
int sigaction(int signal, const struct sigaction *__restrict action,
              struct sigaction *__restrict old);
int sigprocmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old);
int pthread_sigmask(int how, const sigset_t *__restrict set,
                    sigset_t *__restrict old);
int pthread_kill(pthread_t thread, int signal);
int sigaddset(sigset_t *set, int signal);
int sigdelset(sigset_t *set, int signal);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigismember(const sigset_t *set, int signal);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *set);
int sigwait(const sigset_t *__restrict set, int *__restrict signal);
int sigwaitinfo(const sigset_t *__restrict set, siginfo_t *__restrict info);
int sigtimedwait(const sigset_t *__restrict set, siginfo_t *__restrict info,
                 const struct timespec *__restrict timeout);
int sigqueue(pid_t pid, int signal, const union sigval value);
int sigaltstack(const stack_t *__restrict stack, stack_t *__restrict old);
int siginterrupt(int signal, int flag);
int sighold(int signal);
int sigrelse(int signal);
int sigignore(int signal);
int sigpause(int signal);
_sig_func_ptr sigset(int signal, _sig_func_ptr action);
#define SIG_HOLD ((_sig_func_ptr)2)
void psiginfo(const siginfo_t *info, const char *text);

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    6
#define SIGEMT    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGBUS    10
#define SIGSEGV   11
#define SIGSYS    12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGURG    16
#define SIGSTOP   17
#define SIGTSTP   18
#define SIGCONT   19
#define SIGCHLD   20
#define SIGCLD    20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGIO     23
#define SIGPOLL   SIGIO
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGLOST   29
#define SIGUSR1   30
#define SIGUSR2   31
/* 32 is kept for the threads' own use. */
#define SIGRTMIN 33
#define SIGRTMAX 63 /* 64 is kept for cancelling them */
#define NSIG     65
#define _NSIG    NSIG

#ifndef _SIGNAL_H_
#include <signal.h>
#endif

#endif
