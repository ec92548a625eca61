/* SPDX-License-Identifier: MIT */
/* Clients of the page fleet.  Each greets, and works whenever told to. */
#include <stdio.h>
#include <stdlib.h>

#include <fos/bench.h>
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/proc.h>
#include <fos/proto/page.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "bench.h"

FOS_CLIENT_CALLS(page, PAGE_OPS)

enum { SLOTS = 64, CLIENTS_MAX = PROC_MEMBERS_MAX, CLIENT_FRAMES = 1024 };

#define PATIENCE (60 * FOS_SECOND)

static struct fos_mailbox inbox;

static void take(void *to, uint32_t size)
{
    uint32_t length = 0;

    must(fos_msg_recv(&inbox, to, size, &length, fos_now_ns() + PATIENCE),
         "waiting for the other side");
    must(length == size ? 0 : -FOS_EPROTO, "what the other side says");
}

static struct proc_view view(void)
{
    struct proc_members_req req = {.fleet = "page"};
    struct proc_members_rep rep = {0};

    must(proc_members_call(fos_proc_peer(), &req, &rep, fos_now_ns() + PATIENCE),
         "the members of page");
    return rep.view;
}

uint32_t fleet_members(void)
{
    return view().slots;
}

/* ---- a client ---- */

static struct fos_peer members[PROC_MEMBERS_MAX];
static uint32_t members_count;

static void members_open(void)
{
    struct proc_view all = view();

    members_count = all.slots;
    for (uint32_t i = 0; i < members_count; i++)
        must(fos_peer_open(&members[i], all.members[i].mailbox,
                           FOS_TRANSPORT_KERNEL),
             "a member of page");
}

/* Up to a batch, of the own member, else of the next: how many pages. */
static uint32_t pages_take(uint32_t owner, uint64_t place)
{
    struct page_take_req req = {.control = fos_start_extra(1),
                                .space = fos_own_space(),
                                .address = place,
                                .pages = BATCH};
    struct page_take_rep rep = {0};
    long result = -FOS_ENOMEM;

    for (uint32_t n = 0; n < members_count && result == -FOS_ENOMEM; n++)
        result = page_take_call(&members[(owner + n) % members_count], &req, &rep,
                                fos_now_ns() + PATIENCE);
    must(result == -FOS_ENOMEM ? 0 : result, "taking pages");
    return rep.pages;
}

int fleet_client(uint32_t owner)
{
    uint64_t place = place_take();
    struct fos_peer to;
    uint32_t batches;

    must(fos_mailbox_create(&inbox, SLOTS), "client: mailbox");
    must(fos_peer_open(&to, fos_start_extra(0), FOS_TRANSPORT_KERNEL), "client");
    members_open();
    must(fos_msg_send(&to, &inbox.cap, sizeof inbox.cap), "client: greeting");
    for (take(&batches, sizeof batches); batches; take(&batches, sizeof batches)) {
        for (uint64_t pages = (uint64_t)batches * BATCH; pages;) {
            uint32_t came = pages_take(owner, place);
            must(place_clear(place) == came ? 0 : -FOS_EPROTO, "pages that came");
            pages -= came < pages ? came : pages;
        }
        must(fos_msg_send(&to, &batches, sizeof batches), "client: done");
    }
    return 0;
}

/* ---- those who measure them ---- */

static struct client {
    uint64_t pid;
    struct fos_peer peer;
} clients[CLIENTS_MAX];

static void client_start(uint32_t i)
{
    char text[12];
    const char *const argv[] = {"page-bench", "client", text, NULL};
    const struct fos_cap caps[] = {inbox.cap,
                                   fos_start_page->caps[FOS_START_CONTROL]};
    struct fos_spawn spawn = {.path = "page-bench",
                              .argv = argv,
                              .caps = caps,
                              .ncaps = 2,
                              .frames = CLIENT_FRAMES};
    struct fos_cap mailbox;

    snprintf(text, sizeof text, "%u", (unsigned)i);
    must(fos_spawn(&spawn, &clients[i].pid), "starting a client");
    take(&mailbox, sizeof mailbox);
    must(fos_peer_open(&clients[i].peer, mailbox, FOS_TRANSPORT_KERNEL), "client");
}

static void tell(uint32_t count, uint32_t batches)
{
    for (uint32_t i = 0; i < count; i++)
        must(fos_msg_send(&clients[i].peer, &batches, sizeof batches),
             "telling a client");
}

static void begin(uint32_t count)
{
    must(fos_mailbox_create(&inbox, SLOTS), "mailbox");
    for (uint32_t i = 0; i < count; i++)
        client_start(i);
}

static double round_once(uint32_t count, uint32_t batches)
{
    uint64_t then = fos_bench_tsc();
    uint32_t done;

    tell(count, batches);
    for (uint32_t i = 0; i < count; i++)
        take(&done, sizeof done);
    return (double)(fos_bench_tsc() - then);
}

static void end(uint32_t count)
{
    int status;

    tell(count, 0);
    for (uint32_t i = 0; i < count; i++) {
        must(fos_process_wait(clients[i].pid, &status, NULL), "a client's end");
        must(status ? -FOS_EPROTO : 0, "a client's end");
        fos_peer_close(&clients[i].peer);
    }
    fos_mailbox_close(&inbox);
}

const struct way way_fleet = {"page fleet, a member to each client", begin,
                              round_once, end};
