/* SPDX-License-Identifier: MIT */
/*
 * Page tables of a paravirtual guest: Xen types every table and refuses a writable
 * mapping of one, so tables are read here through the direct map and written by
 * hypercalls (xen/pagetable.c).  A last-level entry of the kernel's has no
 * PTE_USER: Xen, under which kernel and user share ring 3, adds it, and by its
 * absence knows that the entry must not be global, which would leave it in the TLB
 * for user code to use. All spaces share one kernel root; each has a user root of
 * its own, which holds nothing of the kernel's.
 */
#include "mm/space.h"
#include "xen/xen.h"
#include "xen/hypercall.h"

mfn_t kernel_root;

extern char kernel_text_start[], kernel_text_end[], kernel_rodata_end[],
    kernel_end[];
static char scratch[PAGE_SIZE] __attribute__((aligned(4096)));

enum { ENTRIES = 512, USER_ROOT_ENTRIES = 256 };

static uint32_t table_index(uint64_t va, int level)
{
    return (va >> (PAGE_SHIFT + 9 * (level - 1))) & (ENTRIES - 1);
}

static uint64_t image_pfn(const void *address)
{
    return ((uintptr_t)address - KERNEL_BASE) >> PAGE_SHIFT;
}

static uint64_t pages_for(uint64_t n, uint64_t per_page)
{
    return (n + per_page - 1) / per_page;
}

pfn_t pte_frame(uint64_t entry)
{
    pfn_t f;
    bool ours = mfn_to_pfn((mfn_t){(entry & PTE_MFN) >> PAGE_SHIFT}, &f);
    ASSERT(ours);
    return f;
}

static uint64_t *table_walk(pfn_t root, uint64_t va);

/* ---- start-up: the direct map ------------------------------------------- */

/* Frames that the direct map shows read-only: page tables and the kernel's
 * constants. The new tables are the `count` frames from `first`. */
struct direct_tables {
    uint64_t first, count, boot_first, boot_count;
};

static uint64_t direct_entry(const struct direct_tables *d, uint64_t pfn)
{
    if (pfn >= frame_count || p2m[pfn] == ~0ull)
        return 0;
    bool table = pfn - d->first < d->count || pfn - d->boot_first < d->boot_count;
    bool fixed = pfn < image_pfn(kernel_rodata_end);
    return p2m[pfn] << PAGE_SHIFT | PTE_PRESENT | PTE_NX |
           (table || fixed ? 0 : PTE_WRITE);
}

static uint64_t *scratch_map(uint64_t pfn)
{
    mmu_set((uintptr_t)scratch,
            p2m[pfn] << PAGE_SHIFT | PTE_PRESENT | PTE_WRITE | PTE_NX);
    return (uint64_t *)scratch;
}

/* Fills `count` tables from frame `at`, their entries with frames from `lower`. */
static void upper_tables_fill(uint64_t at, uint64_t count, uint64_t lower,
                              uint64_t lower_count)
{
    for (uint64_t t = 0; t < count; t++) {
        uint64_t *table = scratch_map(at + t);
        for (uint64_t i = 0; i < ENTRIES; i++) {
            uint64_t child = t * ENTRIES + i;
            table[i] = child < lower_count
                           ? p2m[lower + child] << PAGE_SHIFT | PTE_TABLE
                           : 0;
        }
    }
}

static uint64_t direct_map_build(uint64_t first_free, uint64_t boot_tables)
{
    uint64_t l1 = pages_for(frame_count, ENTRIES), l2 = pages_for(l1, ENTRIES);
    struct direct_tables d = {
        .first = first_free,
        .count = l1 + l2 + 1,
        .boot_first = image_pfn((void *)xen_start->pt_base),
        .boot_count = boot_tables,
    };
    ASSERT(l2 <= ENTRIES);
    if (first_free + d.count >= frame_count)
        return frame_count;
    for (uint64_t t = 0; t < l1; t++) {
        uint64_t *table = scratch_map(first_free + t);
        for (uint64_t i = 0; i < ENTRIES; i++)
            table[i] = direct_entry(&d, t * ENTRIES + i);
    }
    upper_tables_fill(first_free + l1, l2, first_free, l1);
    upper_tables_fill(first_free + l1 + l2, 1, first_free + l1, l2);
    scratch_map(image_pfn(scratch));
    mmu_queue(kernel_root, table_index(DIRECT_BASE, 4),
              p2m[first_free + l1 + l2] << PAGE_SHIFT | PTE_TABLE);
    mmu_flush();
    return first_free + d.count;
}

/* Text read-only, all else not executable, nothing mapped behind the image: what
 * the domain builder left there is reached through the direct map. */
static void image_protect(void)
{
    for (char *p = kernel_text_start; p < kernel_end; p += PAGE_SIZE) {
        uint64_t entry = p2m[image_pfn(p)] << PAGE_SHIFT | PTE_PRESENT;
        if (p >= kernel_text_end)
            entry |= PTE_NX;
        if (p >= kernel_rodata_end)
            entry |= PTE_WRITE;
        mmu_set((uintptr_t)p, entry);
    }
}

static void image_unmap_rest(uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n < to; n++)
        if (!mmu_unset(KERNEL_BASE + n * PAGE_SIZE))
            return;
}

void mmu_init(void)
{
    const struct start_info *s = xen_start;
    uint64_t tables = s->nr_pt_frames, root = image_pfn((void *)s->pt_base);
    uint64_t first_free = root + tables + 1; /* one page of boot stack follows */

    p2m = (uint64_t *)s->mfn_list;
    frame_count = s->nr_pages;
    kernel_root.n = p2m[root];
    image_protect();
    image_unmap_rest(first_free, frame_count);
    uint64_t table = direct_map_build(first_free, tables);
    uint64_t end = table + pages_for(frame_count * sizeof(struct frame), PAGE_SIZE);
    if (end + 1024 > frame_count) {
        print("fos: %lu KiB of memory is too little: give it 32 MiB or more\n",
              frame_count * 4);
        xen_shutdown(FOS_SHUTDOWN_CRASH);
    }
    ASSERT(!(*table_walk((pfn_t){root}, DIRECT_BASE) & PTE_GLOBAL));
    p2m = frame_address((pfn_t){image_pfn(p2m)});
    xen_start = (const void *)((char *)s - KERNEL_BASE + DIRECT_BASE);
    image_unmap_rest(image_pfn(kernel_end), first_free);
    frames_init((pfn_t){table}, end);
}

/* ---- tables ------------------------------------------------------------- */

static uint64_t *table_of(uint64_t entry)
{
    return frame_address(pte_frame(entry));
}

static pfn_t kernel_root_frame(void)
{
    return pte_frame(kernel_root.n << PAGE_SHIFT);
}

static void entry_queue(uint64_t *at, uint64_t entry)
{
    uint64_t *table = (uint64_t *)((uintptr_t)at & ~(PAGE_SIZE - 1));
    mmu_queue(pfn_to_mfn(address_frame(table)), (uint32_t)(at - table), entry);
}

/* Queued.  Xen flushes what could still write to a new table; who does not know that one
 * has become writable finds out (fault_is_spurious). */
static void direct_protect(pfn_t f, bool writable)
{
    entry_queue(table_walk(kernel_root_frame(), (uintptr_t)frame_address(f)),
                pfn_to_mfn(f).n << PAGE_SHIFT | PTE_PRESENT | PTE_NX |
                    (writable ? PTE_WRITE : 0));
}

static int table_alloc(struct space *owner, pfn_t *out)
{
    int r = frame_alloc(owner, FRAME_TABLE, out);
    if (r == 0)
        direct_protect(*out, false);
    return r;
}

static void table_free(pfn_t f)
{
    direct_protect(f, true);
    frame_put(f);
}

/* Makes the tables for va under `root` that are not there.  First all become read-only,
 * then they are hooked in: Xen flushes other processors once for all of them. */
static int table_walk_make(struct space *owner, pfn_t root, uint64_t va)
{
    uint64_t *table = frame_address(root);
    pfn_t made[3];
    int level = 4, n = 0, r = 0;
    for (; level > 1 && table[table_index(va, level)] & PTE_PRESENT; level--)
        table = table_of(table[table_index(va, level)]);
    while (r == 0 && n < level - 1) {
        r = table_alloc(owner, &made[n]);
        n += r == 0;
    }
    for (int i = 0; i < n; i++) {
        entry_queue(&table[table_index(va, level - i)],
                    pfn_to_mfn(made[i]).n << PAGE_SHIFT | PTE_TABLE);
        table = frame_address(made[i]);
    }
    if (n > 0)
        mmu_flush();
    return r;
}

/* The last-level entry for va, or NULL: safe without the lock while the space's own
 * thread runs, as tables are freed only with their space. */
static uint64_t *table_walk(pfn_t root, uint64_t va)
{
    uint64_t *table = frame_address(root);
    for (int level = 4; level > 1; level--) {
        uint64_t entry = table[table_index(va, level)];
        if (!(entry & PTE_PRESENT))
            return NULL;
        table = table_of(entry);
    }
    return &table[table_index(va, 1)];
}

int table_root_alloc(struct space *s)
{
    int r = table_alloc(s, &s->root);
    if (r)
        return r;
    mmu_flush();
    mmu_pin_root(pfn_to_mfn(s->root));
    return 0;
}

int table_prepare(struct space *s, uint64_t va, uint64_t pages)
{
    uint64_t span = ENTRIES * PAGE_SIZE, end = va + pages * PAGE_SIZE;
    for (uint64_t at = va & ~(span - 1); at < end; at += span) {
        int r = table_walk_make(s, s->root, at);
        if (r)
            return r;
    }
    return 0;
}

uint64_t table_entry(const struct space *s, uint64_t va)
{
    ASSERT(va < FOS_USER_END);
    const uint64_t *entry = table_walk(s->root, va);
    return entry ? *(const volatile uint64_t *)entry : 0;
}

static void leaf_find(struct leaf *l, const struct space *s, uint64_t va)
{
    const uint64_t span = ENTRIES * PAGE_SIZE;
    if (l->space == s && l->va / span == va / span)
        return;
    uint64_t *entry = table_walk(s->root, va & ~(span - 1));
    *l = (struct leaf){s, va, entry};
}

uint64_t leaf_entry(struct leaf *l, const struct space *s, uint64_t va)
{
    ASSERT(va < FOS_USER_END);
    leaf_find(l, s, va);
    return l->table ? *(const volatile uint64_t *)&l->table[table_index(va, 1)] : 0;
}

void leaf_set(struct leaf *l, struct space *s, uint64_t va, uint64_t entry)
{
    leaf_find(l, s, va);
    ASSERT(l->table != NULL);
    uint64_t *to = &l->table[table_index(va, 1)];
    s->mapped += (uint32_t)(entry & PTE_PRESENT) - (uint32_t)(*to & PTE_PRESENT);
    entry_queue(to, entry);
}

static pfn_t unhooked[64]; /* tables out of their upper ones, still read */
static uint32_t unhooked_count;

void table_destroy_flush(void)
{
    while (unhooked_count > 0)
        table_free(unhooked[--unhooked_count]);
    mmu_flush();
}

/* Takes the table below `entry` out of its upper one, so that it loses its type. */
static void table_unhook(uint64_t *entry)
{
    if (unhooked_count == ARRAY_SIZE(unhooked))
        table_destroy_flush();
    unhooked[unhooked_count++] = pte_frame(*entry);
    entry_queue(entry, 0);
}

/* Frees what one last-level table maps, and the table. */
static void table_leaf_free(uint64_t *entry)
{
    const uint64_t *table = table_of(*entry);
    for (int i = 0; i < ENTRIES; i++)
        if (table[i] & PTE_PRESENT)
            frame_put(pte_frame(table[i]));
    table_unhook(entry);
}

/* One short step of taking the tables apart, none of which is loaded anywhere: what lies
 * below one entry, absent ones before it left out.  s->destroy_at is the address reached.
 * What is freed is Xen's until table_destroy_flush, which flushes other processors once. */
bool table_destroy_step(struct space *s)
{
    const uint64_t leaf = PAGE_SIZE << 9, middle = leaf << 9, high = middle << 9;
    uint64_t va = s->destroy_at, end = high * USER_ROOT_ENTRIES, *e2 = NULL;
    uint64_t *e4 = (uint64_t *)frame_address(s->root) + table_index(va, 4);
    for (; va < end && !(*e4 & PTE_PRESENT); va += high)
        e4++;
    if (va >= end)
        return true;
    uint64_t *e3 = table_of(*e4) + table_index(va, 3);
    for (; !(*e3 & PTE_PRESENT) && (va + middle) % high; va += middle)
        e3++;
    if (*e3 & PTE_PRESENT) {
        e2 = table_of(*e3) + table_index(va, 2);
        for (; !(*e2 & PTE_PRESENT) && (va + leaf) % middle; va += leaf)
            e2++;
        if (*e2 & PTE_PRESENT)
            table_leaf_free(e2);
    }
    s->destroy_at = va + (e2 ? leaf : middle);
    if (e2 && s->destroy_at % middle == 0)
        table_unhook(e3);
    if (s->destroy_at % high == 0)
        table_unhook(e4);
    return false;
}

void table_root_free(struct space *s)
{
    mmu_unpin(pfn_to_mfn(s->root));
    table_free(s->root);
    mmu_flush();
}

void *kernel_stack_map(uint32_t vcpu)
{
    uint64_t base = STACKS_BASE + vcpu * STACK_STRIDE + STACK_STRIDE - STACK_SIZE;
    for (uint64_t va = base; va < base + STACK_SIZE; va += PAGE_SIZE) {
        pfn_t f;
        if (table_walk_make(NULL, kernel_root_frame(), va) ||
            frame_alloc(NULL, FRAME_KERNEL, &f))
            return NULL;
        mmu_set(va, pte_make(f, FOS_PROT_WRITE) & ~PTE_USER);
    }
    return (void *)(base + STACK_SIZE);
}

/* A frame that was a table is writable now and this vCPU's TLB does not know. */
bool fault_is_spurious(uint64_t address, uint64_t error)
{
    enum { WRITE_TO_PRESENT = 3 };
    if ((error & 7 & ~4u) != WRITE_TO_PRESENT || address < DIRECT_BASE ||
        address >= DIRECT_BASE + frame_count * PAGE_SIZE)
        return false;
    uint64_t *entry = table_walk(kernel_root_frame(), address);
    return entry && (*entry & PTE_WRITE);
}
