/* SPDX-License-Identifier: MIT */
/* Clocks, and sleeping by them. */
#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/event.h>
#include <fos/signal.h>

#include "usage.h"

static struct timespec spec(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / FOS_SECOND), (long)(ns % FOS_SECOND)};
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

/* A thread's processor time is not told: what has passed since boot stands for it. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
    switch (clock) {
    case CLOCK_REALTIME:
        *out = spec(fos_wall_ns());
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        *out = spec(usage_running_ns());
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_THREAD_CPUTIME_ID:
        *out = spec(fos_now_ns());
        return 0;
    default:
        return refuse(EINVAL);
    }
}

int clock_getres(clockid_t clock, struct timespec *out)
{
    struct timespec now;

    if (clock_gettime(clock, &now))
        return -1;
    if (out)
        *out = spec(1);
    return 0;
}

int clock_settime(clockid_t clock, const struct timespec *wanted)
{
    if (clock != CLOCK_REALTIME || wanted->tv_nsec < 0 ||
        wanted->tv_nsec >= (long)FOS_SECOND)
        return refuse(EINVAL);
    return refuse(EPERM);
}

int clock_getcpuclockid(pid_t pid, clockid_t *out)
{
    if (pid && pid != getpid())
        return ESRCH;
    *out = CLOCK_PROCESS_CPUTIME_ID;
    return 0;
}

static int valid(const struct timespec *time)
{
    return time->tv_sec >= 0 && time->tv_nsec >= 0 &&
           time->tv_nsec < (long)FOS_SECOND;
}

static uint64_t nanoseconds(const struct timespec *time)
{
    if ((uint64_t)time->tv_sec >= UINT64_MAX / FOS_SECOND / 2)
        return UINT64_MAX / 2;
    return (uint64_t)time->tv_sec * FOS_SECOND + (uint64_t)time->tv_nsec;
}

/* 0, or EINTR after a handler has run, and what was left in `left` (may be NULL). */
static int sleep_until(uint64_t deadline, struct timespec *left)
{
    uint64_t now;

    if (fos_signals_nap(deadline) == 0)
        return 0;
    now = fos_now_ns();
    if (left)
        *left = spec(now < deadline ? deadline - now : 0);
    return EINTR;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted,
                    struct timespec *left)
{
    uint64_t base;

    if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || !valid(wanted))
        return EINVAL;
    if (!(flags & TIMER_ABSTIME))
        return sleep_until(fos_now_ns() + nanoseconds(wanted), left);
    base = clock == CLOCK_REALTIME ? fos_wall_ns() - fos_now_ns() : 0;
    if (nanoseconds(wanted) <= base)
        return 0;
    return sleep_until(nanoseconds(wanted) - base, NULL);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, left);

    return error ? refuse(error) : 0;
}

unsigned sleep(unsigned seconds)
{
    struct timespec left, wanted = {.tv_sec = seconds};

    if (!nanosleep(&wanted, &left))
        return 0;
    return (unsigned)left.tv_sec + (left.tv_nsec > 0);
}

int usleep(useconds_t microseconds)
{
    struct timespec wanted = spec(microseconds * 1000ull);

    return nanosleep(&wanted, NULL);
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now = spec(fos_wall_ns());

    (void)zone;
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int settimeofday(const struct timeval *wanted, const struct timezone *zone)
{
    (void)wanted, (void)zone;
    return refuse(EPERM);
}

/* The inverse of gmtime. */
time_t timegm(struct tm *tm);
time_t timegm(struct tm *tm)
{
    long year = tm->tm_year + 1900l + tm->tm_mon / 12, month = tm->tm_mon % 12;

    if (month < 0) {
        month += 12;
        year--;
    }
    /* Days since 1970 of the first of March before, in eras of 400 years. */
    long y = month < 2 ? year - 1 : year;
    long era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    long of_year = (153 * ((month + 10) % 12) + 2) / 5 + tm->tm_mday - 1;
    long days =
        era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    return ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
}
