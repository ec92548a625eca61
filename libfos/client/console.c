/* SPDX-License-Identifier: MIT */
#include <fos/console.h>

#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/proto/console.h>
#include <fos/proto/proc.h>
#include <fos/start.h>
#include <fos/syscall.h>

static struct fos_cap mailbox;
static void (*divert)(const char *text, size_t length);
static char line[CONSOLE_LINE_MAX];
static size_t line_length, line_used;

void fos_console_divert(void (*sink)(const char *text, size_t length))
{
    divert = sink;
}

/* What the kernel drew as the secret of the reply mailbox: nobody but the fleets
 * this process calls can know it. */
static uint64_t stream(void)
{
    return fos_call_mailbox().secret;
}

static struct fos_cap console(void)
{
    if (!mailbox.id)
        mailbox = fos_start_page->caps[FOS_START_CONSOLE];
    return mailbox;
}

/* The console was restarted: ask for its new mailbox.  0 when there is one. */
static long console_again(void)
{
    struct proc_console_req req = {.head.op = proc_console_op,
                                   .self = fos_own_space()};
    struct proc_console_rep rep;
    long result = fos_call(fos_start_page->caps[FOS_START_PROC], &req, sizeof req,
                           &rep, sizeof rep, fos_now_ns() + 5 * FOS_SECOND);

    if (result < 0)
        return result;
    mailbox = rep.mailbox;
    return 0;
}

static long write_piece(const char *text, size_t length)
{
    struct console_write_req req = {.head.op = console_write_op,
                                    .stream = stream()};
    size_t size = offsetof(struct console_write_req, text) + length;

    req.length = (uint32_t)length;
    memcpy(req.text, text, length);
    long result = fos_post(console(), &req, size, FOS_NEVER);
    if (result == -FOS_EPERM && console_again() == 0)
        result = fos_post(mailbox, &req, size, FOS_NEVER);
    return result;
}

long fos_console_write(const void *text, size_t length)
{
    const char *from = text;

    if (divert) {
        divert(from, length);
        return 0;
    }
    while (length) {
        size_t piece = length < CONSOLE_WRITE_MAX ? length : CONSOLE_WRITE_MAX;
        long result = write_piece(from, piece);
        if (result < 0)
            return result;
        from += piece;
        length -= piece;
    }
    return 0;
}

static long line_fetch(void)
{
    struct console_read_req req = {.head.op = console_read_op, .stream = stream()};
    struct console_read_rep rep;
    long result =
        fos_call(console(), &req, sizeof req, &rep, sizeof rep, FOS_NEVER);

    if (result < 0)
        return result;
    if (rep.length > sizeof line)
        return -FOS_EPROTO;
    memcpy(line, rep.text, rep.length);
    line_length = rep.length;
    line_used = 0;
    return 0;
}

long fos_console_read(void *buffer, size_t capacity)
{
    if (line_used == line_length) {
        long result = line_fetch();
        if (result < 0)
            return result;
    }
    size_t left = line_length - line_used,
           piece = left < capacity ? left : capacity;
    memcpy(buffer, line + line_used, piece);
    line_used += piece;
    return (long)piece;
}

long fos_console_flush(uint64_t deadline)
{
    struct console_flush_req req = {.head.op = console_flush_op,
                                    .stream = stream()};
    struct console_flush_rep rep;

    return fos_call(console(), &req, sizeof req, &rep, sizeof rep, deadline);
}
