/* SPDX-License-Identifier: MIT */
/* Sets of signals, and the calls that sigaction and kill suffice for. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

static sigset_t bit(int signal)
{
    return signal > 0 && signal < NSIG ? (sigset_t)1 << (signal - 1) : 0;
}

static int refuse(void)
{
    errno = EINVAL;
    return -1;
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ~(sigset_t)0;
    return 0;
}

int sigaddset(sigset_t *set, int signal)
{
    if (!bit(signal))
        return refuse();
    *set |= bit(signal);
    return 0;
}

int sigdelset(sigset_t *set, int signal)
{
    if (!bit(signal))
        return refuse();
    *set &= ~bit(signal);
    return 0;
}

int sigismember(const sigset_t *set, int signal)
{
    return bit(signal) ? (*set & bit(signal)) != 0 : refuse();
}

_sig_func_ptr signal(int number, _sig_func_ptr handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;

    return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

int siginterrupt(int signal, int flag)
{
    struct sigaction action;

    if (sigaction(signal, NULL, &action))
        return -1;
    action.sa_flags =
        flag ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(signal, &action, NULL);
}

static int mask_change(int how, int signal)
{
    sigset_t set = bit(signal);

    return set ? sigprocmask(how, &set, NULL) : refuse();
}

int sighold(int signal)
{
    return mask_change(SIG_BLOCK, signal);
}

int sigrelse(int signal)
{
    return mask_change(SIG_UNBLOCK, signal);
}

int sigignore(int number)
{
    return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0;
}

_sig_func_ptr sigset(int number, _sig_func_ptr handler)
{
    struct sigaction action = {.sa_handler = handler}, old;
    sigset_t before, set = bit(number);
    int held = handler == SIG_HOLD;

    if (!set) {
        refuse();
        return SIG_ERR;
    }
    if (sigprocmask(held ? SIG_BLOCK : SIG_UNBLOCK, &set, &before) ||
        sigaction(number, held ? NULL : &action, &old))
        return SIG_ERR;
    return before & set ? SIG_HOLD : old.sa_handler;
}

/* Waits with `signal` let in. */
int sigpause(int signal)
{
    sigset_t set;

    if (!bit(signal))
        return refuse();
    if (sigprocmask(SIG_BLOCK, NULL, &set))
        return -1;
    set &= ~bit(signal);
    return sigsuspend(&set);
}

/* The signal's name; nothing of what else is known of it. */
void psiginfo(const siginfo_t *info, const char *text)
{
    psignal(info->si_signo, text);
}

_Noreturn void siglongjmp(sigjmp_buf at, int value)
{
    if (at->saved)
        sigprocmask(SIG_SETMASK, &at->mask, NULL);
    longjmp(at->place, value);
}
