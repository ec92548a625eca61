/* SPDX-License-Identifier: MIT */
/* Which members of fleets the process fleet takes for hanging (fleets/proc/alive.c). */
#include "unit.h"

#include <fos/clock.h>

#include "fleets/proc/alive.h"
#include "fleets/proc/fleet.h"
#include "fleets/proc/names.h"

struct process processes[PROCESS_MAX];
static struct proc_view view;
static uint64_t now, killed; /* nanoseconds; pids, as bits */

uint64_t fos_now_ns(void)
{
    return now;
}

const struct proc_view *names_view(void)
{
    return &view;
}

void report(const char *format, ...)
{
    (void)format;
}

void process_kill(struct process *p, int32_t status)
{
    CHECK_EQ(status, PROC_STATUS_KILLED);
    killed |= 1ull << p->pid;
    p->state = PROCESS_ENDED;
    if (p->role == ROLE_NAME)
        view.members[p->slot].state = PROC_MEMBER_DOWN;
}

static void process_make(uint64_t pid, enum process_role role, uint32_t slot)
{
    processes[pid] = (struct process){
        .state = PROCESS_RUNNING, .role = role, .pid = pid, .slot = slot};
    if (role == ROLE_NAME)
        view.members[slot] =
            (struct proc_member){.pid = pid, .state = PROC_MEMBER_ACTIVE};
}

/* Two naming members (2, 3), one of page (4), fs (5), mem (6), console, a program. */
static void begin(uint32_t seconds)
{
    memset(processes, 0, sizeof processes);
    view = (struct proc_view){.slots = 2};
    now = 5 * FOS_SECOND;
    killed = 0;
    process_make(2, ROLE_NAME, 0);
    process_make(3, ROLE_NAME, 1);
    process_make(4, ROLE_PAGE, 0);
    process_make(5, ROLE_FS, 0);
    process_make(6, ROLE_MEM, 0);
    process_make(7, ROLE_CONSOLE, 0);
    process_make(8, ROLE_APP, 0);
    alive_init(seconds);
    alive_work();
}

/* So many seconds, in which those of `speaking` are heard of every four. */
static void pass(uint32_t seconds, uint64_t speaking)
{
    for (uint32_t s = 0; s < seconds; s++) {
        now += FOS_SECOND;
        alive_work();
        for (uint64_t pid = 0; s % 4 == 3 && pid < 10; pid++)
            if (speaking >> pid & 1)
                alive_heard(&processes[pid]);
    }
}

enum { ALL = 0x7c };

CASE("alive: who speaks every four seconds lives, at the shortest patience too")
{
    begin(1);
    pass(1000, ALL);
    CHECK_EQ(killed, 0);
}

CASE("alive: a naming member that is silent is ended, the other is not")
{
    begin(0);
    pass(ALIVE_SECONDS - 2, ALL & ~4u);
    CHECK_EQ(killed, 0);
    pass(4, ALL & ~4u);
    CHECK_EQ(killed, 4);
}

CASE("alive: of two that are silent neither is ended soon, then one, and then the "
     "next "
     "has its time")
{
    begin(0);
    pass(4 * ALIVE_SECONDS - 2, ALL & ~12u);
    CHECK_EQ(killed, 0);
    pass(4, ALL & ~12u);
    CHECK_EQ(killed, 12);
    begin(0);
    pass(8, ALL & ~4u);
    pass(4 * ALIVE_SECONDS - 10, ALL & ~12u);
    CHECK_EQ(killed,
             4); /* the other had been heard of later, and is the last now */
    pass(20, ALL & ~12u);
    CHECK_EQ(killed, 12);
}

CASE("alive: who waits for another is ended later than that one")
{
    begin(0);
    pass(4 * ALIVE_SECONDS + 4, 12);
    CHECK_EQ(killed, 1 << 4);
    pass(4 * ALIVE_SECONDS, 12);
    CHECK_EQ(killed, 3 << 4);
    pass(4 * ALIVE_SECONDS, 12);
    CHECK_EQ(killed, 7 << 4);
    pass(1000, 12); /* console and program are never asked */
    CHECK_EQ(killed, 7 << 4);
}

CASE("alive: a machine that stood still, or a long call of the first process, is "
     "nobody's "
     "silence")
{
    begin(0);
    for (int i = 0; i < 50; i++) {
        now += 1000 * FOS_SECOND;
        alive_work();
        pass(4, ALL);
    }
    CHECK_EQ(killed, 0);
}
