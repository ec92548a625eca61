/* SPDX-License-Identifier: MIT */
/* Names: registrations, their ends, links, leases, the depot, moved mailboxes; and
 * with the argument `kill` or `hang`, members that are killed, or hang, under load; with
 * `race`, threads that register one name. */
#include "names.h"

static struct fos_mailbox inbox;

static const struct fos_cap some = {4711, 1}; /* of no mailbox there is */

static long lookup(const char *path)
{
    struct name_value value;

    return fos_name_lookup(fos_alias(path), &value);
}

/* ---- registrations ---- */

static void test_register(void)
{
    struct fos_registration made, again;
    struct name_value value = {0};

    case_begin("a name is registered, found, changed and ended");
    CASE_EQUAL(lookup("/test/a"), -FOS_ENOENT);
    CASE_EQUAL(fos_name_register("/test/a", some, 0, 0, &made), 0);
    CASE_EQUAL(fos_name_lookup(fos_alias("/test/a"), &value), 0);
    CASE_EQUAL(value.kind, NAME_MAILBOX);
    CASE_EQUAL(value.word[1], some.id);
    CASE_EQUAL(value.secret, 0);
    CASE_EQUAL(fos_name_update(&made, (struct fos_cap){4712, 5}, NAME_PUBLIC, NULL),
               0);
    CASE_EQUAL(fos_name_lookup(fos_alias("/test/a"), &value), 0);
    CASE_EQUAL(value.word[1], 4712);
    CASE_EQUAL(value.secret, 5);
    CASE_EQUAL(fos_name_register("/test/a", some, 0, 0, &again), -FOS_EEXIST);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    CASE_EQUAL(lookup("/test/a"), -FOS_ENOENT);
    CASE_EQUAL(fos_name_unregister(&made, NULL), -FOS_ENOENT);
    CASE_EQUAL(fos_name_register("/test/a", some, 0, 0, &again), 0);
    CASE_EQUAL(fos_name_unregister(&made, NULL),
               -FOS_EPERM); /* the secret is the old */
    CASE_EQUAL(fos_name_unregister(&again, NULL), 0);
    names_case_end();
}

static void test_number(void)
{
    struct fos_alias number = {{0x1234, 0x5678}};
    struct fos_registration made;
    struct name_value value;

    case_begin("an alias may be a mere number");
    CASE_EQUAL(fos_name_register_alias(number, some, 0, 0, &made), 0);
    CASE_EQUAL(fos_name_lookup(number, &value), 0);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    number = fos_alias("/test/a");
    CASE_EQUAL(fos_name_register_alias(number, some, 0, 0, &made), -FOS_EINVAL);
    names_case_end();
}

static void test_system(void)
{
    struct fos_registration made;
    struct name_value value;

    case_begin("the system's own names are found, and are not for others");
    CASE_EQUAL(fos_name_lookup(fos_alias("/sys/console"), &value), 0);
    CASE_EQUAL(value.word[1], fos_start_page->caps[FOS_START_CONSOLE].id);
    CASE_EQUAL(fos_name_lookup(fos_alias("/sys/proc"), &value), 0);
    CASE_EQUAL(value.word[1], fos_start_page->caps[FOS_START_PROC].id);
    CASE_EQUAL(value.secret, fos_start_page->caps[FOS_START_PROC].secret);
    CASE_EQUAL(fos_name_register("/sys/console", some, 0, 0, &made), -FOS_EPERM);
    CASE_EQUAL(fos_name_register("/sys/fs", some, 0, 0, &made), -FOS_EPERM);
    CASE_EQUAL(fos_name_link("/sys/fs", fos_alias("/sys/proc"), 0, &made),
               -FOS_EPERM);
    CASE_EQUAL(fos_name_register("/test/a/path/that/is/longer/than/those/that/are/"
                                 "taken/by/this/fleet",
                                 some, 0, 0, &made),
               -FOS_EINVAL);
    names_case_end();
}

/* ---- another process ---- */

/* Registers `count` names, reports, and stays. */
static int part_owner(uint64_t count, uint64_t b)
{
    struct fos_registration made;
    char path[NAME_PATH_MAX];

    (void)b;
    for (uint64_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "/test/owned/%u", (unsigned)i);
        CHILD_EQUAL(fos_name_register(path, some, 0, 0, &made), 0);
    }
    family_report(&(struct fos_mailbox){0});
    fos_clock_sleep(family_deadline());
    return 0;
}

static void test_owner_ends(void)
{
    enum { OWNED = 20 };
    struct child owner = {.part = "owner", .a = OWNED, .caps = {inbox.cap}};
    struct fos_registration made;
    uint64_t deadline = family_deadline();

    case_begin("the names of a process that is killed go with it");
    child_start(&owner);
    family_await(&inbox, &owner);
    CASE_EQUAL(lookup("/test/owned/0"), 0);
    CASE_EQUAL(lookup("/test/owned/19"), 0);
    CASE_EQUAL(fos_name_register("/test/owned/7", some, 0, 0, &made), -FOS_EEXIST);
    child_kill(&owner);
    while (fos_name_register("/test/owned/7", some, 0, 0, &made) == -FOS_EEXIST &&
           fos_now_ns() < deadline)
        continue;
    CASE_EQUAL(lookup("/test/owned/7"), 0);
    CASE_EQUAL(lookup("/test/owned/0"), -FOS_ENOENT);
    CASE_EQUAL(lookup("/test/owned/19"), -FOS_ENOENT);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    names_case_end();
}

/* Takes as many names as it can get. */
static int part_greedy(uint64_t most, uint64_t family)
{
    struct fos_registration made;
    long error = 0;
    uint64_t got = 0;

    for (; got <= most && !error; got += !error)
        error = fos_name_register_alias((struct fos_alias){{family, got}}, some, 0,
                                        0, &made);
    CHILD_EQUAL(error, -FOS_EDQUOT);
    CHILD_CHECK(got >= NAME_PER_OWNER);
    made = (struct fos_registration){{{family, 0}}, 1};
    CHILD_EQUAL(fos_name_unregister(&made, NULL), -FOS_EPERM);
    return 0;
}

static void test_quota(void)
{
    struct child greedy = {.part = "greedy", .a = 4 * NAME_PER_OWNER};

    case_begin("a process may have so many names and no more");
    child_start(&greedy);
    child_expect(&greedy, 0);
    names_case_end();
}

/* ---- links ---- */

static void test_links(void)
{
    static struct fos_registration made[NAME_CHAIN_MAX + 2];
    struct name_value value = {0};
    char path[NAME_PATH_MAX], to[NAME_PATH_MAX];

    case_begin("links are followed, so far, and not in circles");
    CASE_EQUAL(fos_name_link("/test/0", fos_alias("/test/1"), 0, &made[0]), 0);
    CASE_EQUAL(lookup("/test/0"), -FOS_ENOENT);
    CASE_EQUAL(fos_name_link("/test/1", fos_alias("/test/0"), 0, &made[1]),
               -FOS_ELOOP);
    CASE_EQUAL(fos_name_link("/test/1", fos_alias("/test/1"), 0, &made[1]),
               -FOS_ELOOP);
    for (int i = 1; i <= NAME_CHAIN_MAX; i++) {
        snprintf(path, sizeof path, "/test/%d", i);
        snprintf(to, sizeof to, "/test/%d", i + 1);
        CASE_EQUAL(fos_name_link(path, fos_alias(to), 0, &made[i]), 0);
    }
    CASE_EQUAL(fos_name_register("/test/9", some, 0, 0, &made[NAME_CHAIN_MAX + 1]),
               0);
    CASE_EQUAL(fos_name_lookup(fos_alias("/test/1"), &value), 0);
    CASE_EQUAL(value.word[1], some.id);
    CASE_EQUAL(lookup("/test/0"), -FOS_ELOOP); /* one link too many */
    for (int i = 0; i <= NAME_CHAIN_MAX + 1; i++)
        CASE_EQUAL(fos_name_unregister(&made[i], NULL), 0);
    names_case_end();
}

/* ---- leases ---- */

static void test_lease(void)
{
    struct fos_registration made;
    uint64_t begun = fos_now_ns(), lease = FOS_SECOND;

    case_begin("a name with a lease goes when its time is over, unless renewed");
    CASE_EQUAL(fos_name_register("/test/a", some, 0, lease, &made), 0);
    CASE_CHECK(lookup("/test/a") == 0 || fos_now_ns() > begun + lease);
    CASE_EQUAL(fos_name_renew(&made, 20 * FOS_SECOND), 0);
    fos_clock_sleep(begun + lease + lease / 2);
    CASE_CHECK(lookup("/test/a") == 0 || fos_now_ns() > begun + 20 * FOS_SECOND);
    CASE_EQUAL(fos_name_renew(&made, lease / 4), 0);
    fos_clock_sleep(fos_now_ns() + lease / 4);
    CASE_EQUAL(lookup("/test/a"), -FOS_ENOENT);
    CASE_EQUAL(fos_name_renew(&made, lease), -FOS_ENOENT);
    CASE_EQUAL(fos_name_register("/test/a", some, 0, 0, &made), 0);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    names_case_end();
}

/* ---- sending by alias ---- */

static void expect_text(struct fos_mailbox *from, const char *text)
{
    char got[64] = "";
    uint32_t length = 0;

    CASE_EQUAL(fos_msg_recv(from, got, sizeof got - 1, &length, family_deadline()),
               0);
    CASE_CHECK(length == strlen(text) && !memcmp(got, text, length));
}

static long send_text(const char *path, uint64_t secret, const char *text)
{
    return fos_msg_send_alias_until(fos_alias(path), secret, text,
                                    (uint32_t)strlen(text), family_deadline());
}

static void test_depot(void)
{
    struct fos_registration made, forged;

    case_begin("a public capability is found by its name, another must be known");
    CASE_EQUAL(fos_name_register("/test/a", inbox.cap, 0, 0, &made), 0);
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "no"), -FOS_EPERM);
    CASE_EQUAL(send_text("/test/a", inbox.cap.secret, "given"), 0);
    expect_text(&inbox, "given");
    CASE_EQUAL(send_text("/test/a", inbox.cap.secret ^ 1, "forged"), -FOS_EPERM);
    forged = (struct fos_registration){made.alias, made.secret ^ 1};
    CASE_EQUAL(fos_name_update(&forged, inbox.cap, NAME_PUBLIC, NULL), -FOS_EPERM);
    CASE_EQUAL(fos_name_update(&made, inbox.cap, NAME_PUBLIC, NULL), 0);
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "found"), 0);
    expect_text(&inbox, "found");
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    names_case_end();
}

static void test_moved(void)
{
    static struct fos_mailbox first, second;
    struct fos_registration made;
    struct fos_name_stats before;
    uint64_t begun;

    case_begin("a mailbox that has moved costs one look-up");
    CASE_EQUAL(fos_mailbox_create(&first, 64), 0);
    CASE_EQUAL(fos_mailbox_create(&second, 64), 0);
    CASE_EQUAL(fos_name_register("/test/a", first.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "one"), 0);
    expect_text(&first, "one");
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "two"), 0);
    expect_text(&first, "two");
    fos_mailbox_close(&first);
    CASE_EQUAL(fos_name_update(&made, second.cap, NAME_PUBLIC, NULL), 0);
    before = fos_name_stats;
    begun = fos_now_ns();
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "three"), 0);
    expect_text(&second, "three");
    CASE_EQUAL(fos_name_stats.lookups - before.lookups, 1);
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "four"), 0);
    CASE_CHECK(fos_name_stats.lookups - before.lookups == 1 ||
               fos_now_ns() > begun + FOS_NAME_POSITIVE);
    expect_text(&second, "four");
    fos_mailbox_close(&second);
    long gone = send_text("/test/a", FOS_PUBLIC, "nobody");
    CASE_CHECK(gone == -FOS_EPERM || gone == -FOS_EPIPE); /* kernel, or channel */
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "nobody"), -FOS_ENOENT);
    names_case_end();
}

static void test_revoked(void)
{
    static struct fos_mailbox box;
    struct fos_registration made;
    uint64_t old;

    case_begin(
        "a renewed capability reaches senders by the depot, the old no more");
    CASE_EQUAL(fos_mailbox_create(&box, 64), 0);
    CASE_EQUAL(fos_name_register("/test/a", box.cap, NAME_PUBLIC, 0, &made), 0);
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "one"), 0);
    expect_text(&box, "one");
    old = box.cap.secret;
    CASE_EQUAL(fos_mailbox_renew(&box), 0);
    CASE_EQUAL(send_text("/test/a", old, "old"), -FOS_EPERM);
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "two"), -FOS_EPERM);
    CASE_EQUAL(fos_name_update(&made, box.cap, NAME_PUBLIC, NULL), 0);
    CASE_EQUAL(send_text("/test/a", FOS_PUBLIC, "three"), 0);
    expect_text(&box, "three");
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    fos_name_close();
    fos_mailbox_close(&box);
    names_case_end();
}

static void test_cache(void)
{
    struct fos_registration made;
    struct fos_name_stats before;
    struct name_value value;
    uint64_t begun;

    case_begin("what was looked up is remembered, what is not there for a moment");
    CASE_EQUAL(fos_name_register("/test/a", some, 0, 0, &made), 0);
    begun = fos_now_ns();
    CASE_EQUAL(fos_name_resolve(fos_alias("/test/a"), &value), 0);
    before = fos_name_stats;
    CASE_EQUAL(fos_name_resolve(fos_alias("/test/a"), &value), 0);
    CASE_CHECK((fos_name_stats.lookups == before.lookups &&
                fos_name_stats.hits == before.hits + 1) ||
               fos_now_ns() > begun + FOS_NAME_POSITIVE);
    fos_clock_sleep(fos_now_ns() + FOS_NAME_POSITIVE);
    before = fos_name_stats;
    CASE_EQUAL(fos_name_resolve(fos_alias("/test/a"), &value), 0);
    CASE_EQUAL(fos_name_stats.lookups, before.lookups + 1);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0); /* and forgotten by itself */
    begun = fos_now_ns();
    CASE_EQUAL(fos_name_resolve(fos_alias("/test/a"), &value), -FOS_ENOENT);
    before = fos_name_stats;
    CASE_EQUAL(fos_name_resolve(fos_alias("/test/a"), &value), -FOS_ENOENT);
    CASE_CHECK(fos_name_stats.lookups == before.lookups ||
               fos_now_ns() > begun + FOS_NAME_NEGATIVE);
    fos_clock_sleep(fos_now_ns() + FOS_NAME_NEGATIVE);
    before = fos_name_stats;
    CASE_EQUAL(fos_name_resolve(fos_alias("/test/a"), &value), -FOS_ENOENT);
    CASE_EQUAL(fos_name_stats.lookups, before.lookups + 1);
    names_case_end();
}

/* ---- listing ---- */

static void test_list(void)
{
    enum { MADE = 50, ROOM = 200 };
    static struct name_listed entries[ROOM];
    static struct fos_registration made[MADE];
    char path[NAME_PATH_MAX];
    unsigned seen = 0, system = 0;

    case_begin("the list has every name once");
    long others = fos_name_list(entries, ROOM);
    for (int i = 0; i < MADE; i++) {
        snprintf(path, sizeof path, "/test/list/%d", i);
        CASE_EQUAL(fos_name_register(path, some, 0, 0, &made[i]), 0);
    }
    long count = fos_name_list(entries, ROOM);
    CASE_EQUAL(count, MADE + others);
    for (long i = 0; i < count && i < ROOM; i++) {
        seen += entries[i].pid == fos_pid();
        system += !strcmp(entries[i].path, "/sys/console");
    }
    CASE_EQUAL(seen, MADE);
    CASE_EQUAL(system, 1);
    for (int i = 0; i < MADE; i++)
        CASE_EQUAL(fos_name_unregister(&made[i], NULL), 0);
    names_case_end();
}

static const struct part parts[] = {
    {"owner", part_owner},   {"greedy", part_greedy},
    {"asker", part_asker},   {"registrant", part_registrant},
    {"sender", part_sender}, {"streamer", part_streamer}};

/* What is made once and kept, here and at the members: heap, mailboxes, ways. */
static void warm_up(void)
{
    enum { OWNERS = 4 };
    struct child owners[OWNERS];
    struct fos_registration made;
    struct fos_kernel_info now;
    uint64_t deadline = family_deadline();

    case_begin("warming up");
    CASE_EQUAL(fos_name_register("/test/warm", inbox.cap, NAME_PUBLIC, 0, &made),
               0);
    for (int i = 0; i < OWNERS; i++) {
        owners[i] = (struct child){
            .part = "greedy", .a = 4 * NAME_PER_OWNER, .b = (uint64_t)i};
        child_start(&owners[i]);
    }
    for (int i = 0; i < 100; i++) {
        CASE_EQUAL(send_text("/test/warm", FOS_PUBLIC, "warm"), 0);
        expect_text(&inbox, "warm");
        CASE_EQUAL(lookup("/test/warm"), 0);
    }
    for (int i = 0; i < OWNERS; i++)
        child_expect(&owners[i], 0);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    fos_name_close();
    do {
        fos_clock_sleep(fos_now_ns() + 100 * FOS_MILLISECOND);
        fos_sys_kernel_info(&now);
    } while (now.channels > case_before.channels + case_answering() &&
             fos_now_ns() < deadline);
    if (case_why[0])
        printf("FAIL warming up: %s\n", case_why);
}

int main(int argc, char **argv)
{
    family_program = argv[0];
    if (argc == 4)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (fos_mailbox_create(&inbox, 256))
        return 1;
    warm_up();
    if (argc == 2 && !strcmp(argv[1], "race"))
        return test_race();
    if (argc == 2)
        return test_losses(argv[0], &inbox, !strcmp(argv[1], "hang"));
    test_register();
    test_number();
    test_system();
    test_owner_ends();
    test_quota();
    test_links();
    test_lease();
    test_depot();
    test_moved();
    test_revoked();
    test_cache();
    test_list();
    return test_stale(argv[0], &inbox) | test_moves(argv[0], &inbox) |
           test_adversary() | cases_status();
}
