/* SPDX-License-Identifier: MIT */
#include "alive.h"

#include <fos/clock.h>

#include "fleet.h"
#include "names.h"

/*
 * Times the patience with a naming member.  Who waits for another is given longer than
 * that one, to go on when it was replaced; nobody is ended while all that naming members
 * know would be lost that others could still tell.
 */
enum { LAST_NAME = 4, PAGE = 4, FS = 8, MEM = 12 };

static uint64_t every, look_at;

void alive_init(uint32_t seconds)
{
    if (seconds == 0)
        seconds = ALIVE_SECONDS;
    if (seconds < ALIVE_SECONDS_LEAST)
        seconds = ALIVE_SECONDS_LEAST;
    every = seconds * FOS_SECOND / ALIVE_LOOKS;
    look_at = 0;
}

/* Another naming member that knows all and is not silent for as long itself. */
static bool another_knows(const struct process *p)
{
    const struct proc_view *view = names_view();

    for (const struct process *q = processes; q < processes + PROCESS_MAX; q++)
        if (q != p && q->state == PROCESS_RUNNING && q->role == ROLE_NAME &&
            q->silent < ALIVE_LOOKS && view->members[q->slot].pid == q->pid &&
            view->members[q->slot].state == PROC_MEMBER_ACTIVE)
            return true;
    return false;
}

/* Looks; 0: it may be silent for ever. */
static uint32_t patience(const struct process *p)
{
    switch (p->role) {
    case ROLE_NAME:
        return ALIVE_LOOKS * (another_knows(p) ? 1 : LAST_NAME);
    case ROLE_PAGE:
        return ALIVE_LOOKS * PAGE;
    case ROLE_FS:
        return ALIVE_LOOKS * FS;
    case ROLE_MEM:
        return ALIVE_LOOKS * MEM;
    default:
        return 0;
    }
}

/* All are older by one look before any is judged. */
static void look(void)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING)
            p->silent++;
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        uint32_t looks = p->state == PROCESS_RUNNING ? patience(p) : 0;
        if (!looks || p->silent < looks)
            continue;
        report("proc: pid %llu (%s) has not been heard of for %llu s",
               (unsigned long long)p->pid, p->name,
               (unsigned long long)(p->silent * every / FOS_SECOND));
        process_kill(p, PROC_STATUS_KILLED);
    }
}

uint64_t alive_work(void)
{
    uint64_t now = fos_now_ns();

    if (now < look_at)
        return look_at;
    if (look_at)
        look();
    look_at = now + every;
    return look_at;
}
