/* SPDX-License-Identifier: MIT */
/* The process's parking lot, and what disturbs its threads. */
#include <fos/park.h>

static struct fos_lot lot;
struct fos_lot *const fos_lot = &lot;

void fos_lot_reset(void)
{
    lot = (struct fos_lot){0};
}

bool fos_park_disturbed(void)
{
    return false;
}

int fos_park_interrupt(unsigned how)
{
    (void)how;
    return 0;
}
