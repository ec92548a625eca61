/* SPDX-License-Identifier: MIT */
/* The process fleet's table: who may take what of an account, and limits of processes. */
#include "unit.h"

#include <fos/error.h>

#include "fleets/proc/table.h"

static struct fos_start start_page;
struct fos_start *fos_start_page = &start_page;

enum { FRAMES = 1000, RESERVE = 100, EACH = 50 };

static struct process *app, *child;

static struct process *made(const struct process *parent, enum process_role role)
{
    static uint64_t pids = 10;
    struct process *p = process_reserve(&family_account, parent, EACH, 1);

    REQUIRE(p);
    p->pid = ++pids;
    p->role = role;
    p->parent = parent ? parent->pid : 1;
    process_begin(p);
    return p;
}

/* The app and a child of it. */
static void begin(void)
{
    memset(processes, 0, sizeof processes);
    table_init(1, 0);
    family_account =
        (struct account){.frames = FRAMES, .objects = 100, .processes = 20};
    family_account.reserve.frames = RESERVE;
    family_account.reserve.objects = 10;
    family_account.reserve.processes = 2;
    app = made(NULL, ROLE_APP);
    child = made(app, ROLE_ORDINARY);
}

CASE("the reserve is for the app's own children, be they made or given more")
{
    begin();
    struct process *grandchild = made(child, ROLE_ORDINARY);
    family_account.frames = RESERVE + EACH - 1;
    CHECK(!process_reserve(&family_account, child, EACH, 1));
    CHECK(process_may_grow(grandchild, EACH - 1));
    CHECK(!process_may_grow(grandchild, EACH));
    CHECK(process_may_grow(child, RESERVE + EACH - 1));
    CHECK(!process_may_grow(child, RESERVE + EACH));
    CHECK(process_may_grow(app, RESERVE + EACH - 1));
    made(app, ROLE_ORDINARY);
}

CASE(
    "who comes to be the app's child by the end of another has none of the reserve")
{
    begin();
    struct process *grandchild = made(child, ROLE_ORDINARY);
    process_end(child, 0);
    CHECK_EQ(grandchild->parent, app->pid);
    family_account.frames = RESERVE + EACH;
    CHECK(process_may_grow(grandchild, EACH));
    CHECK(!process_may_grow(grandchild, EACH + 1));
}

CASE("who has lowered the most processes it may have cannot raise it, nor can a "
     "child")
{
    begin();
    CHECK_EQ(process_limit(child, 7, 6), -FOS_EINVAL);
    CHECK_EQ(process_limit(child, 5, 8), 0);
    CHECK_EQ(process_limit(child, 5, 9), -FOS_EPERM);
    CHECK_EQ(process_limit(child, 9, 9), -FOS_EPERM);
    CHECK_EQ(child->processes_max, 5);
    struct process *grandchild = made(child, ROLE_ORDINARY);
    CHECK_EQ(grandchild->processes_max, 5);
    CHECK_EQ(process_limit(grandchild, 8, UINT32_MAX), -FOS_EPERM);
    CHECK_EQ(process_limit(grandchild, 3, 8), 0);
    CHECK(!process_reserve(&family_account, grandchild, EACH, 1));
    CHECK_EQ(process_limit(grandchild, 4, 8), 0);
    made(grandchild, ROLE_ORDINARY);
}
