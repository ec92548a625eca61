/* SPDX-License-Identifier: MIT */
/*
 * The rings.  Each belongs to one vCPU, whose kernel code is never interrupted by other
 * kernel code that records, so it needs no lock.  User code sees heads and rings
 * read-only: what they hold is the kernel's own and can be relied on.
 */
#include "lib/trace.h"
#include "sched/sched.h"
#include "xen/xen.h"

enum {
    MEMORY_SHARE = 128,  /* one free frame in so many is for rings */
    RING_PAGES_MAX = 64, /* of one vCPU */
    OWN_LATE = 10000000, /* cycles from a thread's event to its recording */
};

union trace_control trace_control __attribute__((aligned(4096)));

static union {
    struct fos_trace_info info;
    char page[PAGE_SIZE];
} about __attribute__((aligned(4096)));

static union {
    struct fos_trace_head vcpus[VCPU_MAX];
    char page[PAGE_SIZE];
} heads __attribute__((aligned(4096)));

static pfn_t pages[FOS_TRACE_PAGES_MAX]; /* in the order they are mapped */
static uint32_t ring_events;
/* The last space to map the control page writable; only compared. */
static const struct space *_Atomic reader;

/* ---- set-up -------------------------------------------------------------- */

/* A page of the kernel's image that is shown to user code. */
static pfn_t image_page(const void *page)
{
    pfn_t f = {((uintptr_t)page - KERNEL_BASE) >> PAGE_SHIFT};
    ASSERT(f.n < frame_count && frames[f.n].type == FRAME_RESERVED);
    frames[f.n].type = FRAME_DEVICE;
    return f;
}

static uint32_t ring_pages_choose(void)
{
    uint64_t most = min_u64(frames_free / MEMORY_SHARE,
                            FOS_TRACE_PAGES_MAX - FOS_TRACE_RING_FIRST);
    uint32_t n = 1;
    while (2 * n * vcpu_count <= most && 2 * n <= RING_PAGES_MAX)
        n *= 2;
    return n;
}

void trace_init(void)
{
    uint32_t each = ring_pages_choose(), at = 0;
    pages[at++] = image_page(&trace_control);
    pages[at++] = image_page(&about);
    pages[at++] = image_page(&heads);
    ASSERT(at == FOS_TRACE_RING_FIRST);
    for (; at < FOS_TRACE_RING_FIRST + each * vcpu_count; at++)
        if (frame_alloc(NULL, FRAME_DEVICE, &pages[at]))
            BUG("no memory for the trace rings");
    ring_events = each * FOS_TRACE_PAGE_EVENTS;
    about.info = (struct fos_trace_info){
        .version = FOS_TRACE_VERSION,
        .vcpus = vcpu_count,
        .ring_pages = each,
        .pages = at,
        .tsc_hz = time_tsc_hz(),
    };
}

pfn_t trace_control_frame(void)
{
    return pages[0];
}

int trace_map(struct space *s, uint64_t va)
{
    uint32_t n = about.info.pages;
    int r = space_map_frames(s, va, pages, n, FOS_PROT_READ | FOS_PROT_WRITE,
                             FOS_PROT_READ);
    if (r == 0)
        atomic_store(&reader, s);
    return r;
}

void trace_leave(const struct space *s)
{
    if (atomic_compare_exchange_strong(&reader, &s, NULL))
        __atomic_store_n(&trace_control.control.mask, 0, __ATOMIC_RELAXED);
}

/* ---- recording ----------------------------------------------------------- */

static struct fos_trace_event *slot_of(uint32_t vcpu, uint64_t position)
{
    uint32_t at = (uint32_t)(position & (ring_events - 1));
    uint32_t page = FOS_TRACE_RING_FIRST + vcpu * about.info.ring_pages +
                    at / FOS_TRACE_PAGE_EVENTS;
    struct fos_trace_event *events = frame_address(pages[page]);
    return &events[at % FOS_TRACE_PAGE_EVENTS];
}

/* Release: a reader that sees a word of this event sees by R2 that the one before it
 * in the slot is gone. */
static void event_put(const struct fos_trace_event *e)
{
    struct fos_trace_head *head = &heads.vcpus[e->vcpu];
    uint64_t *to = (uint64_t *)slot_of(e->vcpu, head->written);
    const uint64_t *from = (const uint64_t *)e;
    for (size_t i = 0; i < sizeof *e / sizeof *to; i++)
        __atomic_store_n(&to[i], from[i], __ATOMIC_RELEASE);
    head->last = e->tsc;
    /* pairs with the reader's acquire (R1) */
    __atomic_store_n(&head->written, head->written + 1, __ATOMIC_RELEASE);
}

void trace_write(enum fos_trace_type type, uint64_t a, uint64_t b)
{
    struct thread *t = thread_current();
    struct fos_trace_event e = {
        .tsc = rdtsc(),
        .pid = t ? (uint32_t)t->space->pid : 0,
        .type = (uint16_t)type,
        .vcpu = (uint16_t)vcpu_self()->id,
        .a = a,
        .b = b,
    };
    event_put(&e);
}

static bool own_event_sane(const struct fos_trace_event *e)
{
    return e->type >= FOS_TRACE_USER_FIRST && e->type < FOS_TRACE_TYPES_MAX &&
           e->tsc <= rdtsc();
}

/* `e` is a copy of what user code wrote.  An interrupt may have been recorded since the
 * thread read the time; what is much older was left from an earlier trace. */
static void own_event_put(struct fos_trace_event *e, struct fos_trace_head *head)
{
    if (!own_event_sane(e)) {
        head->dropped++;
        return;
    }
    if (!(trace_mask() >> e->type & 1) || e->tsc + OWN_LATE < head->last)
        return;
    if (e->tsc < head->last)
        e->tsc = head->last;
    event_put(e);
}

void trace_collect_slow(struct thread *t)
{
    struct fos_events_page *page = (struct fos_events_page *)t->events_page;
    struct fos_trace_head *head = &heads.vcpus[vcpu_self()->id];
    uint64_t written = __atomic_load_n(&page->written, __ATOMIC_RELAXED);
    if (written - t->trace_taken > FOS_TRACE_OWN) {
        head->dropped++;
        t->trace_taken = written;
    }
    for (; t->trace_taken != written; t->trace_taken++) {
        struct fos_trace_event e;
        memcpy(&e, &page->ring[t->trace_taken % FOS_TRACE_OWN], sizeof e);
        fos_compiler_barrier(); /* no second look at what may change */
        e.pid = (uint32_t)t->space->pid;
        e.vcpu = (uint16_t)vcpu_self()->id;
        own_event_put(&e, head);
    }
    __atomic_store_n(&page->taken, written, __ATOMIC_RELAXED);
}
