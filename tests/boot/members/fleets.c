/* SPDX-License-Identifier: MIT */
#include "fleets.h"

#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/proc.h>
#include <fos/start.h>

FOS_CLIENT_CALLS(fleet, FLEET_OPS)
FOS_CLIENT_CALLS(mem, MEM_OPS)
FOS_CLIENT_CALLS(page, PAGE_OPS)

enum { LISTED = 128 };

static struct proc_entry entries[LISTED];

void nap(void)
{
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
}

unsigned member_of(uint64_t pid)
{
    long count = fos_process_list(entries, LISTED);

    for (long i = 0; i < count; i++)
        if (entries[i].pid == pid && !entries[i].ended)
            return entries[i].mem;
    return 0;
}

struct proc_view view_of(const char *fleet)
{
    struct proc_members_req req = {0};
    struct proc_members_rep rep = {0};

    strncpy(req.fleet, fleet, sizeof req.fleet - 1);
    proc_members_call(fos_proc_peer(), &req, &rep, fos_now_ns() + PATIENCE);
    return rep.view;
}

uint64_t slot_pid(unsigned slot)
{
    const struct proc_view view = view_of("mem");

    return view.members[slot].state == PROC_MEMBER_ACTIVE ? view.members[slot].pid
                                                          : 0;
}

long stats_of(struct fos_cap mailbox, struct fleet_stats_rep *stats)
{
    struct fleet_stats_req req = {0};
    struct fos_peer peer;
    long error = fos_peer_open(&peer, mailbox, FOS_TRANSPORT_KERNEL);

    if (!error) {
        error = fleet_stats_call(&peer, &req, stats, fos_now_ns() + PATIENCE);
        fos_peer_close(&peer);
    }
    return error < 0 ? error : 0;
}

static bool member_knows(const struct proc_view *view, uint32_t slot)
{
    const struct proc_member *m = &view->members[slot];
    struct fleet_stats_rep stats = {0};

    return m->state == PROC_MEMBER_ACTIVE && stats_of(m->mailbox, &stats) == 0 &&
           stats.pid == m->pid && stats.member == slot &&
           stats.members == view->slots && stats.view == view->number;
}

bool fleet_knows(const char *fleet)
{
    uint64_t deadline = fos_now_ns() + PATIENCE;

    do {
        const struct proc_view view = view_of(fleet);
        uint32_t known = 0;
        while (known < view.slots && member_knows(&view, known))
            known++;
        if (known && known == view.slots)
            return true;
        nap();
    } while (fos_now_ns() < deadline);
    return false;
}

long view_forge(struct fos_cap mailbox, struct fos_cap control, uint64_t number)
{
    struct fleet_view_req req = {
        .control = control, .number = number, .member = 1, .members = 77};
    struct fos_peer peer;
    long error = fos_peer_open(&peer, mailbox, FOS_TRANSPORT_KERNEL);

    if (!error) {
        error = fleet_view_post(&peer, &req, fos_now_ns() + PATIENCE);
        fos_peer_close(&peer);
    }
    return error;
}

static long mem_ask(struct fos_cap mailbox, struct mem_state_rep *rep)
{
    struct mem_state_req req = {0};
    struct fos_peer peer;
    long error = fos_peer_open(&peer, mailbox, FOS_TRANSPORT_KERNEL);

    if (!error) {
        error = mem_state_call(&peer, &req, rep, fos_now_ns() + PATIENCE);
        fos_peer_close(&peer);
    }
    return error < 0 ? error : 0;
}

static long page_ask(struct fos_cap mailbox, struct page_state_rep *rep)
{
    struct page_state_req req = {0};
    struct fos_peer peer;
    long error = fos_peer_open(&peer, mailbox, FOS_TRANSPORT_KERNEL);

    if (!error) {
        error = page_state_call(&peer, &req, rep, fos_now_ns() + PATIENCE);
        fos_peer_close(&peer);
    }
    return error < 0 ? error : 0;
}

long look(struct members *m)
{
    const struct proc_view mems = view_of("mem"), pages = view_of("page");
    long error = 0;

    memset(m, 0, sizeof *m);
    for (int i = 0; i < 2; i++) {
        long mem = mem_ask(mems.members[i].mailbox, &m->mem[i]);
        long page = page_ask(pages.members[i].mailbox, &m->page[i]);
        error = error ? error : mem ? mem : page;
        m->free += m->page[i].free + m->page[i].zeroed;
        m->promised += m->page[i].promised;
    }
    return error;
}

/* Processes that a member looks after, as proc knows it. */
static uint32_t listed(void)
{
    long count = fos_process_list(entries, LISTED);
    uint32_t found = 0;

    for (long i = 0; i < count; i++)
        found += entries[i].mem && !entries[i].ended;
    return found;
}

long settle(struct members *members)
{
    uint64_t deadline = fos_now_ns() + PATIENCE;
    long error;

    do {
        error = look(members);
        if (!error &&
            members->mem[0].processes + members->mem[1].processes == listed())
            return 0;
        nap();
    } while (fos_now_ns() < deadline);
    return error;
}
