/* SPDX-License-Identifier: MIT */
/*
 * A member of the naming fleet: name SLOT PID, where PID is the process fleet's.
 * Extra capabilities are the words that the fleet keeps to itself: control, the keys of
 * tickets and of secrets.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fos/clock.h>
#include <fos/proc.h>
#include <fos/start.h>

#include "request.h"

enum { MAILBOX_SLOTS = 2048 };

struct member member;
static struct fos_peer others[PROC_MEMBERS_MAX]; /* mailbox.id 0: not open */

/* By the kernel: what members tell each other is little, and rare. */
static int other_send(unsigned slot, const struct proc_member *to,
                      const void *message, size_t length)
{
    struct fos_peer *peer = &others[slot];

    if (peer->mailbox.id != to->mailbox.id) {
        if (peer->mailbox.id)
            fos_peer_close(peer);
        fos_peer_open(peer, to->mailbox, FOS_TRANSPORT_KERNEL);
    }
    int error = fos_msg_try_send(peer, message, (uint32_t)length);
    return error == -FOS_EAGAIN ? error : 0;
}

static void request_answer(const struct fos_caller *caller, long result,
                           void *reply, size_t length)
{
    fos_answer(caller, result, reply, length);
}

static void joined_tell(uint64_t view)
{
    struct proc_joined_req req = {.self = fos_own_space(), .number = view};

    proc_joined_post(fos_proc_peer(), &req, FOS_NEVER);
}

static uint64_t clock_now(void)
{
    return fos_sleeper_now(&fos_thread_self()->sleeper);
}

static void begin(const char *slot, const char *process_fleet)
{
    struct fos_cap control = fos_start_extra(0), tickets = fos_start_extra(1),
                   secrets = fos_start_extra(2);

    member.io =
        (struct member_io){other_send, request_answer, joined_tell, clock_now};
    member.control = (struct name_control){{control.id, control.secret}};
    member.tickets = (struct fos_siphash_key){{tickets.id, tickets.secret}};
    member.secrets = (struct fos_siphash_key){{secrets.id, secrets.secret}};
    member.slot = (uint32_t)strtoul(slot, NULL, 10);
    member.process_fleet = fos_start_page->caps[FOS_START_PROC];
    member.process_fleet_pid = strtoull(process_fleet, NULL, 10);
    member_init(&member);
}

/* For the statistics. */
static struct fos_membership membership(void)
{
    return (struct fos_membership){
        .slot = member.slot,
        .members = (uint32_t)__builtin_popcount(member.active | member.joining),
        .view = member.view.number};
}

int main(int argc, char **argv)
{
    static struct fos_service *const service = &name_service;

    if (argc != 3 || strtoul(argv[1], NULL, 10) >= PROC_MEMBERS_MAX)
        return 1;
    begin(argv[1], argv[2]);
    if (fos_service_open(service, MAILBOX_SLOTS) < 0)
        return 2;
    member.mailbox = service->mailbox.cap;
    fos_service_ready(service);
    for (;;) {
        fos_service_run(service, member_work(&member));
        service->membership = membership();
    }
}
