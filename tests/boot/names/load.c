/* SPDX-License-Identifier: MIT */
/*
 * Members are killed or stopped, one after the other, while several processes look up
 * names without a pause and this one registers and ends some.
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

/* What no look-up may take, whatever happens: far more than it should. */
#define LONGEST (30 * FOS_SECOND)
#define LONG    (10 * FOS_SECOND) /* for the 99 of 100 */

/* For LOOKUPS look-ups. */
#define LOOKUPS_PATIENCE (4 * FAMILY_PATIENCE)

enum order { STOP, GO_ON };

static struct fos_registration registrations[NAMES];

static struct fos_alias alias_of(uint64_t i)
{
    return (struct fos_alias){{i, 77}};
}

/* ---- the one who asks ---- */

static uint64_t latencies[LATENCIES];

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

/* Asks on until told to stop; gives how often.  Told to go on it reports when it has
 * asked LOOKUPS times more. */
static uint64_t ask_on(struct fos_mailbox *orders, uint64_t number, uint64_t seed)
{
    struct dice dice = dice_of(seed + number);
    uint64_t count = 0, due = 0;
    uint32_t length;
    uint8_t order;

    for (;;) {
        if (fos_msg_recv(orders, &order, 1, &length, 0) == 0) {
            if (order == STOP)
                return count;
            due = count + LOOKUPS;
        }
        latencies[count++ % LATENCIES] = ask(&dice, number == 0);
        if (count == due)
            family_report(orders);
    }
}

int part_asker(uint64_t number, uint64_t seed)
{
    static struct fos_mailbox orders;

    CHILD_EQUAL(fos_mailbox_create(&orders, 64), 0);
    family_report(&orders);
    uint64_t count = ask_on(&orders, number, seed);
    size_t kept = count < LATENCIES ? count : LATENCIES;
    CHILD_CHECK(kept >= LOOKUPS);
    qsort(latencies, kept, sizeof *latencies, by_size);
    uint64_t p99 = latencies[kept * 99 / 100], most = latencies[kept - 1];
    printf("asker %u: %u look-ups, %u tried again, p50 %u us, p99 %u us, longest "
           "%u us\n",
           (unsigned)number, (unsigned)count, (unsigned)fos_name_stats.retries,
           (unsigned)(latencies[kept / 2] / 1000), (unsigned)(p99 / 1000),
           (unsigned)(most / 1000));
    CHILD_CHECK(most < LONGEST);
    CHILD_CHECK(p99 < LONG);
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

static void askers_tell(const struct fos_cap *askers, enum order order)
{
    uint8_t byte = (uint8_t)order;

    for (unsigned i = 0; i < ASKERS; i++)
        CASE_EQUAL(fos_post(askers[i], &byte, 1, family_deadline()), 0);
}

/* Until each has asked LOOKUPS times more. */
static void askers_await(const struct fos_cap *askers, struct fos_mailbox *inbox)
{
    uint64_t deadline = fos_now_ns() + LOOKUPS_PATIENCE;
    struct report report;
    uint32_t length;

    askers_tell(askers, GO_ON);
    for (unsigned i = 0; i < ASKERS; i++)
        CASE_EQUAL(fos_msg_recv(inbox, &report, sizeof report, &length, deadline),
                   0);
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

int test_losses(const char *program, struct fos_mailbox *inbox, bool hang)
{
    struct child askers[ASKERS];
    struct fos_cap orders[ASKERS];
    uint64_t names = 0;

    family_program = program;
    case_begin(
        hang ? "members that hang under load are replaced: look-ups go on and "
               "nothing is lost"
             : "members killed under load: look-ups go on and nothing is lost");
    names_make();
    for (unsigned i = 0; i < ASKERS; i++) {
        askers[i] = (struct child){
            .part = "asker", .a = i, .b = fos_now_ns(), .caps = {inbox->cap}};
        child_start(&askers[i]);
        orders[i] = family_await(inbox, &askers[i]);
    }
    unsigned slots = view_now().slots;
    for (unsigned i = 0; i < (hang ? HANGS : KILLS) && slots && !case_why[0]; i++) {
        askers_await(orders, inbox);
        member_replace(i % slots, hang, &names);
    }
    askers_tell(orders, STOP);
    for (unsigned i = 0; i < ASKERS; i++)
        child_expect(&askers[i], 0);
    names_end();
    printf("%u names came and went\n", (unsigned)names);
    members_weigh();
    names_case_end();
    return cases_status();
}
