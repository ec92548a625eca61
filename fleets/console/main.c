/* SPDX-License-Identifier: MIT */
/* The console fleet: one member, which owns the terminal. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include <fos/clock.h>
#include <fos/console.h>
#include <fos/fleet.h>
#include <fos/name.h>
#include <fos/proto/console.h>
#include <fos/service.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "log.h"
#include "output.h"
#include "terminal.h"
#include "wait.h"

enum { MAILBOX_SLOTS = 2048, DEVICE_EVENT = FOS_EVENT_FIRST_FREE };

#define SHOW_AFTER  (50 * FOS_MILLISECOND)  /* an unfinished line */
#define RETRY_AFTER (100 * FOS_MILLISECOND) /* a device that is full */
#define LOOK_AFTER  (5 * FOS_MILLISECOND) /* the same when somebody waits for it */

FOS_SERVICE_TABLE(table, CONSOLE_OPS)

static void device_event(uint64_t bits);
static void processes_ended(const uint64_t *pids, uint32_t count);

static struct fos_service service =
    FOS_SERVICE(console, table, .event = device_event, .cancel = wait_cancel,
                .ended = processes_ended);
static uint64_t show_at; /* when unfinished lines are shown; 0: there are none */

static void device_event(uint64_t bits)
{
    char typed[256];
    size_t length;

    if (bits & 1ull << DEVICE_EVENT)
        terminal_ack();
    while ((length = terminal_get(typed, sizeof typed)) > 0)
        tty_typed(typed, length, fos_now_ns());
}

static void processes_ended(const uint64_t *pids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tty_ended(pids[i]);
}

static void done(const struct fos_caller *caller, long result)
{
    struct fos_reply rep = {0};

    fos_answer(caller, result, &rep, sizeof rep);
}

/* Whether the caller may; it is told if not. */
static bool may(const struct fos_caller *caller, const struct console_who *who,
                enum tty_use use)
{
    long error = tty_check(who, use);

    if (error)
        done(caller, error);
    return !error;
}

static void console_write(const struct fos_caller *caller,
                          const struct console_write_req *req, size_t length)
{
    output_write(req->stream, (const char *)(req + 1), length - sizeof *req,
                 fos_now_ns());
    if (caller->reply.id)
        done(caller, 0);
}

static void console_read(const struct fos_caller *caller,
                         const struct console_read_req *req, size_t length)
{
    (void)length;
    output_show(req->stream);
    wait_input(caller, NULL, CONSOLE_LINE_MAX, fos_now_ns());
}

static void console_flush(const struct fos_caller *caller,
                          const struct console_flush_req *req, size_t length)
{
    (void)length, (void)req;
    output_show_all();
    output_release();
    wait_drained(caller, fos_now_ns(), true, NULL, false);
}

static void console_state(const struct fos_caller *caller,
                          const struct console_state_req *req, size_t length)
{
    (void)length;
    if (!may(caller, &req->who, TTY_LOOK))
        return;
    struct console_state_rep rep = {.termios = tty.l.t,
                                    .window = tty.window,
                                    .foreground = tty.foreground,
                                    .session = tty.session,
                                    .readable = (uint32_t)ldisc_readable(&tty.l),
                                    .unsent = (uint32_t)output_queued()};
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void console_attributes(const struct fos_caller *caller,
                               const struct console_attributes_req *req,
                               size_t length)
{
    (void)length;
    if (!may(caller, &req->who, TTY_CHANGE))
        return;
    if (req->when > 2) {
        done(caller, -FOS_EINVAL);
    } else if (req->when) {
        wait_drained(caller, fos_now_ns(), false, &req->termios, req->when == 2);
    } else {
        tty_attributes(&req->termios);
        done(caller, 0);
    }
}

static void console_window(const struct fos_caller *caller,
                           const struct console_window_req *req, size_t length)
{
    (void)length;
    if (!may(caller, &req->who, TTY_CHANGE))
        return;
    tty_window(&req->window);
    done(caller, 0);
}

static void console_foreground(const struct fos_caller *caller,
                               const struct console_foreground_req *req,
                               size_t length)
{
    (void)length;
    if (may(caller, &req->who, TTY_OWN))
        done(caller, tty_foreground(&req->who, req->group));
}

static void console_session(const struct fos_caller *caller,
                            const struct console_session_req *req, size_t length)
{
    (void)length;
    if (may(caller, &req->who, TTY_LOOK))
        done(caller, tty_session(&req->who, req->what));
}

static void console_fetch(const struct fos_caller *caller,
                          const struct console_fetch_req *req, size_t length)
{
    size_t capacity =
        req->capacity < CONSOLE_FETCH_MAX ? req->capacity : CONSOLE_FETCH_MAX;

    (void)length;
    if (may(caller, &req->who, TTY_READ))
        wait_input(caller, &req->who, capacity, fos_now_ns());
}

static void console_send(const struct fos_caller *caller,
                         const struct console_send_req *req, size_t length)
{
    if (may(caller, &req->who, TTY_WRITE))
        wait_output(caller, &req->who, (const char *)(req + 1),
                    length - sizeof *req);
}

static void console_poll(const struct fos_caller *caller,
                         const struct console_poll_req *req, size_t length)
{
    (void)length;
    if (may(caller, &req->who, TTY_LOOK))
        wait_poll(caller, &req->who, req->events);
}

/* To the one at the other end of the line. */
static void character_send(unsigned which)
{
    char c = (char)tty.l.t.cc[which];

    if (c)
        output_tty(&c, 1);
}

static void queue_do(enum console_queue_op what)
{
    if (what == CONSOLE_FLUSH_IN || what == CONSOLE_FLUSH_ALL)
        ldisc_flush(&tty.l);
    if (what == CONSOLE_FLUSH_OUT || what == CONSOLE_FLUSH_ALL)
        output_discard();
    if (what == CONSOLE_SUSPEND || what == CONSOLE_RESUME)
        ldisc_stop(&tty.l, what == CONSOLE_SUSPEND);
    if (what == CONSOLE_SEND_STOP)
        character_send(VSTOP);
    if (what == CONSOLE_SEND_START)
        character_send(VSTART);
}

static void console_queue(const struct fos_caller *caller,
                          const struct console_queue_req *req, size_t length)
{
    (void)length;
    if (!may(caller, &req->who, TTY_CHANGE))
        return;
    if (req->what == CONSOLE_DRAIN) {
        wait_drained(caller, fos_now_ns(), false, NULL, false);
    } else {
        queue_do(req->what);
        done(caller, req->what > CONSOLE_BREAK ? -FOS_EINVAL : 0);
    }
}

static void console_log(const struct fos_caller *caller,
                        const struct console_log_req *req, size_t length)
{
    struct console_log_rep rep = {.first = req->from};

    (void)length;
    rep.length = (uint32_t)log_get(&rep.first, rep.text, sizeof rep.text);
    fos_answer(caller, 0, &rep, sizeof rep);
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

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When to look again although nothing came. */
static uint64_t work(void)
{
    uint64_t now = fos_now_ns(), held = tty_release(now),
             deadline = sooner(held, wait_input_serve(now));

    deadline = sooner(deadline, unfinished_show());
    output_pump();
    wait_output_serve();
    bool empty = output_pump();
    bool drained = empty && terminal_drained();
    deadline = sooner(deadline, wait_drained_serve(drained, now));
    if (tty.l.stopped || (empty && !wait_output_any()))
        return deadline;
    return sooner(deadline, now + (wait_output_any() ? LOOK_AFTER : RETRY_AFTER));
}

static void kernel_log_take(struct fos_cap device)
{
    char text[FOS_CONSOLE_IO_MAX];
    size_t length = terminal_kernel_log(device, text, sizeof text);

    if (length)
        log_put(text, length, 0);
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
    kernel_log_take(fos_start_extra(0));
    if (terminal_open(fos_start_extra(0), ring, DEVICE_EVENT) < 0)
        return 1;
    if (fos_service_open(&service, MAILBOX_SLOTS) < 0)
        return 2;
    const struct fos_siphash_key tickets = fos_fleet_tickets();
    tty_init(&tickets);
    fos_name_serve("/sys/console", service.mailbox.cap, &name);
    fos_service_ready(&service);
    device_event(1ull << DEVICE_EVENT);
    for (;;)
        fos_service_run(&service, work());
}
