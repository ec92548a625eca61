/* SPDX-License-Identifier: MIT */
/* How processes end: their space is gone before anybody is told. */
#include <fos/clock.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "fleet.h"
#include "login.h"
#include "names.h"
#include "pager.h"
#include "signals.h"
#include "tell.h"
#include "wait.h"

static int32_t status_of(const struct fos_space_info *info)
{
    switch (info->state) {
    case FOS_SPACE_EXITED:
        if (info->code & PROC_EXIT_SIGNAL)
            return 128 + (info->code & 0x7f);
        return info->code & 0xff;
    case FOS_SPACE_FAULTED:
        return PROC_STATUS_FAULT;
    default:
        return PROC_STATUS_KILLED;
    }
}

/* Whether another follows it.  A store client that ends by itself has lost the
 * connection, for its successors, too. */
static bool has_successor(const struct process *p)
{
    switch (p->role) {
    case ROLE_STORE:
        return p->info.state != FOS_SPACE_EXITED;
    case ROLE_APP:
        return p->lost && login_is_shell(&fleet.cmdline);
    default:
        return p->role != ROLE_ORDINARY;
    }
}

static void role_ended(enum process_role role, bool again, int32_t status)
{
    switch (role) {
    case ROLE_CONSOLE:
        fleet.console = (struct fos_cap){0};
        fleet.balance_known = false;
        report("proc: the console has ended; starting another");
        single_ended(role);
        break;
    case ROLE_FS:
        fleet.fs = (struct fos_cap){0};
        fleet.balance_known = false;
        report("proc: the filesystem has ended: files, pipes and what programs had "
               "open are lost; starting another");
        single_ended(role);
        break;
    case ROLE_STORE:
        fleet.balance_known = false;
        report("proc: the store client has ended; %s",
               again ? "starting another"
                     : "the host's shutdown requests go unheard from now on");
        if (again)
            single_ended(role);
        break;
    case ROLE_NAME:
        report("proc: a naming member has ended; starting another");
        break;
    case ROLE_APP:
        if (!again)
            machine_end(status, FOS_SHUTDOWN_POWEROFF);
        report("proc: the login shell has lost its memory and ended; starting "
               "another");
        single_ended(role);
        break;
    default:
        break;
    }
}

static void ended(struct process *p, int32_t status)
{
    enum process_role role = p->role;
    uint64_t pid = p->pid;
    bool again = has_successor(p);

    space_end(p->space);
    pager_ended(p);
    tell_end(p);
    fos_service_sweep(&fleet.service);
    wait_parent_gone(pid);
    p->wait_status = wait_status_of(&p->info);
    process_end(p, status);
    names_end(p); /* it does not count as living any more */
    groups_orphan(p);
    if (p->awaited)
        process_answer(p);
    else if (p->orphan || role != ROLE_ORDINARY)
        process_release(p);
    else
        wait_tell(p);
    role_ended(role, again, status);
}

void process_kill(struct process *p, int32_t status)
{
    fos_sys_space_status(p->space, &p->info);
    p->info.state = FOS_SPACE_KILLED;
    ended(p, status);
}

static void end_look(struct process *p)
{
    char text[160];

    if (fos_sys_space_status(p->space, &p->info) < 0 ||
        p->info.state == FOS_SPACE_RUNNING)
        return;
    p->lost = p->info.state == FOS_SPACE_KILLED; /* not by process_kill */
    if (p->role == ROLE_CONSOLE) /* its mailbox still takes what nobody reads */
        report_to((struct fos_cap){0});
    if (p->info.state == FOS_SPACE_FAULTED) {
        fault_describe(text, sizeof text, &p->info);
        report("pid %llu (%s) %s", (unsigned long long)p->pid, p->name, text);
    }
    ended(p, status_of(&p->info));
}

void ends_look(uint64_t event_bits)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && (event_bits >> process_event(p) & 1))
            end_look(p);
}

static void family_end(void)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->account == &family_account) {
            p->role = ROLE_ORDINARY;
            process_kill(p, PROC_STATUS_KILLED);
        }
}

/* What a process of the system has is not the family's.  A channel's ring is one, and
 * charged to both of its sides. */
static void balance_without(struct balance *b, struct fos_cap space)
{
    struct fos_space_info info;

    if (fos_sys_space_status(space, &info) < 0)
        return;
    b->frames += info.frames_used;
    b->frames -= (int64_t)info.published.channels_in * FOS_RING_PAGES_DEFAULT;
    b->channels -= (int64_t)info.published.channels_out;
}

/* The kernel's pools of objects keep their frames, and the system's processes, which
 * the family has had to do with, their records and ways to it. */
static bool balance_take(struct balance *b)
{
    if (fos_sys_kernel_info(&b->info) < 0)
        return false;
    b->frames = (int64_t)b->info.frames_free + b->info.frames_pools;
    b->channels = b->info.channels;
    balance_without(b, fos_own_space());
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->account == &system_account)
            balance_without(b, p->space);
    return true;
}

void balance_begin(void)
{
    fleet.balance_known = balance_take(&fleet.before);
}

static bool balance_is(const struct balance *b)
{
    const struct fos_kernel_info *before = &fleet.before.info;

    return b->frames >= fleet.before.frames && b->info.spaces == before->spaces &&
           b->info.threads == before->threads &&
           b->info.mailboxes == before->mailboxes &&
           b->channels == fleet.before.channels;
}

/* After the app and its family are gone everything they had must be back, as soon as
 * fleets have found out: on a busy machine that takes a while. */
static void balance_check(void)
{
    uint64_t deadline = fos_now_ns() + 20 * FOS_SECOND;
    struct balance taken;
    const struct fos_kernel_info *before = &fleet.before.info, *now = &taken.info;

    do {
        if (!fleet.balance_known || !balance_take(&taken) || balance_is(&taken))
            return;
        fos_clock_sleep(fos_now_ns() + 2 * FOS_MILLISECOND);
    } while (fos_now_ns() < deadline);
    report(
        "proc: not given back: %lld frames, %d spaces, %d threads, %d mailboxes, "
        "%d channels",
        (long long)(fleet.before.frames - taken.frames),
        (int)(now->spaces - before->spaces), (int)(now->threads - before->threads),
        (int)(now->mailboxes - before->mailboxes),
        (int)(taken.channels - fleet.before.channels));
}

_Noreturn void machine_end(int status, enum fos_shutdown reason)
{
    family_end();
    balance_check();
    report("[fos %s] exit %d", fleet.cmdline.tag, status);
    report_flush();
    for (;;)
        fos_sys_shutdown(fleet.boot->machine, reason);
}
