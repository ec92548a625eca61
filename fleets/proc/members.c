/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <assert.h>

void members_init(struct members *m, unsigned slots, struct name_control control)
{
    assert(slots <= PROC_MEMBERS_MAX);
    *m = (struct members){.control = control, .view.slots = slots, .ends = 1};
}

void members_up(struct members *m, unsigned slot, struct fos_cap mailbox,
                uint64_t pid)
{
    bool first = !name_slots_in(&m->view, PROC_MEMBER_ACTIVE);

    assert(slot < m->view.slots);
    m->view.number++;
    m->view.members[slot] = (struct proc_member){
        .mailbox = mailbox,
        .pid = pid,
        .state = first ? PROC_MEMBER_ACTIVE : PROC_MEMBER_JOINING};
    m->told_view[slot] = 0;
    m->told_ends[slot] = m->ends - 1;
}

/* When the last that knew all is gone, one that knows a part is better than none. */
void members_down(struct members *m, unsigned slot)
{
    assert(slot < m->view.slots);
    if (m->view.members[slot].state == PROC_MEMBER_DOWN)
        return;
    m->view.members[slot] = (struct proc_member){0};
    m->view.number++;
    if (name_slots_in(&m->view, PROC_MEMBER_ACTIVE))
        return;
    m->lost = true;
    for (unsigned other = 0; other < m->view.slots; other++) {
        if (m->view.members[other].state != PROC_MEMBER_JOINING)
            continue;
        m->view.members[other].state = PROC_MEMBER_ACTIVE;
        break;
    }
}

void members_joined(struct members *m, unsigned slot, uint64_t number)
{
    assert(slot < m->view.slots);
    if (number != m->view.number ||
        m->view.members[slot].state != PROC_MEMBER_JOINING)
        return;
    m->view.members[slot].state = PROC_MEMBER_ACTIVE;
    m->view.number++;
}

void members_end(struct members *m, uint64_t pid)
{
    m->ends++;
    if (pid > m->last_ended)
        m->last_ended = pid;
}

static bool ends_tell(struct members *m, unsigned slot, members_living *living,
                      members_send *send)
{
    struct name_ended_req req = {.head.tag = FOS_TAG(name, ended),
                                 .control = m->control,
                                 .last = m->last_ended};

    if (m->told_ends[slot] == m->ends)
        return true;
    req.count = living(req.living);
    if (send(m->view.members[slot].mailbox, &req, sizeof req))
        return false;
    m->told_ends[slot] = m->ends;
    return true;
}

static bool view_tell(struct members *m, unsigned slot, members_send *send)
{
    struct name_view_req req = {
        .head.tag = FOS_TAG(name, view), .control = m->control, .view = m->view};

    if (m->told_view[slot] == m->view.number)
        return true;
    if (send(m->view.members[slot].mailbox, &req, sizeof req))
        return false;
    m->told_view[slot] = m->view.number;
    return true;
}

static bool is_deaf(const struct members *m, unsigned slot)
{
    return m->view.members[slot].state != PROC_MEMBER_DOWN &&
           m->ends - m->told_ends[slot] > ENDS_UNTOLD_MAX;
}

bool members_tell(struct members *m, members_living *living, members_send *send)
{
    bool all = true;

    for (unsigned slot = 0; slot < m->view.slots; slot++)
        if (m->view.members[slot].state != PROC_MEMBER_DOWN && !is_deaf(m, slot))
            all &= ends_tell(m, slot, living, send) && view_tell(m, slot, send);
    return all;
}

bool members_know(const struct members *m)
{
    for (unsigned slot = 0; slot < m->view.slots; slot++)
        if (m->view.members[slot].state != PROC_MEMBER_DOWN &&
            m->told_view[slot] != m->view.number)
            return false;
    return true;
}

uint32_t members_deaf(const struct members *m)
{
    uint32_t deaf = 0;

    for (unsigned slot = 0; slot < m->view.slots; slot++)
        if (is_deaf(m, slot))
            deaf |= 1u << slot;
    return deaf;
}
