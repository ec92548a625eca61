/* SPDX-License-Identifier: MIT */
/*
 * Registrations by who tries each once, while members are lost in the middle of them:
 * what was acknowledged is there afterwards, and what was not is there wholly or not at all.
 */
#include "names.h"

enum {
    KEPT = 40,        /* acknowledged names at a time */
    UNSURE = 60,      /* others, in one round */
    FIRST_NUMBER = 1, /* of a name, and its token */
    FIRST_MAILBOX = 5000000,
};

/* For one try: a member that hangs does not answer. */
#define TRY_NS (2 * FOS_SECOND)

/* The other word of these aliases. */
#define FAMILY 4242

static struct proc_view view;
static struct fos_registration kept[KEPT];
static uint64_t kept_count, unsure[UNSURE], unsure_count;
static uint64_t acknowledged, died, refused, whole;

static struct fos_alias alias_of(uint64_t number)
{
    return (struct fos_alias){{number, FAMILY}};
}

static void view_look(void)
{
    struct proc_members_req req = {.fleet = "name"};
    struct proc_members_rep rep = {0};

    CHILD_EQUAL(proc_members_call(fos_proc_peer(), &req, &rep, family_deadline()),
                0);
    view = rep.view;
}

static int authority_of(struct fos_alias alias)
{
    return name_best(alias, name_slots_in(&view, PROC_MEMBER_ACTIVE));
}

/* One try at the authority of the view known, whether or not it still is. */
static long register_try(uint64_t number, struct fos_registration *made)
{
    struct name_register_req req = {
        .view = view.number,
        .ticket = fos_ticket(),
        .alias = alias_of(number),
        .value = {.kind = NAME_MAILBOX, .word = {0, FIRST_MAILBOX + number}},
        .token = number};
    struct name_register_rep rep = {0};
    struct fos_peer member;
    int slot = authority_of(req.alias);

    if (slot < 0)
        return -FOS_EAGAIN;
    long result =
        fos_peer_open(&member, view.members[slot].mailbox, FOS_TRANSPORT_KERNEL);
    if (result)
        return result;
    result = name_register_call(&member, &req, &rep, fos_now_ns() + TRY_NS);
    fos_peer_close(&member);
    *made = (struct fos_registration){req.alias, rep.secret};
    return result;
}

/* What a member says of a name.  0: it has it. */
static long lookup_raw(int slot, uint64_t number)
{
    struct name_lookup_req req = {.alias = alias_of(number)};
    struct name_lookup_rep rep = {0};
    struct fos_peer member;
    long result =
        fos_peer_open(&member, view.members[slot].mailbox, FOS_TRANSPORT_KERNEL);

    if (result)
        return result;
    result = name_lookup_call(&member, &req, &rep, fos_now_ns() + TRY_NS);
    fos_peer_close(&member);
    if (result >= 0)
        CHILD_EQUAL(rep.value.word[1], FIRST_MAILBOX + number);
    return result < 0 ? result : 0;
}

static void kept_end(uint64_t place)
{
    struct name_value value = {0};

    CHILD_EQUAL(fos_name_lookup(kept[place].alias, &value), 0);
    CHILD_EQUAL(value.word[1], FIRST_MAILBOX + kept[place].alias.word[0]);
    CHILD_EQUAL(fos_name_unregister(&kept[place], NULL), 0);
}

static void registration_one(uint64_t number)
{
    struct fos_registration made;
    long result = register_try(number, &made);

    if (result == 0) {
        if (acknowledged >= KEPT && kept_count == KEPT)
            kept_end(acknowledged % KEPT);
        else
            kept_count++;
        kept[acknowledged++ % KEPT] = made;
        return;
    }
    CHILD_CHECK(result == -FOS_EAGAIN || result == -FOS_EPERM ||
                result == -FOS_EPIPE || result == -FOS_ETIMEDOUT);
    died += result != -FOS_EAGAIN;
    refused += result == -FOS_EAGAIN;
    CHILD_CHECK(unsure_count < UNSURE);
    unsure[unsure_count++] = number;
    view_look();
}

/* Whether both members that hold the name agree that it is there, or not. */
static bool is_agreed(uint64_t number, bool *there)
{
    struct fos_alias alias = alias_of(number);
    uint32_t active = name_slots_in(&view, PROC_MEMBER_ACTIVE);
    int first = name_best(alias, active);
    int second = first < 0 ? -1 : name_best(alias, active & ~(1u << first));

    if (second < 0)
        return false;
    long one = lookup_raw(first, number), other = lookup_raw(second, number);
    *there = one == 0;
    return (one == 0 && other == 0) ||
           (one == -FOS_ENOENT && other == -FOS_EAGAIN); /* N7 */
}

/* Told by nobody that it is there: both holders come to say the same, and the same request
 * again is answered as if it were the first. */
static void unsure_end(uint64_t number)
{
    uint64_t deadline = family_deadline();
    struct fos_registration made;
    bool there = false;
    long result;

    while (!is_agreed(number, &there)) {
        CHILD_CHECK(fos_now_ns() < deadline);
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
        view_look();
    }
    whole += there;
    while ((result = register_try(number, &made)) == -FOS_EAGAIN) {
        CHILD_CHECK(fos_now_ns() < deadline);
        view_look();
    }
    CHILD_EQUAL(result, 0);
    CHILD_EQUAL(fos_name_unregister(&made, NULL), 0);
}

/* All members are there again. */
static void round_check(void)
{
    view_look();
    for (uint64_t i = 0; i < unsure_count; i++)
        unsure_end(unsure[i]);
    unsure_count = 0;
    for (uint64_t i = acknowledged - kept_count; i < acknowledged; i++)
        kept_end(i % KEPT);
    kept_count = 0;
}

int part_registrant(uint64_t a, uint64_t b)
{
    static struct fos_mailbox orders;
    uint64_t number = FIRST_NUMBER;
    uint32_t length;
    uint8_t order;

    (void)a, (void)b;
    CHILD_EQUAL(fos_mailbox_create(&orders, 64), 0);
    family_report(&orders);
    view_look();
    for (;;) {
        registration_one(number++);
        if (fos_msg_recv(&orders, &order, 1, &length, 0) != 0)
            continue;
        if (order == STOP)
            break;
        round_check();
        family_report(&orders);
    }
    round_check();
    printf("registrant: %u acknowledged, %u while a member died, of all others %u "
           "refused; %u of both there all the same\n",
           (unsigned)acknowledged, (unsigned)died, (unsigned)refused,
           (unsigned)whole);
    CHILD_CHECK(acknowledged > 0 && died + refused > 0);
    return 0;
}
