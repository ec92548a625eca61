/* SPDX-License-Identifier: MIT */
#include "views.h"

#include <string.h>

#include <fos/clock.h>
#include <fos/syscall.h>

#include "fleet.h"
#include "names.h"
#include "pager.h"

#define AGAIN_NS (2 * FOS_MILLISECOND)

/* A fleet of one is a view, too; its number the pid, of which none comes twice. */
static bool single_view(enum process_role role, struct proc_view *view)
{
    const struct process *p = process_of_role(role);

    if (!p || !p->mailbox.id)
        return false;
    *view = (struct proc_view){
        .number = p->pid,
        .slots = 1,
        .members = {
            {.mailbox = p->mailbox, .pid = p->pid, .state = PROC_MEMBER_ACTIVE}}};
    return true;
}

static bool view_of(enum process_role role, struct proc_view *view)
{
    switch (role) {
    case ROLE_NAME:
        *view = *names_view();
        return true;
    case ROLE_PAGE:
    case ROLE_MEM:
        *view = *pager_view(role);
        return true;
    default:
        return single_view(role, view);
    }
}

bool view_find(const char *name, struct proc_view *view)
{
    static const struct {
        const char *name;
        enum process_role role;
    } fleets[] = {{"name", ROLE_NAME},
                  {"page", ROLE_PAGE},
                  {"mem", ROLE_MEM},
                  {"console", ROLE_CONSOLE},
                  {"fs", ROLE_FS}};

    for (size_t i = 0; i < sizeof fleets / sizeof *fleets; i++)
        if (!strncmp(name, fleets[i].name, PROC_NAME_MAX))
            return view_of(fleets[i].role, view);
    return false;
}

static bool listens(const struct process *p)
{
    return p->state == PROCESS_RUNNING && p->ready &&
           (p->role == ROLE_CONSOLE || p->role == ROLE_FS || p->role == ROLE_PAGE ||
            p->role == ROLE_MEM);
}

/* False: it has no room now.  One that is gone needs no telling. */
static bool one_tell(struct process *p)
{
    struct fleet_view_req req = {.head.tag = FOS_TAG(fleet, view),
                                 .control = fleet.control,
                                 .member = p->slot};
    struct proc_view view;

    if (!view_of(p->role, &view) || p->told_view == view.number)
        return true;
    req.number = view.number;
    req.members =
        (uint32_t)__builtin_popcount(name_slots_in(&view, PROC_MEMBER_ACTIVE));
    if (fos_sys_mailbox_send(p->mailbox, &req, sizeof req) == -FOS_EAGAIN)
        return false;
    p->told_view = view.number;
    return true;
}

uint64_t views_work(void)
{
    bool all = true;

    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (listens(p))
            all &= one_tell(p);
    return all ? FOS_NEVER : fos_now_ns() + AGAIN_NS;
}
