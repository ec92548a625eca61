/* SPDX-License-Identifier: MIT */
#include "fleets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/proc.h>

FOS_CLIENT_CALLS(mem, MEM_OPS)
FOS_CLIENT_CALLS(page, PAGE_OPS)

static uint64_t soon(void)
{
    return fos_now_ns() + FOS_SECOND;
}

static struct proc_view view_of(const char *fleet)
{
    struct proc_members_req req = {0};
    struct proc_members_rep rep = {0};

    strncpy(req.fleet, fleet, sizeof req.fleet - 1);
    proc_members_call(fos_proc_peer(), &req, &rep, soon());
    return rep.view;
}

static bool mem_ask(struct fos_cap mailbox, struct mem_state_rep *rep)
{
    struct mem_state_req req = {0};
    struct fos_peer peer;

    if (fos_peer_open(&peer, mailbox, FOS_TRANSPORT_KERNEL) < 0)
        return false;
    long result = mem_state_call(&peer, &req, rep, soon());
    fos_peer_close(&peer);
    return result == 0;
}

static bool page_ask(struct fos_cap mailbox, struct page_state_rep *rep)
{
    struct page_state_req req = {0};
    struct fos_peer peer;

    if (fos_peer_open(&peer, mailbox, FOS_TRANSPORT_KERNEL) < 0)
        return false;
    long result = page_state_call(&peer, &req, rep, soon());
    fos_peer_close(&peer);
    return result == 0;
}

void fleets_take(struct fleets *f)
{
    const struct proc_view mems = view_of("mem"), pages = view_of("page");

    memset(f, 0, sizeof *f);
    for (unsigned i = 0; i < PROC_MEMBERS_MAX; i++) {
        if (mems.members[i].state == PROC_MEMBER_ACTIVE &&
            mem_ask(mems.members[i].mailbox, &f->mem[i].state))
            f->mem[i].number = i + 1;
        if (pages.members[i].state == PROC_MEMBER_ACTIVE &&
            page_ask(pages.members[i].mailbox, &f->page[i].state))
            f->page[i].number = i + 1;
    }
}

static double rate(uint64_t first, uint64_t last, double seconds)
{
    return last > first && seconds > 0 ? (double)(last - first) / seconds : 0;
}

void fleets_print(const struct fleets *first, const struct fleets *last,
                  double seconds)
{
    for (unsigned i = 0; i < PROC_MEMBERS_MAX; i++) {
        const struct mem_state_rep *m = &last->mem[i].state;
        if (last->mem[i].number)
            printf("mem %u: %u processes, %" PRIu64 " faults, %.0f a second\n",
                   last->mem[i].number, (unsigned)m->processes, m->faults,
                   rate(first->mem[i].state.faults, m->faults, seconds));
    }
    for (unsigned i = 0; i < PROC_MEMBERS_MAX; i++) {
        const struct page_state_rep *p = &last->page[i].state;
        if (last->page[i].number)
            printf("page %u: %u pages free, %u given, %" PRIu64
                   " promised, %.0f a second\n",
                   last->page[i].number, (unsigned)(p->free + p->zeroed),
                   (unsigned)p->given, p->promised,
                   rate(first->page[i].state.taken, p->taken, seconds));
    }
}

static void mem_json(const struct fleets *first, const struct fleets *last,
                     double seconds)
{
    const char *separator = "";

    printf(" \"mem\": [");
    for (unsigned i = 0; i < PROC_MEMBERS_MAX; i++) {
        const struct mem_state_rep *m = &last->mem[i].state;
        if (!last->mem[i].number)
            continue;
        printf("%s{\"member\": %u, \"processes\": %u, \"faults\": %" PRIu64
               ", \"faults_per_s\": %.1f}",
               separator, last->mem[i].number, (unsigned)m->processes, m->faults,
               rate(first->mem[i].state.faults, m->faults, seconds));
        separator = ", ";
    }
    printf("],\n");
}

static void page_json(const struct fleets *first, const struct fleets *last,
                      double seconds)
{
    const char *separator = "";

    printf(" \"page\": [");
    for (unsigned i = 0; i < PROC_MEMBERS_MAX; i++) {
        const struct page_state_rep *p = &last->page[i].state;
        if (!last->page[i].number)
            continue;
        printf("%s{\"member\": %u, \"free\": %u, \"given\": %u, \"promised\": "
               "%" PRIu64 ", \"given_per_s\": %.1f}",
               separator, last->page[i].number, (unsigned)(p->free + p->zeroed),
               (unsigned)p->given, p->promised,
               rate(first->page[i].state.taken, p->taken, seconds));
        separator = ", ";
    }
    printf("],\n");
}

void fleets_json(const struct fleets *first, const struct fleets *last,
                 double seconds)
{
    mem_json(first, last, seconds);
    page_json(first, last, seconds);
}
