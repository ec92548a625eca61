/* SPDX-License-Identifier: MIT */
/* The console fleet: one member, which owns the terminal. */
#include <stdlib.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/console.h>
#include <fos/name.h>
#include <fos/proto/console.h>
#include <fos/service.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "input.h"
#include "output.h"
#include "terminal.h"

enum { MAILBOX_SLOTS = 2048, DEVICE_EVENT = FOS_EVENT_FIRST_FREE, FLUSHES = 4 };

#define SHOW_AFTER  (50 * FOS_MILLISECOND)  /* an unfinished line */
#define RETRY_AFTER (100 * FOS_MILLISECOND) /* a device that is full */
#define FLUSH_LIMIT (2 * FOS_SECOND)

FOS_SERVICE_TABLE(table, CONSOLE_OPS)

static void device_event(uint64_t bits);
static void call_cancelled(const struct fos_caller *caller);

static struct fos_service service =
    FOS_SERVICE(console, table, .event = device_event, .cancel = call_cancelled);
static struct {
    struct fos_caller caller;
    uint64_t deadline;
} flushes[FLUSHES];
static size_t flushing;
static uint64_t show_at; /* when unfinished lines are shown; 0: there are none */

static void device_event(uint64_t bits)
{
    char typed[256];
    size_t length;

    if (bits & 1ull << DEVICE_EVENT)
        terminal_ack();
    while ((length = terminal_get(typed, sizeof typed)) > 0)
        input_typed(typed, length);
}

static void console_write(const struct fos_caller *caller,
                          const struct console_write_req *req, size_t length)
{
    output_write(req->stream, (const char *)(req + 1), length - sizeof *req);
    if (caller->reply.id)
        fos_answer(caller, 0, NULL, 0);
}

static void console_read(const struct fos_caller *caller,
                         const struct console_read_req *req, size_t length)
{
    (void)length;
    output_show(req->stream);
    long error = input_reader_add(caller);
    if (error)
        fos_answer(caller, error, NULL, 0);
}

static void console_flush(const struct fos_caller *caller,
                          const struct console_flush_req *req, size_t length)
{
    (void)length, (void)req;
    output_show_all();
    if (flushing == FLUSHES) {
        fos_answer(caller, -FOS_EBUSY, NULL, 0);
        return;
    }
    flushes[flushing].caller = *caller;
    flushes[flushing++].deadline = fos_now_ns() + FLUSH_LIMIT;
}

static void flushes_answer(bool drained)
{
    uint64_t now = flushing && !drained ? fos_now_ns() : 0;
    size_t kept = 0;

    for (size_t i = 0; i < flushing; i++) {
        struct console_flush_rep rep = {0};
        if (drained || now >= flushes[i].deadline)
            fos_answer(&flushes[i].caller, 0, &rep, sizeof rep);
        else
            flushes[kept++] = flushes[i];
    }
    flushing = kept;
}

static void call_cancelled(const struct fos_caller *caller)
{
    size_t kept = 0;

    input_reader_cancel(caller);
    for (size_t i = 0; i < flushing; i++)
        if (!fos_caller_same(&flushes[i].caller, caller))
            flushes[kept++] = flushes[i];
    flushing = kept;
}

static uint64_t unfinished_show(void)
{
    if (!output_unfinished())
        show_at = 0;
    else if (!show_at)
        show_at = fos_now_ns() + SHOW_AFTER;
    else if (fos_now_ns() >= show_at)
        output_show_all(), show_at = 0;
    return show_at ? show_at : FOS_NEVER;
}

/* When to look again although nothing came. */
static uint64_t work(void)
{
    uint64_t deadline = unfinished_show();
    bool empty = output_pump(), drained = empty && terminal_drained();

    flushes_answer(drained);
    if (empty && !flushing)
        return deadline;
    uint64_t retry = fos_now_ns() + (flushing ? RETRY_AFTER / 20 : RETRY_AFTER);
    return retry < deadline ? retry : deadline;
}

/* Own messages (a failed assertion's) go the shortest way. */
static void stdout_put(const char *text, size_t length)
{
    terminal_put(text, length);
}

int main(int argc, char **argv)
{
    struct fos_registration name;
    bool ring = argc > 1 && strcmp(argv[1], "ring") == 0;

    fos_console_divert(stdout_put);
    if (terminal_open(fos_start_extra(0), ring, DEVICE_EVENT) < 0)
        return 1;
    if (fos_service_open(&service, MAILBOX_SLOTS) < 0)
        return 2;
    fos_name_serve("/sys/console", service.mailbox.cap, &name);
    fos_service_ready(&service);
    device_event(1ull << DEVICE_EVENT);
    for (;;)
        fos_service_run(&service, work());
}
