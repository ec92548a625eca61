/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/proto/proc.h>
#include <fos/start.h>
#include <fos/syscall.h>

_Noreturn void _exit(int status)
{
    fos_sys_exit(status & 0xff);
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    uint64_t now = fos_wall_ns();

    (void)zone;
    tv->tv_sec = (time_t)(now / FOS_SECOND);
    tv->tv_usec = (suseconds_t)(now % FOS_SECOND / 1000);
    return 0;
}

unsigned sleep(unsigned seconds)
{
    fos_clock_sleep(fos_now_ns() + seconds * FOS_SECOND);
    return 0;
}

int usleep(useconds_t microseconds)
{
    fos_clock_sleep(fos_now_ns() + microseconds * 1000ull);
    return 0;
}

int raise(int signal)
{
    fos_sys_exit(PROC_EXIT_SIGNAL | signal);
}
