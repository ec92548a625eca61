/* SPDX-License-Identifier: MIT */
/* The process fleet's care for members of page and mem: they are started again until they
 * are there. */
#include <fos/call.h>

/* No call of its is made here. */
#define fos_call(to, request, length, reply, capacity, deadline) \
    ((void)(to), (void)(request), (void)(reply), (void)(deadline), -1)
#include "fleets/proc/pager.c"

#include "unit.h"

static struct fos_start start_page;
struct fos_start *fos_start_page = &start_page;
struct fleet fleet = {.cmdline = {.pages = 1, .mems = 2}};
struct process processes[PROCESS_MAX];
struct account system_account, family_account;

static uint64_t now = FOS_SECOND, pids = 1;
static unsigned tries, failing; /* starts; how many of the next fail */

uint64_t fos_now_ns(void)
{
    return now;
}

struct process *fleet_start(const struct fleet_birth *what)
{
    struct process *p = &processes[pids];

    tries++;
    if (failing) {
        failing--;
        return NULL;
    }
    *p = (struct process){
        .state = PROCESS_RUNNING, .role = what->role, .pid = pids++};
    return p;
}

static unsigned running(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < pids; i++)
        count += processes[i].state == PROCESS_RUNNING;
    return count;
}

/* All that run say that they serve. */
void fleet_turn(uint64_t deadline)
{
    for (unsigned i = 1; i < pids; i++)
        if (processes[i].state == PROCESS_RUNNING && !processes[i].ready) {
            processes[i].ready = true;
            pager_ready(&processes[i], (struct fos_cap){pids, i});
        }
    now += FOS_MILLISECOND;
    uint64_t again = pager_work();
    if (again != FOS_NEVER && again > now)
        now = again < deadline ? again : deadline;
}

void report(const char *format, ...)
{
    (void)format;
}

bool process_is_near(const struct process *p)
{
    (void)p;
    return true;
}

struct process *process_find(uint64_t pid)
{
    return pid < pids ? &processes[pid] : NULL;
}

/* ---- what is not played ---- */

long fos_sys_space_status(struct fos_cap space, struct fos_space_info *info)
{
    (void)space;
    *info = (struct fos_space_info){.frames_quota = 1000};
    return 0;
}

long fos_sys_space_control(struct fos_cap space, enum fos_space_control what,
                           uint64_t argument)
{
    (void)space, (void)what, (void)argument;
    return 0;
}

long fos_sys_mailbox_send(struct fos_cap to, const void *message, size_t length)
{
    (void)to, (void)message, (void)length;
    return 0;
}

int fos_peer_open(struct fos_peer *peer, struct fos_cap mailbox,
                  enum fos_transport transport)
{
    (void)peer, (void)mailbox, (void)transport;
    return -1;
}

void fos_peer_close(struct fos_peer *peer)
{
    (void)peer;
}

long fos_call_send(struct fos_call *call, struct fos_peer *to, void *request,
                   uint32_t length, void *reply, uint32_t capacity,
                   uint64_t deadline)
{
    (void)call, (void)to, (void)request, (void)length, (void)reply, (void)capacity;
    (void)deadline;
    return -1;
}

long fos_call_finish(struct fos_call *call, uint64_t deadline)
{
    (void)call, (void)deadline;
    return -1;
}

void fos_call_cancel(struct fos_call *call)
{
    (void)call;
}

/* ---- cases ---- */

static void begin(unsigned fail)
{
    uint32_t frames, objects;

    memset(processes, 0, sizeof processes);
    pids = 1;
    tries = 0;
    failing = fail;
    pager_quota(20000, 2, &frames, &objects);
    pager_start();
}

static void end(struct process *p)
{
    pager_ended(p);
    p->state = PROCESS_FREE;
}

/* Turns until so many run, or 100 s are over. */
static void run_until(unsigned count)
{
    uint64_t end = now + 100 * FOS_SECOND;

    while (running() < count && now < end)
        fleet_turn(end);
    CHECK_EQ(running(), count);
}

CASE(
    "a member whose start fails is started again, once a second, until it is there")
{
    begin(0);
    run_until(3);
    for (unsigned pid = 1; pid <= 3; pid++) {
        failing = 10;
        tries = 0;
        uint64_t began = now;
        end(&processes[pid]);
        run_until(3);
        CHECK_EQ(tries, 11);
        CHECK(now - began >= (11 - RESTARTS_AT_ONCE - 1) * RESTART_NS);
    }
}

CASE("members that cannot be started in the beginning are there later")
{
    begin(7);
    run_until(3);
    CHECK(pager_serves());
}
