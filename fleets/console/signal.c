/* SPDX-License-Identifier: MIT */
/*
 * Signals for process groups, told to the process fleet one after the other.  It
 * answers when the processes have them; nobody is waited for here (the process fleet
 * itself writes to the console), and a fleet that does not answer is left at its word.
 */
#include <fos/call.h>
#include <fos/clock.h>
#include <fos/proc.h>
#include <fos/start.h>

#include "tty.h"

enum { WAITING = 16 };

#define PATIENCE FOS_SECOND

static struct waiting {
    uint64_t group;
    int number;
} waiting[WAITING];
static size_t count;

/* Of waiting[0]. */
static struct fos_call call;
static struct proc_signal_rep rep;
static bool told;
static uint64_t told_at;

/* False: the process fleet has no room now. */
static bool tell(uint64_t now)
{
    struct proc_signal_req req = {.self = fos_own_space(),
                                  .pid = -(int64_t)waiting[0].group,
                                  .signal = (uint32_t)waiting[0].number};

    req.head.tag = FOS_TAG(proc, signal);
    long error =
        fos_call_start(&call, fos_proc_peer(), &req, sizeof req, &rep, sizeof rep);
    told = error == 0;
    told_at = now;
    return error != -FOS_EAGAIN;
}

/* Whether waiting[0] is done with: answered, refused, or nobody answers. */
static bool over(uint64_t now)
{
    if (!told)
        return tell(now) && !told;
    if (fos_call_finish(&call, 0) != -FOS_ETIMEDOUT)
        return true;
    if (now - told_at < PATIENCE)
        return false;
    fos_call_cancel(&call);
    return true;
}

static bool is_untold(uint64_t group, int number)
{
    for (size_t i = told; i < count; i++)
        if (waiting[i].group == group && waiting[i].number == number)
            return true;
    return false;
}

/* One that is still to be told says what two would: a window that is drawn to another
 * size has many, and the keys' signals keep their room. */
void signal_send(uint64_t group, int number)
{
    if (group && count < WAITING && !is_untold(group, number))
        waiting[count++] = (struct waiting){group, number};
}

bool signals_waiting(void)
{
    return count;
}

bool signals_serve(uint64_t now)
{
    size_t before = count;

    while (count && over(now)) {
        told = false;
        count--;
        for (size_t i = 0; i < count; i++)
            waiting[i] = waiting[i + 1];
    }
    return before && !count;
}
