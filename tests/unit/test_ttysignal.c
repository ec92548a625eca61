/* SPDX-License-Identifier: MIT */
/* Signals of the terminal on their way to the process fleet, which is the test. */
#include "fleets/console/tty.h"

#include <signal.h>

#include <fos/proc.h>
#include <fos/start.h>

#include "unit.h"

static struct fos_start page;
struct fos_start *fos_start_page = &page;

/* What was told, and whether it is taken and answered. */
static struct {
    int64_t pid;
    uint32_t number;
} told[64];
static unsigned tellings, cancels;
static bool full, answers;

struct fos_peer *fos_proc_peer(void)
{
    return NULL;
}

long fos_call_start(struct fos_call *call, struct fos_peer *to, void *request,
                    uint32_t length, void *reply, uint32_t capacity)
{
    const struct proc_signal_req *req = request;

    (void)call, (void)to, (void)reply, (void)capacity;
    REQUIRE(length == sizeof *req && tellings < 64);
    if (full)
        return -FOS_EAGAIN;
    told[tellings].pid = req->pid;
    told[tellings++].number = req->signal;
    return 0;
}

long fos_call_finish(struct fos_call *call, uint64_t deadline)
{
    (void)call;
    CHECK_EQ(deadline, 0);
    return answers ? 0 : -FOS_ETIMEDOUT;
}

void fos_call_cancel(struct fos_call *call)
{
    (void)call;
    cancels++;
}

/* Told and answered, one after the other. */
static void all_arrive(void)
{
    answers = true;
    for (int i = 0; i < 64 && signals_waiting(); i++)
        signals_serve(0);
    answers = false;
    CHECK(!signals_waiting());
}

CASE("a signal is told once, and again when it comes again")
{
    signal_send(7, SIGINT);
    CHECK(signals_waiting());
    all_arrive();
    signal_send(7, SIGINT);
    all_arrive();
    CHECK_EQ(tellings, 2);
    CHECK_EQ(told[1].pid, -7);
    CHECK_EQ(told[1].number, SIGINT);
    signal_send(0, SIGINT);
    CHECK(!signals_waiting());
}

CASE("one that comes while its like is told is told after it")
{
    tellings = 0;
    signal_send(7, SIGWINCH);
    signals_serve(0);
    CHECK_EQ(tellings, 1);
    signal_send(7, SIGWINCH);
    all_arrive();
    CHECK_EQ(tellings, 2);
}

CASE("a window that changes without end costs no other signal its room")
{
    tellings = 0;
    full = true;
    for (int i = 0; i < 1000; i++) {
        signal_send(7, SIGWINCH);
        signals_serve(0);
    }
    signal_send(8, SIGWINCH);
    signal_send(7, SIGINT);
    full = false;
    all_arrive();
    REQUIRE(tellings == 3);
    CHECK_EQ(told[0].number, SIGWINCH);
    CHECK_EQ(told[1].pid, -8);
    CHECK_EQ(told[2].number, SIGINT);
}

CASE("a process fleet that does not answer is left at its word")
{
    uint64_t now = 1;

    tellings = 0;
    signal_send(7, SIGINT);
    CHECK(!signals_serve(now));
    CHECK(!signals_serve(now + 999999999));
    CHECK_EQ(cancels, 0);
    CHECK(signals_serve(now + 1000000000));
    CHECK_EQ(cancels, 1);
    CHECK_EQ(tellings, 1);
}
