/* SPDX-License-Identifier: MIT */
/*
 * Signals inside libfos.
 *
 * Invariants
 *  G1. A handler runs only with hold at 0: at an upcall, where the kernel has found it
 *      so, or where the outermost hold is released.
 *  G2. What is blocked is one word of the thread's event page, which the kernel reads;
 *      SIGKILL, SIGSTOP and FOS_SIGNAL_CANCEL are never in it.
 *  G3. A signal is taken out of the event page before it is acted on, once.
 *  G4. A signal to the process comes to its first thread.  While that blocks it, who
 *      sends it from within the process hands it on to a thread that lets it in, and a
 *      thread that comes to let it in takes it over.  The sender makes it pending and then
 *      reads what is blocked, the other does it the other way round: one of them sees it.
 */
#ifndef FOS_POSIX_SIGNALS_H
#define FOS_POSIX_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <fos/abi/types.h>

static inline uint64_t signal_bit(int signal)
{
    return 1ull << (signal - 1);
}

/* What sigaction has set. */
struct sigaction signal_action(int signal);

/* Acts on what is due in the calling thread, which holds its signals once; `frame`, or
 * NULL, is what an upcall has interrupted. */
void signals_deliver(struct fos_events *events, struct fos_frame *frame);

/* Handlers that this thread has run, and those of them without SA_RESTART. */
struct signal_runs {
    uint64_t all, unrestarted;
};
extern _Thread_local struct signal_runs signal_runs;

/* Sleeps, with signals held, until one is pending that `blocked` lets in, or the
 * deadline; 0 or -FOS_ETIMEDOUT. */
long signals_sleep(uint64_t blocked, uint64_t deadline);

/* What the first thread blocks and this one, whose event page it is, lets in becomes
 * pending here. */
void signals_take_over(struct fos_events *own);

/* Takes one of `set` that is pending; 0: none is.  *info is filled in. */
int signal_take(struct fos_events *events, uint64_t set, siginfo_t *info);

/* The thread's alternate stack is to be used, or not, as things are now. */
void altstack_arm(struct fos_events *events);

/* Runs function(argument) on another stack, whose first byte behind it is `top`. */
void signal_call_on(void *top, void (*function)(void *), void *argument);

/* Installs what takes upcalls in the first thread. */
void signals_begin(void);

/* What the process wants to hear of its children has perhaps changed. */
void children_tell(void);

#endif
