/* SPDX-License-Identifier: MIT */
#include "tty.h"

#include <signal.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/console.h>
#include <fos/error.h>
#include <fos/signal.h>
#include <fos/start.h>

enum { TRIES = 10 };

#define BUSY_NS  (10 * FOS_MILLISECOND) /* too many wait at the console */
#define QUICK_NS (20 * FOS_MILLISECOND) /* a stop that ended sooner was none */
#define NEXT_NS  (20 * FOS_SECOND) /* for the console that follows one that ended */

struct request {
    struct fos_request head;
    struct console_who who;
};

void fos_tty_who(struct console_who *who)
{
    who->ticket = fos_ticket();
    who->group = fos_start_page->group;
    who->session = fos_start_page->session;
}

/* Whether the signal would not stop this process: it is ignored or blocked. */
static bool unheard(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t blocked;

    sigaction(number, NULL, &action);
    sigemptyset(&blocked);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    return action.sa_handler == SIG_IGN || sigismember(&blocked, number) == 1;
}

/* In the background.  0: ask again, unless one more handler ran that ends calls than
 * had when this one began. */
static long background(struct request *request, int number, uint64_t handlers,
                       int *quick)
{
    uint64_t began = fos_now_ns();

    if (!number || (number == SIGTTIN && unheard(number)))
        return -FOS_EIO;
    if (unheard(number)) {
        request->who.flags |= CONSOLE_FORCE;
        return 0;
    }
    if (fos_signals_unrestarted() == handlers)
        kill(0, number);
    if (fos_signals_unrestarted() != handlers)
        return -FOS_EINTR;
    /* An orphaned group is not stopped: it would ask for ever. */
    *quick = fos_now_ns() - began < QUICK_NS ? *quick + 1 : 0;
    return *quick < TRIES ? 0 : -FOS_EIO;
}

/* The process fleet says EPERM while there is none: its next member is being started. */
static long console_await(void)
{
    uint64_t deadline = fos_now_ns() + NEXT_NS;
    long result;

    while ((result = fos_console_again()) == -FOS_EPERM && fos_now_ns() < deadline)
        fos_clock_sleep(fos_now_ns() + BUSY_NS);
    return result;
}

static long attempt(struct request *request, uint32_t length, void *reply,
                    uint32_t capacity, bool restart)
{
    fos_tty_who(&request->who);
    long result = fos_call_interruptible(fos_console_peer(), request, length, reply,
                                         capacity, FOS_NEVER, restart);
    if (result != -FOS_EPERM && result != -FOS_EPIPE)
        return result;
    if (console_await() < 0)
        return -FOS_EIO;
    return fos_call_interruptible(fos_console_peer(), request, length, reply,
                                  capacity, FOS_NEVER, restart);
}

long fos_tty_call(void *request, uint32_t length, void *reply, uint32_t capacity,
                  int signal, bool restart)
{
    struct request *r = request;
    bool waits = !(r->who.flags & CONSOLE_NONBLOCK);
    uint64_t handlers = fos_signals_unrestarted();
    int quick = 0;

    for (;;) {
        long result = attempt(r, length, reply, capacity, restart);
        if (result == -FOS_ECANCELED)
            result = background(r, signal, handlers, &quick);
        else if (result == -FOS_EBUSY)
            fos_clock_sleep(fos_now_ns() + BUSY_NS), result = 0;
        else if (result == -FOS_EACCES)
            return -FOS_ENOTTY;
        else if (result != -FOS_EAGAIN || !waits)
            return result == -FOS_EPERM ? -FOS_EIO : result;
        else
            result = 0;
        if (result)
            return result;
    }
}
