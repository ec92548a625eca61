/* SPDX-License-Identifier: MIT */
/* Names of signals, in newlib's words; newlib's own function leaves SIGTTOU out. */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [SIGHUP] = "Hangup",
    [SIGINT] = "Interrupt",
    [SIGQUIT] = "Quit",
    [SIGILL] = "Illegal instruction",
    [SIGTRAP] = "Trace/breakpoint trap",
    [SIGABRT] = "IOT trap",
    [SIGEMT] = "EMT trap",
    [SIGFPE] = "Floating point exception",
    [SIGKILL] = "Killed",
    [SIGBUS] = "Bus error",
    [SIGSEGV] = "Segmentation fault",
    [SIGSYS] = "Bad system call",
    [SIGPIPE] = "Broken pipe",
    [SIGALRM] = "Alarm clock",
    [SIGTERM] = "Terminated",
    [SIGURG] = "Urgent I/O condition",
    [SIGSTOP] = "Stopped (signal)",
    [SIGTSTP] = "Stopped",
    [SIGCONT] = "Continued",
    [SIGCHLD] = "Child exited",
    [SIGTTIN] = "Stopped (tty input)",
    [SIGTTOU] = "Stopped (tty output)",
    [SIGIO] = "I/O possible",
    [SIGXCPU] = "CPU time limit exceeded",
    [SIGXFSZ] = "File size limit exceeded",
    [SIGVTALRM] = "Virtual timer expired",
    [SIGPROF] = "Profiling timer expired",
    [SIGWINCH] = "Window changed",
    [SIGLOST] = "Resource lost",
    [SIGUSR1] = "User defined signal 1",
    [SIGUSR2] = "User defined signal 2",
};

char *strsignal(int signal)
{
    static _Thread_local char text[32];

    if (signal >= SIGRTMIN && signal <= SIGRTMAX)
        snprintf(text, sizeof text, "Real-time signal %d", signal - SIGRTMIN);
    else if (signal > 0 && (size_t)signal < sizeof names / sizeof *names)
        return (char *)(uintptr_t)names[signal];
    else
        snprintf(text, sizeof text, "Unknown signal %d", signal);
    return text;
}
