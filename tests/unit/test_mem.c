/* SPDX-License-Identifier: MIT */
/*
 * The memory fleet's member (fleets/mem) over a kernel played here: spaces that map
 * frames, whose words are read and written as a processor would, faults included.
 */
#include "mem_kernel.h"

/* ---- a processor ---- */

enum { HEAP = 0x600000, PLACES = 64 };
#define PLACE(n) (MEM_BASE + (uint64_t)(n)*FOS_PAGE_SIZE)

static bool permitted(uint64_t pid, uint64_t at, uint32_t need)
{
    struct mapping *m = mapping_at(&spaces[pid], at);

    return m && (m->prot & need) == need;
}

/* The word's place, after as many faults as it takes; NULL: the fault was real. */
static uint64_t *touch(uint64_t pid, uint64_t at, bool write)
{
    uint32_t need = write ? FOS_PROT_WRITE : FOS_PROT_READ;

    for (int tries = 0; !permitted(pid, at, need); tries++) {
        struct fos_fault fault = {
            .pid = pid,
            .thread = {1, 1},
            .address = at + 8,
            .error = (write ? FOS_FAULT_WRITE : 0u) |
                     (mapping_at(&spaces[pid], at) ? FOS_FAULT_PRESENT : 0u)};
        verdict = NOTHING;
        fault_handle(&fault);
        if (verdict != WENT)
            return NULL;
        REQUIRE(tries < 4);
    }
    return &frames[mapping_at(&spaces[pid], at)->frame].word;
}

/* Family 0: its own. */
static long attach(uint64_t pid, uint64_t family, uint64_t quota)
{
    struct mem_layout layout = {
        .pid = pid,
        .space = {pid, 0},
        .family = family ? family : pid,
        .quota = quota,
        .family_quota = quota,
        .count = 2,
        .regions = {
            {.start = 0x400000, .end = 0x402000, .prot = FOS_PROT_READ},
            {.start = HEAP, .end = HEAP, .prot = RW, .flags = MEM_REGION_HEAP}}};

    start_page.caps[FOS_START_SPACE] = (struct fos_cap){OWN, 0};
    return life_attach(&layout);
}

static void end(uint64_t pid)
{
    space_empty(&spaces[pid]);
    spaces[pid].ended = false;
    life_ended(pid);
}

static long mmap(uint64_t pid, unsigned place, unsigned pages, uint32_t prot,
                 uint32_t flags)
{
    struct mem_map_req req = {.address = PLACE(place),
                              .length = pages * FOS_PAGE_SIZE,
                              .prot = prot,
                              .flags = flags};
    uint64_t at;

    return regions_map(process_find(pid), &req, &at);
}

static void all_is_back(void)
{
    supply_close();
    CHECK_EQ(frames_used, 0);
    CHECK_EQ(windows, 0);
    CHECK_EQ(process_count, 0);
    CHECK_EQ(family_count, 0);
    CHECK_EQ(object_count, 0);
}

CASE("memory is zeros until it is written, and its own afterwards")
{
    REQUIRE(attach(2, 0, 1000) == 0);
    REQUIRE(mmap(2, 0, 4, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    uint64_t *word = touch(2, PLACE(1), false);
    REQUIRE(word && *word == 0);
    *touch(2, PLACE(1), true) = 7;
    CHECK_EQ(*touch(2, PLACE(1), false), 7);
    CHECK(!touch(2, PLACE(4), false));
    CHECK(!touch(2, 0x400000, true));
    end(2);
    all_is_back();
}

CASE("after fork each writes its own copy, and sees what was there before")
{
    REQUIRE(attach(2, 0, 1000) == 0);
    REQUIRE(mmap(2, 0, 4, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    *touch(2, PLACE(0), true) = 1;
    *touch(2, PLACE(1), true) = 2;
    REQUIRE(life_fork(2, 3, (struct fos_cap){3, 0}, 0, 0) == 0);
    *touch(2, PLACE(0), true) = 10;
    *touch(3, PLACE(1), true) = 20;
    CHECK_EQ(*touch(3, PLACE(0), false), 1);
    CHECK_EQ(*touch(2, PLACE(1), false), 2);
    CHECK_EQ(*touch(2, PLACE(0), false), 10);
    CHECK_EQ(*touch(3, PLACE(1), false), 20);
    uint32_t used = frames_used;
    end(3);
    *touch(2, PLACE(1), true) = 3; /* the only one left: no copy */
    CHECK(frames_used < used);
    end(2);
    all_is_back();
}

CASE("a process may have of the reserve up to its reach, a near child what it "
     "begins with")
{
    REQUIRE(attach(2, 0, 1000) == 0);
    struct process *p = process_find(2);
    REQUIRE(mmap(2, 0, 1, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    CHECK(!near_asked);
    uint64_t now = p->layout.committed;
    p->reach = now + 10;
    CHECK(process_may(p, 10) && near_asked);
    CHECK(process_may(p, 11) && !near_asked);
    REQUIRE(life_fork(2, 3, (struct fos_cap){3, 0}, 0, 1) == 0);
    CHECK(near_asked);
    CHECK_EQ(process_find(3)->reach, now);
    REQUIRE(life_fork(2, 4, (struct fos_cap){4, 0}, 0, now + 5) == 0);
    CHECK_EQ(process_find(4)->reach, now + 5);
    REQUIRE(life_fork(2, 5, (struct fos_cap){5, 0}, 0, 0) == 0);
    CHECK(!near_asked);
    for (uint64_t pid = 2; pid <= 5; pid++)
        end(pid);
    all_is_back();
}

CASE("shared memory is one, through fork and after the first has gone")
{
    REQUIRE(attach(2, 0, 1000) == 0);
    REQUIRE(mmap(2, 0, 4, RW, MEM_SHARED | MEM_FIXED) == 0);
    *touch(2, PLACE(0), true) = 5;
    REQUIRE(life_fork(2, 3, (struct fos_cap){3, 0}, 0, 0) == 0);
    CHECK_EQ(*touch(3, PLACE(0), false), 5);
    *touch(3, PLACE(2), true) = 6;
    CHECK_EQ(*touch(2, PLACE(2), false), 6);
    end(2);
    REQUIRE(regions_protect(process_find(3), PLACE(0), 4 * FOS_PAGE_SIZE,
                            FOS_PROT_READ) == 0);
    CHECK(!touch(3, PLACE(0), true));
    CHECK_EQ(*touch(3, PLACE(2), false), 6);
    REQUIRE(regions_protect(process_find(3), PLACE(0), 4 * FOS_PAGE_SIZE, RW) == 0);
    *touch(3, PLACE(0), true) = 8;
    CHECK_EQ(*touch(3, PLACE(0), false), 8);
    end(3);
    all_is_back();
}

CASE("memory without access keeps what it holds, be it forked meanwhile")
{
    REQUIRE(attach(2, 0, 1000) == 0);
    REQUIRE(mmap(2, 0, 4, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    *touch(2, PLACE(1), true) = 5;
    struct process *p = process_find(2);
    REQUIRE(regions_protect(p, PLACE(0), 4 * FOS_PAGE_SIZE, 0) == 0);
    CHECK(!touch(2, PLACE(1), false));
    REQUIRE(life_fork(2, 3, (struct fos_cap){3, 0}, 0, 0) == 0);
    REQUIRE(regions_protect(p, PLACE(1), FOS_PAGE_SIZE, RW) == 0);
    CHECK_EQ(*touch(2, PLACE(1), false), 5);
    *touch(2, PLACE(1), true) = 6;
    REQUIRE(regions_protect(process_find(3), PLACE(1), FOS_PAGE_SIZE, RW) == 0);
    CHECK_EQ(*touch(3, PLACE(1), false), 5);
    CHECK(!touch(3, PLACE(0), false));
    end(2);
    end(3);
    all_is_back();
}

CASE("the stack grows with touches below it, up to its limit and its guard")
{
    REQUIRE(attach(2, 0, 10000) == 0);
    struct process *p = process_find(2);
    CHECK(touch(2, FOS_STACK_TOP - FOS_PAGE_SIZE, true));
    CHECK(touch(2, FOS_STACK_TOP - MEM_STACK_MAX, true));
    CHECK(!touch(2, FOS_STACK_TOP - MEM_STACK_MAX - FOS_PAGE_SIZE, true));
    CHECK(p->layout.committed >= MEM_STACK_MAX / FOS_PAGE_SIZE);
    end(2);
    REQUIRE(attach(2, 0, 20) == 0); /* the quota does not allow it */
    CHECK(touch(2, FOS_STACK_TOP - FOS_PAGE_SIZE, true));
    CHECK(!touch(2, FOS_STACK_TOP - MEM_STACK_MAX, true));
    end(2);
    all_is_back();
}

CASE("what exceeds a quota is refused before it is there")
{
    REQUIRE(attach(2, 0, 100) == 0);
    struct process *p = process_find(2);
    CHECK_EQ(mmap(2, 0, 200, RW, MEM_PRIVATE), -FOS_ENOMEM);
    CHECK_EQ(mmap(2, 0, 60, RW, MEM_SHARED), -FOS_ENOMEM);
    CHECK_EQ(mmap(2, 0, 200, RW, MEM_PRIVATE | MEM_NORESERVE), 0);
    CHECK_EQ(mmap(2, 0, 200, FOS_PROT_READ, MEM_PRIVATE), -FOS_ENOMEM);
    CHECK_EQ(mmap(2, 0, 200, 0, MEM_PRIVATE), 0);
    CHECK_EQ(regions_brk(p, HEAP + 200 * FOS_PAGE_SIZE), -FOS_ENOMEM);
    CHECK_EQ(p->heap_end, HEAP);
    CHECK_EQ(regions_brk(p, HEAP + 50 * FOS_PAGE_SIZE), 0);
    CHECK_EQ(life_fork(2, 3, (struct fos_cap){3, 0}, 0, 0), -FOS_ENOMEM);
    CHECK(!process_find(3));
    CHECK_EQ(regions_brk(p, HEAP), 0);
    CHECK_EQ(life_fork(2, 3, (struct fos_cap){3, 0}, 0, 0), 0);
    end(2);
    end(3);
    all_is_back();
}

CASE("without a free page the process that touches ends, and no other")
{
    REQUIRE(attach(2, 0, 1000) == 0 && attach(3, 0, 1000) == 0);
    REQUIRE(mmap(2, 0, 60, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    REQUIRE(touch(3, FOS_STACK_TOP - FOS_PAGE_SIZE, true));
    frames_limit = frames_used + 10;
    for (unsigned i = 0; i < 60 && !spaces[2].ended; i++)
        touch(2, PLACE(i), true);
    CHECK(spaces[2].ended);
    CHECK(!spaces[3].ended);
    frames_limit = FRAMES;
    end(2);
    end(3);
    all_is_back();
}

CASE("a fault that finds no page fleet is told again when there is one")
{
    REQUIRE(attach(2, 0, 1000) == 0 && attach(3, 0, 1000) == 0);
    REQUIRE(mmap(2, 0, 4, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    int of_two = spaces[2].pagers, of_three = spaces[3].pagers;
    page_fleet_gone = true;
    CHECK(!touch(2, PLACE(1), true));
    CHECK_EQ(verdict, NOTHING);
    faults_resume();
    CHECK(!spaces[2].ended && spaces[2].pagers == of_two);
    page_fleet_gone = false;
    faults_resume();
    CHECK_EQ(spaces[2].pagers, of_two + 1);
    CHECK_EQ(spaces[3].pagers, of_three);
    CHECK(touch(2, PLACE(1), true));
    end(2);
    end(3);
    all_is_back();
}

CASE("senseless requests are refused and change nothing")
{
    struct mem_map_req req = {.length = 4096, .prot = RW, .flags = MEM_PRIVATE};
    uint64_t at;

    REQUIRE(attach(2, 0, 1000) == 0);
    struct process *p = process_find(2);
    uint32_t count = p->layout.count;
    req.flags = MEM_PRIVATE | MEM_SHARED;
    CHECK_EQ(regions_map(p, &req, &at), -FOS_EINVAL);
    req.flags = MEM_PRIVATE | 0x1000;
    CHECK_EQ(regions_map(p, &req, &at), -FOS_EINVAL);
    req.flags = MEM_PRIVATE;
    req.length = 0;
    CHECK_EQ(regions_map(p, &req, &at), -FOS_EINVAL);
    req.length = UINT64_MAX;
    CHECK_EQ(regions_map(p, &req, &at), -FOS_ENOMEM);
    req.length = 4096;
    req.prot = FOS_PROT_WRITE | FOS_PROT_EXEC | FOS_PROT_READ;
    CHECK_EQ(regions_map(p, &req, &at), -FOS_EACCES);
    req.prot = RW;
    req.flags = MEM_PRIVATE | MEM_FIXED;
    req.address = MEM_END;
    CHECK_EQ(regions_map(p, &req, &at), -FOS_ENOMEM);
    req.address = 0x1001;
    CHECK_EQ(regions_map(p, &req, &at), -FOS_EINVAL);
    req.flags |= MEM_NOREPLACE;
    req.address = 0x400000;
    CHECK_EQ(regions_map(p, &req, &at), -FOS_EEXIST);
    CHECK_EQ(regions_unmap(p, 1, 4096), -FOS_EINVAL);
    CHECK_EQ(regions_unmap(p, FOS_PAGES_BASE, 4096), -FOS_ENOMEM);
    CHECK_EQ(regions_protect(p, PLACE(0), 4096, RW), -FOS_ENOMEM);
    CHECK_EQ(regions_protect(p, 0, UINT64_MAX, RW), -FOS_ENOMEM);
    CHECK_EQ(regions_advise(p, 0x400000, 4096, 99), -FOS_EINVAL);
    CHECK_EQ(regions_brk(p, HEAP - 1), -FOS_ENOMEM);
    CHECK_EQ(p->layout.count, count);
    end(2);
    all_is_back();
}

CASE("a process that begins finds its first pages, if there are some at hand")
{
    struct mem_layout layout = {
        .pid = 3,
        .space = {3, 0},
        .family = 2,
        .quota = 100,
        .count = 1,
        .regions = {
            {.start = 0x400000, .end = 0x404000, .absent = 0x401000, .prot = RW}}};

    REQUIRE(attach(2, 0, 1000) == 0);
    CHECK(!mapping_at(&spaces[2], FOS_STACK_TOP - FOS_PAGE_SIZE));
    REQUIRE(mmap(2, 0, 1, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    *touch(2, PLACE(0), true) = 1;
    at_hand = AHEAD_MAX;
    REQUIRE(life_attach(&layout) == 0);
    at_hand = 0;
    CHECK(!mapping_at(&spaces[3], 0x400000));
    CHECK(mapping_at(&spaces[3], 0x401000) && mapping_at(&spaces[3], 0x403000));
    CHECK(mapping_at(&spaces[3], FOS_STACK_TOP - FOS_PAGE_SIZE));
    CHECK_EQ(*touch(3, 0x402000, false), 0);
    end(3);
    layout.regions[0].absent = 0x405000;
    CHECK_EQ(life_attach(&layout), -FOS_EINVAL);
    layout.regions[0].absent = 0x401001;
    CHECK_EQ(life_attach(&layout), -FOS_EINVAL);
    end(2);
    all_is_back();
}

CASE("fork copies at once what both write at once, and nothing else")
{
    const uint64_t data = 0x500000, top = FOS_STACK_TOP - FOS_PAGE_SIZE;
    struct mem_layout layout = {
        .pid = 2,
        .space = {2, 0},
        .family = 2,
        .quota = 1000,
        .family_quota = 1000,
        .count = 1,
        .regions = {{.start = data, .end = data + 2 * FOS_PAGE_SIZE, .prot = RW}}};

    REQUIRE(life_attach(&layout) == 0);
    REQUIRE(mmap(2, 0, 1, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    *touch(2, data, true) = 1;
    *touch(2, data + FOS_PAGE_SIZE, true) = 2;
    *touch(2, PLACE(0), true) = 3;
    *touch(2, top, true) = 4;
    *touch(2, top - FOS_PAGE_SIZE, true) = 5;
    at_hand = 16;
    REQUIRE(life_fork(2, 3, (struct fos_cap){3, 0}, top + 8, 0) == 0);
    at_hand = 0;
    CHECK(permitted(2, data, FOS_PROT_WRITE) && permitted(3, data, FOS_PROT_WRITE));
    CHECK(permitted(2, top, FOS_PROT_WRITE) && permitted(3, top, FOS_PROT_WRITE));
    CHECK(!permitted(2, PLACE(0), FOS_PROT_WRITE));
    *touch(3, data, true) = 10;
    *touch(2, data + FOS_PAGE_SIZE, true) = 20;
    *touch(3, top, true) = 40;
    CHECK_EQ(*touch(2, data, false), 1);
    CHECK_EQ(*touch(3, data + FOS_PAGE_SIZE, false), 2);
    CHECK_EQ(*touch(3, PLACE(0), false), 3);
    CHECK_EQ(*touch(2, top, false), 4);
    CHECK_EQ(*touch(3, top - FOS_PAGE_SIZE, false), 5);
    end(3);
    end(2);
    all_is_back();
}

CASE("a process that proc describes wrongly is not begun")
{
    struct mem_layout layout = {
        .pid = 2, .space = {2, 0}, .family = 2, .quota = 100, .count = 99};

    layout.family_quota = 100;
    CHECK_EQ(life_attach(&layout), -FOS_EINVAL);
    layout.count = 2;
    layout.regions[0] = (struct mem_region){0x400000, 0x402000, 0, RW, 0};
    layout.regions[1] = (struct mem_region){0x401000, 0x403000, 0, RW, 0};
    CHECK_EQ(life_attach(&layout), -FOS_EINVAL);
    layout.regions[1] = (struct mem_region){0x402000, MEM_END, 0, RW, 0};
    CHECK_EQ(life_attach(&layout), -FOS_EINVAL);
    layout.count = 1;
    layout.family = 0;
    CHECK_EQ(life_attach(&layout), -FOS_EINVAL);
    layout.family = 2;
    CHECK_EQ(life_attach(&layout), 0);
    CHECK_EQ(life_attach(&layout), -FOS_EEXIST);
    layout.quota = 1;
    CHECK_EQ(life_reset(&layout), 0);
    layout.pid = 3;
    CHECK_EQ(life_reset(&layout), -FOS_ENOENT);
    CHECK_EQ(life_attach(&layout), -FOS_ENOMEM);
    end(2);
    all_is_back();
}

CASE("who leaves for another member takes nothing along and leaves nothing")
{
    REQUIRE(attach(2, 0, 1000) == 0);
    REQUIRE(mmap(2, 0, 4, RW, MEM_SHARED | MEM_FIXED) == 0);
    REQUIRE(mmap(2, 8, 8, RW, MEM_PRIVATE | MEM_FIXED | MEM_NORESERVE) == 0);
    *touch(2, PLACE(0), true) = 5;
    *touch(2, PLACE(9), true) = 6;
    REQUIRE(regions_protect(process_find(2), PLACE(8), 8 * FOS_PAGE_SIZE, 0) == 0);
    REQUIRE(life_fork(2, 3, (struct fos_cap){3, 0}, 0, 0) == 0);
    *touch(3, PLACE(1), true) = 7;
    space_empty(&spaces[3]); /* as exec does */
    CHECK_EQ(life_leave(3), 0);
    CHECK_EQ(life_leave(3), -FOS_ENOENT);
    CHECK_EQ(life_fork(3, 4, (struct fos_cap){4, 0}, 0, 0), -FOS_ENOENT);
    CHECK(!touch(3, PLACE(1), false)); /* a fault of before is nobody's */
    CHECK_EQ(process_count, 1);
    CHECK_EQ(*touch(2, PLACE(1), false), 7);
    REQUIRE(regions_protect(process_find(2), PLACE(8), 8 * FOS_PAGE_SIZE, RW) == 0);
    CHECK_EQ(*touch(2, PLACE(9), false), 6);
    REQUIRE(attach(3, 2, 1000) == 0); /* and may come back */
    CHECK_EQ(family_count, 1);
    CHECK_EQ(process_promised(), process_find(2)->family->committed);
    end(3);
    end(2);
    CHECK_EQ(process_promised(), 0);
    all_is_back();
}

CASE("what the page fleet does not promise is refused, in whichever family")
{
    REQUIRE(attach(2, 0, 1000) == 0 && attach(3, 0, 1000) == 0);
    promises_limit = process_promised() + 20;
    REQUIRE(mmap(2, 0, 12, RW, MEM_PRIVATE | MEM_FIXED) == 0);
    CHECK_EQ(mmap(3, 0, 9, RW, MEM_PRIVATE | MEM_FIXED), -FOS_ENOMEM);
    CHECK_EQ(mmap(3, 0, 9, RW, MEM_SHARED | MEM_FIXED), -FOS_ENOMEM);
    CHECK_EQ(life_fork(2, 4, (struct fos_cap){4, 0}, 0, 0), -FOS_ENOMEM);
    CHECK_EQ(mmap(3, 0, 8, RW, MEM_PRIVATE | MEM_FIXED), 0);
    end(2);
    CHECK_EQ(mmap(3, 0, 9, RW, MEM_PRIVATE | MEM_FIXED), 0);
    end(3);
    promises_limit = UINT64_MAX;
    all_is_back();
}

/* ---- random operations beside a model of what programs see ---- */

enum { PROCESSES = 6, OBJECTS = 4096, FIRST = 2 };

struct seen {
    uint32_t prot;           /* plus one; 0: not mapped */
    uint32_t object, offset; /* shared memory: number plus one, page of it */
    uint64_t value;
};

static struct {
    bool lives;
    struct seen pages[PLACES];
} model[PROCESSES];
static uint64_t object_words[OBJECTS][PLACES];
static uint32_t objects_made;

static struct seen *seen_at(unsigned i, unsigned place)
{
    return &model[i].pages[place];
}

static uint64_t *value_of(struct seen *s)
{
    return s->object ? &object_words[s->object - 1][s->offset] : &s->value;
}

static void random_map(unsigned i, unsigned first, unsigned n, uint64_t *seed)
{
    static const uint32_t prots[] = {0, FOS_PROT_READ, RW, RW};
    uint32_t prot = prots[unit_random(seed) % 4];
    bool shared = unit_random(seed) % 4 == 0 && objects_made < OBJECTS;
    uint32_t flags = MEM_FIXED | (shared ? MEM_SHARED : MEM_PRIVATE) |
                     (unit_random(seed) % 4 ? 0u : MEM_NORESERVE) |
                     (unit_random(seed) % 4 ? 0u : MEM_POPULATE);

    if (mmap(FIRST + i, first, n, prot, flags))
        return;
    objects_made += shared;
    for (unsigned k = 0; k < n; k++)
        *seen_at(i, first + k) = (struct seen){
            .prot = prot + 1, .object = shared ? objects_made : 0, .offset = k};
}

static void random_protect(unsigned i, unsigned first, unsigned n, uint64_t *seed)
{
    static const uint32_t prots[] = {0, FOS_PROT_READ, RW,
                                     FOS_PROT_READ | FOS_PROT_EXEC};
    uint32_t prot = prots[unit_random(seed) % 4];

    if (regions_protect(process_find(FIRST + i), PLACE(first), n * FOS_PAGE_SIZE,
                        prot))
        return;
    for (unsigned k = first; k < first + n; k++) {
        REQUIRE(seen_at(i, k)->prot);
        seen_at(i, k)->prot = prot + 1;
    }
}

static void random_advise(unsigned i, unsigned first, unsigned n, uint64_t *seed)
{
    uint32_t advice = (uint32_t)(unit_random(seed) % 5);

    if (regions_advise(process_find(FIRST + i), PLACE(first), n * FOS_PAGE_SIZE,
                       advice) ||
        advice != MEM_DONTNEED)
        return;
    for (unsigned k = first; k < first + n; k++)
        seen_at(i, k)->value = 0;
}

static void random_touch(unsigned i, unsigned place, uint64_t *seed)
{
    struct seen *s = seen_at(i, place);
    bool write = unit_random(seed) % 2;
    uint32_t need = write ? FOS_PROT_WRITE : FOS_PROT_READ;
    uint64_t *word = touch(FIRST + i, PLACE(place), write);

    REQUIRE((word != NULL) == (s->prot && ((s->prot - 1) & need)));
    if (!word)
        return;
    REQUIRE(*word == *value_of(s));
    if (write)
        *word = *value_of(s) = unit_random(seed);
}

static void random_fork(unsigned i, unsigned child)
{
    if (model[child].lives || i == child ||
        life_fork(FIRST + i, FIRST + child, (struct fos_cap){FIRST + child, 0}, 0,
                  0))
        return;
    model[child] = model[i];
}

static void random_end(unsigned i)
{
    end(FIRST + i);
    memset(&model[i], 0, sizeof model[i]);
}

static void random_step(uint64_t *seed)
{
    unsigned i = (unsigned)(unit_random(seed) % PROCESSES);
    unsigned first = (unsigned)(unit_random(seed) % PLACES);
    unsigned n = 1 + (unsigned)(unit_random(seed) % (PLACES - first));

    if (!model[i].lives) {
        if (unit_random(seed) % 8 == 0)
            model[i].lives = attach(FIRST + i, 0, 500) == 0;
        return;
    }
    n = n > 12 ? 12 : n;
    switch (unit_random(seed) % 32) {
    case 0:
        random_end(i);
        break;
    case 1:
        random_fork(i, (unsigned)(unit_random(seed) % PROCESSES));
        break;
    case 2 ... 5:
        random_map(i, first, n, seed);
        break;
    case 6:
        if (regions_unmap(process_find(FIRST + i), PLACE(first),
                          n * FOS_PAGE_SIZE) == 0)
            memset(seen_at(i, first), 0, n * sizeof(struct seen));
        break;
    case 7 ... 9:
        random_protect(i, first, n, seed);
        break;
    case 10:
        random_advise(i, first, n, seed);
        break;
    default:
        random_touch(i, first, seed);
    }
}

static void families_check(void)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *p = process_find(FIRST + i);
        REQUIRE((p != NULL) == model[i].lives);
        if (!p)
            continue;
        REQUIRE(layout_is_sound(&p->layout));
        REQUIRE(p->layout.committed <= p->quota &&
                p->family->committed <= p->family->quota &&
                p->family->committed >= p->layout.committed + p->loose);
    }
}

CASE("whatever programs do, they see what a plain machine would show them")
{
    for (uint64_t run = 0; run < 20; run++) {
        uint64_t seed = unit_setting("SEED", 1) + run;
        unit_seed_is(seed);
        objects_made = 0;
        memset(object_words, 0, sizeof object_words);
        for (int step = 0; step < 8000; step++) {
            random_step(&seed);
            families_check();
        }
        for (unsigned i = 0; i < PROCESSES; i++)
            if (model[i].lives)
                random_end(i);
        all_is_back();
    }
}
