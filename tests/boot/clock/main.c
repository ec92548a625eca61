/* SPDX-License-Identifier: MIT */
/* The monotonic clock: near the kernel's, never going back, without system calls. */
#include <fos/sleep.h>
#include <fos/start.h>

#include "../scenario.h"

enum { SECONDS = 3, READINGS = 1000000 };

/* Far above what fos/clock.h promises; a machine that stops us in the middle of a
 * synchronization moves the clock by half of that. */
#define TOLERANCE (20 * FOS_MILLISECOND)

static uint64_t kernel_now(void)
{
    struct fos_kernel_info info = {0};

    fos_sys_kernel_info(&info);
    return info.monotonic_ns;
}

/* Over several synchronizations; the kernel's clock is read before and after, so being
 * slow does not matter. */
static void test_near(void)
{
    uint64_t end = kernel_now() + SECONDS * FOS_SECOND, worst = 0;

    case_begin("the clock stays near the kernel's");
    for (uint64_t before = 0; before < end && !case_why[0];) {
        before = kernel_now();
        uint64_t now = fos_now_ns(), after = kernel_now(), off = 0;
        if (now < before)
            off = before - now;
        else if (now > after)
            off = now - after;
        worst = off > worst ? off : worst;
        if (off > TOLERANCE)
            case_fail("off by %llu ns", (unsigned long long)off);
    }
    printf("clock: at most %llu ns off in %d s\n", (unsigned long long)worst,
           SECONDS);
    case_end();
}

static void test_forward(void)
{
    uint64_t last = fos_now_ns();

    case_begin("it never goes back");
    for (int i = 0; i < READINGS; i++) {
        uint64_t now = fos_now_ns();
        CASE_CHECK(now >= last);
        last = now;
    }
    case_end();
}

static uint64_t syscalls(void)
{
    struct fos_space_info info = {0};

    fos_sys_space_status(fos_own_space(), &info);
    return info.syscalls;
}

static void test_cheap(void)
{
    uint64_t begin = fos_now_ns(), calls = syscalls(), seconds;

    case_begin("it costs no system calls but a few a second");
    for (int i = 0; i < READINGS; i++)
        fos_now_ns();
    calls = syscalls() - calls;
    seconds = (fos_now_ns() - begin) / FOS_SECOND;
    CASE_CHECK(calls <= 10 + 4 * seconds);
    case_end();
}

static void test_sleep(void)
{
    case_begin("a sleep ends when the clock says so, not before");
    for (int i = 0; i < 20; i++) {
        uint64_t deadline = fos_now_ns() + (uint64_t)i * FOS_MILLISECOND / 4;
        fos_clock_sleep(deadline);
        CASE_CHECK(fos_now_ns() >= deadline);
    }
    case_end();
}

int main(void)
{
    printf("clock: %d s\n", SECONDS); /* what printing needs is there from now on */
    test_near();
    test_forward();
    test_cheap();
    test_sleep();
    return cases_status();
}
