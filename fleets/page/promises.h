/* SPDX-License-Identifier: MIT */
/* What the members of the memory fleet have promised to processes on a member's account
 * (page_promise, proto/page.h). */
#ifndef PAGE_PROMISES_H
#define PAGE_PROMISES_H

#include <fos/proto/proc.h>

struct promises {
    uint64_t limit; /* pages, to all together */
    uint64_t held[PROC_MEMBERS_MAX];
};

uint64_t promises_sum(const struct promises *promises);

/* `holder` has `held`, and wants `wanted`: what it has then.  More than there was is
 * granted only up to the limit. */
uint64_t promises_change(struct promises *promises, unsigned holder, uint64_t held,
                         uint64_t wanted);

#endif
