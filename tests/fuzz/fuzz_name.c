/* SPDX-License-Identifier: MIT */
/*
 * A naming member: records are messages.  The words that the fleet keeps to itself are
 * zeros here, so that messages of members can be made; a ticket whose secret is zero is
 * made good.  The first byte of the input says which members there are.
 */
#include "fuzz.h"

#define main name_main
int name_main(int argc, char **argv);
#include "fleets/name/main.c"
#undef main

#include <fos/ticket.h>

static void view_set(uint8_t states)
{
    struct proc_view view = {.number = 1, .slots = PROC_MEMBERS_MAX};

    for (unsigned slot = 0; slot < 3; slot++, states >>= 2)
        view.members[slot] = (struct proc_member){
            .mailbox = {12 + 4 * slot + (states & 2), slot}, .state = states % 3};
    view.members[0].mailbox = member.mailbox;
    member_view(&member, &view);
}

static void record_serve(const uint8_t *data, uint32_t length)
{
    static struct name_register_req request;

    if (length == sizeof request && (*data & 0xff) == name_register_op) {
        memcpy(&request, data, sizeof request);
        if (request.ticket.secret == 0)
            request.ticket = fos_ticket_make(&member.tickets, request.ticket.id);
        data = (const uint8_t *)&request;
    }
    system_serve(&name_service, data, length);
    member_work(&member);
}

static void all_records(void *argument)
{
    struct input *in = argument;
    const uint8_t *data;
    uint32_t length;

    begin("0", "1");
    view_set((uint8_t)input_number(in, 1));
    while (input_record(in, &data, &length))
        if (length)
            record_serve(data, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    name_service.stop = system_end;
    if (!name_service.buffer)
        HOLDS(fos_service_open(&name_service, MAILBOX_SLOTS) == 0);
    memset(&member, 0, sizeof member);
    member.mailbox = name_service.mailbox.cap;
    system_run(all_records, &in);
    return 0;
}
