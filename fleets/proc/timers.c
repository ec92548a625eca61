/* SPDX-License-Identifier: MIT */
#include "timers.h"

#include <signal.h>

#include <fos/clock.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "fleet.h"
#include "signals.h"

enum { WAIT_MAX_S = 1 << 30 };

static uint64_t capped(uint64_t ns)
{
    uint64_t most = WAIT_MAX_S * FOS_SECOND;

    return ns < most ? ns : most;
}

void timer_handle(const struct fos_caller *caller, const struct proc_timer_req *req)
{
    struct process *p = process_authentic(req->self);
    struct proc_timer_rep rep = {0};
    uint64_t now = fos_now_ns();

    if (!p) {
        fos_answer(caller, -FOS_EPERM, NULL, 0);
        return;
    }
    if (p->alarm_at)
        rep.left_ns = p->alarm_at > now ? p->alarm_at - now : 1;
    rep.interval_ns = p->alarm_every;
    if (req->set) {
        p->alarm_at = req->left_ns ? now + capped(req->left_ns) : 0;
        p->alarm_every = capped(req->interval_ns);
    }
    fos_answer(caller, 0, &rep, sizeof rep);
}

/* Periods that have passed unseen are one. */
static void alarm_ring(struct process *p, uint64_t now)
{
    struct fos_signal_info info = {.pid = fos_pid(), .code = SI_TIMER};

    signal_post(p, SIGALRM, &info);
    p->alarm_at = p->alarm_every ? p->alarm_at + p->alarm_every : 0;
    if (p->alarm_at && p->alarm_at <= now)
        p->alarm_at = now + p->alarm_every;
}

uint64_t timers_work(void)
{
    uint64_t next = FOS_NEVER, now = 0;

    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state != PROCESS_RUNNING || !p->alarm_at)
            continue;
        if (!now)
            now = fos_now_ns();
        if (p->alarm_at <= now)
            alarm_ring(p, now);
        if (p->alarm_at && p->alarm_at < next)
            next = p->alarm_at;
    }
    return next;
}
