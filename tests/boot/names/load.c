/* SPDX-License-Identifier: MIT */
/*
 * Members are killed or stopped, one after the other, while several processes look up
 * names without a pause, one registers some (across.c), and this one some, too.
 */
#include <signal.h>

#include "names.h"

enum {
    NAMES = 50, /* those that stay */
    ASKERS = 3,
    KILLS = 6,
    HANGS = 2,
    LATENCIES = 20000,
    FIRST_ID = 1000000,
    LOOKUPS =
        500, /* of each asker before a member is lost: p99 is to mean something */
};

/*
 * What no look-up may take, and 99 of 100 may not, beyond SLOWER times what 99 of 100
 * took before any member was lost: so a slow machine is given its time.  Who hangs is waited
 * for as long as proc does (hang=), by those who ask for names that are missing.
 */
static const struct {
    uint64_t longest, p99;
} bounds[] = {{5 * FOS_SECOND, FOS_SECOND / 2}, {20 * FOS_SECOND, 2 * FOS_SECOND}};
enum { SLOWER = 20 };

/* For LOOKUPS look-ups. */
#define LOOKUPS_PATIENCE (4 * FAMILY_PATIENCE)

static struct fos_registration registrations[NAMES];

static struct fos_alias alias_of(uint64_t i)
{
    return (struct fos_alias){{i, 77}};
}

/* ---- the one who asks ---- */

static uint64_t latencies[LATENCIES], longest, quiet; /* quiet: the p99 */

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* One look-up, which must be right; its time.  The first asker asks for names that are
 * not there, too, for which their authority is waited for. */
static uint64_t ask(struct dice *dice, bool first)
{
    struct name_value value = {0};
    uint64_t i = dice_below(dice, NAMES), begun = fos_now_ns();
    bool missing = first && dice_below(dice, 10) == 0;

    if (missing) {
        CHILD_EQUAL(fos_name_lookup(alias_of(NAMES + i), &value), -FOS_ENOENT);
    } else {
        CHILD_EQUAL(fos_name_lookup(alias_of(i), &value), 0);
        CHILD_EQUAL(value.word[1], FIRST_ID + i);
    }
    return fos_now_ns() - begun;
}

/* Of those kept, in their order from now on. */
static uint64_t latency_at(uint64_t count, unsigned percent)
{
    size_t kept = count < LATENCIES ? count : LATENCIES;

    qsort(latencies, kept, sizeof *latencies, by_size);
    return latencies[kept * percent / 100];
}

static void latency_note(uint64_t count, uint64_t latency)
{
    latencies[count % LATENCIES] = latency;
    if (latency > longest)
        longest = latency;
}

/* Asks on until told to stop; gives how often.  Told to go on it reports when it has
 * asked LOOKUPS times more: the first time before a member was lost. */
static uint64_t ask_on(struct fos_mailbox *orders, uint64_t number)
{
    struct dice dice = dice_of(fos_now_ns() + number);
    uint64_t count = 0, due = 0;
    uint32_t length;
    uint8_t order;

    for (;;) {
        if (fos_msg_recv(orders, &order, 1, &length, 0) == 0) {
            if (order == STOP)
                return count;
            due = count + LOOKUPS;
        }
        latency_note(count++, ask(&dice, number == 0));
        if (count != due)
            continue;
        if (!quiet)
            quiet = latency_at(count, 99);
        family_report(orders);
    }
}

int part_asker(uint64_t number, uint64_t hang)
{
    static struct fos_mailbox orders;

    CHILD_EQUAL(fos_mailbox_create(&orders, 64), 0);
    family_report(&orders);
    uint64_t count = ask_on(&orders, number);
    CHILD_CHECK(count >= LOOKUPS);
    uint64_t p50 = latency_at(count, 50), p99 = latency_at(count, 99);
    printf(
        "asker %u: %u look-ups, %u tried again, p50 %u us, p99 %u us (before: %u "
        "us), longest %u us\n",
        (unsigned)number, (unsigned)count, (unsigned)fos_name_stats.retries,
        (unsigned)(p50 / 1000), (unsigned)(p99 / 1000), (unsigned)(quiet / 1000),
        (unsigned)(longest / 1000));
    CHILD_CHECK(longest < bounds[hang].longest + SLOWER * quiet);
    CHILD_CHECK(p99 < bounds[hang].p99 + SLOWER * quiet);
    return 0;
}

/* ---- the one who kills ---- */

static struct proc_view view_now(void)
{
    struct proc_members_req req = {.fleet = "name"};
    struct proc_members_rep rep = {0};

    CASE_EQUAL(proc_members_call(fos_proc_peer(), &req, &rep, family_deadline()),
               0);
    return rep.view;
}

static bool is_whole(const struct proc_view *view)
{
    return name_slots_in(view, PROC_MEMBER_ACTIVE) == (1u << view->slots) - 1;
}

/* A name made and ended while members come and go. */
static void name_come_and_go(uint64_t i)
{
    struct fos_cap some = {FIRST_ID + i, 1};
    struct fos_registration made;
    struct name_value value = {0};

    CASE_EQUAL(fos_name_register_alias(alias_of(1000 + i), some, 0, 0, &made), 0);
    CASE_EQUAL(fos_name_lookup(made.alias, &value), 0);
    CASE_EQUAL(value.word[1], some.id);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    CASE_EQUAL(fos_name_lookup(made.alias, &value), -FOS_ENOENT);
}

/* All that stay, while a member hangs: how many before it is replaced. */
static unsigned names_look(uint64_t hanging, unsigned slot)
{
    struct name_value value = {0};
    unsigned before = 0;

    for (uint64_t i = 0; i < NAMES && !case_why[0]; i++) {
        CASE_EQUAL(fos_name_lookup(alias_of(i), &value), 0);
        CASE_EQUAL(value.word[1], FIRST_ID + i);
        before += view_now().members[slot].pid == hanging;
    }
    return before;
}

/* Kills the member of a slot, or lets it hang, and waits until there is another that
 * knows all. */
static void member_replace(unsigned slot, bool hang, uint64_t *names)
{
    struct proc_view before = view_now(), now;
    uint64_t deadline = family_deadline() + FAMILY_PATIENCE;
    uint64_t pid = before.members[slot].pid;

    CASE_EQUAL(hang ? kill((pid_t)pid, SIGSTOP) : fos_process_kill(pid), 0);
    if (hang)
        printf("%u of %u names found while a member hangs\n", names_look(pid, slot),
               NAMES);
    do {
        name_come_and_go((*names)++);
        now = view_now();
    } while ((!is_whole(&now) || now.number == before.number) &&
             fos_now_ns() < deadline && !case_why[0]);
    CASE_CHECK(is_whole(&now));
    CASE_CHECK(now.members[slot].pid != pid);
}

static void names_make(void)
{
    for (uint64_t i = 0; i < NAMES; i++)
        CASE_EQUAL(fos_name_register_alias(alias_of(i),
                                           (struct fos_cap){FIRST_ID + i, 1}, 0, 0,
                                           &registrations[i]),
                   0);
}

static void names_end(void)
{
    struct name_value value = {0};

    for (uint64_t i = 0; i < NAMES && !case_why[0]; i++) {
        CASE_EQUAL(fos_name_lookup(alias_of(i), &value), 0);
        CASE_EQUAL(value.word[1], FIRST_ID + i);
        CASE_EQUAL(fos_name_unregister(&registrations[i], NULL), 0);
    }
}

static void order_send(struct fos_cap to, enum going order)
{
    uint8_t byte = (uint8_t)order;

    CASE_EQUAL(fos_post(to, &byte, 1, family_deadline()), 0);
}

static void askers_tell(const struct fos_cap *askers, enum going order)
{
    for (unsigned i = 0; i < ASKERS; i++)
        order_send(askers[i], order);
}

static void reports_await(struct fos_mailbox *inbox, unsigned count)
{
    uint64_t deadline = fos_now_ns() + LOOKUPS_PATIENCE;
    struct report report;
    uint32_t length;

    for (unsigned i = 0; i < count; i++)
        CASE_EQUAL(fos_msg_recv(inbox, &report, sizeof report, &length, deadline),
                   0);
}

/* Until each has asked LOOKUPS times more. */
static void askers_await(const struct fos_cap *askers, struct fos_mailbox *inbox)
{
    askers_tell(askers, GO_ON);
    reports_await(inbox, ASKERS);
}

/* New members may need less than those had come to need whom they replace. */
static void members_weigh(void)
{
    uint64_t deadline = family_deadline() + FAMILY_PATIENCE;
    struct fos_kernel_info now;

    fos_name_close();
    do {
        fos_clock_sleep(fos_now_ns() + 20 * FOS_MILLISECOND);
        fos_sys_kernel_info(&now);
    } while (now.channels > case_before.channels && fos_now_ns() < deadline);
    if (balance_frames(&now) > balance_frames(&case_before))
        case_before.frames_free +=
            (uint64_t)(balance_frames(&now) - balance_frames(&case_before));
}

/* One after the other, and each comes back. */
static void members_lose(const struct fos_cap *askers, struct fos_cap registrant,
                         struct fos_mailbox *inbox, bool hang)
{
    unsigned slots = view_now().slots;
    uint64_t names = 0;

    for (unsigned i = 0; i < (hang ? HANGS : KILLS) && slots && !case_why[0]; i++) {
        askers_await(askers, inbox);
        member_replace(i % slots, hang, &names);
        order_send(registrant, GO_ON);
        reports_await(inbox, 1);
    }
    printf("%u names came and went\n", (unsigned)names);
}

int test_losses(const char *program, struct fos_mailbox *inbox, bool hang)
{
    struct child askers[ASKERS];
    struct child registrant = {.part = "registrant", .caps = {inbox->cap}};
    struct fos_cap orders[ASKERS], to_registrant;

    family_program = program;
    case_begin(
        hang ? "members that hang under load are replaced: look-ups go on and "
               "nothing is lost"
             : "members killed under load: look-ups go on and nothing is lost");
    names_make();
    for (unsigned i = 0; i < ASKERS; i++) {
        askers[i] = (struct child){
            .part = "asker", .a = i, .b = hang, .caps = {inbox->cap}};
        child_start(&askers[i]);
        orders[i] = family_await(inbox, &askers[i]);
    }
    child_start(&registrant);
    to_registrant = family_await(inbox, &registrant);
    members_lose(orders, to_registrant, inbox, hang);
    order_send(to_registrant, STOP);
    child_expect(&registrant, 0);
    askers_tell(orders, STOP);
    for (unsigned i = 0; i < ASKERS; i++)
        child_expect(&askers[i], 0);
    names_end();
    members_weigh();
    names_case_end();
    return cases_status();
}
