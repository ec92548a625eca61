/* SPDX-License-Identifier: MIT */
/*
 * Signals, as the other parts of libfos see them.
 *
 * A handler may call any async-signal-safe function, so it must not run while libfos is
 * between two states: there the thread holds its signals.  Holds nest.  Those that have
 * come meanwhile are delivered when the last is released, or where a call that waits
 * for something far off says so.
 */
#ifndef FOS_SIGNAL_H
#define FOS_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <fos/msg.h>

/* Two instructions each unless a signal is pending. */
void fos_signals_hold(void);
void fos_signals_release(void); /* also in fos/park.h */

/* Handlers without SA_RESTART that the calling thread has run. */
uint64_t fos_signals_unrestarted(void);

/* Whether a signal that would be delivered waits. */
bool fos_signals_pending(void);

/* Sleeps until the deadline (absolute, nanoseconds of the monotonic clock).  0, or
 * -FOS_EINTR: a handler has run. */
long fos_signals_nap(uint64_t deadline);

/* kill, with what siginfo_t is to tell: si_code and si_value.  0; -1 and errno. */
int fos_signal_send(pid_t pid, int signal, int code, uint64_t value);

/*
 * fos_call for a request that may stay unanswered for long (a pipe's next byte, a
 * child's end).  A signal ends the wait: the service is told to give the call up, and
 * must answer it, by -FOS_EINTR where it had not been served; so nothing that was
 * taken out of a pipe is lost.  Then handlers run.  With `restart`, the call is made
 * anew when all of them were installed with SA_RESTART.
 * As fos_call; -FOS_EINTR a handler has run.
 */
long fos_call_interruptible(struct fos_peer *to, void *request, uint32_t length,
                            void *reply, uint32_t capacity, uint64_t deadline,
                            bool restart);

/* The signal that an exception of the processor becomes (Intel SDM volume 3, table 6-1,
 * for the vectors). */
static inline int fos_signal_of_vector(uint64_t vector)
{
    switch (vector) {
    case 0:
    case 16:
    case 19:
        return SIGFPE;
    case 1:
    case 3:
        return SIGTRAP;
    case 6:
        return SIGILL;
    case 17:
        return SIGBUS;
    default:
        return SIGSEGV;
    }
}

#endif
