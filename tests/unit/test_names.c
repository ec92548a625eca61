/* SPDX-License-Identifier: MIT */
/* The parts of naming one by one: table, places, one member's decisions, the process
 * fleet's views, the client's cache. */
#include "fleets/name/member.h"
#include "fleets/proc/members.h"
#include "libfos/client/name.h"

#include <fos/ticket.h>

#include "unit.h"

#define SECOND 1000000000ull

static struct fos_alias number(uint64_t n)
{
    return (struct fos_alias){{n, ~n}};
}

/* ---- table ---- */

static struct table table;

static struct name_entry entry_of(uint64_t n, uint64_t owner, uint64_t expires)
{
    return (struct name_entry){.alias = number(n),
                               .value = {.kind = NAME_MAILBOX, .word = {0, n + 1}},
                               .owner = owner,
                               .expires = expires};
}

static struct record *put(uint64_t n, uint64_t owner, uint64_t expires)
{
    struct name_entry entry = entry_of(n, owner, expires);

    return table_put(&table, &entry);
}

CASE("a table takes what it has room for, and finds all of it")
{
    table_init(&table);
    for (uint64_t i = 0; i < TABLE_MAX; i++)
        REQUIRE(put(i, 1, NAME_NEVER));
    CHECK(!put(TABLE_MAX, 1, NAME_NEVER));
    CHECK(put(7, 2, NAME_NEVER)); /* in place of the one there is */
    CHECK_EQ(table.count, TABLE_MAX);
    for (uint64_t i = 0; i < TABLE_MAX; i++) {
        struct record *r = table_find(&table, number(i), 0);
        REQUIRE(r && r->entry.value.word[1] == i + 1);
    }
    CHECK_EQ(table_count_of(&table, 1), TABLE_MAX - 1);
    CHECK_EQ(table_count_of(&table, 2), 1);
}

CASE("what is removed is gone, and its room is used again")
{
    uint64_t state = 5;
    bool there[600] = {false};

    table_init(&table);
    for (int i = 0; i < 20000; i++) {
        uint64_t n = unit_random(&state) % 600;
        if (there[n])
            table_remove(&table, number(n));
        else
            REQUIRE(put(n, 1, NAME_NEVER));
        there[n] = !there[n];
    }
    uint32_t count = 0;
    for (uint64_t n = 0; n < 600; n++) {
        CHECK(!table_find(&table, number(n), 0) == !there[n]);
        count += there[n];
    }
    CHECK_EQ(table.count, count);
    table_remove(&table, number(1000));
}

CASE("entries expire at their time, and the next time is known")
{
    table_init(&table);
    put(1, 1, 100);
    put(2, 1, 200);
    put(3, 1, NAME_NEVER);
    CHECK(table_find(&table, number(1), 99));
    CHECK(!table_find(&table, number(1), 100));
    CHECK_EQ(table_expire(&table, 50), 100);
    CHECK_EQ(table_expire(&table, 100), 200);
    CHECK_EQ(table.count, 2);
    CHECK_EQ(table_expire(&table, 1000), NAME_NEVER);
    CHECK_EQ(table.count, 1);
}

CASE("a record keeps its number while others come and go")
{
    table_init(&table);
    for (uint64_t i = 0; i < 100; i++)
        put(i, 1, NAME_NEVER);
    struct record *r = table_find(&table, number(50), 0);
    for (uint64_t i = 0; i < 50; i++)
        table_remove(&table, number(i));
    put(7, 1, 100);
    CHECK(table_find(&table, number(50), 0) == r);
    CHECK(table_at(&table, (uint32_t)(r - table.records)) == r);
}

/* ---- places ---- */

CASE("aliases are shared out evenly, and few move when a member goes")
{
    enum { N = 20000, MEMBERS = 5 };
    unsigned first[PROC_MEMBERS_MAX] = {0}, second[PROC_MEMBERS_MAX] = {0};
    uint32_t all = (1u << MEMBERS) - 1;

    for (uint64_t i = 0; i < N; i++) {
        struct fos_alias alias = {{i, 3}};
        int best = name_best(alias, all);
        uint32_t homes = name_homes(alias, all);
        REQUIRE(best >= 0 && (homes >> best & 1));
        CHECK_EQ(__builtin_popcount(homes), 2);
        first[best]++;
        second[__builtin_ctz(homes & ~(1u << best))]++;
        int gone = (int)(i % MEMBERS), then = name_best(alias, all & ~(1u << gone));
        CHECK(gone == best ? homes >> then & 1 : then == best);
    }
    for (int m = 0; m < MEMBERS; m++) {
        CHECK(first[m] > N / MEMBERS * 9 / 10 && first[m] < N / MEMBERS * 11 / 10);
        CHECK(second[m] > N / MEMBERS * 9 / 10 &&
              second[m] < N / MEMBERS * 11 / 10);
    }
    CHECK_EQ(name_best(number(1), 0), -1);
    CHECK_EQ(name_homes(number(1), 4), 4);
}

/* ---- one member alone ---- */

static struct member member;
static const struct fos_siphash_key tickets = {{5, 6}};
static uint64_t now_ns, answered_secret;
static long answered;
static union {
    struct name_list_rep list;
    struct name_lookup_rep lookup;
} got;

static int send_nobody(unsigned slot, const struct proc_member *to,
                       const void *message, size_t length)
{
    (void)slot, (void)to, (void)message, (void)length;
    return FAIL("there is nobody to send to");
}

static void answer(const struct fos_caller *caller, long result, void *reply,
                   size_t length)
{
    (void)caller;
    answered = result;
    if (length == sizeof(struct name_register_rep))
        answered_secret = ((struct name_register_rep *)reply)->secret;
    else if (length)
        memcpy(&got, reply, length);
}

static uint64_t clock_now(void)
{
    return now_ns;
}

static void member_alone(void)
{
    struct proc_view view = {.number = 1, .slots = 1};

    memset(&member, 0, sizeof member);
    member.io = (struct member_io){send_nobody, answer, NULL, clock_now};
    member.tickets = tickets;
    member.secrets = (struct fos_siphash_key){{7, 8}};
    member.mailbox = (struct fos_cap){10, 1};
    member.process_fleet = (struct fos_cap){3, 4};
    member.process_fleet_pid = 1;
    member_init(&member);
    view.members[0] =
        (struct proc_member){member.mailbox, 2, PROC_MEMBER_ACTIVE, 0};
    member_view(&member, &view);
    now_ns = SECOND;
}

static long register_value(struct fos_alias alias, uint64_t owner, uint64_t token,
                           struct name_value value, const char *path)
{
    static const struct fos_caller nobody;
    struct name_register_req req = {.view = 1,
                                    .ticket = fos_ticket_make(&tickets, owner),
                                    .alias = alias,
                                    .value = value,
                                    .token = token};

    strcpy(req.path, path);
    member_register(&member, &nobody, &req);
    return answered;
}

static const struct name_value mailbox = {.kind = NAME_MAILBOX, .word = {0, 9}};

static struct name_value link_to(struct fos_alias alias)
{
    return (struct name_value){.kind = NAME_LINK,
                               .word = {alias.word[0], alias.word[1]}};
}

static long update(struct fos_alias alias, uint64_t secret, struct name_value value)
{
    static const struct fos_caller nobody;
    struct name_update_req req = {
        .view = 1, .alias = alias, .secret = secret, .value = value};

    member_update(&member, &nobody, &req);
    return answered;
}

static long lookup(struct fos_alias alias)
{
    static const struct fos_caller nobody;
    struct name_lookup_req req = {.alias = alias};

    member_lookup(&member, &nobody, &req);
    return answered;
}

CASE("the first registration stands; a repetition gets the same secret")
{
    member_alone();
    CHECK_EQ(register_value(number(1), 20, 1, mailbox, ""), 0);
    uint64_t secret = answered_secret;
    CHECK(secret != 0);
    CHECK_EQ(register_value(number(1), 20, 1, mailbox, ""), 0);
    CHECK_EQ(answered_secret, secret);
    CHECK_EQ(register_value(number(1), 20, 2, mailbox, ""), -FOS_EEXIST);
    CHECK_EQ(register_value(number(1), 21, 1, mailbox, ""), -FOS_EEXIST);
    CHECK_EQ(register_value(number(2), 20, 3, mailbox, ""), 0);
    CHECK(answered_secret != secret);
    CHECK_EQ(update(number(1), secret ^ 1, mailbox), -FOS_EACCES);
    CHECK_EQ(update(number(1), secret, mailbox), 0);
}

CASE("paths of the system are for tickets of the system")
{
    static const char path[] = "/sys/net";

    member_alone();
    CHECK_EQ(register_value(fos_alias(path), 20, 1, mailbox, path), -FOS_EACCES);
    CHECK_EQ(
        register_value(fos_alias(path), 20 | FOS_TICKET_SYSTEM, 1, mailbox, path),
        0);
    CHECK_EQ(register_value(fos_alias("/system"), 20, 2, mailbox, "/system"), 0);
    CHECK_EQ(register_value(fos_alias("/a"), 20, 3, mailbox, "/b"), -FOS_EINVAL);
    CHECK_EQ(register_value(fos_alias("/a"), 20, 3, mailbox, ""), -FOS_EINVAL);
    CHECK_EQ(register_value(number(1), 20, 3, mailbox, "/a"), -FOS_EINVAL);
    CHECK_EQ(lookup(fos_alias("/sys/proc")), 0);
    CHECK_EQ(got.lookup.value.secret, 4);
}

CASE("a circle of links is refused where it would be closed")
{
    member_alone();
    CHECK_EQ(register_value(number(1), 20, 1, link_to(number(1)), ""), -FOS_ELOOP);
    for (uint64_t i = 1; i < 5; i++)
        CHECK_EQ(register_value(number(i), 20, i, link_to(number(i + 1)), ""), 0);
    CHECK_EQ(register_value(number(5), 20, 9, link_to(number(1)), ""), -FOS_ELOOP);
    CHECK_EQ(register_value(number(5), 20, 10, mailbox, ""), 0);
    CHECK_EQ(update(number(5), answered_secret, link_to(number(3))), -FOS_ELOOP);
    for (uint64_t i = 10; i > 2; i--) /* too long a chain without a circle */
        register_value(number(100 + i), 20, 20 + i, link_to(number(101 + i)), "");
    CHECK_EQ(register_value(number(102), 20, 40, link_to(number(103)), ""),
             -FOS_ELOOP);
}

CASE("an app has its share of names, and apps together theirs")
{
    uint64_t n = 0;

    member_alone();
    for (; n < NAME_PER_OWNER; n++)
        CHECK_EQ(register_value(number(n), 20, n, mailbox, ""), 0);
    CHECK_EQ(register_value(number(n), 20, n, mailbox, ""), -FOS_EDQUOT);
    while (register_value(number(n), 21 + n / NAME_PER_OWNER, n, mailbox, "") == 0)
        n++;
    CHECK_EQ(answered, -FOS_ENOSPC);
    CHECK_EQ(member.table.count, TABLE_APPS);
    CHECK_EQ(register_value(number(n), 2 | FOS_TICKET_SYSTEM, n, mailbox, ""), 0);
}

/* ---- processes end ---- */

static struct members fleet;
static uint64_t living[NAME_LIVING_MAX];
static uint32_t living_count;

static uint32_t living_list(uint64_t *pids)
{
    memcpy(pids, living, living_count * sizeof *living);
    return living_count;
}

static int member_told(struct fos_cap to, const void *message, size_t length)
{
    const struct fos_request *head = message;

    CHECK_EQ(to.id, member.mailbox.id);
    if (fos_tag_op(head->tag) == name_ended_op) {
        CHECK_EQ(length, sizeof(struct name_ended_req));
        member_ended(&member, message);
    }
    return 0;
}

/* The process fleet, the member, and `count` others from pid 20 on. */
static void processes_begin(uint32_t count)
{
    members_init(&fleet, 1, (struct name_control){{1, 2}});
    member_alone();
    living[0] = member.process_fleet_pid;
    living[1] = 2;
    for (living_count = 2; living_count < 2 + count; living_count++)
        living[living_count] = 18 + living_count;
    members_up(&fleet, 0, member.mailbox, 2);
    CHECK(members_tell(&fleet, living_list, member_told));
}

static void process_end(uint64_t pid)
{
    for (uint32_t i = 0; i < living_count; i++)
        if (living[i] == pid)
            living[i] = living[--living_count];
    members_end(&fleet, pid);
    CHECK(members_tell(&fleet, living_list, member_told));
}

CASE("the names of a process go with it, and none of its comes later")
{
    processes_begin(2);
    for (uint64_t i = 0; i < 10; i++)
        CHECK_EQ(register_value(number(i), 20 + i % 2, i, mailbox, ""), 0);
    process_end(20);
    CHECK_EQ(member.table.count, 6); /* and the process fleet's own */
    CHECK_EQ(lookup(number(0)), -FOS_ENOENT);
    CHECK_EQ(lookup(number(1)), 0);
    CHECK_EQ(register_value(number(0), 20, 50, mailbox, ""), -FOS_EACCES);
    CHECK_EQ(register_value(number(0), 22, 50, mailbox, ""), 0); /* it is new */
}

CASE("a ticket stays refused however many end later, and by a new member")
{
    enum { LATER = 1100 };

    processes_begin(2);
    process_end(20);
    for (uint64_t pid = 22; pid < 22 + LATER; pid++) {
        CHECK_EQ(register_value(number(pid), pid, 1, mailbox, ""), 0);
        process_end(pid);
    }
    CHECK_EQ(member.table.count, 1);
    CHECK_EQ(register_value(number(0), 20, 50, mailbox, ""), -FOS_EACCES);
    CHECK_EQ(register_value(number(0), 21, 50, mailbox, ""), 0);
    members_down(&fleet, 0);
    member_alone();
    members_up(&fleet, 0, member.mailbox, 2);
    CHECK(members_tell(&fleet, living_list, member_told));
    for (uint64_t pid = 22; pid < 22 + LATER; pid++)
        CHECK_EQ(register_value(number(1), pid, 1, mailbox, ""), -FOS_EACCES);
    CHECK_EQ(register_value(number(1), 20, 50, mailbox, ""), -FOS_EACCES);
    CHECK_EQ(register_value(number(1), 21, 50, mailbox, ""), 0);
    CHECK_EQ(register_value(number(2), 22 + LATER, 1, mailbox, ""), 0);
}

CASE("a listing pages through everything and hides what has expired")
{
    static const struct fos_caller nobody;
    struct name_list_req req = {0};
    unsigned count = 0, pages = 0;

    member_alone();
    for (uint64_t i = 0; i < 100; i++)
        register_value(number(i), 20, i, mailbox, "");
    do {
        member_list(&member, &nobody, &req);
        CHECK_EQ(answered, 0);
        CHECK(got.list.count <= NAME_LIST_MAX);
        count += got.list.count;
        req.from = got.list.next;
    } while (req.from && ++pages < 100);
    CHECK_EQ(count, 101);
    req.from = UINT32_MAX;
    member_list(&member, &nobody, &req);
    CHECK_EQ(got.list.count, 0);
    CHECK_EQ(got.list.next, 0);
}

static long renew(struct fos_alias alias, uint64_t lease_ns)
{
    static const struct fos_caller nobody;
    struct name_renew_req req = {
        .view = 1, .alias = alias, .secret = answered_secret, .lease_ns = lease_ns};

    member_renew(&member, &nobody, &req);
    return answered;
}

CASE("a look-up tells how much is left of a lease, rounded down")
{
    member_alone();
    CHECK_EQ(register_value(number(1), 20, 1, mailbox, ""), 0);
    CHECK_EQ(lookup(number(1)), 0);
    CHECK_EQ(renew(number(1), 3 * SECOND), 0);
    CHECK_EQ(lookup(number(1)), 3001);
    now_ns += SECOND / 2 + 1;
    CHECK_EQ(lookup(number(1)), 2500);
    now_ns += 2 * SECOND + SECOND / 2 - 2;
    CHECK_EQ(lookup(number(1)), 1);
    CHECK_EQ(renew(number(1), 1ull << 62), 0);
    CHECK_EQ(lookup(number(1)), NAME_LEFT_MAX);
    CHECK_EQ(renew(number(1), 1), 0);
    now_ns++;
    CHECK_EQ(lookup(number(1)), -FOS_ENOENT);
}

/* ---- the client's cache ---- */

CASE("the cache forgets the oldest of a set, and what is out of date")
{
    static struct name_cache cache;
    struct name_value value = mailbox;

    for (uint64_t i = 0; i < 10 * FOS_NAME_CACHE; i++) {
        value.word[1] = i;
        name_cache_put(&cache, number(i), &value, UINT64_MAX);
        const struct name_cached *known = name_cache_find(&cache, number(i), 0);
        REQUIRE(known && known->value.word[1] == i);
    }
    unsigned kept = 0;
    for (uint64_t i = 0; i < 10 * FOS_NAME_CACHE; i++)
        kept += name_cache_find(&cache, number(i), 0) != NULL;
    CHECK(kept <= FOS_NAME_CACHE && kept > FOS_NAME_CACHE / 2);
    name_cache_put(&cache, number(1), &value, 100);
    CHECK(name_cache_find(&cache, number(1), 99));
    CHECK(!name_cache_find(&cache, number(1), 100));
    name_cache_drop(&cache, number(1));
    CHECK(!name_cache_find(&cache, number(1), 0));
}
