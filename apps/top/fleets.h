/* SPDX-License-Identifier: MIT */
/* What members of the memory and the page fleet say of themselves. */
#ifndef TOP_FLEETS_H
#define TOP_FLEETS_H

#include <fos/proto/mem.h>
#include <fos/proto/page.h>

/* A member that does not answer is left out: its number is 0. */
struct fleets {
    struct mem_member {
        unsigned number; /* place in its fleet, from 1 */
        struct mem_state_rep state;
    } mem[PROC_MEMBERS_MAX];
    struct page_member {
        unsigned number;
        struct page_state_rep state;
    } page[PROC_MEMBERS_MAX];
};

void fleets_take(struct fleets *fleets);

/* As lines of the table; as members of a JSON object, each followed by a comma.
 * `seconds` lie between the two. */
void fleets_print(const struct fleets *first, const struct fleets *last,
                  double seconds);
void fleets_json(const struct fleets *first, const struct fleets *last,
                 double seconds);

#endif
