/* SPDX-License-Identifier: MIT */
/* What fos/park.h wants of a process, in a host program: no signals of fos, no
 * cancellation. */
#include <fos/park.h>
#include <fos/syscall.h>

static struct fos_lot lot;
struct fos_lot *const fos_lot = &lot;

void fos_signals_hold(void)
{
}

void fos_signals_release(void)
{
}

bool fos_park_disturbed(unsigned how)
{
    (void)how;
    return false;
}

int fos_park_interrupt(unsigned how)
{
    (void)how;
    return 0;
}

long fos_park_sleep(uint64_t deadline)
{
    return fos_sys_wait(deadline);
}
