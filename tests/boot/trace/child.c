/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <fos/trace.h>
#include <fos/tracer.h>

#include "../family.h"

enum { FORGERIES = 2000 };

int part_marks(uint64_t a, uint64_t b)
{
    family_report(&(struct fos_mailbox){0});
    for (uint64_t i = 0; i < a; i++)
        fos_trace_mark(i, ~i);
    if (b)
        *(volatile char *)b;
    return 0;
}

int part_send(uint64_t a, uint64_t b)
{
    static const uint8_t bytes[256];
    struct fos_peer parent;

    (void)b;
    CHILD_EQUAL(fos_peer_open(&parent, fos_start_extra(0), FOS_TRANSPORT_CHANNEL),
                0);
    for (uint32_t length = 1; length <= a; length++)
        CHILD_EQUAL(fos_msg_send_until(&parent, bytes, length, family_deadline()),
                    0);
    fos_peer_close(&parent);
    return 0;
}

int part_scribble(uint64_t a, uint64_t b)
{
    struct dice dice = dice_of(a);
    struct fos_tracer mine;

    (void)b;
    CHILD_EQUAL(fos_tracer_open(&mine, fos_start_extra(1)), 0);
    for (int i = 0; i < SCRIBBLES; i++) {
        uint32_t word = dice_below(&dice, FOS_PAGE_SIZE / 8);
        ((volatile uint64_t *)mine.control)[i % 4 ? word : 0] = dice_throw(&dice);
        if (i % 16 == 0)
            fos_sys_null();
    }
    memset(mine.control, 0, FOS_PAGE_SIZE);
    return 0;
}

int part_watch(uint64_t a, uint64_t b)
{
    struct fos_tracer mine;

    (void)a, (void)b;
    CHILD_EQUAL(fos_tracer_open(&mine, fos_start_extra(1)), 0);
    fos_tracer_mask(&mine, fos_trace_all);
    family_report(&(struct fos_mailbox){0});
    fos_clock_sleep(family_deadline());
    return 1;
}

int part_forge(uint64_t a, uint64_t b)
{
    struct fos_events_page *own = (struct fos_events_page *)fos_start_page->events;
    struct dice dice = dice_of(a);

    (void)b;
    for (int i = 0; i < FORGERIES; i++) {
        struct fos_trace_event *e = &own->ring[own->written % FOS_TRACE_OWN];
        dice_fill(&dice, e, sizeof *e);
        if (i % 2) {
            e->type = (uint16_t)dice_below(&dice, FOS_TRACE_TYPES_MAX);
            e->tsc = fos_tsc();
        }
        own->written += i % 64 ? 1 : dice_throw(&dice);
        own->taken = dice_throw(&dice);
        fos_sys_null();
    }
    return 0;
}

int part_poke(uint64_t a, uint64_t b)
{
    struct fos_tracer mine;

    (void)b;
    CHILD_EQUAL(fos_tracer_open(&mine, fos_start_extra(1)), 0);
    if (a == 0) /* what every thread sees of the control page */
        ((volatile uint64_t *)fos_start_page->trace)[0] = ~0ull;
    else
        ((volatile uint64_t *)mine.control)[a * FOS_PAGE_SIZE / 8] = ~0ull;
    return 0;
}
