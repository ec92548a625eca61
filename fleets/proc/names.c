/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <stdio.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/start.h>
#include <fos/syscall.h>
#include <fos/ticket.h>

#include "fleet.h"
#include "quotas.h"
#include "restarts.h"
#include "tell.h"

enum { ARGUMENTS = 3, THROWAWAY_SLOTS = 64 };

#define TELL_NS  (2 * FOS_MILLISECOND) /* after a member had no room */
#define START_NS (5 * FOS_SECOND)

static struct members members;
static struct fos_siphash_key tickets, secrets;
static struct late late;               /* ends not told yet */
static bool running[PROC_MEMBERS_MAX]; /* a process is in the slot */
static bool begun;
static struct restarts restarts;

/* The kernel's generator, by the secret of a mailbox that nobody hears of. */
static uint64_t draw(void)
{
    struct fos_mailbox mailbox;

    if (fos_mailbox_create(&mailbox, THROWAWAY_SLOTS)) {
        report("proc: too little memory for the keys of tickets");
        machine_end(PROC_STATUS_UNUSABLE, FOS_SHUTDOWN_POWEROFF);
    }
    fos_mailbox_close(&mailbox);
    return mailbox.cap.secret;
}

void names_init(unsigned count)
{
    struct name_control control = {{draw(), draw()}};

    members_init(&members, count, control);
    tickets = (struct fos_siphash_key){{draw(), draw()}};
    secrets = (struct fos_siphash_key){{draw(), draw()}};
    fleet.control = (struct fos_cap){draw(), draw()};
    restarts.credit = RESTARTS_AT_ONCE + count;
}

const struct fos_siphash_key *names_tickets(void)
{
    return &tickets;
}

const struct proc_view *names_view(void)
{
    return &members.view;
}

static void member_start(unsigned slot)
{
    struct fos_cap keys[] = {{members.control.word[0], members.control.word[1]},
                             {tickets.word[0], tickets.word[1]},
                             {secrets.word[0], secrets.word[1]}};
    char text[64];
    int size = snprintf(text, sizeof text, "name%c%u%c%llu", 0, slot, 0,
                        (unsigned long long)fos_pid());
    struct process *p =
        fleet_start(&(struct fleet_birth){.name = "name",
                                          .role = ROLE_NAME,
                                          .argc = ARGUMENTS,
                                          .text = text,
                                          .text_size = (uint32_t)size + 1,
                                          .frames = quota_of(QUOTA_NAME)->frames,
                                          .objects = quota_of(QUOTA_NAME)->objects,
                                          .caps = keys,
                                          .ncaps = sizeof keys / sizeof *keys});

    if (p) {
        p->slot = slot;
        running[slot] = true;
    }
}

/* Gives when to try again.  Starts that fail count too. */
static uint64_t missing_start(void)
{
    uint64_t now = fos_now_ns(), again = FOS_NEVER;

    for (unsigned slot = 0; slot < members.view.slots; slot++) {
        uint64_t at = running[slot] ? FOS_NEVER : restart_take(&restarts, now);
        if (at == 0)
            member_start(slot);
        if (!running[slot])
            again = at ? at : now + RESTART_NS;
    }
    return again;
}

static int member_send(struct fos_cap mailbox, const void *message, size_t length)
{
    long error = fos_sys_mailbox_send(mailbox, message, length);

    return error == -FOS_EAGAIN ? -FOS_EAGAIN : 0;
}

/* A process that is being made has its pid already, and may live before the next end. */
static uint32_t living_list(uint64_t *pids)
{
    uint32_t count = 1;

    _Static_assert((int)PROCESS_MAX < (int)NAME_LIVING_MAX, "with this fleet");
    pids[0] = fos_pid();
    for (const struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->pid && (p->state == PROCESS_RUNNING || p->state == PROCESS_FREE))
            pids[count++] = p->pid;
    return count;
}

static void deaf_kill(uint32_t slots)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->role == ROLE_NAME &&
            (slots >> p->slot & 1)) {
            report("proc: naming member %u takes no messages; starting another",
                   (unsigned)p->slot);
            process_kill(p, PROC_STATUS_KILLED);
        }
}

/* When there is something to tell again. */
static uint64_t news_tell(void)
{
    if (members_know(&members) && !late_is_due(&late))
        return late.count ? late.at : FOS_NEVER;
    if (!members_tell(&members, living_list, member_send))
        return fos_now_ns() + TELL_NS;
    late = (struct late){0};
    return FOS_NEVER;
}

uint64_t names_work(void)
{
    uint64_t again = begun ? missing_start() : FOS_NEVER, tell;
    uint32_t deaf = members_deaf(&members);

    if (deaf)
        deaf_kill(deaf);
    tell = news_tell();
    return tell < again ? tell : again;
}

/* The balance of the system is taken when all of it is there. */
static bool all_serve(void)
{
    uint32_t active = name_slots_in(&members.view, PROC_MEMBER_ACTIVE);

    return active == (1u << members.view.slots) - 1;
}

void names_start(void)
{
    uint64_t deadline = fos_now_ns() + START_NS;

    begun = true;
    while (!all_serve() && fos_now_ns() < deadline)
        fleet_turn(deadline);
    if (!all_serve())
        report("proc: not all naming members answer");
}

void names_end(const struct process *p)
{
    members_end(&members, p->pid);
    late_add(&late);
    if (p->role != ROLE_NAME)
        return;
    running[p->slot] = false;
    members_down(&members, p->slot);
    if (members.lost)
        report("proc: no naming member was left: what was registered is lost");
    members.lost = false;
}

void names_ready(const struct process *p, struct fos_cap mailbox)
{
    members_up(&members, p->slot, mailbox, p->pid);
}

void names_joined(const struct process *p, uint64_t number)
{
    members_joined(&members, p->slot, number);
}
