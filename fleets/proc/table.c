/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <assert.h>

#include <fos/cap.h>
#include <fos/error.h>
#include <fos/start.h>

/* Event slots are fewer than processes: several share one. */
enum { EVENT_SLOTS = FOS_EVENT_COUNT - FOS_EVENT_FIRST_FREE };

struct process processes[PROCESS_MAX];
struct account system_account, family_account;

static uint32_t load[VCPU_MAX];
static uint32_t vcpus;

void table_init(uint32_t count, uint32_t own_vcpu)
{
    vcpus = count < VCPU_MAX ? count : VCPU_MAX;
    assert(own_vcpu < vcpus);
    load[own_vcpu] = 1;
}

uint32_t table_vcpus(void)
{
    return vcpus;
}

struct process *process_find(uint64_t pid)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state != PROCESS_FREE && p->pid == pid)
            return p;
    return NULL;
}

/* Every entry is compared: the time tells nothing about the secret. */
struct process *process_authentic(struct fos_cap space)
{
    struct process *found = NULL;

    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (fos_cap_equal(p->space, space) && p->state == PROCESS_RUNNING)
            found = p;
    return found;
}

struct process *process_of_role(enum process_role role)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_RUNNING && p->role == role)
            return p;
    return NULL;
}

/* Ends: a parent is older than its child, and by T3 in the table or this fleet. */
bool process_is_descendant(const struct process *p, uint64_t ancestor)
{
    for (int depth = 0; p && depth < PROCESS_MAX; depth++) {
        if (p->parent == ancestor)
            return true;
        p = process_find(p->parent);
    }
    return false;
}

static struct process *entry_free(void)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++)
        if (p->state == PROCESS_FREE && !p->account)
            return p;
    return NULL;
}

/* T4: whether the app's own children have it, or this fleet's. */
static bool is_near(const struct process *parent)
{
    return !parent || parent->role == ROLE_APP;
}

static bool account_pays(const struct account *a, const struct process *parent,
                         uint32_t frames, uint32_t objects)
{
    if (parent && a->processes_paid >= parent->processes_max)
        return false;
    if (!is_near(parent) && (a->processes <= a->reserve.processes ||
                             a->frames < (uint64_t)frames + a->reserve.frames ||
                             a->objects < (uint64_t)objects + a->reserve.objects))
        return false;
    return a->processes > 0 && a->frames >= frames && a->objects >= objects;
}

bool process_is_near(const struct process *p)
{
    return is_near(process_find(p->parent)) && !p->orphan;
}

bool process_may_grow(const struct process *p, uint32_t frames)
{
    const struct account *a = p->account;

    return a->frames >=
           (uint64_t)frames + (process_is_near(p) ? 0 : a->reserve.frames);
}

long process_limit(struct process *p, uint32_t now, uint32_t most)
{
    if (now > most)
        return -FOS_EINVAL;
    if (most > p->processes_most)
        return -FOS_EPERM;
    p->processes_max = now;
    p->processes_most = most;
    return 0;
}

struct process *process_reserve(struct account *account,
                                const struct process *parent, uint32_t frames,
                                uint32_t objects)
{
    struct process *p = entry_free();

    if (!p || !account_pays(account, parent, frames, objects))
        return NULL;
    account->processes--;
    account->processes_paid++;
    account->frames -= frames;
    account->objects -= objects;
    *p = (struct process){
        .account = account,
        .frames = frames,
        .objects = objects,
        .processes_max = parent ? parent->processes_max : UINT32_MAX,
        .processes_most = parent ? parent->processes_most : UINT32_MAX};
    return p;
}

void process_cancel(struct process *p)
{
    assert(p->state == PROCESS_FREE && p->account);
    p->account->frames += p->frames;
    p->account->objects += p->objects;
    p->account->processes++;
    p->account->processes_paid--;
    *p = (struct process){0};
}

void process_begin(struct process *p)
{
    assert(p->state == PROCESS_FREE && p->account && p->vcpu < vcpus);
    p->state = PROCESS_RUNNING;
    load[p->vcpu]++;
}

static void children_leave(const struct process *parent)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state == PROCESS_FREE || p->parent != parent->pid)
            continue;
        p->parent = parent->parent;
        p->orphan = true;
        if (p->state == PROCESS_ENDED)
            process_release(p);
    }
}

void process_end(struct process *p, int32_t status)
{
    assert(p->state == PROCESS_RUNNING && load[p->vcpu] > 0);
    load[p->vcpu]--;
    p->account->frames += p->frames;
    p->account->objects += p->objects;
    p->frames = p->objects = 0;
    p->space = (struct fos_cap){0};
    p->status = status;
    p->state = PROCESS_ENDED;
    children_leave(p);
}

void process_release(struct process *p)
{
    assert(p->state == PROCESS_ENDED);
    p->account->processes++;
    p->account->processes_paid--;
    *p = (struct process){0};
}

static bool vcpu_is_in(uint64_t set, uint32_t vcpu)
{
    return !set || set >> vcpu & 1;
}

uint32_t vcpu_choose(uint64_t set)
{
    uint32_t best = vcpus;

    for (uint32_t v = 0; v < vcpus; v++)
        if (vcpu_is_in(set, v) && (best == vcpus || load[v] < load[best]))
            best = v;
    return best < vcpus ? best : 0;
}

void vcpu_move(struct process *p, uint32_t vcpu)
{
    assert(p->state == PROCESS_RUNNING && vcpu < vcpus && load[p->vcpu] > 0);
    load[p->vcpu]--;
    load[vcpu]++;
    p->vcpu = vcpu;
}

unsigned process_event(const struct process *p)
{
    return FOS_EVENT_FIRST_FREE + (unsigned)(p - processes) % EVENT_SLOTS;
}
