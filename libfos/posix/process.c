/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/start.h>
#include <fos/syscall.h>

_Noreturn void _exit(int status)
{
    fos_sys_exit(status & 0xff);
}

pid_t getpid(void)
{
    return (pid_t)fos_pid();
}

/* abort and raise come here for a signal whose action is the default. */
int kill(pid_t pid, int signal)
{
    if (pid == getpid() && signal > 0)
        fos_sys_exit(128 + signal);
    errno = pid == getpid() && signal == 0 ? 0 : ENOSYS;
    return errno ? -1 : 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    uint64_t now = fos_wall_ns();

    (void)zone;
    tv->tv_sec = (time_t)(now / FOS_SECOND);
    tv->tv_usec = (suseconds_t)(now % FOS_SECOND / 1000);
    return 0;
}

/* Processor time is not accounted: what has passed since boot stands for it. */
clock_t times(struct tms *out)
{
    clock_t ticks = (clock_t)(fos_now_ns() / (FOS_SECOND / CLOCKS_PER_SEC));

    *out = (struct tms){.tms_utime = ticks};
    return ticks;
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
    return kill(getpid(), signal);
}
