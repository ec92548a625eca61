/* SPDX-License-Identifier: MIT */
/* The writes of a naming member: who may have how many under way. */
#include "fleets/name/member.h"

#include <fos/name.h>
#include <fos/ticket.h>

#include "unit.h"

static const struct fos_siphash_key tickets = {{11, 12}};

static long
    flood_result; /* of the last request; 1: it was taken, and not answered */

static int flood_send(unsigned slot, const struct proc_member *to,
                      const void *bytes, size_t length)
{
    (void)slot, (void)to, (void)bytes, (void)length;
    return 0; /* and never answered */
}

static void flood_answer(const struct fos_caller *caller, long result, void *reply,
                         size_t length)
{
    (void)caller, (void)reply, (void)length;
    flood_result = result;
}

static void flood_joined(uint64_t view)
{
    (void)view;
}

static uint64_t flood_now(void)
{
    return 0;
}

/* One of two, in slot 0; the other one hangs. */
static struct member *flood_member(void)
{
    static struct member m;
    struct proc_view view = {.number = 1, .slots = 2};

    memset(&m, 0, sizeof m);
    m.io = (struct member_io){flood_send, flood_answer, flood_joined, flood_now};
    m.tickets = tickets;
    m.mailbox = (struct fos_cap){1, 1};
    m.process_fleet_pid = 1;
    member_init(&m);
    for (unsigned slot = 0; slot < 2; slot++)
        view.members[slot] = (struct proc_member){
            .mailbox = {slot + 1, 1}, .pid = slot + 1, .state = PROC_MEMBER_ACTIVE};
    member_view(&m, &view);
    return &m;
}

/* The next name that is this member's. */
static struct fos_alias flood_alias(void)
{
    static uint64_t number;
    struct fos_alias alias;

    do
        alias = (struct fos_alias){{++number, 99}};
    while (name_best(alias, 3) != 0);
    return alias;
}

/* Whether a member takes a request to end a name that is not there. */
static bool absent_end(struct member *m)
{
    struct name_unregister_req req = {.view = 1, .alias = flood_alias()};

    flood_result = 1;
    member_unregister(m, &(struct fos_caller){0}, &req);
    CHECK(flood_result == 1 || flood_result == -FOS_EAGAIN);
    return flood_result == 1;
}

/* Whether it takes a registration of the owner's. */
static bool registration_take(struct member *m, uint64_t owner)
{
    struct name_register_req req = {.view = 1,
                                    .ticket = fos_ticket_make(&tickets, owner),
                                    .alias = flood_alias(),
                                    .value = {.kind = NAME_MAILBOX, .word = {0, 5}},
                                    .token = 1};

    flood_result = 1;
    member_register(m, &(struct fos_caller){0}, &req);
    CHECK(flood_result == 1 || flood_result == -FOS_EAGAIN);
    return flood_result == 1;
}

CASE("who floods a member with writes leaves others room for theirs")
{
    enum { TRIES = 3 * WRITES_MAX, OWNERS = 20 };
    struct member *m = flood_member();
    unsigned ends = 0, first = 0, apps = 0;

    for (int i = 0; i < TRIES; i++)
        ends += absent_end(m);
    CHECK_EQ(ends, WRITES_OF_ONE);
    for (int i = 0; i < TRIES; i++)
        first += registration_take(m, 100);
    CHECK_EQ(first, WRITES_OF_ONE);
    CHECK(registration_take(m, 101));
    for (int i = 0; i < TRIES; i++)
        apps += registration_take(m, 102 + (uint64_t)(i % OWNERS));
    CHECK_EQ(ends + first + 1 + apps, WRITES_APPS);
    CHECK(registration_take(m, 200 | FOS_TICKET_SYSTEM));
}
