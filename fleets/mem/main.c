/* SPDX-License-Identifier: MIT */
/*
 * A member of the memory fleet: mem SLOT RESERVE, the one in pages (pages.h, G8).
 */
#include <stdlib.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/fleet.h>
#include <fos/proto/proc.h>

#include "member.h"
#include "pages.h"
#include "process.h"
#include "request.h"

enum { MAILBOX_SLOTS = 1024, FAULT_SLOTS = 1024, DUE_NS = 10000000 };

struct member member;
static struct fos_mailbox faults;

/* The kernel alone knows the way to that mailbox. */
static void fault_take(const void *message, uint32_t length)
{
    if (length == sizeof(struct fos_fault))
        fault_handle(message);
    pages_ahead();
}

static long begin(unsigned slot)
{
    long error = fos_service_open(&mem_service, MAILBOX_SLOTS);

    member.tickets = fos_fleet_tickets();
    if (!error)
        error = fos_mailbox_create(&faults, FAULT_SLOTS);
    if (!error)
        error = pages_open(slot);
    if (!error && !fos_call_mailbox().id)
        error = -FOS_ENOMEM;
    if (error)
        return error;
    member.faults = faults.cap;
    mem_service.aside = &faults;
    mem_service.aside_take = fault_take;
    return 0;
}

int main(int argc, char **argv)
{
    unsigned slot =
        argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : PROC_MEMBERS_MAX;

    if (slot >= PROC_MEMBERS_MAX)
        return 1;
    if (begin(slot) < 0)
        return 2;
    promise_reserve(strtoull(argv[2], NULL, 10));
    fos_service_ready(&mem_service);
    for (;;) {
        bool due = pages_due();
        fos_service_run(&mem_service, due ? fos_now_ns() + DUE_NS : FOS_NEVER);
        if (due) {
            quota_less();
            promise_less(process_promised());
        }
    }
}
