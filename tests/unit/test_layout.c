/* SPDX-License-Identifier: MIT */
/* The regions of a process (fleets/mem/layout.c), and rings of pages. */
#include "unit.h"

#include <fos/error.h>
#include <fos/page_ring.h>

#include "fleets/mem/layout.h"

enum { BASE = 0x100000, PLACES = 200 };

#define AT(page) (BASE + (uint64_t)(page)*FOS_PAGE_SIZE)

static struct region region(unsigned first, unsigned end, uint32_t prot)
{
    return (struct region){.start = AT(first), .end = AT(end), .prot = prot};
}

static void add(struct layout *l, unsigned first, unsigned end, uint32_t prot)
{
    struct region r = region(first, end, prot);

    REQUIRE(layout_reserve(l, 1) == 0);
    layout_insert(l, &r);
}

static void drop(struct layout *l, unsigned first, unsigned end)
{
    uint32_t at, n;

    REQUIRE(layout_reserve_cut(l, AT(first), AT(end), 0) == 0);
    n = layout_cut(l, AT(first), AT(end), &at);
    layout_erase(l, at, n);
}

CASE("neighbours of one kind are one region, of two kinds two")
{
    struct layout l = {0};

    add(&l, 0, 2, FOS_PROT_READ);
    add(&l, 4, 6, FOS_PROT_READ);
    CHECK_EQ(l.count, 2);
    add(&l, 2, 4, FOS_PROT_READ);
    CHECK_EQ(l.count, 1);
    add(&l, 6, 7, FOS_PROT_READ | FOS_PROT_WRITE);
    CHECK_EQ(l.count, 2);
    CHECK_EQ(l.mapped, 7);
    CHECK_EQ(l.committed, 7);
    CHECK(layout_is_sound(&l));
    layout_free(&l);
}

CASE("a hole in the middle leaves two ends")
{
    struct layout l = {0};

    add(&l, 0, 10, FOS_PROT_READ | FOS_PROT_WRITE);
    drop(&l, 3, 5);
    CHECK_EQ(l.count, 2);
    CHECK_EQ(l.committed, 8);
    CHECK(layout_find(&l, AT(2)) && !layout_find(&l, AT(3)) &&
          !layout_find(&l, AT(4) + 4095) && layout_find(&l, AT(5)));
    CHECK(layout_covers(&l, AT(0), AT(3)) && !layout_covers(&l, AT(0), AT(4)));
    CHECK(layout_empty(&l, AT(3), AT(5)) && !layout_empty(&l, AT(3), AT(6)));
    CHECK(layout_is_sound(&l));
    layout_free(&l);
}

CASE("cut and joined again, a region shows the same of its object")
{
    struct layout l = {0};
    struct object o = {.refs = 1, .pages = 10};
    struct region r = region(0, 10, FOS_PROT_READ);
    uint32_t first;

    r.object = &o;
    r.flags = REGION_SHARED;
    REQUIRE(layout_reserve(&l, 4) == 0);
    layout_insert(&l, &r);
    CHECK_EQ(layout_cut(&l, AT(2), AT(7), &first), 1);
    CHECK_EQ(o.refs, 3);
    CHECK_EQ(l.regions[1].offset, 2 * FOS_PAGE_SIZE);
    CHECK_EQ(l.regions[2].offset, 7 * FOS_PAGE_SIZE);
    layout_join(&l, first, 1);
    CHECK_EQ(l.count, 1);
    CHECK_EQ(o.refs, 1);
    layout_free(&l);
}

CASE("the lowest gap that is wide enough is found, or none")
{
    struct layout l = {0};

    CHECK_EQ(layout_gap(&l, 4, AT(0), AT(10)), AT(0));
    add(&l, 0, 2, FOS_PROT_READ);
    add(&l, 3, 5, FOS_PROT_READ);
    add(&l, 8, 9, FOS_PROT_READ);
    CHECK_EQ(layout_gap(&l, 1, AT(0), AT(10)), AT(2));
    CHECK_EQ(layout_gap(&l, 2, AT(0), AT(10)), AT(5));
    CHECK_EQ(layout_gap(&l, 4, AT(0), AT(10)), 0);
    CHECK_EQ(layout_gap(&l, 4, AT(0), AT(13)), AT(9));
    CHECK_EQ(layout_gap(&l, 1, AT(4), AT(6)), AT(5));
    CHECK_EQ(layout_gap(&l, 0, AT(0), AT(10)), 0);
    layout_free(&l);
}

CASE("too many regions are refused, and change nothing")
{
    struct layout l = {0};

    for (unsigned i = 0; i < MEM_REGIONS_MAX; i++)
        add(&l, 2 * i, 2 * i + 1, FOS_PROT_READ);
    CHECK_EQ(layout_reserve(&l, 1), -FOS_ENOMEM);
    CHECK_EQ(l.count, MEM_REGIONS_MAX);
    drop(&l, 0, 4);
    CHECK_EQ(layout_reserve(&l, 2), 0);
    layout_free(&l);
}

/* ---- random operations beside a plain array of pages ---- */

struct model {
    uint32_t prot[PLACES]; /* plus one; 0: nothing is there */
};

static void model_compare(const struct layout *l, const struct model *m)
{
    uint64_t committed = 0, mapped = 0;

    REQUIRE(layout_is_sound(l));
    for (unsigned i = 0; i < PLACES; i++) {
        const struct region *r = layout_find(l, AT(i) + 1);
        REQUIRE((r ? r->prot + 1 : 0) == m->prot[i]);
        mapped += r != NULL;
        committed += r != NULL; /* all of it is zeros or written */
    }
    CHECK_EQ(l->mapped, mapped);
    CHECK_EQ(l->committed, committed);
}

static void random_step(struct layout *l, struct model *m, uint64_t *seed)
{
    unsigned first = (unsigned)(unit_random(seed) % PLACES);
    unsigned end = first + 1 + (unsigned)(unit_random(seed) % 20);
    uint32_t prot =
        unit_random(seed) % 2 ? FOS_PROT_READ : FOS_PROT_READ | FOS_PROT_WRITE;
    uint32_t at, n;

    end = end > PLACES ? PLACES : end;
    REQUIRE(layout_reserve(l, 3) == 0);
    switch (unit_random(seed) % 3) {
    case 0:
        drop(l, first, end);
        add(l, first, end, prot);
        for (unsigned i = first; i < end; i++)
            m->prot[i] = prot + 1;
        break;
    case 1:
        drop(l, first, end);
        for (unsigned i = first; i < end; i++)
            m->prot[i] = 0;
        break;
    default:
        n = layout_cut(l, AT(first), AT(end), &at);
        for (uint32_t i = at; i < at + n; i++)
            layout_protect(l, &l->regions[i], prot);
        layout_join(l, at, n);
        for (unsigned i = first; i < end; i++)
            m->prot[i] = m->prot[i] ? prot + 1 : 0;
    }
}

CASE("after any operations a layout says what an array of pages says")
{
    for (uint64_t run = 0; run < 20; run++) {
        uint64_t seed = unit_setting("SEED", 1) + run;
        struct layout l = {0}, copy;
        struct model m = {0};
        unit_seed_is(seed);
        for (int step = 0; step < 400; step++) {
            random_step(&l, &m, &seed);
            model_compare(&l, &m);
        }
        REQUIRE(layout_copy(&copy, &l) == 0);
        model_compare(&copy, &m);
        layout_free(&copy);
        layout_free(&l);
    }
}

/* ---- rings ---- */

CASE("a ring gives pages in runs, and in the order they came")
{
    struct fos_page_ring ring = {.base = BASE, .places = 8};
    uint64_t at;

    CHECK_EQ(fos_page_ring_first(&ring, 4, &at), 0);
    CHECK_EQ(fos_page_ring_room(&ring, 100, &at), 8);
    CHECK_EQ(at, AT(0));
    fos_page_ring_put(&ring, 6);
    CHECK_EQ(fos_page_ring_first(&ring, 4, &at), 4);
    fos_page_ring_take(&ring, 4);
    CHECK_EQ(fos_page_ring_room(&ring, 100, &at), 2); /* up to the wrap */
    CHECK_EQ(at, AT(6));
    fos_page_ring_put(&ring, 2);
    CHECK_EQ(fos_page_ring_room(&ring, 100, &at), 4);
    CHECK_EQ(at, AT(0));
    fos_page_ring_put(&ring, 4);
    CHECK_EQ(fos_page_ring_room(&ring, 100, &at), 0);
    CHECK_EQ(fos_page_ring_first(&ring, 100, &at), 4);
    CHECK_EQ(at, AT(4));
}

CASE("a ring never loses or doubles a page")
{
    struct fos_page_ring ring = {.base = BASE, .places = 16};
    bool there[16] = {0};
    uint64_t seed = 7, at, count = 0;

    for (int step = 0; step < 10000; step++) {
        uint32_t wanted = 1 + (uint32_t)(unit_random(&seed) % 9);
        bool put = unit_random(&seed) % 2;
        uint32_t n = put ? fos_page_ring_room(&ring, wanted, &at)
                         : fos_page_ring_first(&ring, wanted, &at);
        for (uint32_t i = 0; i < n; i++) {
            bool *place = &there[(at - BASE) / FOS_PAGE_SIZE + i];
            REQUIRE(*place != put);
            *place = put;
        }
        put ? fos_page_ring_put(&ring, n) : fos_page_ring_take(&ring, n);
        count = put ? count + n : count - n;
        CHECK_EQ(fos_page_ring_count(&ring), count);
    }
}
