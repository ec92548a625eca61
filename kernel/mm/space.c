/* SPDX-License-Identifier: MIT */
#include "mm/space.h"
#include "arch/x86_64/cpu.h"
#include "lib/trace.h"
#include "msg/channel.h"
#include "msg/mailbox.h"
#include "sched/sched.h"
#include "xen/xen.h"

static struct pool space_pool = {.size = sizeof(struct space)};
static uint64_t last_pid;

/* ---- quotas ------------------------------------------------------------- */

int space_charge_frames(struct space *s, uint64_t n)
{
    if (s->frames_used > s->frames_quota || n > s->frames_quota - s->frames_used)
        return -FOS_EDQUOT;
    s->frames_used += (uint32_t)n;
    return 0;
}

void space_refund_frames(struct space *s, uint64_t n)
{
    ASSERT(s->frames_used >= n);
    s->frames_used -= (uint32_t)n;
}

int space_charge_object(struct space *s)
{
    if (s->objects_used >= s->objects_quota)
        return -FOS_EDQUOT;
    s->objects_used++;
    return 0;
}

void space_refund_object(struct space *s)
{
    ASSERT(s->objects_used > 0);
    s->objects_used--;
}

/* A child's quota is carved out of its parent's, and goes back with it. */
static int quota_take(struct space *parent, uint32_t frames_n, uint32_t objects)
{
    if (parent->objects_used > parent->objects_quota ||
        objects >= parent->objects_quota - parent->objects_used ||
        space_charge_frames(parent, frames_n))
        return -FOS_EDQUOT;
    parent->objects_used += objects + 1;
    return 0;
}

static void quota_return(struct space *s)
{
    struct space *p = s->parent;
    if (!p)
        return;
    ASSERT(p->objects_used > s->objects_quota);
    p->objects_used -= s->objects_quota + 1;
    space_refund_frames(p, s->frames_quota);
    struct space **link = &p->children;
    while (*link != s)
        link = &(*link)->sibling;
    *link = s->sibling;
}

/* ---- life --------------------------------------------------------------- */

int space_new(struct space *parent, uint32_t frames_n, uint32_t objects,
              struct space **out)
{
    if (parent &&
        (parent->depth == SPACE_DEPTH_MAX || quota_take(parent, frames_n, objects)))
        return -FOS_EDQUOT;
    int r = -FOS_ENOMEM;
    struct space *s = pool_alloc(&space_pool);
    if (!s)
        goto fail_quota;
    s->frames_quota = frames_n;
    s->objects_quota = objects;
    r = object_publish(&s->object, OBJECT_SPACE);
    if (r)
        goto fail_pool;
    r = table_root_alloc(s);
    if (r)
        goto fail_object;
    s->pid = ++last_pid;
    s->parent = parent;
    if (parent) {
        s->depth = parent->depth + 1;
        s->sibling = parent->children;
        parent->children = s;
    }
    *out = s;
    return 0;

fail_object:
    object_retire(&s->object);
    quiesce();
fail_pool:
    pool_free(&space_pool, s);
fail_quota:
    if (parent) {
        parent->objects_used -= objects + 1;
        space_refund_frames(parent, frames_n);
    }
    return r;
}

/* Ends a space once: its threads leave user code at their next entry to the kernel,
 * which an interrupt brings about now. */
void space_end(struct space *s, enum fos_space_state state)
{
    uint32_t running = FOS_SPACE_RUNNING;
    if (!atomic_compare_exchange_strong(&s->state, &running, state))
        return;
    trace(FOS_TRACE_end, s->pid, state);
    threads_stop(s);
    if (s->watcher)
        thread_event(s->watcher, s->watch_slot);
    else if (!s->parent)
        bug("the first process ended", __FILE__, __LINE__);
}

static void watch_unlink(struct space *s)
{
    if (!s->watcher)
        return;
    struct space **link = &s->watcher->space->watching;
    while (*link != s)
        link = &(*link)->watch_next;
    *link = s->watch_next;
    s->watcher = NULL;
}

/* One object of the space goes; false when it has none left. */
static bool contents_step(struct space *s)
{
    if (s->sending)
        channel_drop(s->sending, s);
    else if (s->receiving)
        channel_drop(s->receiving, s);
    else if (s->mailboxes)
        mailbox_destroy(s->mailboxes);
    else if (s->watching)
        watch_unlink(s->watching);
    else if (s->threads)
        thread_destroy(s->threads);
    else
        return false;
    return true;
}

/* What a space has made goes before it, the latest generation first. */
static int space_dismantle(struct space *s)
{
    enum { BUDGET = 32, CONTENTS_COST = 8 };
    space_end(s, FOS_SPACE_KILLED);
    if (!threads_stopped(s))
        return -FOS_EAGAIN;
    if (atomic_load(&s->vcpu_mask)) {
        sched_root_drop(s);
        return -FOS_EAGAIN;
    }
    for (int budget = BUDGET; budget > 0; budget--) {
        if (s->destroy_at == 0 && contents_step(s)) {
            budget -= CONTENTS_COST;
            continue;
        }
        if (!table_destroy_step(s))
            continue;
        watch_unlink(s);
        object_retire(&s->object);
        quiesce();
        ASSERT(s->frames_used == 0 && s->objects_used == 0);
        quota_return(s);
        pool_free(&space_pool, s);
        return 0;
    }
    return -FOS_EAGAIN;
}

int space_destroy_step(struct space *s)
{
    struct space *last = s;
    while (last->children)
        last = last->children;
    for (struct space *at = last; at != s; at = at->parent)
        space_end(at, FOS_SPACE_KILLED);
    space_end(s, FOS_SPACE_KILLED);
    int r = space_dismantle(last);
    return r == 0 && last != s ? -FOS_EAGAIN : r;
}

/* ---- mappings ----------------------------------------------------------- */

static int range_check(uint64_t va, uint64_t pages)
{
    if (va % PAGE_SIZE || pages == 0 || pages > FOS_MAP_PAGES_MAX)
        return -FOS_EINVAL;
    return user_range_check(va, pages * PAGE_SIZE);
}

static int prot_check(uint32_t prot)
{
    const uint32_t both = FOS_PROT_WRITE | FOS_PROT_EXEC;
    if (prot & ~(both | FOS_PROT_READ) || !(prot & FOS_PROT_READ) ||
        (prot & both) == both)
        return -FOS_EINVAL;
    return 0;
}

int space_range_free(const struct space *s, uint64_t va, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        if (table_entry(s, va + i * PAGE_SIZE) & PTE_PRESENT)
            return -FOS_EEXIST;
    return 0;
}

static int range_prepare(struct space *s, uint64_t va, uint64_t pages,
                         uint32_t prot)
{
    int r = range_check(va, pages);
    if (r == 0)
        r = prot_check(prot);
    if (r == 0)
        r = space_range_free(s, va, pages);
    return r ? r : table_prepare(s, va, pages);
}

int space_map(struct space *s, uint64_t va, uint64_t pages, uint32_t prot)
{
    int r = range_prepare(s, va, pages, prot);
    if (r)
        return r;
    if (pages > frames_free)
        return -FOS_ENOMEM;
    if (s->frames_used > s->frames_quota ||
        pages > s->frames_quota - s->frames_used)
        return -FOS_EDQUOT;
    for (uint64_t i = 0; i < pages; i++) {
        pfn_t f;
        r = frame_alloc(s, FRAME_USER, &f);
        ASSERT(r == 0);
        table_set(s, va + i * PAGE_SIZE, pte_make(f, prot));
    }
    mmu_flush();
    return 0;
}

int space_map_frames(struct space *s, uint64_t va, const pfn_t *f, uint64_t n,
                     uint32_t prot)
{
    int r = range_prepare(s, va, n, prot);
    if (r)
        return r;
    for (uint64_t i = 0; i < n; i++) {
        frame_get(f[i]);
        table_set(s, va + i * PAGE_SIZE, pte_make(f[i], prot));
    }
    mmu_flush();
    return 0;
}

/* Unmaps what is mapped in the range.  A frame is given up only when no processor
 * can reach it through a stale translation and no reader in the kernel holds its
 * address. */
int space_unmap(struct space *s, uint64_t va, uint64_t pages)
{
    static pfn_t gone[FOS_MAP_PAGES_MAX]; /* the kernel lock owns it */
    uint64_t n = 0;
    int r = range_check(va, pages);
    if (r)
        return r;
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t entry = table_entry(s, va + i * PAGE_SIZE);
        if (!(entry & PTE_PRESENT))
            continue;
        gone[n++] = pte_frame(entry);
        table_set(s, va + i * PAGE_SIZE, 0);
    }
    if (n == 0)
        return 0;
    mmu_flush();
    mmu_flush_tlb(atomic_load(&s->vcpu_mask));
    quiesce();
    for (uint64_t i = 0; i < n; i++)
        frame_put(gone[i]);
    return 0;
}

/* Frames shared with a peer or with Xen keep the protection they came with. */
static bool entry_is_private(uint64_t entry)
{
    const struct frame *f = &frames[pte_frame(entry).n];
    return f->type == FRAME_USER && f->refs == 1;
}

int space_protect(struct space *s, uint64_t va, uint64_t pages, uint32_t prot)
{
    int r = range_check(va, pages);
    if (r == 0)
        r = prot_check(prot);
    if (r)
        return r;
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t entry = table_entry(s, va + i * PAGE_SIZE);
        if (!(entry & PTE_PRESENT))
            return -FOS_EFAULT;
        if (!entry_is_private(entry))
            return -FOS_EPERM;
    }
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t at = va + i * PAGE_SIZE;
        table_set(s, at, pte_make(pte_frame(table_entry(s, at)), prot));
    }
    mmu_flush();
    mmu_flush_tlb(atomic_load(&s->vcpu_mask));
    return 0;
}

void space_swap_frame(struct space *s, uint64_t va, pfn_t from, pfn_t to)
{
    uint64_t entry = table_entry(s, va);
    if (!(entry & PTE_PRESENT) || pte_frame(entry).n != from.n)
        return;
    frame_get(to);
    table_set(s, va, pte_make(to, FOS_PROT_READ));
    mmu_flush();
    mmu_flush_tlb(atomic_load(&s->vcpu_mask));
    quiesce();
    frame_put(from);
}

static bool entry_takes_copies(uint64_t entry)
{
    return (entry & PTE_PRESENT) && (entry & PTE_WRITE || entry_is_private(entry));
}

/* The destination may be read-only to its own space: this is how programs are
 * loaded. */
int space_copy(struct space *s, uint64_t va, const struct space *from,
               uint64_t from_va, uint64_t n)
{
    if (n > FOS_COPY_MAX)
        return -FOS_EMSGSIZE;
    if (user_range_check(va, n) || user_mapped_check(from, from_va, n, false))
        return -FOS_EFAULT;
    for (uint64_t at = va & ~(PAGE_SIZE - 1); at < va + n; at += PAGE_SIZE)
        if (!entry_takes_copies(table_entry(s, at)))
            return -FOS_EFAULT;
    for (uint64_t done = 0, room; done < n; done += room) {
        uint64_t at = va + done, offset = at % PAGE_SIZE;
        room = min_u64(PAGE_SIZE - offset, n - done);
        char *to = (char *)frame_address(pte_frame(table_entry(s, at))) + offset;
        int r = copy_from_user(from, to, from_va + done, room);
        ASSERT(r == 0);
    }
    return 0;
}
