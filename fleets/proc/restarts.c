/* SPDX-License-Identifier: MIT */
#include "restarts.h"

static void earn(struct restarts *r, uint64_t now)
{
    uint64_t earned;

    if (r->credit >= RESTARTS_AT_ONCE || now < r->at)
        return;
    earned = (now - r->at) / RESTART_NS + 1;
    r->at += earned * RESTART_NS;
    r->credit = earned < RESTARTS_AT_ONCE - r->credit ? r->credit + (unsigned)earned
                                                      : RESTARTS_AT_ONCE;
}

uint64_t restart_take(struct restarts *r, uint64_t now)
{
    earn(r, now);
    if (r->credit == 0)
        return r->at;
    if (r->credit-- == RESTARTS_AT_ONCE)
        r->at = now + RESTART_NS;
    return 0;
}
