/* SPDX-License-Identifier: MIT */
/* Requests that libfos would never make. */
#include "names.h"

static struct proc_view view;
static struct fos_peer member;

static unsigned member_open(struct fos_alias alias)
{
    struct proc_members_req req = {.fleet = "name"};
    struct proc_members_rep rep = {0};

    CASE_EQUAL(proc_members_call(fos_proc_peer(), &req, &rep, family_deadline()),
               0);
    view = rep.view;
    int slot = name_best(alias, name_slots_in(&view, PROC_MEMBER_ACTIVE));
    CASE_CHECK(slot >= 0);
    CASE_EQUAL(
        fos_peer_open(&member, view.members[slot].mailbox, FOS_TRANSPORT_KERNEL),
        0);
    return (unsigned)slot;
}

static struct name_register_req honest(const char *path)
{
    struct name_register_req req = {.view = view.number,
                                    .ticket = fos_ticket(),
                                    .alias = fos_alias(path),
                                    .value = {.kind = NAME_MAILBOX, .word = {0, 1}},
                                    .token = 1};

    strcpy(req.path, path);
    return req;
}

static long try(struct name_register_req req)
{
    struct name_register_rep rep = {0};

    return name_register_call(&member, &req, &rep, family_deadline());
}

static void test_registrations(void)
{
    static const char path[] = "/test/evil";
    struct name_register_req req;

    case_begin("registrations that are forged or make no sense are refused");
    member_open(fos_alias(path));
    req = honest(path);
    req.ticket.secret ^= 1;
    CASE_EQUAL(try(req), -FOS_EACCES);
    req = honest(path);
    req.ticket.id |= 1ull << 63; /* an app's ticket with the system's class */
    CASE_EQUAL(try(req), -FOS_EACCES);
    req = honest(path);
    req.ticket.id--; /* another process's */
    CASE_EQUAL(try(req), -FOS_EACCES);
    req = honest(path);
    memset(&req.ticket, 0, sizeof req.ticket);
    CASE_EQUAL(try(req), -FOS_EACCES);
    req = honest(path);
    req.path[1] = 'x'; /* the alias of another path */
    CASE_EQUAL(try(req), -FOS_EINVAL);
    req = honest(path);
    memset(req.path, 'x', sizeof req.path); /* no end */
    CASE_EQUAL(try(req), -FOS_EINVAL);
    req = honest(path);
    req.value.kind = 3;
    CASE_EQUAL(try(req), -FOS_EINVAL);
    req = honest(path);
    req.value.flags = 0x80;
    CASE_EQUAL(try(req), -FOS_EINVAL);
    req = honest(path);
    req.value.secret = 1; /* a deposit that is not public */
    CASE_EQUAL(try(req), -FOS_EINVAL);
    req = honest(path);
    req.value.word[0] = 77; /* in another host's name */
    CASE_EQUAL(try(req), -FOS_EACCES);
    req = honest(path);
    req.view++;
    CASE_EQUAL(try(req), -FOS_EAGAIN);
    fos_peer_close(&member);
    names_case_end();
}

/* Entries, as if the other member said them: one new, and one in the place of `taken`. */
static void copy_forge(unsigned slot, struct fos_alias taken)
{
    struct {
        struct name_copy_req req;
        struct name_entry entries[2];
    } copy = {.req = {.head.tag = FOS_TAG(name, copy),
                      .control = {{1, 2}},
                      .view = view.number,
                      .from = !slot,
                      .count = 2}};
    struct name_entry entry = {.alias = fos_alias("/test/planted"),
                               .value = {.kind = NAME_MAILBOX, .word = {0, 666}},
                               .owner = fos_pid(),
                               .secret = 1,
                               .expires = NAME_NEVER};

    copy.entries[0] = copy.entries[1] = entry;
    copy.entries[1].alias = taken;
    CASE_EQUAL(fos_msg_send_until(&member, &copy, sizeof copy, family_deadline()),
               0);
}

/* The messages of members and of the process fleet, by somebody who is neither. */
static void test_impostor(void)
{
    struct name_view_req empty = {.view.number = UINT64_MAX};
    struct name_ended_req ended = {.last = UINT64_MAX}; /* all */
    struct name_filled_req filled = {.view = 1};
    struct name_copied_req copied = {.sequence = 1};
    struct fos_registration made;
    struct name_value value = {0};

    case_begin("nobody else can play a member or the process fleet");
    CASE_EQUAL(fos_name_register("/test/mine", (struct fos_cap){1, 1}, 0, 0, &made),
               0);
    for (unsigned slot = 0; slot < 2; slot++) {
        member_open(fos_alias("/test/mine"));
        fos_peer_close(&member);
        CASE_EQUAL(fos_peer_open(&member, view.members[slot].mailbox,
                                 FOS_TRANSPORT_KERNEL),
                   0);
        empty.view.members[slot] = view.members[slot];
        filled.view = copied.view = view.number;
        CASE_EQUAL(name_view_post(&member, &empty, family_deadline()), 0);
        CASE_EQUAL(name_ended_post(&member, &ended, family_deadline()), 0);
        CASE_EQUAL(name_filled_post(&member, &filled, family_deadline()), 0);
        CASE_EQUAL(name_copied_post(&member, &copied, family_deadline()), 0);
        copy_forge(slot, made.alias);
        fos_peer_close(&member);
    }
    CASE_EQUAL(fos_name_lookup(made.alias, &value), 0);
    CASE_EQUAL(value.word[1], 1);
    CASE_EQUAL(fos_name_lookup(fos_alias("/test/planted"), &value), -FOS_ENOENT);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    names_case_end();
}

static void test_renewal(void)
{
    struct fos_registration made, foreign;
    struct name_value value;

    case_begin("nobody renews another's lease, nor ends it");
    CASE_EQUAL(fos_name_register("/test/mine", (struct fos_cap){1, 1}, 0, 0, &made),
               0);
    foreign = (struct fos_registration){made.alias, made.secret ^ 1};
    CASE_EQUAL(fos_name_renew(&foreign, 1), -FOS_EPERM);
    CASE_EQUAL(fos_name_renew(&foreign, 0), -FOS_EPERM);
    CASE_EQUAL(fos_name_lookup(made.alias, &value), 0);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    names_case_end();
}

/* ---- a circle ---- */

/* A number whose authority is the member of `slot`. */
static struct fos_alias alias_at(unsigned slot, uint64_t from)
{
    struct fos_alias alias = {{from, 4343}};

    while (name_best(alias, name_slots_in(&view, PROC_MEMBER_ACTIVE)) != (int)slot)
        alias.word[0]++;
    return alias;
}

/* Each of two links leads to the other: asked of two members at once, neither of whom knows
 * the other's yet.  False: one came to know. */
static bool circle_make(struct fos_peer *to, const struct fos_alias *aliases,
                        struct fos_registration *made)
{
    struct name_register_rep reps[2] = {0};
    struct fos_call calls[2];
    long results[2];

    for (int i = 0; i < 2; i++) {
        struct name_register_req req = {.view = view.number,
                                        .ticket = fos_ticket(),
                                        .alias = aliases[i],
                                        .token = fos_now_ns()};
        req.value = (struct name_value){
            .kind = NAME_LINK, .word = {aliases[!i].word[0], aliases[!i].word[1]}};
        CASE_EQUAL(name_register_start(&calls[i], &to[i], &req, &reps[i]), 0);
    }
    for (int i = 0; i < 2 && !case_why[0]; i++) {
        results[i] = fos_call_finish(&calls[i], family_deadline());
        CASE_CHECK(results[i] == 0 || results[i] == -FOS_ELOOP);
        made[i] = (struct fos_registration){aliases[i], reps[i].secret};
    }
    if (case_why[0] || (results[0] == 0 && results[1] == 0))
        return true;
    for (int i = 0; i < 2; i++)
        if (results[i] == 0)
            CASE_EQUAL(fos_name_unregister(&made[i], NULL), 0);
    return false;
}

static void test_circle(void)
{
    enum { TRIES = 2000 };
    struct fos_registration made[2];
    struct fos_alias aliases[2];
    struct fos_peer to[2];
    struct name_value value;
    int tries = 0;

    case_begin("a circle that no member could see is found at look-up, and soon");
    member_open(fos_alias("/test/a"));
    fos_peer_close(&member);
    for (unsigned slot = 0; slot < 2; slot++) {
        aliases[slot] = alias_at(slot, 1);
        CASE_EQUAL(fos_peer_open(&to[slot], view.members[slot].mailbox,
                                 FOS_TRANSPORT_KERNEL),
                   0);
    }
    while (!circle_make(to, aliases, made) && ++tries < TRIES)
        continue;
    CASE_CHECK(tries < TRIES);
    for (int i = 0; i < 2 && !case_why[0]; i++) {
        uint64_t asked = fos_name_stats.lookups, tried = fos_name_stats.retries;
        CASE_EQUAL(fos_name_lookup(aliases[i], &value), -FOS_ELOOP);
        CASE_CHECK(fos_name_stats.lookups - asked <=
                   NAME_CHAIN_MAX + 1 +
                       NAME_COPIES * (fos_name_stats.retries - tried));
        CASE_EQUAL(fos_name_resolve(aliases[i], &value), -FOS_ELOOP);
    }
    for (int i = 0; i < 2; i++) {
        CASE_EQUAL(fos_name_unregister(&made[i], NULL), 0);
        fos_peer_close(&to[i]);
    }
    names_case_end();
}

static void test_garbage(void)
{
    static uint8_t junk[6000];
    struct dice dice = dice_of(fos_now_ns());
    struct name_value value;

    case_begin("members survive malformed requests");
    member_open(fos_alias("/sys/proc"));
    for (int i = 0; i < 400; i++) {
        uint32_t length = dice_below(&dice, i % 8 ? 300 : sizeof junk);
        for (uint32_t j = 0; j < length; j++)
            junk[j] = (uint8_t)dice_throw(&dice);
        if (length >= sizeof(struct fos_request)) {
            struct fos_request *head = (void *)junk;
            head->tag =
                (head->tag & ~0xffffull) | 1ull << 8 | dice_below(&dice, 22);
            head->reply.id = 0;
        }
        CASE_EQUAL(fos_msg_send_until(&member, junk, length, family_deadline()), 0);
    }
    fos_peer_close(&member);
    CASE_EQUAL(fos_name_lookup(fos_alias("/sys/proc"), &value), 0);
    names_case_end();
}

int test_adversary(void)
{
    test_registrations();
    test_impostor();
    test_renewal();
    test_circle();
    test_garbage();
    return cases_status();
}
