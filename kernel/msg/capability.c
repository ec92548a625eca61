/* SPDX-License-Identifier: MIT */
#include "msg/capability.h"
#include "arch/x86_64/cpu.h"
#include "mm/mm.h"
#include "xen/xen.h"

enum {
    SLOTS_PER_PAGE = 512,
    PAGES = (1 << OBJECT_INDEX_BITS) / SLOTS_PER_PAGE,
};

spinlock_t kernel_lock;
uint32_t object_counts[OBJECT_TYPES];

/* A slot holds a pointer to the living object, or an odd word: the next id that the
 * slot will give out, shifted left by one, plus 1; 0 when it was never used. */
typedef _Atomic uint64_t slot_t;
static slot_t *_Atomic slot_pages[PAGES];
static uint32_t slots_used = 1;    /* index 0 names nothing */
static uint32_t free_indices[256]; /* recently freed, the rest found by search */
static uint32_t free_count;
static uint32_t search_from = 1;

static struct object nothing; /* what a failed look-up compares with */

static slot_t *slot_of(uint32_t index)
{
    slot_t *page = atomic_load_explicit(&slot_pages[index / SLOTS_PER_PAGE],
                                        memory_order_acquire);
    return page ? &page[index % SLOTS_PER_PAGE] : NULL;
}

static bool slot_is_free(uint64_t word)
{
    return word == 0 || (word & 1);
}

static int index_grow(uint32_t *out)
{
    if (slots_used == 1u << OBJECT_INDEX_BITS)
        return -FOS_ENOMEM;
    if (!slot_of(slots_used)) {
        void *page = kernel_page_alloc();
        if (!page)
            return -FOS_ENOMEM;
        /* pairs with the acquire in slot_of: the page is zero before it is seen */
        atomic_store_explicit(&slot_pages[slots_used / SLOTS_PER_PAGE], page,
                              memory_order_release);
    }
    *out = slots_used++;
    return 0;
}

/* Looks at no more than 64 slots, so that one call stays short. */
static bool index_search(uint32_t *out)
{
    for (int i = 0; i < 64 && slots_used > 1; i++) {
        uint32_t index = search_from++;
        if (search_from >= slots_used)
            search_from = 1;
        if (index < slots_used && slot_is_free(*slot_of(index))) {
            *out = index;
            return true;
        }
    }
    return false;
}

static int index_alloc(uint32_t *out)
{
    while (free_count > 0) {
        *out = free_indices[--free_count];
        if (slot_is_free(*slot_of(*out))) /* the search may have taken it */
            return 0;
    }
    if (slots_used > 4096 && index_search(out))
        return 0;
    return index_grow(out);
}

int object_publish(struct object *o, enum object_type type)
{
    uint32_t index;
    int r = index_alloc(&index);
    if (r)
        return r;
    slot_t *slot = slot_of(index);
    uint64_t word = *slot;
    o->id = word ? word >> 1 : index;
    o->secret = random_u64_locked();
    o->type = type;
    object_counts[type]++;
    ASSERT((o->id & ((1u << OBJECT_INDEX_BITS) - 1)) == index);
    ASSERT(((uintptr_t)o & 1) == 0);
    /* pairs with the acquire in object_at: the object is complete before it is
     * found */
    atomic_store_explicit(slot, (uintptr_t)o, memory_order_release);
    return 0;
}

void object_retire(struct object *o)
{
    slot_t *slot = slot_of(object_index(o));
    ASSERT(*slot == (uintptr_t)o);
    ASSERT(object_counts[o->type] > 0);
    object_counts[o->type]--;
    uint64_t next = o->id + (1ull << OBJECT_INDEX_BITS);
    atomic_store(slot, next << 1 | 1);
    if (free_count < ARRAY_SIZE(free_indices))
        free_indices[free_count++] = object_index(o);
}

struct object *object_at(uint32_t index)
{
    slot_t *slot = slot_of(index & ((1u << OBJECT_INDEX_BITS) - 1));
    uint64_t word = slot ? atomic_load_explicit(slot, memory_order_acquire) : 0;
    return slot_is_free(word) ? NULL : (struct object *)(uintptr_t)word;
}

struct object *object_find(enum object_type type, uint64_t id, uint64_t secret)
{
    struct object *o = object_at((uint32_t)id);
    const struct object *c = o ? o : &nothing;
    uint64_t wrong = (c->id ^ id) | (c->secret ^ secret) | (c->type ^ type);
    return wrong ? NULL : o;
}

/* The exchange is a full fence: what is looked up afterwards is no older than what
 * quiesce(), which sees `reading` clear, took away. */
void reader_enter(void)
{
    atomic_exchange(&vcpu_self()->reading, 1);
}

void reader_exit(void)
{
    /* pairs with the acquire in quiesce */
    atomic_store_explicit(&vcpu_self()->reading, 0, memory_order_release);
}

void quiesce(void)
{
    atomic_thread_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < vcpu_count; i++)
        for (uint32_t spins = 0;
             atomic_load_explicit(&vcpus[i].reading, memory_order_acquire);
             spins++) {
            ASSERT(&vcpus[i] != vcpu_self());
            if (spins % 256 == 255)
                xen_yield(); /* Xen may have taken the reader's processor */
            cpu_pause();
        }
}
