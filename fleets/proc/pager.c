/* SPDX-License-Identifier: MIT */
#include "pager.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "fleet.h"
#include "quotas.h"
#include "restarts.h"

FOS_CLIENT_CALLS(mem, MEM_PROC_OPS)

/* Members of the memory fleet where nobody says how many: a member wants a vCPU of its own
 * and some frames, and has programs on others to work for. */
static const struct {
    uint32_t vcpus;
    uint64_t frames; /* that are left for processes */
    uint32_t members;
} usual[] = {{16, 512 << 8, 4}, {4, 32 << 8, 2}, {0, 0, 1}};

#define START_NS (5 * FOS_SECOND)
#define CALL_NS  (10 * FOS_SECOND)
#define TELL_NS  (2 * FOS_MILLISECOND)

/* One of the two fleets. */
struct kin {
    const char *name;
    enum process_role role;
    uint32_t count, frames, objects; /* of each member */
    uint64_t argument;               /* to each, beside its slot */
    uint32_t starts;
    struct restarts restarts;
    bool missing[PAGER_MEMBERS_MAX]; /* no process is in the slot */
    struct proc_view view;
};

static struct kin pages = {.name = "page", .role = ROLE_PAGE},
                  mems = {.name = "mem", .role = ROLE_MEM};
static uint64_t told[PAGER_MEMBERS_MAX]; /* to each of mems: number of what */
static uint64_t news = 1;
static uint64_t pages_total; /* for processes' memory */
static struct fos_peer peers[PAGER_MEMBERS_MAX];

/* Pages that processes may be promised in all. */
static uint64_t promises(void)
{
    return pages_total - pages_total / 16;
}

enum { RESERVE_PAGES = 1024, RESERVE_PART = 8 }; /* of a member; of the promises */

/* What each member of the memory fleet keeps: A3. */
static uint64_t reserve(void)
{
    uint64_t part = promises() / RESERVE_PART / mems.count;

    return part < RESERVE_PAGES ? part : RESERVE_PAGES;
}

static uint32_t count_of(uint32_t asked, uint32_t otherwise)
{
    uint32_t count = asked ? asked : otherwise;

    return count < PAGER_MEMBERS_MAX ? count : PAGER_MEMBERS_MAX;
}

static uint32_t usual_members(uint64_t frames, uint32_t vcpus)
{
    unsigned i = 0;

    while (vcpus < usual[i].vcpus || frames < usual[i].frames)
        i++;
    return usual[i].members;
}

void pager_quota(uint64_t left, uint32_t vcpus, uint32_t *frames, uint32_t *objects)
{
    const struct quota *page = quota_of(QUOTA_PAGE), *mem = quota_of(QUOTA_MEM);

    mems.count = count_of(fleet.cmdline.mems, usual_members(left, vcpus));
    /* Two ask a page member once in 64 faults each: it has little to do. */
    pages.count = count_of(fleet.cmdline.pages, (mems.count + 1) / 2);
    pages_total = left / PAGER_SHARE;
    pages.frames = (uint32_t)(pages_total / pages.count) + page->frames;
    pages.objects = page->objects;
    pages.argument = promises() / pages.count;
    mems.frames = mem->frames;
    mems.objects = mem->objects;
    mems.argument = reserve();
    *frames = pages.count * pages.frames + mems.count * mems.frames;
    *objects = pages.count * pages.objects + mems.count * mems.objects;
}

uint32_t pager_spare(uint32_t wanted)
{
    struct fos_space_info own;

    if (fos_sys_space_status(fos_own_space(), &own) < 0)
        return wanted;
    uint32_t left = own.frames_quota - own.frames_used;
    return left / 2 < wanted ? left / 2 : wanted;
}

static void member_start(struct kin *k, unsigned slot)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%s%c%u%c%llu", k->name, 0, slot, 0,
                        (unsigned long long)k->argument);

    k->starts++;
    struct process *p = fleet_start(&(struct fleet_birth){
        .name = k->name,
        .role = k->role,
        .argc = 3,
        .text = text,
        .text_size = (uint32_t)size + 1,
        .frames = k->starts > k->count ? pager_spare(k->frames) : k->frames,
        .objects = k->objects});
    k->missing[slot] = !p;
    if (p)
        p->slot = slot;
}

static bool serves(const struct kin *k)
{
    for (unsigned slot = 0; slot < k->count; slot++)
        if (k->view.members[slot].state != PROC_MEMBER_ACTIVE)
            return false;
    return true;
}

static void kin_start(struct kin *k)
{
    uint64_t deadline = fos_now_ns() + START_NS;

    k->view.slots = k->count;
    k->restarts.credit = RESTARTS_AT_ONCE;
    for (unsigned slot = 0; slot < k->count; slot++)
        member_start(k, slot);
    while (!serves(k) && fos_now_ns() < deadline)
        fleet_turn(deadline);
    if (!serves(k))
        report("proc: not all members of %s answer", k->name);
}

void pager_start(void)
{
    kin_start(&pages);
    kin_start(&mems);
}

static struct kin *kin_of(const struct process *p)
{
    return p->role == ROLE_PAGE ? &pages : p->role == ROLE_MEM ? &mems : NULL;
}

void pager_ready(const struct process *p, struct fos_cap mailbox)
{
    struct kin *k = kin_of(p);

    assert(p->slot < k->count);
    k->view.number++;
    k->view.members[p->slot] = (struct proc_member){
        .mailbox = mailbox, .pid = p->pid, .state = PROC_MEMBER_ACTIVE};
    news++;
}

/* A2 */
static void orphans_kill(uint64_t member)
{
    unsigned killed = 0;

    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state != PROCESS_RUNNING || p->mem_pid != member)
            continue;
        fos_sys_space_control(p->space, FOS_SPACE_END, PROC_STATUS_KILLED);
        killed++;
    }
    report(
        "proc: a member of mem has ended, and %u processes whose memory it knew; "
        "starting another",
        killed);
}

static void member_ended(struct kin *k, const struct process *p)
{
    k->view.number++;
    k->view.members[p->slot] = (struct proc_member){0};
    k->missing[p->slot] = true;
    news++;
    if (k == &pages) {
        report("proc: a member of page has ended; starting another");
        return;
    }
    told[p->slot] = 0;
    if (peers[p->slot].thread)
        fos_peer_close(&peers[p->slot]);
    peers[p->slot] = (struct fos_peer){0};
    orphans_kill(p->pid);
}

void pager_ended(const struct process *p)
{
    struct kin *k = kin_of(p);

    if (k)
        member_ended(k, p);
}

/* Gives when to try again.  Starts that fail count too. */
static uint64_t missing_start(struct kin *k)
{
    uint64_t now = fos_now_ns(), again = FOS_NEVER;

    for (unsigned slot = 0; slot < k->count; slot++) {
        uint64_t at =
            k->missing[slot] ? restart_take(&k->restarts, now) : FOS_NEVER;
        if (at == 0)
            member_start(k, slot);
        if (k->missing[slot])
            again = at ? at : now + RESTART_NS;
    }
    return again;
}

uint64_t pager_work(void)
{
    struct mem_fleets_req req = {
        .head.tag = FOS_TAG(mem, fleets), .control = fleet.control, .fs = fleet.fs};
    uint64_t pages_at = missing_start(&pages), mems_at = missing_start(&mems);
    uint64_t again = pages_at < mems_at ? pages_at : mems_at;
    bool all = true;

    for (unsigned slot = 0; slot < pages.count; slot++)
        req.pages[slot] = pages.view.members[slot].mailbox;
    for (unsigned slot = 0; slot < mems.count; slot++) {
        const struct proc_member *m = &mems.view.members[slot];
        uint64_t now = news + fleet.fs.id; /* both only grow */
        if (m->state != PROC_MEMBER_ACTIVE || told[slot] == now)
            continue;
        if (fos_sys_mailbox_send(m->mailbox, &req, sizeof req) == -FOS_EAGAIN)
            all = false;
        else
            told[slot] = now;
    }
    if (!all && fos_now_ns() + TELL_NS < again)
        again = fos_now_ns() + TELL_NS;
    return again;
}

static void member_yield(struct process *p)
{
    struct fos_space_info info;

    if (fos_sys_space_status(p->space, &info) < 0 ||
        info.frames_quota - info.frames_used <= PAGER_KEEPS)
        return;
    uint32_t spare = info.frames_quota - info.frames_used - PAGER_KEEPS;
    if (spare > p->frames || fos_sys_space_control(p->space, FOS_SPACE_QUOTA,
                                                   (uint64_t) - (int64_t)spare) < 0)
        return;
    p->frames -= spare;
    family_account.frames += spare;
    if (p->frames < pages.frames)
        pages.frames = p->frames;
}

void pager_yield(void)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->role == ROLE_PAGE)
            member_yield(p);
}

const struct proc_view *pager_view(enum process_role role)
{
    assert(role == ROLE_PAGE || role == ROLE_MEM);
    return role == ROLE_PAGE ? &pages.view : &mems.view;
}

/* ---- processes ---- */

/* But for `p` itself. */
static uint32_t others_of(uint64_t member, const struct process *p)
{
    uint32_t count = 0;

    for (struct process *o = processes; o < processes + PROCESS_MAX; o++)
        count += o != p && o->state == PROCESS_RUNNING && o->mem_pid == member;
    return count;
}

static bool is_member(unsigned slot, uint64_t pid)
{
    return pid && mems.view.members[slot].pid == pid;
}

/* For p's next program the member with the fewest processes, among equals the one it
 * has; -1: there is none. */
static int slot_choose(const struct process *p)
{
    uint32_t least = UINT32_MAX;
    int best = -1;

    for (unsigned slot = 0; slot < mems.count; slot++) {
        const struct proc_member *m = &mems.view.members[slot];
        bool own = p && is_member(slot, p->mem_pid);
        uint32_t rank = 2 * others_of(m->pid, p) + !own;
        if (m->state == PROC_MEMBER_ACTIVE && rank < least) {
            best = (int)slot;
            least = rank;
        }
    }
    return best;
}

bool pager_serves(void)
{
    return slot_choose(NULL) >= 0;
}

struct fos_cap pager_mailbox(const struct process *p)
{
    return is_member(p->mem_slot, p->mem_pid)
               ? mems.view.members[p->mem_slot].mailbox
               : (struct fos_cap){0};
}

struct fos_cap pager_next(const struct process *p)
{
    int slot = slot_choose(p);

    return slot < 0 ? (struct fos_cap){0} : mems.view.members[slot].mailbox;
}

static struct fos_peer *peer_of(const struct process *p)
{
    struct fos_peer *peer = &peers[p->mem_slot];

    if (!peer->thread)
        fos_peer_open(peer, mems.view.members[p->mem_slot].mailbox,
                      FOS_TRANSPORT_KERNEL);
    return peer;
}

/* What the way to the member answers is no word of the member's. */
static long judged(long result)
{
    return result == -FOS_EPERM || result == -FOS_EPIPE ||
                   result == -FOS_ETIMEDOUT || result == -FOS_ECANCELED
               ? -FOS_EAGAIN
               : result;
}

/* The pages of which nothing is in the file: load.c leaves them out. */
static uint64_t segment_absent(const struct elf_segment *s)
{
    uint64_t bytes_end = s->va + s->file_size + FOS_PAGE_SIZE - 1;

    if (!(s->prot & FOS_PROT_WRITE))
        return 0;
    return s->file_size ? bytes_end & ~(FOS_PAGE_SIZE - 1) : s->first_page;
}

/* A3 */
static uint32_t reach_of(const struct process *p)
{
    return p->role == ROLE_APP ? UINT32_MAX : process_is_near(p) ? PAGER_NEAR : 0;
}

static void layout_fill(struct mem_layout *layout, const struct process *p,
                        const struct elf_plan *plan)
{
    *layout = (struct mem_layout){.pid = p->pid,
                                  .space = p->space,
                                  .family = p->family,
                                  .quota = pages_total - pages_total / 4,
                                  .family_quota = promises(),
                                  .reach = reach_of(p)};
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct elf_segment *s = &plan->segments[i];
        layout->regions[layout->count++] =
            (struct mem_region){.start = s->first_page,
                                .end = s->end_page,
                                .absent = segment_absent(s),
                                .prot = s->prot};
    }
    layout->regions[layout->count++] =
        (struct mem_region){.start = plan->image_end,
                            .end = plan->image_end,
                            .prot = FOS_PROT_READ | FOS_PROT_WRITE,
                            .flags = MEM_REGION_HEAP};
}

_Static_assert(sizeof(struct mem_attach_rep) == sizeof(struct fos_reply) &&
                   sizeof(struct mem_reset_rep) == sizeof(struct fos_reply) &&
                   sizeof(struct mem_fork_rep) == sizeof(struct fos_reply),
               "the answer says no more");
_Static_assert((int)FOS_ELF_SEGMENTS < (int)MEM_ATTACH_REGIONS, "and the heap");

static void request_send(struct pager_call *c, const struct process *p, void *req,
                         uint32_t size)
{
    c->error = fos_call_send(&c->call, peer_of(p), req, size, &c->rep,
                             sizeof c->rep, fos_now_ns() + CALL_NS);
    c->begun = !c->error;
}

static void first_attach(struct pager_call *c, struct process *p,
                         const struct elf_plan *plan)
{
    struct mem_attach_req req = {.head.tag = FOS_TAG(mem, attach),
                                 .control = fleet.control};

    layout_fill(&req.layout, p, plan);
    pager_work();
    request_send(c, p, &req, sizeof req);
}

static void reset(struct pager_call *c, const struct process *p,
                  const struct elf_plan *plan)
{
    struct mem_reset_req req = {.head.tag = FOS_TAG(mem, reset),
                                .control = fleet.control};

    layout_fill(&req.layout, p, plan);
    request_send(c, p, &req, sizeof req);
}

/* A1: one that is gone has forgotten it. */
static long leave(const struct process *p)
{
    struct mem_leave_req req = {.control = fleet.control, .pid = p->pid};
    struct mem_leave_rep rep;
    long result;

    if (!is_member(p->mem_slot, p->mem_pid))
        return 0;
    result = mem_leave_call(peer_of(p), &req, &rep, fos_now_ns() + CALL_NS);
    return result == -FOS_ETIMEDOUT || result == -FOS_ECANCELED ? -FOS_EAGAIN : 0;
}

/* The first of a family gives it its number. */
static uint64_t family_of(const struct process *p)
{
    const struct process *parent = process_find(p->parent);

    return p->family                  ? p->family
           : parent && parent->family ? parent->family
                                      : p->pid;
}

void pager_attach(struct pager_call *c, struct process *p,
                  const struct elf_plan *plan)
{
    int slot = slot_choose(p);

    if (slot < 0) {
        c->error = -FOS_EAGAIN;
        return;
    }
    if (is_member((unsigned)slot, p->mem_pid)) {
        reset(c, p, plan);
        return;
    }
    c->error = leave(p);
    if (c->error)
        return;
    p->mem_slot = (uint32_t)slot;
    p->mem_pid = mems.view.members[slot].pid;
    p->family = family_of(p);
    first_attach(c, p, plan);
}

void pager_fork(struct pager_call *c, const struct process *parent,
                struct process *child, uint64_t stack)
{
    struct mem_fork_req req = {.head.tag = FOS_TAG(mem, fork),
                               .control = fleet.control,
                               .parent = parent->pid,
                               .child = child->pid,
                               .space = child->space,
                               .stack = stack,
                               .reach = reach_of(child)};

    child->mem_slot = parent->mem_slot;
    child->mem_pid = parent->mem_pid;
    child->family = parent->family;
    if (!is_member(child->mem_slot, child->mem_pid))
        c->error = -FOS_EAGAIN;
    else
        request_send(c, child, &req, sizeof req);
}

long pager_finish(struct pager_call *c)
{
    if (c->begun)
        c->error = fos_call_finish(&c->call, fos_now_ns() + CALL_NS);
    if (c->begun && c->error == -FOS_ETIMEDOUT)
        fos_call_cancel(&c->call);
    return judged(c->error);
}
