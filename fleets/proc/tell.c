/* SPDX-License-Identifier: MIT */
#include "tell.h"

#include <fos/clock.h>
#include <fos/syscall.h>

#include "fleet.h"

#define AGAIN_NS (2 * FOS_MILLISECOND)
#define LATE_NS  (50 * FOS_MILLISECOND)

enum { LATE_MAX = 32 };

static uint64_t ends;
static struct {
    uint64_t pid, mem_pid;
} ends_log[TELL_LOG];

static struct late late;

void late_add(struct late *l)
{
    if (l->count++ == 0)
        l->at = fos_now_ns() + LATE_NS;
}

bool late_is_due(const struct late *l)
{
    return l->count >= LATE_MAX || (l->count && fos_now_ns() >= l->at);
}

void tell_end(const struct process *p)
{
    late_add(&late);
    if (p->session == p->pid) /* the console's next session may come at once */
        late.at = 0;
    ends_log[ends % TELL_LOG].pid = p->pid;
    ends_log[ends++ % TELL_LOG].mem_pid = p->mem_pid;
}

void tell_begin(struct process *p)
{
    p->told = ends > TELL_LOG ? ends - TELL_LOG : 0;
}

bool tell_told(enum process_role role)
{
    const struct process *p = process_of_role(role);

    return !p || !p->ready || p->told == ends;
}

static bool listens(const struct process *p)
{
    return p->state == PROCESS_RUNNING && p->ready &&
           (p->role == ROLE_CONSOLE || p->role == ROLE_FS || p->role == ROLE_MEM);
}

static void overrun_skip(struct process *p)
{
    if (ends - p->told <= TELL_LOG)
        return;
    report("proc: %s takes no messages: it has missed the ends of processes",
           p->name);
    p->told = ends - TELL_LOG;
}

/* Whether `p` is to hear of that end. */
static bool concerns(const struct process *p, uint64_t at)
{
    return p->role != ROLE_MEM || ends_log[at % TELL_LOG].mem_pid == p->pid;
}

/* False: it has no room now.  One that is gone needs no telling. */
static bool one_tell(struct process *p)
{
    overrun_skip(p);
    while (p->told != ends) {
        struct fleet_ended_req req = {.head.tag = FOS_TAG(fleet, ended),
                                      .control = fleet.control};
        uint64_t at = p->told;
        for (; at != ends && req.count < FLEET_ENDED_MAX; at++)
            if (concerns(p, at))
                req.pids[req.count++] = ends_log[at % TELL_LOG].pid;
        if (req.count &&
            fos_sys_mailbox_send(p->mailbox, &req, sizeof req) == -FOS_EAGAIN)
            return false;
        p->told = at;
    }
    return true;
}

uint64_t tell_work(void)
{
    bool all = true, due = late_is_due(&late);

    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (listens(p) && (due || p->role != ROLE_CONSOLE))
            all &= one_tell(p);
    if (!all)
        return fos_now_ns() + AGAIN_NS;
    if (due)
        late = (struct late){0};
    return late.count ? late.at : FOS_NEVER;
}
