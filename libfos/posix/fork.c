/* SPDX-License-Identifier: MIT */
/*
 * fork.  The child begins where setjmp was called, in its copy of the caller's memory.
 * What lies at FOS_PAGES_BASE and above is not there: mailboxes, channels, the ways to
 * fleets; all that is forgotten before anything else is done.
 */
#include <errno.h>
#include <setjmp.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/fork.h>
#include <fos/memory.h>
#include <fos/part.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>
#include <fos/thread.h>

enum { ENTRY_STACK = 2048, REFUSAL_NS = 10000000 };

struct place {
    jmp_buf at;
    /* Signals that come first: none where they are held further out.  (What the thread
     * blocks while it waits for the answer is another matter.) */
    uint64_t first;
    uint8_t stack[ENTRY_STACK] __attribute__((aligned(16)));
};

static _Noreturn void child_enter(struct place *place)
{
    longjmp(place->at, 1);
}

static long child_ask(struct place *place)
{
    struct proc_fork_req req = {.self = fos_own_space(),
                                .entry = (uint64_t)child_enter,
                                .stack = (uint64_t)(place->stack + ENTRY_STACK) -
                                         sizeof(uint64_t),
                                .argument = (uint64_t)place,
                                .tls = (uint64_t)__builtin_thread_pointer(),
                                .events = (uint64_t)fos_own_events,
                                .first = place->first};
    struct proc_fork_rep rep = {0};
    long error = proc_fork_call(fos_proc_peer(), &req, &rep, FOS_NEVER);

    return error < 0 ? error : (long)rep.pid;
}

static void child_begin(void)
{
    fos_thread_forked();
    fos_pages_forked();
    fos_parts_forked();
    fos_fork_done(true);
}

/* -FOS_EINTR: a signal came first, and has been delivered. */
static long fork_once(void)
{
    struct place place;
    long result;

    fos_signals_hold();
    place.first = fos_load_relaxed(&fos_own_events->hold) == 1
                      ? ~fos_load_relaxed(&fos_own_events->blocked)
                      : 0;
    fos_call_mailbox(); /* made now, not with the locks taken */
    fos_fork_prepare();
    fos_thread_fork();
    if (setjmp(place.at)) {
        child_begin();
        result = 0;
    } else {
        result = child_ask(&place);
        fos_fork_done(false);
    }
    fos_signals_release();
    return result;
}

/* There are too many processes: who tries again at once would only keep them busy. */
static bool is_refused(long result)
{
    return result == -FOS_EAGAIN || result == -FOS_EDQUOT;
}

pid_t fork(void)
{
    long result;

    do
        result = fork_once();
    while (result == -FOS_EINTR);
    if (is_refused(result))
        fos_clock_sleep(fos_now_ns() + REFUSAL_NS);
    if (result < 0) {
        errno = result == -FOS_EDQUOT ? EAGAIN : (int)-result;
        return -1;
    }
    return (pid_t)result;
}

/* A caller of vfork that does only what it may sees no difference. */
pid_t vfork(void)
{
    return fork();
}
